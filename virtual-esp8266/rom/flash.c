/*
 * The ROM's functions for the SPI flash, on QEMU's parallel flash.
 *
 * As in SPI flash, writing can only clear bits and erasing sets a whole sector of 4096 bytes. What is written to the
 * first megabyte is seen at 0x40200000 at once.
 */
#include "rom.h"

#define SECTOR_SIZE 4096u
// QEMU's flash is programmed through a buffer of this size. Commands: Intel's basic and extended command set.
#define BLOCK_SIZE 512u
#define COMMAND_WRITE_TO_BUFFER 0xe8
#define COMMAND_CONFIRM 0xd0

uint32_t flash_size;

static bool in_flash(uint32_t offset, uint32_t size) {
    return offset <= flash_size && size <= flash_size - offset;
}

// Gives a whole block its new contents.
static void program_block(uint32_t offset, const uint16_t *contents) {
    volatile uint16_t *flash = (volatile uint16_t *)(PFLASH + offset);
    uint32_t ps = interrupts_off();
    *flash = COMMAND_WRITE_TO_BUFFER;
    *flash = BLOCK_SIZE / 2 - 1;
    for (uint32_t i = 0; i < BLOCK_SIZE / 2; i++) {
        flash[i] = contents[i];
    }
    *flash = COMMAND_CONFIRM;
    *flash = PFLASH_READ_ARRAY;
    interrupts_restore(ps);
    if (offset < FLASH_MAPPED) {
        monitor_copy_code(FLASH_START + offset, contents, BLOCK_SIZE);
    }
}

uint32_t SPIUnlock(void) {
    return 0;
}

uint32_t SPIRead(uint32_t offset, void *buffer, uint32_t size) {
    if (!in_flash(offset, size)) {
        return 1;
    }
    memcpy(buffer, (const void *)(PFLASH + offset), size);
    return 0;
}

uint32_t SPIWrite(uint32_t offset, const void *buffer, uint32_t size) {
    static uint8_t block[BLOCK_SIZE] __attribute__((aligned(4)));
    if (!in_flash(offset, size)) {
        return 1;
    }
    const uint8_t *from = buffer;
    while (size > 0) {
        uint32_t start = offset % BLOCK_SIZE;
        uint32_t part = size < BLOCK_SIZE - start ? size : BLOCK_SIZE - start;
        memcpy(block, (const void *)(PFLASH + offset - start), BLOCK_SIZE);
        for (uint32_t i = 0; i < part; i++) {
            block[start + i] &= from[i];
        }
        program_block(offset - start, (const uint16_t *)block);
        offset += part;
        from += part;
        size -= part;
    }
    return 0;
}

uint32_t SPIEraseSector(uint32_t sector) {
    static uint16_t erased[BLOCK_SIZE / 2];
    if (!in_flash(sector * SECTOR_SIZE, SECTOR_SIZE)) {
        return 1;
    }
    memset(erased, 0xff, sizeof(erased));
    for (uint32_t offset = 0; offset < SECTOR_SIZE; offset += BLOCK_SIZE) {
        program_block(sector * SECTOR_SIZE + offset, erased);
    }
    return 0;
}
