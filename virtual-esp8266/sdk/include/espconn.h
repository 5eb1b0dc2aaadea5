/*
 * What MicroPython's network_wlan.c takes from here: names of hosts, through lwIP.
 *
 * That file was written for lwIP 1.4, where dns_getserver() gives the address itself, and which knew no
 * IPADDR_STRLEN_MAX; it includes lwip/dns.h behind this header, so both are set right here.
 */
#ifndef ESPCONN_H
#define ESPCONN_H

#include "lwip/dns.h"

#define dns_getserver(number) (*dns_getserver(number))
#undef IPADDR_STRLEN_MAX

#endif // ESPCONN_H
