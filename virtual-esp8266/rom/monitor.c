/*
 * The monitor: sees every exception that is not an interrupt, and makes the chip's memory out of QEMU's.
 *
 * - An access to the chip's registers, which QEMU does not have: the access is emulated (registers.c).
 * - In strict memory mode, any data access to ROM, IRAM or flash: an aligned 32-bit load, or an aligned 32-bit store to
 *   IRAM, is carried out; everything else is what the chip answers with LoadStoreError, and stops the board.
 * - Everything else is the firmware's mistake: a fatal exception, reported as the vendor's SDK does.
 *
 * The monitor itself lies in memory that never traps, and runs with interrupts off.
 */
#include "rom.h"

enum cause {
    LOAD_STORE_ERROR = 3,
};

// Attributes of a 512 MB region of the address space (wdtlb, witlb): any access, only fetching instructions, and none
#define REGION_OPEN 2
#define REGION_EXECUTE_ONLY 3
#define REGION_CLOSED 15

static bool strict;
// What IRAM holds, for strict memory mode, in which the monitor cannot read IRAM either
static uint8_t iram[IRAM_SIZE] __attribute__((aligned(4)));

static void set_region(uint32_t start, uint32_t attribute) {
    __asm__ volatile("wdtlb %0, %1; dsync" : : "a"(attribute), "a"(start) : "memory");
}

// QEMU remembers, page by page, what it has allowed, and a change of the region's attribute does not make it forget. A
// change of its memory map does: the flash chip answering with its status instead of its contents is one.
static void close_instruction_memory(void) {
    set_region(INSTRUCTION_START, REGION_CLOSED);
    *(volatile uint16_t *)PFLASH = PFLASH_READ_STATUS;
    *(volatile uint16_t *)PFLASH = PFLASH_READ_ARRAY;
}

void monitor_start(bool strict_memory) {
    strict = strict_memory;
    memcpy(iram, (const void *)IRAM_START, IRAM_SIZE);
    set_region(PERIPHERALS_START, REGION_CLOSED);
    if (strict) {
        // Else QEMU would allow data accesses to each page that it has fetched an instruction from.
        __asm__ volatile("witlb %0, %1; isync" : : "a"(REGION_EXECUTE_ONLY), "a"(INSTRUCTION_START) : "memory");
        close_instruction_memory();
    }
}

void monitor_copy_code(uint32_t to, const void *from, size_t size) {
    uint32_t ps = interrupts_off();
    if (to >= IRAM_START && to + size <= IRAM_START + IRAM_SIZE) {
        memcpy(iram + (to - IRAM_START), from, size);
    }
    set_region(INSTRUCTION_START, REGION_OPEN);
    memcpy((void *)to, from, size);
    if (strict) {
        close_instruction_memory();
    }
    interrupts_restore(ps);
}

static bool within(uint32_t address, uint32_t start, uint32_t end) {
    return start <= address && address < end;
}

// Where the monitor can read what stands at this address, instruction memory included.
static const uint8_t *readable(uint32_t address) {
    if (strict && within(address, FLASH_START, FLASH_START + FLASH_MAPPED)) {
        return (const uint8_t *)(PFLASH + (address - FLASH_START));
    }
    if (strict && within(address, IRAM_START, IRAM_START + IRAM_SIZE)) {
        return iram + (address - IRAM_START);
    }
    return (const uint8_t *)address;
}

// A load or store instruction. Formats: Xtensa Instruction Set Architecture Reference Manual.
struct access {
    const char *name;
    uint8_t length;         // of the instruction; 0: it is none of these
    uint8_t size;           // of the data, in bytes
    uint8_t reg;
    bool store;
};

static struct access decode(uint32_t pc) {
    const uint8_t *code = readable(pc);
    uint8_t reg = code[0] >> 4;
    switch (code[0] & 0xf) {
        case 1:
            return (struct access) { "l32r", 3, 4, reg, false };
        case 8:
            return (struct access) { "l32i.n", 2, 4, reg, false };
        case 9:
            return (struct access) { "s32i.n", 2, 4, reg, true };
        case 2:
            switch (code[1] >> 4) {
                case 0:
                    return (struct access) { "l8ui", 3, 1, reg, false };
                case 1:
                    return (struct access) { "l16ui", 3, 2, reg, false };
                case 2:
                    return (struct access) { "l32i", 3, 4, reg, false };
                case 4:
                    return (struct access) { "s8i", 3, 1, reg, true };
                case 5:
                    return (struct access) { "s16i", 3, 2, reg, true };
                case 6:
                    return (struct access) { "s32i", 3, 4, reg, true };
                case 9:
                    return (struct access) { "l16si", 3, 2, reg, false };
            }
    }
    return (struct access) { "", 0, 0, 0, false };
}

static const char *memory_name(uint32_t address) {
    if (within(address, FLASH_START, FLASH_START + FLASH_MAPPED)) {
        return "flash";
    }
    return within(address, IRAM_START, IRAM_START + IRAM_SIZE) ? "IRAM" : "ROM";
}

void report(const char *line) {
    for (const char *c = line; *c != '\0'; c++) {
        uart_put(*c);
    }
    uart_put('\r');
    uart_put('\n');
    virtual_board_say(line);
}

static void report_exception(uint32_t cause, const struct frame *frame) {
    char line[160];
    uart_put('\r');
    uart_put('\n');
    format_line(line, "Fatal exception (%u):", (unsigned)cause);
    report(line);
    format_line(line, "epc1=0x%08x, epc2=0x00000000, epc3=0x00000000, excvaddr=0x%08x, depc=0x%08x",
        (unsigned)frame->pc, (unsigned)frame->address, (unsigned)frame->depc);
    report(line);
    uint32_t *exception = virtual_board_state()->exception;
    exception[0] = cause;
    exception[1] = frame->pc;
    exception[4] = frame->address;
    exception[5] = frame->depc;
}

__attribute__((noreturn)) static void stop_for_strict_memory(const struct access *access, const struct frame *frame) {
    char line[200];
    report_exception(LOAD_STORE_ERROR, frame);
    format_line(line, "strict memory: %s at 0x%08x %s %u bytes of %s at 0x%08x (called from 0x%08x)",
        access->length == 0 ? "an instruction" : access->name, (unsigned)frame->pc, access->store ? "writes" : "reads",
        (unsigned)access->size, memory_name(frame->address), (unsigned)frame->address, (unsigned)frame->a[0]);
    report(line);
    virtual_board_power(VIRTUAL_BOARD_OFF, EXIT_STRICT_MEMORY);
}

static void access_register(const struct access *access, struct frame *frame) {
    uint32_t address = frame->address & ~3u;
    uint32_t *reg = &frame->a[access->reg];
    uint32_t shift = 8 * (frame->address & 3);
    uint32_t mask = access->size == 4 ? ~0u : (1u << (8 * access->size)) - 1;
    if (access->store) {
        register_write(address, access->size == 4 ? *reg : (*reg & mask) << shift);
    } else {
        *reg = (register_read(address) >> shift) & mask;
    }
}

static void access_instruction_memory(const struct access *access, struct frame *frame) {
    uint32_t *reg = &frame->a[access->reg];
    bool aligned_word = access->size == 4 && frame->address % 4 == 0;
    if (aligned_word && !access->store) {
        const uint8_t *from = readable(frame->address);
        if ((uint32_t)from == frame->address) {
            stop_for_strict_memory(access, frame);
        }
        *reg = *(const uint32_t *)from;
    } else if (aligned_word && within(frame->address, IRAM_START, IRAM_START + IRAM_SIZE)) {
        monitor_copy_code(frame->address, reg, sizeof(*reg));
    } else {
        stop_for_strict_memory(access, frame);
    }
}

void monitor_exception(struct frame *frame) {
    bool is_register = within(frame->address, PERIPHERALS_START, PERIPHERALS_END) ||
                       within(frame->address, DPORT_START, DPORT_END);
    bool is_watched = strict && within(frame->address, INSTRUCTION_START, INSTRUCTION_END);
    if ((is_register || is_watched) && frame->pc != frame->address) {
        struct access access = decode(frame->pc);
        if (access.length != 0) {
            if (is_register) {
                access_register(&access, frame);
            } else {
                access_instruction_memory(&access, frame);
            }
            frame->pc += access.length;
            return;
        }
    }
    report_exception(frame->cause, frame);
    stop_if_firmware_is_damaged(frame->pc);
    virtual_board_power(VIRTUAL_BOARD_RESET, REASON_EXCEPTION_RST);
}
