/*
 * The ROM's interrupt table, delays and random numbers.
 *
 * The firmware knows Espressif's interrupt numbers; this file maps them to QEMU's. The chip's _xtos_l1int_handler takes
 * the saved registers of the interrupted program; the simulated SDK's vectors save them themselves, so here it takes
 * nothing.
 */
#include "rom.h"

#define INTERRUPTS 16

static const struct {
    uint8_t ets;        // the firmware's number, ETS_*_INUM of ets_sys.h
    uint8_t cpu;        // QEMU's
} interrupts[] = {
    { 0, CPU_INTERRUPT_ETHERNET },      // the radio's
    { ETS_UART_INUM, CPU_INTERRUPT_UART },
    { 6, CPU_INTERRUPT_CCOMPARE0 },
};
#define INTERRUPTS_WIRED (sizeof(interrupts) / sizeof(interrupts[0]))

static struct {
    void (*handler)(void *);
    void *argument;
} handlers[INTERRUPTS];
static uint32_t unmasked;
static bool in_handler;

static void apply_mask(void) {
    uint32_t enabled = 0;
    for (size_t i = 0; i < INTERRUPTS_WIRED; i++) {
        if (unmasked & 1u << interrupts[i].ets) {
            enabled |= 1u << interrupts[i].cpu;
        }
    }
    WRITE_SPECIAL(intenable, enabled);
}

void ets_isr_attach(int number, void (*handler)(void *), void *argument) {
    handlers[number].handler = handler;
    handlers[number].argument = argument;
}

void ets_isr_mask(uint32_t mask) {
    uint32_t ps = interrupts_off();
    unmasked &= ~mask;
    apply_mask();
    interrupts_restore(ps);
}

void ets_isr_unmask(uint32_t mask) {
    uint32_t ps = interrupts_off();
    unmasked |= mask;
    apply_mask();
    interrupts_restore(ps);
}

void interrupts_reset(void) {
    memset(handlers, 0, sizeof(handlers));
    ets_isr_mask(~0u);
}

void ets_intr_lock(void) {
    __asm__ volatile("rsil a2, 3" : : : "a2", "memory");
}

// In an interrupt handler this does nothing: ets_post() calls it there, and handlers are not interrupted.
void ets_intr_unlock(void) {
    if (!in_handler) {
        __asm__ volatile("rsil a2, 0" : : : "a2", "memory");
    }
}

void _xtos_l1int_handler(void) {
    uint32_t raised = READ_SPECIAL(interrupt) & READ_SPECIAL(intenable);
    in_handler = true;
    for (size_t i = 0; i < INTERRUPTS_WIRED; i++) {
        if (raised & 1u << interrupts[i].cpu) {
            int number = interrupts[i].ets;
            if (handlers[number].handler != NULL) {
                handlers[number].handler(handlers[number].argument);
            } else {
                ets_isr_mask(1u << number);
            }
        }
    }
    in_handler = false;
}

void ets_delay_us(uint32_t us) {
    while (us > 0) {
        uint32_t part = us < 1000000 ? us : 1000000;
        uint32_t start = READ_SPECIAL(ccount);
        while (READ_SPECIAL(ccount) - start < part * CPU_MHZ) {
        }
        us -= part;
    }
}

// What the program in RAM leaves here, the ROM's main() would call; esptool's stub clears it.
void ets_set_user_start(void (*start)(void)) {
    (void)start;
}

void software_reset(void) {
    virtual_board_power(VIRTUAL_BOARD_RESET, REASON_SOFT_RESTART);
}

// The generator of the C standard's example (7.22.2.2).
static uint32_t next_random = 1;

void srand(unsigned seed) {
    next_random = seed;
}

int rand(void) {
    next_random = next_random * 1103515245 + 12345;
    return (next_random >> 1) & 0x7fffffff;
}
