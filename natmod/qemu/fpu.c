// Switches the processor's floating-point unit on, which the startup code of MicroPython's qemu port does not, as its boards
// have none.
//
// Source: ARMv7-M Architecture Reference Manual, B3.2.20 (CPACR).

#include <stdint.h>

#define CPACR (*(volatile uint32_t *)0xe000ed88)
#define CPACR_CP10_CP11_FULL (0xfu << 20)

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

int __wrap_main(int argc, char **argv) {
    CPACR |= CPACR_CP10_CP11_FULL;
    __asm__ volatile ("dsb\nisb");
    return __real_main(argc, argv);
}
