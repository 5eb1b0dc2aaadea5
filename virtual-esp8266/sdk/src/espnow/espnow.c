// See espnow.h.
#include "espnow.h"

#include "virtual_board.h"

static int fails(void) {
    return NOT_SIMULATED("ESP-NOW", -1);
}

int esp_now_init(void) {
    return fails();
}

// What never began ends well: MicroPython calls this at every soft reset.
int esp_now_deinit(void) {
    return 0;
}

int esp_now_register_recv_cb(esp_now_recv_cb_t cb) {
    (void)cb;
    return fails();
}

int esp_now_register_send_cb(esp_now_send_cb_t cb) {
    (void)cb;
    return fails();
}

int esp_now_set_self_role(uint8_t role) {
    (void)role;
    return fails();
}

int esp_now_set_kok(uint8_t *key, uint8_t len) {
    (void)key;
    (void)len;
    return fails();
}

int esp_now_add_peer(uint8_t *mac_addr, uint8_t role, uint8_t channel, uint8_t *key, uint8_t key_len) {
    (void)mac_addr;
    (void)role;
    (void)channel;
    (void)key;
    (void)key_len;
    return fails();
}

int esp_now_del_peer(uint8_t *mac_addr) {
    (void)mac_addr;
    return fails();
}

int esp_now_send(uint8_t *da, uint8_t *data, int len) {
    (void)da;
    (void)data;
    (void)len;
    return fails();
}
