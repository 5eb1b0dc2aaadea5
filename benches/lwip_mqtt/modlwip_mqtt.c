// The module lwip_mqtt of the firmware of make bench: lwIP's own MQTT client, for comparison. It speaks to lwIP directly,
// without a socket, and hands what it receives to C.

#include "py/mphal.h"
#include "py/mperrno.h"
#include "py/runtime.h"

#include "lwip/apps/mqtt.h"
#include "lwip/apps/mqtt_priv.h"
#include "lwip/tcp.h"

// How long to wait for the broker, in milliseconds.
#define PATIENCE (20000)

static mqtt_client_t client;
static volatile int pending;
static volatile err_t result;
static uint32_t message_ends;
static uint32_t receives;
static uint32_t receive_count;
static altcp_recv_fn receive;

static void connected(mqtt_client_t *of, void *arg, mqtt_connection_status_t status) {
    (void)of;
    (void)arg;
    result = status == MQTT_CONNECT_ACCEPTED ? ERR_OK : ERR_CONN;
    pending = 0;
}

static void requested(void *arg, err_t err) {
    (void)arg;
    result = err;
    pending = 0;
}

static void topic_arrives(void *arg, const char *topic, u32_t size) {
    (void)arg;
    (void)topic;
    (void)size;
}

static void message_arrives(void *arg, const u8_t *bytes, u16_t len, u8_t flags) {
    (void)arg;
    (void)bytes;
    (void)len;
    if (flags & MQTT_DATA_FLAG_LAST) {
        message_ends++;
    }
}

// Counts what lwIP's client does with arriving bytes.
static err_t counted_receive(void *arg, struct altcp_pcb *pcb, struct pbuf *p, err_t err) {
    uint32_t start = mp_hal_ticks_cpu();
    err = receive(arg, pcb, p, err);
    receive_count = mp_hal_ticks_cpu() - start;
    receives++;
    return err;
}

static void await(err_t begun) {
    uint32_t start = mp_hal_ticks_ms();
    while (begun == ERR_OK && pending) {
        if (mp_hal_ticks_ms() - start > PATIENCE) {
            mp_raise_OSError(MP_ETIMEDOUT);
        }
        mp_event_wait_ms(1);
    }
    if (begun != ERR_OK || result != ERR_OK) {
        mp_raise_OSError(MP_EIO);
    }
}

// connect(address, port, topic): connects, and subscribes at QoS 2.
static mp_obj_t connect(mp_obj_t address_in, mp_obj_t port, mp_obj_t topic) {
    ip_addr_t address;
    if (!ipaddr_aton(mp_obj_str_get_str(address_in), &address)) {
        mp_raise_ValueError(MP_ERROR_TEXT("not an address"));
    }
    struct mqtt_connect_client_info_t info = { .client_id = "lwip" };
    pending = 1;
    await(mqtt_client_connect(&client, &address, mp_obj_get_int(port), connected, NULL, &info));
    receive = client.conn->recv;
    tcp_recv(client.conn, counted_receive);
    mqtt_set_inpub_callback(&client, topic_arrives, message_arrives, NULL);
    pending = 1;
    await(mqtt_subscribe(&client, mp_obj_str_get_str(topic), 2, requested, NULL));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(connect_obj, connect);

// publish(topic, message, qos): does not wait for the acknowledgement.
static mp_obj_t publish(mp_obj_t topic, mp_obj_t message, mp_obj_t qos) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(message, &info, MP_BUFFER_READ);
    err_t err = mqtt_publish(&client, mp_obj_str_get_str(topic), info.buf, info.len, mp_obj_get_int(qos), 0, NULL, NULL);
    if (err != ERR_OK) {
        mp_raise_OSError(err == ERR_MEM ? MP_ENOMEM : MP_EIO);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(publish_obj, publish);

// received(): how many messages have come, how often anything has, and what time.ticks_cpu() would have counted while the
// last bytes were taken.
static mp_obj_t received(void) {
    mp_obj_t items[] = {
        mp_obj_new_int_from_uint(message_ends), mp_obj_new_int_from_uint(receives), mp_obj_new_int_from_uint(receive_count),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(received_obj, received);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_lwip_mqtt) },
    { MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&connect_obj) },
    { MP_ROM_QSTR(MP_QSTR_publish), MP_ROM_PTR(&publish_obj) },
    { MP_ROM_QSTR(MP_QSTR_received), MP_ROM_PTR(&received_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t lwip_mqtt_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};

MP_REGISTER_MODULE(MP_QSTR_lwip_mqtt, lwip_mqtt_module);
