/*
 * lwIP as the simulated SDK builds it. Sizes are those of the vendor's lwIP (esp-open-lwip) where they are seen from
 * outside: TCP segments of 536 bytes, windows of a few segments, five connections.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include <stddef.h>

// No operating system; interrupts are kept out by MicroPython's sys_arch_protect() (extmod/modlwip.c).
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 1
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

// Memory: the system's heap for data; pools for what outlives its owner, so that reconnecting does not eat the heap
#define MEM_CUSTOM_ALLOCATOR 1
#define MEM_CUSTOM_MALLOC lwip_heap_malloc
#define MEM_CUSTOM_CALLOC lwip_heap_calloc
#define MEM_CUSTOM_FREE lwip_heap_free
#define MEM_ALIGNMENT 4
#define MEMP_NUM_TCP_PCB 5
#define MEMP_NUM_TCP_PCB_LISTEN 4
#define MEMP_NUM_TCP_SEG 16
#define MEMP_NUM_UDP_PCB 6
#define MEMP_NUM_RAW_PCB 2
#define MEMP_NUM_PBUF 16
#define PBUF_POOL_SIZE 0
#define MEMP_NUM_REASSDATA 2

void *lwip_heap_malloc(size_t size);
void *lwip_heap_calloc(size_t count, size_t size);
void lwip_heap_free(void *p);

// Protocols
#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_RAW 1
#define LWIP_DHCP 1
#define LWIP_IGMP 1
#define LWIP_DNS 1
#define LWIP_TCP_KEEPALIVE 1
#define SO_REUSE 1
#define IP_REASSEMBLY 1
#define ARP_QUEUEING 0
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define DHCP_DOES_ARP_CHECK 0
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 1

// Names given on the command line are known without asking a server (sdk/src/net80211/surroundings.c).
#define DNS_LOOKUP_LOCAL_EXTERN surroundings_find_host

// The host's loopback addresses are reached through the radio like any other (sdk/src/net80211/radio.c).
struct netif;
struct ip4_addr;
struct netif *radio_route(const struct ip4_addr *destination);
#define LWIP_HOOK_IP4_ROUTE(destination) radio_route(destination)

// TCP
#define TCP_MSS 536
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 8
#define TCP_LISTEN_BACKLOG 1

#define LWIP_STATS 0

#endif // LWIPOPTS_H
