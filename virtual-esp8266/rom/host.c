/*
 * The way out to the host: QEMU's semihosting.
 *
 * Without it (-semihosting-config missing) the board works, alone: nothing is around it, and it cannot switch itself
 * off. Source: QEMU's target/xtensa/xtensa-semi.c.
 */
#include "rom.h"

enum { SYS_EXIT = 1, SYS_READ = 3, SYS_WRITE = 4, SYS_OPEN = 5, SYS_CLOSE = 6, SYS_ARGC = 1000, SYS_ARGV = 1002 };

#define STDERR 2
#define SURROUNDINGS_SIZE 4096

// What survives a reset (rom.ld)
extern struct virtual_board_state retained_state;

// The argument vector: pointers, then the strings they point to.
static uint32_t argument_vector[256];
static char surroundings[SURROUNDINGS_SIZE];

// QEMU leaves a2 unchanged when semihosting is off.
static int host_call(int number, uint32_t a, uint32_t b, uint32_t c) {
    register int a2 __asm__("a2") = number;
    register uint32_t a3 __asm__("a3") = a;
    register uint32_t a4 __asm__("a4") = b;
    register uint32_t a5 __asm__("a5") = c;
    __asm__ volatile("simcall" : "+a"(a2), "+a"(a3) : "a"(a4), "a"(a5) : "memory");
    return a2;
}

// The first argument after the program's name, or NULL.
static const char *first_argument(void) {
    int count = host_call(SYS_ARGC, 0, 0, 0);
    if (count < 2 || count == SYS_ARGC) {
        return NULL;
    }
    host_call(SYS_ARGV, (uint32_t)argument_vector, 0, 0);
    return (const char *)argument_vector[1];
}

void virtual_board_say(const char *text) {
    host_call(SYS_WRITE, STDERR, (uint32_t)text, strlen(text));
    host_call(SYS_WRITE, STDERR, (uint32_t)"\n", 1);
}

const char *virtual_board_surroundings(void) {
    surroundings[0] = '\0';
    const char *name = first_argument();
    if (name != NULL) {
        int file = host_call(SYS_OPEN, (uint32_t)name, 0, 0);
        if (file >= 0) {
            int length = host_call(SYS_READ, file, (uint32_t)surroundings, sizeof(surroundings) - 1);
            surroundings[length > 0 ? length : 0] = '\0';
            host_call(SYS_CLOSE, file, 0, 0);
        }
    }
    return surroundings;
}

struct virtual_board_state *virtual_board_state(void) {
    return &retained_state;
}

void virtual_board_power(enum virtual_board_power what, uint32_t reason_or_status) {
    interrupts_off();
    if (what == VIRTUAL_BOARD_OFF) {
        host_call(SYS_EXIT, reason_or_status, 0, 0);
    }
    retained_state.next_reset_reason = what == VIRTUAL_BOARD_OFF ? REASON_EXT_SYS_RST : reason_or_status;
    *RESET_BOARD = RESET_BOARD_MAGIC;
    for (;;) {
    }
}
