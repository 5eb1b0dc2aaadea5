/*
 * The boot ROM: loads the image in flash and starts it, as the chip's does in flash boot mode.
 *
 * The image's format: esptool's documentation, "Firmware Image Format", ESP8266. A header of 8 bytes (magic, number of
 * segments, flash mode, flash size and frequency, entry point), then segments, each with address and length before it.
 */
#include "rom.h"

#define IMAGE_MAGIC 0xe9
#define STATE_MAGIC 0x38323636

struct image_header {
    uint8_t magic;
    uint8_t segments;
    uint8_t flash_mode;
    uint8_t flash_size_and_frequency;
    uint32_t entry;
};

struct segment_header {
    uint32_t address;
    uint32_t size;
};

// The chip's ROM keeps the flash's parameters at this address; SDK 2 has a pointer before them (spi_flash.h).
struct flash_parameters {
    uint32_t pointer;
    uint32_t device_id;
    uint32_t chip_size;
    uint32_t block_size;
    uint32_t sector_size;
    uint32_t page_size;
    uint32_t status_mask;
};
#define FLASH_PARAMETERS ((struct flash_parameters *)0x3fffc714)
#define FLASH_DEVICE_ID 0x1640ef    // a Winbond W25Q32

// The first members of UartDev (uart.h of MicroPython's port)
#define UART_DEVICE ((uint32_t *)0x3fffde10)

extern uint8_t simulator_bss_start[], simulator_bss_end[];

static uint32_t flash_size_of(const struct image_header *header) {
    switch (header->flash_size_and_frequency >> 4) {
        case 0:
            return 512 * 1024;
        case 1:
            return 256 * 1024;
        case 2:
            return 1024 * 1024;
        case 3:
            return 2 * 1024 * 1024;
        default:
            return PFLASH_SIZE;
    }
}

static void uart_start(void) {
    UART16550[UART16550_LCR] = LCR_DLAB;
    UART16550[UART16550_DATA] = 1;
    UART16550[UART16550_IER] = 0;
    UART16550[UART16550_LCR] = LCR_8N1;
    UART16550[UART16550_FCR] = FCR_ENABLE_AND_CLEAR;
}

// Notes why the board starts; what does not survive a power cycle is cleared by the first start.
static void note_reset_reason(void) {
    struct virtual_board_state *state = virtual_board_state();
    if (state->magic != STATE_MAGIC) {
        memset(state, 0, sizeof(*state));
        state->magic = STATE_MAGIC;
        state->next_reset_reason = REASON_DEFAULT_RST;
    }
    state->reset_reason = state->next_reset_reason;
    state->next_reset_reason = REASON_EXT_SYS_RST;
}

static bool ends_in_ram(const struct segment_header *segment) {
    uint32_t end = segment->address + segment->size;
    return (segment->address >= 0x3ffe8000 && end <= 0x3fffc000) ||
           (segment->address >= IRAM_START && end <= IRAM_START + IRAM_SIZE);
}

__attribute__((noreturn)) static void power_off_without_image(const char *why) {
    ets_printf("%s\n", why);
    virtual_board_say(why);
    virtual_board_power(VIRTUAL_BOARD_OFF, EXIT_NO_IMAGE);
}

void boot(void) {
    memset(simulator_bss_start, 0, simulator_bss_end - simulator_bss_start);
    uart_start();
    ets_install_putc1(uart_put);
    note_reset_reason();
    registers_reset();

    const struct image_header *header = (const struct image_header *)PFLASH;
    const char *cause = virtual_board_state()->reset_reason == REASON_DEFAULT_RST ? "1" : "2";
    ets_printf("\n virtual ESP8266, rst cause:%s, boot mode:(3,6)\n\n", cause);
    if (header->magic != IMAGE_MAGIC) {
        power_off_without_image("virtual-esp8266: the flash holds no firmware (no image magic 0xe9 at its start)");
    }
    flash_size = flash_size_of(header);

    const uint8_t *at = (const uint8_t *)(header + 1);
    for (int i = 0; i < header->segments; i++) {
        const struct segment_header *segment = (const struct segment_header *)at;
        if (!ends_in_ram(segment)) {
            power_off_without_image("virtual-esp8266: the firmware's image is damaged (a segment outside RAM)");
        }
        at += sizeof(*segment);
        memcpy((void *)segment->address, at, (segment->size + 3) & ~3u);
        at += segment->size;
    }
    memcpy((void *)FLASH_START, (const void *)PFLASH, FLASH_MAPPED);

    *FLASH_PARAMETERS = (struct flash_parameters) {
        .device_id = FLASH_DEVICE_ID,
        .chip_size = flash_size,
        .block_size = 0x10000,
        .sector_size = 0x1000,
        .page_size = 0x100,
        .status_mask = 0xffff,
    };
    // 115200 baud, 8 data bits, no parity, 1 stop bit
    const uint32_t uart_device[] = { 115200, 3, 0, 0, 1 };
    memcpy(UART_DEVICE, uart_device, sizeof(uart_device));

    monitor_start(strstr(virtual_board_surroundings(), "strict-memory\n") != NULL);
    ((void (*)(void))header->entry)();
    for (;;) {
    }
}
