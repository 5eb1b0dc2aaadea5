/*
 * The SPI flash.
 */
#ifndef SPI_FLASH_H
#define SPI_FLASH_H

#include "c_types.h"

typedef enum { SPI_FLASH_RESULT_OK, SPI_FLASH_RESULT_ERR, SPI_FLASH_RESULT_TIMEOUT } SpiFlashOpResult;

// The ROM's parameters. SDK 2 keeps them four bytes behind the ROM's symbol flashchip, after a pointer.
typedef struct {
    uint32_t deviceId;
    uint32_t chip_size;
    uint32_t block_size;
    uint32_t sector_size;
    uint32_t page_size;
    uint32_t status_mask;
} SpiFlashChip;

#define SPI_FLASH_SEC_SIZE 4096

uint32_t spi_flash_get_id(void);
SpiFlashOpResult spi_flash_erase_sector(uint16_t sector);
SpiFlashOpResult spi_flash_write(uint32_t offset, uint32_t *from, uint32_t size);
SpiFlashOpResult spi_flash_read(uint32_t offset, uint32_t *to, uint32_t size);

#endif // SPI_FLASH_H
