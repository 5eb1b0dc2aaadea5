/*
 * What QEMU's machine lx60-nommu puts where: the hardware that the virtual chip is made of.
 *
 * Source: QEMU's hw/xtensa/xtfpga.c (memory map of the LX60 board) and target/xtensa (lx106 core).
 */
#ifndef QEMU_H
#define QEMU_H

#include <stdint.h>

// 16550 UART, registers four bytes apart, CPU interrupt 0
#define UART16550 ((volatile uint32_t *)0x9d050020)
#define UART16550_DATA 0        // divisor latch low while LCR_DLAB is set
#define UART16550_IER 1         // divisor latch high while LCR_DLAB is set
#define UART16550_IIR 2         // when read
#define UART16550_FCR 2         // when written
#define UART16550_LCR 3
#define UART16550_LSR 5
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define IIR_KIND 0x0e
#define IIR_FIFO_FILLED 0x04    // to FIFO_FILLED bytes
#define FCR_ENABLE_AND_CLEAR 0x07
#define FCR_INTERRUPT_AT_14 0xc0
#define FIFO_FILLED 14
#define IER_RECEIVED 0x01
#define LSR_RECEIVED 0x01
#define LSR_TRANSMIT_EMPTY 0x20

// Parallel NOR flash (Intel commands, 16 bits wide)
#define PFLASH 0x98000000u
#define PFLASH_SIZE 0x400000u
#define PFLASH_READ_STATUS 0x70
#define PFLASH_READ_ARRAY 0xff

// Writing RESET_BOARD_MAGIC resets the board
#define RESET_BOARD ((volatile uint32_t *)0x9d020010)
#define RESET_BOARD_MAGIC 0xdead

// CPU interrupts
#define CPU_INTERRUPT_UART 0
#define CPU_INTERRUPT_ETHERNET 1
#define CPU_INTERRUPT_CCOMPARE0 6

// CCOUNT's frequency
#define CPU_MHZ 40

#define READ_SPECIAL(name) ({ uint32_t value; __asm__ volatile("rsr %0, " #name : "=a"(value)); value; })
#define WRITE_SPECIAL(name, value) __asm__ volatile("wsr %0, " #name "; rsync" : : "a"(value) : "memory")

// Keeps interrupts out between the two.
static inline uint32_t interrupts_off(void) {
    uint32_t ps;
    __asm__ volatile("rsil %0, 15" : "=a"(ps) : : "memory");
    return ps;
}

static inline void interrupts_restore(uint32_t ps) {
    __asm__ volatile("wsr %0, ps; rsync" : : "a"(ps) : "memory");
}

#endif // QEMU_H
