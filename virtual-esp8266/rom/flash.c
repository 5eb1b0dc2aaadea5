/*
 * The ROM's functions for the SPI flash, on QEMU's parallel flash.
 *
 * As in SPI flash, writing can only clear bits and erasing sets a whole sector of 4096 bytes. What is written to the
 * first megabyte is seen at 0x40200000 at once.
 */
#include "rom.h"

// QEMU's flash is programmed through a buffer of this size. Commands: Intel's basic and extended command set.
#define BUFFER_SIZE 512u
#define SECTORS_IN_BLOCK (FLASH_BLOCK_SIZE / FLASH_SECTOR_SIZE)
#define COMMAND_WRITE_TO_BUFFER 0xe8
#define COMMAND_ERASE_BLOCK 0x20        // 64 KiB, as in SPI flash
#define COMMAND_CONFIRM 0xd0

uint32_t flash_chip_size;
uint32_t flash_id;
uint32_t flash_size;

void flash_attach(void) {
    static const char key[] = "flash-size\t";
    const char *size = strstr(virtual_board_surroundings(), key);
    flash_chip_size = 0;
    if (size != NULL) {
        for (size += sizeof(key) - 1; *size >= '0' && *size <= '9'; size++) {
            flash_chip_size = 10 * flash_chip_size + *size - '0';
        }
    }
    if (flash_chip_size == 0 || flash_chip_size > PFLASH_SIZE) {
        flash_chip_size = PFLASH_SIZE;
    }
    flash_size = flash_chip_size;
    // Winbond's W25Q series: the third byte is the size's logarithm
    flash_id = 0x0040ef | (uint32_t)(31 - __builtin_clz(flash_chip_size)) << 16;
}

static bool in_flash(uint32_t offset, uint32_t size) {
    return offset <= flash_size && size <= flash_size - offset;
}

// Gives as much as the buffer holds its new contents.
static void program_buffer(uint32_t offset, const uint16_t *contents) {
    volatile uint16_t *flash = (volatile uint16_t *)(PFLASH + offset);
    uint32_t ps = interrupts_off();
    *flash = COMMAND_WRITE_TO_BUFFER;
    *flash = BUFFER_SIZE / 2 - 1;
    for (uint32_t i = 0; i < BUFFER_SIZE / 2; i++) {
        flash[i] = contents[i];
    }
    *flash = COMMAND_CONFIRM;
    *flash = PFLASH_READ_ARRAY;
    interrupts_restore(ps);
    if (offset < FLASH_MAPPED) {
        monitor_copy_code(FLASH_START + offset, contents, BUFFER_SIZE);
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
    static uint8_t contents[BUFFER_SIZE] __attribute__((aligned(4)));
    if (!in_flash(offset, size)) {
        return 1;
    }
    const uint8_t *from = buffer;
    while (size > 0) {
        uint32_t start = offset % BUFFER_SIZE;
        uint32_t part = size < BUFFER_SIZE - start ? size : BUFFER_SIZE - start;
        memcpy(contents, (const void *)(PFLASH + offset - start), BUFFER_SIZE);
        for (uint32_t i = 0; i < part; i++) {
            contents[start + i] &= from[i];
        }
        program_buffer(offset - start, (const uint16_t *)contents);
        offset += part;
        from += part;
        size -= part;
    }
    return 0;
}

uint32_t SPIEraseSector(uint32_t sector) {
    static uint16_t erased[BUFFER_SIZE / 2];
    if (!in_flash(sector * FLASH_SECTOR_SIZE, FLASH_SECTOR_SIZE)) {
        return 1;
    }
    memset(erased, 0xff, sizeof(erased));
    for (uint32_t offset = 0; offset < FLASH_SECTOR_SIZE; offset += BUFFER_SIZE) {
        program_buffer(sector * FLASH_SECTOR_SIZE + offset, erased);
    }
    return 0;
}

// A whole block of QEMU's flash, which erases faster than it writes.
static void erase_block(uint32_t offset) {
    volatile uint16_t *flash = (volatile uint16_t *)(PFLASH + offset);
    uint32_t ps = interrupts_off();
    *flash = COMMAND_ERASE_BLOCK;
    *flash = COMMAND_CONFIRM;
    *flash = PFLASH_READ_ARRAY;
    interrupts_restore(ps);
    for (uint32_t end = offset + FLASH_BLOCK_SIZE; offset < end && offset < FLASH_MAPPED; offset += BUFFER_SIZE) {
        monitor_copy_code(FLASH_START + offset, (const void *)(PFLASH + offset), BUFFER_SIZE);
    }
}

uint32_t SPIEraseBlock(uint32_t block) {
    if (!in_flash(block * FLASH_BLOCK_SIZE, FLASH_BLOCK_SIZE)) {
        return 1;
    }
    erase_block(block * FLASH_BLOCK_SIZE);
    return 0;
}

uint32_t SPIEraseChip(void) {
    for (uint32_t offset = 0; offset < flash_size; offset += FLASH_BLOCK_SIZE) {
        erase_block(offset);
    }
    return 0;
}

// As the chip's does, this erases more than it is told to: after the sectors up to the next block, it counts those that
// it has erased a second time. esptool knows that, and asks for less.
uint32_t SPIEraseArea(uint32_t offset, uint32_t size) {
    uint32_t sector = offset / FLASH_SECTOR_SIZE;
    uint32_t sectors = (size + FLASH_SECTOR_SIZE - 1) / FLASH_SECTOR_SIZE;
    uint32_t to_next_block = SECTORS_IN_BLOCK - sector % SECTORS_IN_BLOCK;
    uint32_t end = sector + sectors + (sectors < to_next_block ? sectors : to_next_block);
    while (sector < end) {
        bool whole_block = sector % SECTORS_IN_BLOCK == 0 && end - sector >= SECTORS_IN_BLOCK;
        uint32_t failed = whole_block ? SPIEraseBlock(sector / SECTORS_IN_BLOCK) : SPIEraseSector(sector);
        if (failed) {
            return failed;
        }
        sector += whole_block ? SECTORS_IN_BLOCK : 1;
    }
    return 0;
}

// The virtual board knows its flash.
uint32_t SPIParamCfg(uint32_t id, uint32_t size, uint32_t block, uint32_t sector, uint32_t page, uint32_t status_mask) {
    (void)id, (void)size, (void)block, (void)sector, (void)page, (void)status_mask;
    return 0;
}

// The pins of the flash need no choosing.
void SelectSpiFunction(void) {
}

void spi_flash_attach(void) {
}
