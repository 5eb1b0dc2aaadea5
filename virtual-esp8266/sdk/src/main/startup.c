/*
 * How the system starts: memory, timers, Wi-Fi, then the firmware.
 */
#include "sdk.h"

extern uint32_t _bss_start[], _bss_end[];

static init_done_cb_t init_done_cb;

void sdk_start(void) __attribute__((noreturn));

void system_init_done_cb(init_done_cb_t cb) {
    init_done_cb = cb;
}

void sdk_start(void) {
    for (uint32_t *word = _bss_start; word < _bss_end; word++) {
        *word = 0;
    }
    interrupts_restore(0x20);       // UM, INTLEVEL 0; no interrupt is unmasked yet
    timers_start();
    wifi_start();
    user_init();
    if (init_done_cb != NULL) {
        init_done_cb();
    }
    ets_run();
    for (;;) {
    }
}
