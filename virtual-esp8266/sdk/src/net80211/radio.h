/*
 * The virtual radio: QEMU's OpenCores Ethernet controller, as an lwIP network interface.
 */
#ifndef RADIO_H
#define RADIO_H

#include "lwip/netif.h"

// Makes the interface and starts receiving; frames pass only while its link is up.
void radio_start(struct netif *netif, const uint8_t *address);

#endif // RADIO_H
