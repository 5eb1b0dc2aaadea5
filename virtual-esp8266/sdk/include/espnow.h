/*
 * ESP-NOW, which the virtual board does not have: every function says so and fails.
 *
 * It is declared because a firmware for a chip has MicroPython's module espnow. Source: Espressif's ESP8266 Non-OS SDK
 * API Reference, "ESP-NOW APIs".
 */
#ifndef ESPNOW_H
#define ESPNOW_H

#include "c_types.h"

enum esp_now_role {
    ESP_NOW_ROLE_IDLE = 0,
    ESP_NOW_ROLE_CONTROLLER,
    ESP_NOW_ROLE_SLAVE,
    ESP_NOW_ROLE_COMBO,
    ESP_NOW_ROLE_MAX,
};

typedef void (*esp_now_recv_cb_t)(uint8_t *mac_addr, uint8_t *data, uint8_t len);
typedef void (*esp_now_send_cb_t)(uint8_t *mac_addr, uint8_t status);

// Each returns 0 when it went well.
int esp_now_init(void);
int esp_now_deinit(void);
int esp_now_register_recv_cb(esp_now_recv_cb_t cb);
int esp_now_register_send_cb(esp_now_send_cb_t cb);
int esp_now_set_self_role(uint8_t role);
int esp_now_set_kok(uint8_t *key, uint8_t len);
int esp_now_add_peer(uint8_t *mac_addr, uint8_t role, uint8_t channel, uint8_t *key, uint8_t key_len);
int esp_now_del_peer(uint8_t *mac_addr);
int esp_now_send(uint8_t *da, uint8_t *data, int len);

#endif // ESPNOW_H
