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

// What the chip's eFuses say: the Ethernet address, of wifi.c
#define EFUSE_MAC_LOW 0x56000000        // its last byte
#define EFUSE_MAC_MIDDLE 0x00001234     // the two bytes before
#define EFUSE_MAC_VENDOR 0x00525400     // its first three bytes

// With what status the board switches itself off (docs/virtual-esp8266.md, "Exit status")
#define EXIT_NO_IMAGE 3
#define EXIT_STRICT_MEMORY 4

// md5.c
struct md5 {
    uint32_t state[4];
    uint32_t length;                // in bytes; more than 4 GB do not occur
    uint32_t unused;
    uint8_t block[64];
};
void MD5Init(struct md5 *md5);
void MD5Update(struct md5 *md5, const void *data, unsigned size);
void MD5Final(uint8_t *digest, struct md5 *md5);

// string.c
int memcmp(const void *a, const void *b, size_t size);
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
size_t strlen(const char *s);
char *strstr(const char *s, const char *wanted);

// printf.c
void ets_install_putc1(void (*put)(char));
int ets_vprintf(void (*put)(char), const char *format, va_list arguments);
int ets_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void format_line(char *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

// ets.c
void ets_delay_us(uint32_t us);
#define ETS_UART_INUM 5
void ets_isr_attach(int number, void (*handler)(void *), void *argument);
void ets_isr_unmask(uint32_t mask);
void software_reset(void) __attribute__((noreturn));
// As after a reset: every interrupt is masked and has no handler.
void interrupts_reset(void);

// boot.c
void boot_from_flash(void) __attribute__((noreturn));
// After a fatal exception at this instruction: looks whether that was to be expected of what is in flash.
void stop_if_firmware_is_damaged(uint32_t pc);

// vectors.S
extern uint8_t download_vectors[];
// Leaves the ROM's stack behind and runs the program that was loaded into RAM.
void run_in_ram(uint32_t entry) __attribute__((noreturn));
// Leaves download mode and runs the firmware in flash.
void flash_boot(void) __attribute__((noreturn));

// download.c: obeys the host until it wants the program in flash to run.
void download(void);

// flash.c: zero when it went well
uint32_t SPIRead(uint32_t offset, void *buffer, uint32_t size);
uint32_t SPIWrite(uint32_t offset, const void *buffer, uint32_t size);
uint32_t SPIEraseSector(uint32_t sector);
uint32_t SPIEraseBlock(uint32_t block);
uint32_t SPIEraseChip(void);
uint32_t SPIEraseArea(uint32_t offset, uint32_t size);
// Finds out how much flash the board has.
void flash_attach(void);
// What the flash chip says when it is asked who it is
extern uint32_t flash_id;
// Bytes of flash the board has
extern uint32_t flash_chip_size;
// How many of them are used: all, or fewer when the image's header says so
extern uint32_t flash_size;

// spi.c
uint32_t flash_controller_read(uint32_t address);
void flash_controller_write(uint32_t address, uint32_t value);

// registers.c
void registers_reset(void);
uint32_t register_read(uint32_t address);
void register_write(uint32_t address, uint32_t value);
void uart_put(char c);
uint32_t uart_rx_one_char(uint8_t *c);      // zero when there was one

// monitor.c
void monitor_start(bool strict);
// Says a line on the UART and to the host.
void report(const char *line);
void monitor_exception(struct frame *frame);
// Copies into the instruction memory, past strict memory mode's watch.
void monitor_copy_code(uint32_t to, const void *from, size_t size);

#endif // ROM_H
