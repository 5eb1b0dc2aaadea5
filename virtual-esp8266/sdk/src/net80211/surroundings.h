/*
 * What is around the board: access points and names of hosts, as the command line describes them.
 *
 * The description is text, a line for each thing, words separated by tabs:
 *
 *     ap      SSID    PASSWORD    CHANNEL     RSSI    BSSID       (an empty password: an open network)
 *     host    NAME    ADDRESS
 *     strict-memory
 *
 * It is read anew each time, so things may come and go while the board runs.
 */
#ifndef SURROUNDINGS_H
#define SURROUNDINGS_H

#include "lwip/err.h"
#include "lwip/ip_addr.h"
#include "sdk.h"

struct access_point {
    uint8_t ssid[33];
    uint8_t password[65];
    uint8_t channel;
    int8_t rssi;
    uint8_t bssid[6];
};

// Gives the access point with this number, false behind the last.
bool surroundings_access_point(int number, struct access_point *ap);

// Gives the access point with this name.
bool surroundings_find_access_point(const uint8_t *ssid, struct access_point *ap);

// lwIP's DNS_LOOKUP_LOCAL_EXTERN
err_t surroundings_find_host(const char *name, size_t name_length, ip_addr_t *address, u8_t type);

#endif // SURROUNDINGS_H
