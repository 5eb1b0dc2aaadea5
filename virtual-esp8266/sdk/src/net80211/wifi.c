/*
 * wifi_*: the Wi-Fi station. Source: Espressif's ESP8266 Non-OS SDK API Reference, "Wi-Fi APIs".
 *
 * There is no radio protocol. The station joins an access point that is among the surroundings, when the password is
 * right; then frames pass. It looks for the access point again every half second, so it notices a loss, and a return.
 * Mode and access point are kept in flash, so a board joins again by itself when it starts.
 */
#include "lwip/dhcp.h"
#include "lwip/init.h"
#include "lwip/timeouts.h"
#include "radio.h"
#include "settings.h"
#include "surroundings.h"

#define LWIP_PERIOD_MS 25
#define JOIN_MS 200                 // how long joining takes
#define WATCH_MS 500

static const uint8_t default_address[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

static struct netif station;
static struct settings settings;
static struct softap_config softap_config = { .channel = 1, .max_connection = 4, .beacon_interval = 100 };
static uint8_t channel = 1;
static enum phy_mode phy_mode = PHY_MODE_11N;
static enum sleep_type sleep_type = MODEM_SLEEP_T;
static char hostname[33];

static bool wanted;                 // the firmware has asked for a connection
static uint8_t status = STATION_IDLE;
static int8_t rssi;
static bool use_dhcp = true;
static ETSTimer lwip_timer, watch_timer, scan_timer;
static scan_done_cb_t scan_done;

static void lwip_tick(void *arg) {
    (void)arg;
    sys_check_timeouts();
}

static void leave(void) {
    if (netif_is_link_up(&station)) {
        dhcp_release_and_stop(&station);
        netif_set_link_down(&station);
        netif_set_down(&station);
        if (use_dhcp) {
            netif_set_addr(&station, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
        }
    }
}

static void join(const struct access_point *ap) {
    channel = ap->channel;
    netif_set_up(&station);
    netif_set_link_up(&station);
    if (use_dhcp) {
        dhcp_start(&station);
    }
}

static bool password_fits(const struct access_point *ap) {
    return ap->password[0] == '\0' ||
           ets_strncmp((const char *)settings.station.password, (const char *)ap->password, sizeof(settings.station.password)) == 0;
}

// Looks whether the access point is there, and follows it.
static void watch(void *arg) {
    (void)arg;
    struct access_point ap;
    if (!wanted) {
        return;
    }
    os_timer_arm(&watch_timer, WATCH_MS, 0);
    if (!surroundings_find_access_point(settings.station.ssid, &ap)) {
        leave();
        status = STATION_NO_AP_FOUND;
    } else if (!password_fits(&ap)) {
        leave();
        status = STATION_WRONG_PASSWORD;
    } else {
        rssi = ap.rssi;
        if (!netif_is_link_up(&station)) {
            join(&ap);
            status = STATION_CONNECTING;
        }
        if (ip4_addr_isany_val(*netif_ip4_addr(&station))) {
            status = STATION_CONNECTING;
        } else {
            status = STATION_GOT_IP;
        }
    }
}

// lwIP's: the interface has got or lost its address.
static void address_changed(struct netif *netif) {
    if (wanted && netif_is_link_up(netif)) {
        status = ip4_addr_isany_val(*netif_ip4_addr(netif)) ? STATION_CONNECTING : STATION_GOT_IP;
    }
}

void wifi_start(void) {
    lwip_init();
    radio_start(&station, default_address);
    netif_set_status_callback(&station, address_changed);
    os_timer_setfn(&lwip_timer, lwip_tick, NULL);
    os_timer_arm(&lwip_timer, LWIP_PERIOD_MS, 1);
    os_timer_setfn(&watch_timer, watch, NULL);
    settings_load(&settings);
    if (settings.station.ssid[0] != '\0') {
        wifi_station_connect();         // refuses when the station is not active
    }
}

// The interface with this number, or NULL; the vendor's lwIP asks for it.
struct netif *eagle_lwip_getif(int number) {
    return number == STATION_IF ? &station : NULL;
}

uint8_t wifi_get_opmode(void) {
    return settings.opmode;
}

bool wifi_set_opmode(uint8_t mode) {
    if (mode & SOFTAP_MODE) {
        return NOT_SIMULATED("the access point (AP_IF)", false);
    }
    if (!(mode & STATION_MODE)) {
        wifi_station_disconnect();
    }
    settings.opmode = mode;
    settings_save(&settings);
    return true;
}

bool wifi_get_ip_info(uint8_t if_index, struct ip_info *info) {
    if (if_index == STATION_IF) {
        info->ip = *netif_ip4_addr(&station);
        info->netmask = *netif_ip4_netmask(&station);
        info->gw = *netif_ip4_gw(&station);
    } else {
        ets_memset(info, 0, sizeof(*info));
    }
    return true;
}

bool wifi_set_ip_info(uint8_t if_index, struct ip_info *info) {
    if (if_index != STATION_IF) {
        return NOT_SIMULATED("the access point (AP_IF)", false);
    }
    netif_set_addr(&station, &info->ip, &info->netmask, &info->gw);
    return true;
}

bool wifi_get_macaddr(uint8_t if_index, uint8_t *macaddr) {
    ets_memcpy(macaddr, station.hwaddr, 6);
    // As on the chip, the access point's address is the station's with another bit.
    if (if_index == SOFTAP_IF) {
        macaddr[0] ^= 0x08;
    }
    return true;
}

bool wifi_set_macaddr(uint8_t if_index, uint8_t *macaddr) {
    (void)if_index;
    (void)macaddr;
    return NOT_SIMULATED("setting the MAC address", false);
}

uint8_t wifi_get_channel(void) {
    return channel;
}

bool wifi_set_channel(uint8_t number) {
    channel = number;
    return true;
}

enum phy_mode wifi_get_phy_mode(void) {
    return phy_mode;
}

bool wifi_set_phy_mode(enum phy_mode mode) {
    phy_mode = mode;
    return true;
}

enum sleep_type wifi_get_sleep_type(void) {
    return sleep_type;
}

bool wifi_set_sleep_type(enum sleep_type type) {
    sleep_type = type;
    return true;
}

// Putting the radio to sleep changes nothing that can be seen: MicroPython does it whenever no interface is active.

void wifi_fpm_open(void) {
}

void wifi_fpm_close(void) {
}

void wifi_fpm_do_wakeup(void) {
}

int8_t wifi_fpm_do_sleep(uint32_t sleep_time_in_us) {
    (void)sleep_time_in_us;
    return 0;
}

void wifi_fpm_set_sleep_type(enum sleep_type type) {
    (void)type;
}

// The station

bool wifi_station_get_config(struct station_config *result) {
    *result = settings.station;
    return true;
}

bool wifi_station_set_config(struct station_config *wanted_config) {
    settings.station = *wanted_config;
    settings_save(&settings);
    return true;
}

bool wifi_station_connect(void) {
    if (!(settings.opmode & STATION_MODE)) {
        return false;
    }
    leave();
    wanted = true;
    status = STATION_CONNECTING;
    os_timer_arm(&watch_timer, JOIN_MS, 0);
    return true;
}

bool wifi_station_disconnect(void) {
    wanted = false;
    status = STATION_IDLE;
    os_timer_disarm(&watch_timer);
    leave();
    return true;
}

uint8_t wifi_station_get_connect_status(void) {
    return status;
}

int8_t wifi_station_get_rssi(void) {
    return status == STATION_GOT_IP ? rssi : 31;    // 31: the SDK's "no"
}

bool wifi_station_set_hostname(char *name) {
    ets_strncpy(hostname, name, sizeof(hostname) - 1);
    netif_set_hostname(&station, hostname);
    return true;
}

static void scan_end(void *arg) {
    (void)arg;
    struct access_point ap;
    struct bss_info *list = NULL;
    struct bss_info **end = &list;
    for (int i = 0; surroundings_access_point(i, &ap); i++) {
        struct bss_info *bss = os_zalloc(sizeof(*bss));
        if (bss == NULL) {
            break;
        }
        bss->ssid_len = ets_strlen((const char *)ap.ssid);
        ets_memcpy(bss->ssid, ap.ssid, sizeof(bss->ssid));
        ets_memcpy(bss->bssid, ap.bssid, sizeof(bss->bssid));
        bss->channel = ap.channel;
        bss->rssi = ap.rssi;
        bss->authmode = ap.password[0] == '\0' ? AUTH_OPEN : AUTH_WPA2_PSK;
        *end = bss;
        end = &STAILQ_NEXT(bss, next);
    }
    scan_done(list, OK);
    while (list != NULL) {
        struct bss_info *next = STAILQ_NEXT(list, next);
        os_free(list);
        list = next;
    }
}

bool wifi_station_scan(struct scan_config *scan, scan_done_cb_t cb) {
    (void)scan;
    scan_done = cb;
    os_timer_disarm(&scan_timer);
    os_timer_setfn(&scan_timer, scan_end, NULL);
    os_timer_arm(&scan_timer, JOIN_MS, 0);
    return true;
}

bool wifi_station_dhcpc_start(void) {
    use_dhcp = true;
    if (netif_is_link_up(&station)) {
        dhcp_start(&station);
    }
    return true;
}

bool wifi_station_dhcpc_stop(void) {
    use_dhcp = false;
    dhcp_stop(&station);
    return true;
}

enum dhcp_status wifi_station_dhcpc_status(void) {
    return use_dhcp ? DHCP_STARTED : DHCP_STOPPED;
}

// The access point. It can be configured, as MicroPython does when it sets a board up, but not switched on.

bool wifi_softap_get_config(struct softap_config *result) {
    *result = softap_config;
    return true;
}

bool wifi_softap_set_config(struct softap_config *wanted_config) {
    softap_config = *wanted_config;
    return true;
}

uint8_t wifi_softap_get_station_num(void) {
    return 0;
}

struct station_info *wifi_softap_get_station_info(void) {
    return NULL;
}

void wifi_softap_free_station_info(void) {
}

bool wifi_softap_dhcps_start(void) {
    return NOT_SIMULATED("the access point (AP_IF)", false);
}

bool wifi_softap_dhcps_stop(void) {
    return true;
}

enum dhcp_status wifi_softap_dhcps_status(void) {
    return DHCP_STOPPED;
}
