/*
 * The boot ROM: as the chip's does, enters download mode when GPIO0 is low, and else loads the image in flash and starts
 * it.
 *
 * The image's format: esptool's documentation, "Firmware Image Format", ESP8266. A header of 8 bytes (magic, number of
 * segments, flash mode, flash size and frequency, entry point), then segments, each with address and length before it.
 */
#include "rom.h"

#define IMAGE_MAGIC 0xe9
#define IMAGE_MAX_SEGMENTS 16
#define IMAGE_CHECKSUM_START 0xef
#define IMAGE_ALIGNMENT 16
#define ERASED 0xff
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

// The first members of UartDev (uart.h of MicroPython's port)
#define UART_DEVICE ((uint32_t *)0x3fffde10)

// Whether GPIO0 was low when the board was last switched on or reset from outside. A reset by the firmware does not look
// again. (rom.ld)
extern uint32_t retained_download_mode;

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
    UART16550[UART16550_FCR] = FCR_ENABLE_AND_CLEAR | FCR_INTERRUPT_AT_14;
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

static bool is_download_mode(void) {
    uint32_t reason = virtual_board_state()->reset_reason;
    if (reason == REASON_DEFAULT_RST || reason == REASON_EXT_SYS_RST) {
        retained_download_mode = strstr(virtual_board_surroundings(), "gpio0-low-at-reset\n") != NULL;
    }
    return retained_download_mode;
}

// Without a firmware the chip tries again and again. The virtual board waits for the next reset when there can be one.
__attribute__((noreturn)) static void stop_without_image(const char *why) {
    report(why);
    if (strstr(virtual_board_surroundings(), "can-be-reset\n") == NULL) {
        virtual_board_power(VIRTUAL_BOARD_OFF, EXIT_NO_IMAGE);
    }
    for (;;) {
        __asm__ volatile("waiti 15");
    }
}

static bool ends_in_ram(const struct segment_header *segment) {
    uint32_t end = segment->address + segment->size;
    bool in_dram = segment->address >= DRAM_START && end <= 0x3fffc000;
    bool in_iram = segment->address >= IRAM_START && end <= IRAM_START + IRAM_SIZE;
    return end >= segment->address && (in_dram || in_iram);
}

// Loads the image's segments into RAM. Does not return when the image is not a good one.
static void load(const struct image_header *header) {
    char line[160];
    if (header->magic != IMAGE_MAGIC) {
        format_line(line, header->magic == ERASED ?
            "virtual-esp8266: the flash holds no firmware: it is erased" :
            "virtual-esp8266: the flash holds no firmware: it begins with 0x%02x, an image with 0xe9", header->magic);
        stop_without_image(line);
    }
    if (header->segments == 0 || header->segments > IMAGE_MAX_SEGMENTS) {
        format_line(line, "virtual-esp8266: the firmware in flash is damaged: it has %u segments", header->segments);
        stop_without_image(line);
    }
    const uint8_t *at = (const uint8_t *)(header + 1);
    uint8_t checksum = IMAGE_CHECKSUM_START;
    for (int i = 0; i < header->segments; i++) {
        const struct segment_header *segment = (const struct segment_header *)at;
        if (!ends_in_ram(segment)) {
            format_line(line, "virtual-esp8266: the firmware in flash is damaged, or not for the ESP8266: segment %d is for "
                "0x%08x", i + 1, (unsigned)segment->address);
            stop_without_image(line);
        }
        at += sizeof(*segment);
        for (uint32_t n = 0; n < segment->size; n++) {
            checksum ^= at[n];
        }
        memcpy((void *)segment->address, at, (segment->size + 3) & ~3u);
        at += segment->size;
    }
    // The checksum is the last byte of the last 16.
    const uint8_t *start = (const uint8_t *)header;
    uint8_t wanted = start[(at - start) | (IMAGE_ALIGNMENT - 1)];
    if (checksum != wanted) {
        format_line(line, "virtual-esp8266: the firmware in flash is damaged: its checksum is 0x%02x, not 0x%02x", checksum,
            wanted);
        stop_without_image(line);
    }
}

// MicroPython's images end with an MD5, whose place stands before the code for flash (makeimg.py of its port).
#define MICROPYTHON_SIZE_AT 0x8ffc
#define MICROPYTHON_MD5_FROM 4      // what is before, esptool may change

static bool is_damaged_micropython(void) {
    uint32_t size = *(const uint32_t *)(PFLASH + MICROPYTHON_SIZE_AT);
    uint8_t digest[16];
    struct md5 md5;
    if (size <= MICROPYTHON_SIZE_AT || size > flash_size - sizeof(digest)) {
        return false;
    }
    MD5Init(&md5);
    MD5Update(&md5, (const void *)(PFLASH + MICROPYTHON_MD5_FROM), size - MICROPYTHON_MD5_FROM);
    MD5Final(digest, &md5);
    return memcmp(digest, (const void *)(PFLASH + size), sizeof(digest)) != 0;
}

void stop_if_firmware_is_damaged(uint32_t pc) {
    char line[160];
    if (pc >= FLASH_START && pc < FLASH_START + FLASH_MAPPED &&
        *(const uint32_t *)(PFLASH + (pc - FLASH_START) / 4 * 4) == 0xffffffff) {
        format_line(line, "virtual-esp8266: the firmware in flash is not complete: it goes on at 0x%08x, where the flash is "
            "erased. Flash it again", (unsigned)pc);
        stop_without_image(line);
    }
    if (is_damaged_micropython()) {
        stop_without_image("virtual-esp8266: the firmware in flash is damaged, or not complete: its MD5 is wrong. Flash it "
            "again");
    }
}

void boot_from_flash(void) {
    const struct image_header *header = (const struct image_header *)PFLASH;
    interrupts_reset();
    load(header);
    flash_size = flash_size_of(header) < flash_chip_size ? flash_size_of(header) : flash_chip_size;
    memcpy((void *)FLASH_START, (const void *)PFLASH, FLASH_MAPPED);

    *FLASH_PARAMETERS = (struct flash_parameters) {
        .device_id = flash_id,
        .chip_size = flash_size,
        .block_size = FLASH_BLOCK_SIZE,
        .sector_size = FLASH_SECTOR_SIZE,
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

void boot(void) {
    memset(simulator_bss_start, 0, simulator_bss_end - simulator_bss_start);
    uart_start();
    ets_install_putc1(uart_put);
    note_reset_reason();
    registers_reset();
    flash_attach();

    const char *cause = virtual_board_state()->reset_reason == REASON_DEFAULT_RST ? "1" : "2";
    bool download_mode = is_download_mode();
    ets_printf("\n virtual ESP8266, rst cause:%s, boot mode:(%d,6)\n\n", cause, download_mode ? 1 : 3);
    if (download_mode) {
        virtual_board_say("virtual-esp8266: download mode, because GPIO0 was low: waiting for esptool");
        monitor_start(false);
        WRITE_SPECIAL(vecbase, download_vectors);
        download();
        flash_boot();
    }
    boot_from_flash();
}
