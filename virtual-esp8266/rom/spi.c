/*
 * The controller of the SPI flash, as far as esptool and its stub use it: commands to the flash chip through registers.
 *
 * Reading and programming go through the ROM's functions (flash.c), not through these registers. A command is carried
 * out when it is written, so the register reads as finished. Sources: register names of Espressif's ESP8266 SDK
 * (spi_register.h); commands of the flash chip: data sheet of Winbond's W25Q32.
 */
#include "rom.h"

#define SPI_CMD 0x60000200
#define SPI_ADDR 0x60000204
#define SPI_RD_STATUS 0x60000210
#define SPI_USER2 0x60000224
#define SPI_W0 0x60000240

// What a bit of SPI_CMD starts
#define SPI_FLASH_WREN (1u << 30)
#define SPI_FLASH_WRDI (1u << 29)
#define SPI_FLASH_RDID (1u << 28)
#define SPI_FLASH_RDSR (1u << 27)
#define SPI_FLASH_SE (1u << 24)
#define SPI_FLASH_BE (1u << 23)
#define SPI_FLASH_CE (1u << 22)
#define SPI_USR (1u << 18)

// The flash chip's own commands, sent with SPI_USR
#define WRITE_DISABLE 0x04
#define READ_STATUS 0x05
#define WRITE_ENABLE 0x06
#define READ_STATUS_3 0x15
#define READ_STATUS_2 0x35
#define READ_PARAMETERS 0x5a
#define READ_ID 0x9f

#define STATUS_WRITE_ENABLED 0x02

static uint32_t registers[64];
static uint32_t status;

static uint32_t *at(uint32_t address) {
    return &registers[address % sizeof(registers) / 4];
}

static void not_simulated(const char *kind, uint32_t command) {
    char line[80];
    format_line(line, "virtual-esp8266: %s 0x%02x to the flash chip is not simulated", kind, (unsigned)command);
    virtual_board_say(line);
}

// A command that the controller sends as it stands in SPI_USER2, whose answer goes to SPI_W0.
static void user_command(void) {
    uint32_t command = *at(SPI_USER2) & 0xff;
    switch (command) {
        case READ_ID:
            *at(SPI_W0) = flash_id;
            return;
        case READ_STATUS:
            *at(SPI_W0) = status;
            return;
        case READ_STATUS_2:
        case READ_STATUS_3:
            *at(SPI_W0) = 0;
            return;
        case READ_PARAMETERS:
            // An older chip, without the table (SFDP) that this asks for: it does not drive its line.
            *at(SPI_W0) = 0xff;
            return;
        case WRITE_ENABLE:
            status |= STATUS_WRITE_ENABLED;
            return;
        case WRITE_DISABLE:
            status &= ~STATUS_WRITE_ENABLED;
            return;
    }
    not_simulated("command", command);
}

// Like the flash chip, ignores what is not enabled.
static void erase(uint32_t command) {
    uint32_t offset = *at(SPI_ADDR) & 0xffffff;
    if (status & STATUS_WRITE_ENABLED) {
        switch (command) {
            case SPI_FLASH_SE:
                SPIEraseSector(offset / FLASH_SECTOR_SIZE);
                break;
            case SPI_FLASH_BE:
                SPIEraseBlock(offset / FLASH_BLOCK_SIZE);
                break;
            case SPI_FLASH_CE:
                SPIEraseChip();
                break;
        }
        status &= ~STATUS_WRITE_ENABLED;
    }
}

static void command(uint32_t command) {
    switch (command) {
        case 0:
            return;
        case SPI_FLASH_WREN:
            status |= STATUS_WRITE_ENABLED;
            return;
        case SPI_FLASH_WRDI:
            status &= ~STATUS_WRITE_ENABLED;
            return;
        case SPI_FLASH_RDID:
            *at(SPI_W0) = flash_id;
            return;
        case SPI_FLASH_RDSR:
            *at(SPI_RD_STATUS) = status;
            return;
        case SPI_FLASH_SE:
        case SPI_FLASH_BE:
        case SPI_FLASH_CE:
            erase(command);
            return;
        case SPI_USR:
            user_command();
            return;
    }
    not_simulated("the controller's command", command);
}

uint32_t flash_controller_read(uint32_t address) {
    return *at(address);
}

void flash_controller_write(uint32_t address, uint32_t value) {
    if (address == SPI_CMD) {
        command(value);
    } else {
        *at(address) = value;
    }
}
