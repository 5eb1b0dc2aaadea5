/*
 * Source: OpenCores "Ethernet IP Core Specification", Rev. 1.19; addresses: QEMU's hw/xtensa/xtfpga.c.
 */
#include "radio.h"

#include "lwip/etharp.h"
#include "netif/ethernet.h"
#include "sdk.h"

#define REGISTERS ((volatile uint32_t *)0x9d030000)
#define MODER 0
#define MODER_RXEN 0x0001
#define MODER_TXEN 0x0002
#define MODER_PRO 0x0020
#define MODER_FULLD 0x0400
#define MODER_RST 0x0800
#define MODER_CRCEN 0x2000
#define MODER_PAD 0x8000
#define INT_SOURCE 1
#define INT_MASK 2
#define INT_RECEIVED 0x0c           // frames, and frames with errors
#define PACKETLEN 6
#define TX_BD_NUM 8
#define MAC_ADDR0 16
#define MAC_ADDR1 17

// Buffer descriptors: a word of flags and length, a word with the address
#define DESCRIPTORS ((volatile uint32_t *)0x9d030400)
#define TX_READY 0x8000
#define TX_WRAP 0x2000
#define TX_PAD 0x1000
#define TX_CRC 0x0800
#define RX_EMPTY 0x8000
#define RX_IRQ 0x4000
#define RX_WRAP 0x2000

// One buffer for sending, then those for receiving
#define BUFFERS 0x9d800000u
#define BUFFER_SIZE 0x600
#define RX_BUFFERS 8
#define CRC_SIZE 4

static struct netif *radio;
static os_event_t queue[4];
static volatile bool posted;
static int next_received;

static volatile uint32_t *rx_descriptor(int number) {
    return DESCRIPTORS + 2 * (1 + number);
}

static void give_buffer(int number) {
    rx_descriptor(number)[0] = RX_EMPTY | RX_IRQ | (number == RX_BUFFERS - 1 ? RX_WRAP : 0);
}

static err_t send(struct netif *netif, struct pbuf *p) {
    (void)netif;
    if (!netif_is_link_up(radio)) {
        return ERR_CONN;
    }
    while (DESCRIPTORS[0] & TX_READY) {
    }
    pbuf_copy_partial(p, (void *)BUFFERS, p->tot_len, 0);
    DESCRIPTORS[1] = BUFFERS;
    DESCRIPTORS[0] = (uint32_t)p->tot_len << 16 | TX_READY | TX_WRAP | TX_PAD | TX_CRC;
    return ERR_OK;
}

static void receive(const void *frame, int size) {
    if (size <= 0 || size > BUFFER_SIZE || !netif_is_link_up(radio)) {
        return;
    }
    // Without memory the frame is lost, as on the chip.
    struct pbuf *p = pbuf_alloc(PBUF_RAW, size, PBUF_RAM);
    if (p != NULL) {
        pbuf_take(p, frame, size);
        if (radio->input(p, radio) != ERR_OK) {
            pbuf_free(p);
        }
    }
}

static void radio_task(os_event_t *event) {
    (void)event;
    posted = false;
    for (;;) {
        volatile uint32_t *descriptor = rx_descriptor(next_received);
        uint32_t flags = descriptor[0];
        if (flags & RX_EMPTY) {
            break;
        }
        receive((const void *)descriptor[1], (int)(flags >> 16) - CRC_SIZE);
        give_buffer(next_received);
        next_received = (next_received + 1) % RX_BUFFERS;
    }
    ETS_INTR_ENABLE(ETS_WDEV_INUM);
}

static IRAM_ATTR void radio_interrupt(void *arg) {
    (void)arg;
    REGISTERS[INT_SOURCE] = REGISTERS[INT_SOURCE];
    ETS_INTR_DISABLE(ETS_WDEV_INUM);
    if (!posted) {
        posted = true;
        ets_post(RADIO_TASK, 0, 0);
    }
}

static err_t make_interface(struct netif *netif) {
    netif->name[0] = 's';
    netif->name[1] = 't';
    netif->mtu = 1500;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP;
    netif->output = etharp_output;
    netif->linkoutput = send;
    return ERR_OK;
}

static void start_controller(const uint8_t *address) {
    REGISTERS[MODER] = MODER_RST;
    REGISTERS[MODER] = 0;
    REGISTERS[TX_BD_NUM] = 1;
    DESCRIPTORS[0] = TX_WRAP;
    for (int i = 0; i < RX_BUFFERS; i++) {
        rx_descriptor(i)[1] = BUFFERS + (i + 1) * BUFFER_SIZE;
        give_buffer(i);
    }
    REGISTERS[MAC_ADDR0] = (uint32_t)address[2] << 24 | address[3] << 16 | address[4] << 8 | address[5];
    REGISTERS[MAC_ADDR1] = address[0] << 8 | address[1];
    REGISTERS[PACKETLEN] = 64 << 16 | BUFFER_SIZE;
    REGISTERS[INT_SOURCE] = ~0u;
    REGISTERS[INT_MASK] = INT_RECEIVED;
    REGISTERS[MODER] = MODER_RXEN | MODER_TXEN | MODER_PRO | MODER_FULLD | MODER_CRCEN | MODER_PAD;
}

// lwIP itself would not send to 127.0.0.0/8, where brokers under test listen. QEMU's gateway passes such frames to the
// host's own loopback addresses.
struct netif *radio_route(const struct ip4_addr *destination) {
    bool ready = netif_is_up(radio) && netif_is_link_up(radio) && !ip4_addr_isany(netif_ip4_addr(radio));
    return ready && ip4_addr_isloopback(destination) ? radio : NULL;
}

void radio_start(struct netif *netif, const uint8_t *address) {
    radio = netif;
    netif->hwaddr_len = 6;
    ets_memcpy(netif->hwaddr, address, 6);
    netif_add(netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4, NULL, make_interface, ethernet_input);
    netif_set_default(netif);
    ets_task(radio_task, RADIO_TASK, queue, sizeof(queue) / sizeof(queue[0]));
    ets_isr_attach(ETS_WDEV_INUM, radio_interrupt, NULL);
    start_controller(address);
    ETS_INTR_ENABLE(ETS_WDEV_INUM);
}
