/*
 * The SDK's interface to the firmware: system and Wi-Fi.
 *
 * What is not simulated is declared too, and says so when called. Source: Espressif's ESP8266 Non-OS SDK API Reference.
 */
#ifndef USER_INTERFACE_H
#define USER_INTERFACE_H

#include "lwip/ip4_addr.h"
#include "os_type.h"
#include "queue.h"
#include "spi_flash.h"

// System

enum rst_reason {
    REASON_DEFAULT_RST = 0,
    REASON_WDT_RST = 1,
    REASON_EXCEPTION_RST = 2,
    REASON_SOFT_WDT_RST = 3,
    REASON_SOFT_RESTART = 4,
    REASON_DEEP_SLEEP_AWAKE = 5,
    REASON_EXT_SYS_RST = 6,
};

struct rst_info {
    uint32_t reason;
    uint32_t exccause;
    uint32_t epc1;
    uint32_t epc2;
    uint32_t epc3;
    uint32_t excvaddr;
    uint32_t depc;
};

typedef void (*init_done_cb_t)(void);

void user_init(void);                       // the firmware's
void system_init_done_cb(init_done_cb_t cb);
struct rst_info *system_get_rst_info(void);
const char *system_get_sdk_version(void);
void system_restart(void);
bool system_deep_sleep(uint64_t time_in_us);
bool system_deep_sleep_set_option(uint8_t option);
void system_timer_reinit(void);
uint32_t system_get_time(void);
uint32_t system_get_rtc_time(void);
uint32_t system_rtc_clock_cali_proc(void);
bool system_rtc_mem_read(uint8_t src_addr, void *des_addr, uint16_t load_size);
bool system_rtc_mem_write(uint8_t des_addr, const void *src_addr, uint16_t save_size);
bool system_os_task(os_task_t task, uint8_t prio, os_event_t *queue, uint8_t qlen);
bool system_os_post(uint8_t prio, os_signal_t sig, os_param_t par);
void system_print_meminfo(void);
uint32_t system_get_free_heap_size(void);
uint32_t system_get_chip_id(void);
uint8_t system_get_cpu_freq(void);
bool system_update_cpu_freq(uint8_t freq);
uint16_t system_adc_read(void);
uint16_t system_get_vdd33(void);
void system_soft_wdt_feed(void);
void system_uart_swap(void);
void system_uart_de_swap(void);
void system_phy_set_max_tpw(uint8_t max_tpw);

// Wi-Fi

#define NULL_MODE 0x00
#define STATION_MODE 0x01
#define SOFTAP_MODE 0x02
#define STATIONAP_MODE 0x03

#define STATION_IF 0x00
#define SOFTAP_IF 0x01

typedef enum _auth_mode {
    AUTH_OPEN = 0,
    AUTH_WEP,
    AUTH_WPA_PSK,
    AUTH_WPA2_PSK,
    AUTH_WPA_WPA2_PSK,
    AUTH_MAX,
} AUTH_MODE;

enum phy_mode { PHY_MODE_11B = 1, PHY_MODE_11G = 2, PHY_MODE_11N = 3 };
enum sleep_type { NONE_SLEEP_T = 0, LIGHT_SLEEP_T, MODEM_SLEEP_T };
enum dhcp_status { DHCP_STOPPED, DHCP_STARTED };

enum {
    STATION_IDLE = 0,
    STATION_CONNECTING,
    STATION_WRONG_PASSWORD,
    STATION_NO_AP_FOUND,
    STATION_CONNECT_FAIL,
    STATION_GOT_IP,
};

struct ip_info {
    struct ip4_addr ip;
    struct ip4_addr netmask;
    struct ip4_addr gw;
};

struct station_config {
    uint8_t ssid[32];
    uint8_t password[64];
    uint8_t bssid_set;
    uint8_t bssid[6];
};

struct softap_config {
    uint8_t ssid[32];
    uint8_t password[64];
    uint8_t ssid_len;
    AUTH_MODE authmode;
    uint8_t channel;
    uint8_t ssid_hidden;
    uint8_t max_connection;
    uint16_t beacon_interval;
};

struct station_info {
    STAILQ_ENTRY(station_info) next;
    uint8_t bssid[6];
    struct ip4_addr ip;
};

struct bss_info {
    STAILQ_ENTRY(bss_info) next;
    uint8_t bssid[6];
    uint8_t ssid[32];
    uint8_t ssid_len;
    uint8_t channel;
    int8_t rssi;
    AUTH_MODE authmode;
    uint8_t is_hidden;
    int16_t freq_offset;
    int16_t freqcal_val;
};

struct scan_config {
    uint8_t *ssid;
    uint8_t *bssid;
    uint8_t channel;
    uint8_t show_hidden;
};

typedef void (*scan_done_cb_t)(void *arg, STATUS status);

uint8_t wifi_get_opmode(void);
bool wifi_set_opmode(uint8_t opmode);
bool wifi_get_ip_info(uint8_t if_index, struct ip_info *info);
bool wifi_set_ip_info(uint8_t if_index, struct ip_info *info);
bool wifi_get_macaddr(uint8_t if_index, uint8_t *macaddr);
bool wifi_set_macaddr(uint8_t if_index, uint8_t *macaddr);
uint8_t wifi_get_channel(void);
bool wifi_set_channel(uint8_t channel);
enum phy_mode wifi_get_phy_mode(void);
bool wifi_set_phy_mode(enum phy_mode mode);
enum sleep_type wifi_get_sleep_type(void);
bool wifi_set_sleep_type(enum sleep_type type);

void wifi_fpm_open(void);
void wifi_fpm_close(void);
void wifi_fpm_do_wakeup(void);
int8_t wifi_fpm_do_sleep(uint32_t sleep_time_in_us);
void wifi_fpm_set_sleep_type(enum sleep_type type);

bool wifi_station_get_config(struct station_config *config);
bool wifi_station_set_config(struct station_config *config);
bool wifi_station_connect(void);
bool wifi_station_disconnect(void);
uint8_t wifi_station_get_connect_status(void);
int8_t wifi_station_get_rssi(void);
bool wifi_station_set_hostname(char *name);
bool wifi_station_scan(struct scan_config *config, scan_done_cb_t cb);
bool wifi_station_dhcpc_start(void);
bool wifi_station_dhcpc_stop(void);
enum dhcp_status wifi_station_dhcpc_status(void);

bool wifi_softap_get_config(struct softap_config *config);
bool wifi_softap_set_config(struct softap_config *config);
uint8_t wifi_softap_get_station_num(void);
struct station_info *wifi_softap_get_station_info(void);
void wifi_softap_free_station_info(void);
bool wifi_softap_dhcps_start(void);
bool wifi_softap_dhcps_stop(void);
enum dhcp_status wifi_softap_dhcps_status(void);

#endif // USER_INTERFACE_H
