/*
 * The functions of the virtual chip's ROM. Names and arguments are those of the ESP8266's mask ROM, where it has them.
 */
#ifndef ROM_H
#define ROM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip.h"
#include "frame.h"
#include "qemu.h"
#include "virtual_board.h"

// With what status the board switches itself off (docs/virtual-esp8266.md, "Exit status")
#define EXIT_NO_IMAGE 3
#define EXIT_STRICT_MEMORY 4

// string.c
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
size_t strlen(const char *s);
char *strstr(const char *s, const char *wanted);

// printf.c
void ets_install_putc1(void (*put)(char));
int ets_vprintf(void (*put)(char), const char *format, va_list arguments);
int ets_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ets.c
void ets_delay_us(uint32_t us);

// flash.c: zero when it went well
uint32_t SPIRead(uint32_t offset, void *buffer, uint32_t size);
uint32_t SPIWrite(uint32_t offset, const void *buffer, uint32_t size);
uint32_t SPIEraseSector(uint32_t sector);
// Bytes of flash the board has, as its image's header says
extern uint32_t flash_size;

// registers.c
void registers_reset(void);
uint32_t register_read(uint32_t address);
void register_write(uint32_t address, uint32_t value);
void uart_put(char c);

// monitor.c
void monitor_start(bool strict);
void monitor_exception(struct frame *frame);
// Copies into the instruction memory, past strict memory mode's watch.
void monitor_copy_code(uint32_t to, const void *from, size_t size);

#endif // ROM_H
