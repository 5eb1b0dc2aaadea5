/*
 * The ESP8266's memory map, as far as the ROM and the monitor know it.
 *
 * Sources: Espressif's ESP8266 Technical Reference; linker scripts of MicroPython's port.
 */
#ifndef CHIP_H
#define CHIP_H

#include <stdint.h>

#define DPORT_START 0x3ff00000u         // the chip's second register block: interrupt status, hardware random numbers
#define DPORT_END 0x3ff40000u
#define DRAM_START 0x3ffe8000u
#define DRAM_END 0x40000000u
#define MASK_ROM_START 0x40000000u
#define MASK_ROM_END 0x40010000u
#define PERIPHERALS_START 0x60000000u   // UART, SPI, GPIO, timers, RTC, IO_MUX
#define PERIPHERALS_END 0x60002000u
#define IRAM_START 0x40100000u
#define IRAM_SIZE 0x8000u
#define IRAM_AND_CACHE_END 0x40110000u  // until flash is read through it, the cache is RAM too
#define FLASH_START 0x40200000u         // the first megabyte of the flash, read through the cache
#define FLASH_MAPPED 0x100000u
#define FLASH_SECTOR_SIZE 0x1000u
#define FLASH_BLOCK_SIZE 0x10000u
#define INSTRUCTION_START 0x40000000u   // ROM, IRAM and flash: what strict memory mode watches
#define INSTRUCTION_END 0x60000000u

#define RTC_USER_MEMORY_SIZE 768        // 192 words, including the 64 that the SDK keeps for itself

// Bits and codes of struct rst_info's reason (user_interface.h)
enum reset_reason {
    REASON_DEFAULT_RST = 0,
    REASON_WDT_RST = 1,
    REASON_EXCEPTION_RST = 2,
    REASON_SOFT_WDT_RST = 3,
    REASON_SOFT_RESTART = 4,
    REASON_DEEP_SLEEP_AWAKE = 5,
    REASON_EXT_SYS_RST = 6,
};

#endif // CHIP_H
