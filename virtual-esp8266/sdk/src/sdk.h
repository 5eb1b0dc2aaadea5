/*
 * What the simulated SDK's own files need of each other.
 */
#ifndef SDK_H
#define SDK_H

#include "c_types.h"
#include "mem.h"
#include "os_type.h"
#include "osapi.h"
#include "user_interface.h"
#include "virtual_board.h"

// CCOUNT's frequency: QEMU's LX60 board
#define CPU_MHZ 40

#define READ_SPECIAL(name) ({ uint32_t value; __asm__ volatile("rsr %0, " #name : "=a"(value)); value; })
#define WRITE_SPECIAL(name, value) __asm__ volatile("wsr %0, " #name "; rsync" : : "a"(value) : "memory")

static inline uint32_t interrupts_off(void) {
    uint32_t ps;
    __asm__ volatile("rsil %0, 15" : "=a"(ps) : : "memory");
    return ps;
}

static inline void interrupts_restore(uint32_t ps) {
    __asm__ volatile("wsr %0, ps; rsync" : : "a"(ps) : "memory");
}

// Tasks' priorities; MicroPython takes 0.
enum { RADIO_TASK = 28, TIMER_TASK = 31 };

// timers.c
void timers_start(void);

// net80211/wifi.c
void wifi_start(void);

#endif // SDK_H
