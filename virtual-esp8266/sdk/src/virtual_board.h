/*
 * What only the virtual board has: the ROM's functions through which the simulated SDK reaches the simulator.
 *
 * They stand above the mask ROM's end, where the chip has nothing (rom/entries.S).
 */
#ifndef VIRTUAL_BOARD_H
#define VIRTUAL_BOARD_H

#include <stdint.h>

// What survives a reset, but not a power cycle.
struct virtual_board_state {
    uint32_t magic;
    uint32_t reset_reason;          // enum rst_reason: why the board last started
    uint32_t next_reset_reason;     // why it will start the next time
    uint32_t exception[6];          // cause, epc1, epc2, epc3, excvaddr, depc of the last fatal exception
    uint32_t random;                // of the random number generator
    uint32_t rtc_memory[192];       // system_rtc_mem_read() and system_rtc_mem_write()
};

enum virtual_board_power { VIRTUAL_BOARD_RESET, VIRTUAL_BOARD_OFF };

// Says a line to whoever runs the board, on the host's standard error.
void virtual_board_say(const char *text);

// What is around the board (access points, names of hosts): the text of the file named by the command line, zero
// terminated, read anew by each call; empty when there is none. It stays valid until the next call.
const char *virtual_board_surroundings(void);

struct virtual_board_state *virtual_board_state(void);

// Resets the board, giving the reason for its next start, or switches it off with this exit status. Does not return.
void virtual_board_power(enum virtual_board_power what, uint32_t reason_or_status) __attribute__((noreturn));

// Says once per place that something is not simulated, and gives `result`.
#define NOT_SIMULATED(what, result) \
    ({ \
        static uint8_t said; \
        if (!said) { \
            said = 1; \
            virtual_board_say("virtual-esp8266: " what " is not simulated"); \
        } \
        result; \
    })

#endif // VIRTUAL_BOARD_H
