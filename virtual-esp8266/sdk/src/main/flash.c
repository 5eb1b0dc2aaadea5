/*
 * The SDK's flash functions, on the ROM's.
 */
#include "sdk.h"

uint32_t SPIRead(uint32_t offset, void *buffer, uint32_t size);
uint32_t SPIWrite(uint32_t offset, const void *buffer, uint32_t size);
uint32_t SPIEraseSector(uint32_t sector);

uint32_t spi_flash_get_id(void) {
    extern char flashchip[];
    return ((SpiFlashChip *)(flashchip + 4))->deviceId;
}

static SpiFlashOpResult result(uint32_t failed) {
    return failed ? SPI_FLASH_RESULT_ERR : SPI_FLASH_RESULT_OK;
}

SpiFlashOpResult spi_flash_erase_sector(uint16_t sector) {
    return result(SPIEraseSector(sector));
}

SpiFlashOpResult spi_flash_write(uint32_t offset, uint32_t *from, uint32_t size) {
    return result(SPIWrite(offset, from, size));
}

SpiFlashOpResult spi_flash_read(uint32_t offset, uint32_t *to, uint32_t size) {
    return result(SPIRead(offset, to, size));
}
