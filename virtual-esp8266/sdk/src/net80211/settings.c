// See settings.h.
#include "settings.h"

#define SETTINGS_MAGIC 0x69666957
#define SECTOR_SIZE 4096u
// The third sector from the end of the flash
#define SECTOR (flash_size() / SECTOR_SIZE - 3)

static uint32_t flash_size(void) {
    extern char flashchip[];
    return ((SpiFlashChip *)(flashchip + 4))->chip_size;
}

void settings_load(struct settings *settings) {
    if (spi_flash_read(SECTOR * SECTOR_SIZE, (uint32_t *)settings, sizeof(*settings)) != SPI_FLASH_RESULT_OK ||
        settings->magic != SETTINGS_MAGIC) {
        ets_memset(settings, 0, sizeof(*settings));
    }
}

void settings_save(const struct settings *settings) {
    struct settings kept, wanted = *settings;
    wanted.magic = SETTINGS_MAGIC;
    settings_load(&kept);
    if (ets_memcmp(&kept, &wanted, sizeof(kept)) != 0) {
        spi_flash_erase_sector(SECTOR);
        spi_flash_write(SECTOR * SECTOR_SIZE, (uint32_t *)&wanted, sizeof(wanted));
    }
}
