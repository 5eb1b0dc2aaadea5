/*
 * Download mode: the boot ROM's serial protocol, which esptool speaks.
 *
 * The host sends a request in a SLIP frame and gets an answer in another. With these requests it reads and writes
 * memory and registers, loads a program into RAM and starts it, or writes the flash. esptool usually loads a program
 * of its own, the "stub", and goes on with that; with --no-stub it writes the flash through this ROM.
 *
 * What is wrong is answered with an error, and nothing is done. Sources: esptool's documentation, "Serial Protocol";
 * Espressif's "ESP8266 Firmware Download Protocol".
 */
#include "rom.h"

#define FRAME_END 0xc0
#define FRAME_ESCAPE 0xdb
#define FRAME_ESCAPED_END 0xdc
#define FRAME_ESCAPED_ESCAPE 0xdd

enum command {
    FLASH_BEGIN = 0x02,
    FLASH_DATA = 0x03,
    FLASH_END = 0x04,
    MEM_BEGIN = 0x05,
    MEM_END = 0x06,
    MEM_DATA = 0x07,
    SYNC = 0x08,
    WRITE_REG = 0x09,
    READ_REG = 0x0a,
};

enum error {
    NO_ERROR = 0,
    INVALID_MESSAGE = 5,
    FAILED_TO_ACT = 6,
    INVALID_CHECKSUM = 7,
    FLASH_WRITE_ERROR = 8,
};

#define DIRECTION_REQUEST 0
#define DIRECTION_ANSWER 1
#define CHECKSUM_START 0xef
#define SYNC_ANSWERS 8
#define SYNC_VALUE 0x20120707
#define MEM_BLOCK_SIZE 0x1800       // the largest block that esptool sends

struct header {
    uint8_t direction;
    uint8_t command;
    uint16_t size;
    uint32_t value;         // of a request: the data's checksum
};

// What FLASH_DATA and MEM_DATA have before their data
struct block {
    uint32_t size;
    uint32_t number;
    uint32_t unused[2];
};

// What FLASH_BEGIN and MEM_BEGIN have
struct transfer {
    uint32_t size;
    uint32_t blocks;
    uint32_t block_size;
    uint32_t to;
};

static struct {
    struct header header;
    uint32_t words[(sizeof(struct block) + MEM_BLOCK_SIZE) / 4];
} request;

static struct transfer transfer;

static void byte_has_come(void *unused) {
    (void)unused;
    UART16550[UART16550_IER] = 0;
}

// Sleeps until there is a byte: looking all the time would keep QEMU from fetching it.
static uint8_t receive_byte(void) {
    uint8_t byte;
    while (uart_rx_one_char(&byte) != 0) {
        UART16550[UART16550_IER] = IER_RECEIVED;
        __asm__ volatile("waiti 0; rsil a2, 15" : : : "a2", "memory");
    }
    return byte;
}

// Receives the next frame into `request` and gives its size: 0 when it was too long or not a frame.
static size_t receive(void) {
    uint8_t *to = (uint8_t *)&request;
    size_t size = 0;
    bool valid = true;
    while (receive_byte() != FRAME_END) {
    }
    for (;;) {
        uint8_t byte = receive_byte();
        if (byte == FRAME_END) {
            if (size > 0) {
                return valid ? size : 0;
            }
            continue;       // the end of a frame whose beginning got lost; this is the beginning of the next
        }
        if (byte == FRAME_ESCAPE) {
            byte = receive_byte();
            valid &= byte == FRAME_ESCAPED_END || byte == FRAME_ESCAPED_ESCAPE;
            byte = byte == FRAME_ESCAPED_END ? FRAME_END : FRAME_ESCAPE;
        }
        valid &= size < sizeof(request);
        if (valid) {
            to[size] = byte;
        }
        size++;
    }
}

static void send(const void *data, size_t size) {
    const uint8_t *from = data;
    for (size_t i = 0; i < size; i++) {
        if (from[i] == FRAME_END) {
            uart_put(FRAME_ESCAPE);
            uart_put(FRAME_ESCAPED_END);
        } else if (from[i] == FRAME_ESCAPE) {
            uart_put(FRAME_ESCAPE);
            uart_put(FRAME_ESCAPED_ESCAPE);
        } else {
            uart_put(from[i]);
        }
    }
}

static void answer(uint32_t value, enum error error) {
    const struct header header = {
        .direction = DIRECTION_ANSWER,
        .command = request.header.command,
        .size = 2,
        .value = value,
    };
    const uint8_t status[2] = { error != NO_ERROR, error };
    uart_put(FRAME_END);
    send(&header, sizeof(header));
    send(status, sizeof(status));
    uart_put(FRAME_END);
}

static bool within(uint32_t address, uint32_t size, uint32_t start, uint32_t end) {
    return start <= address && address <= end && size <= end - address;
}

static bool is_register(uint32_t address) {
    return within(address, 4, PERIPHERALS_START, PERIPHERALS_END) || within(address, 4, DPORT_START, DPORT_END);
}

static bool is_ram(uint32_t address, uint32_t size) {
    return within(address, size, DRAM_START, DRAM_END) || within(address, size, IRAM_START, IRAM_AND_CACHE_END);
}

static bool is_word(uint32_t address) {
    bool readable = is_register(address) || is_ram(address, 4) || within(address, 4, MASK_ROM_START, MASK_ROM_END);
    return address % 4 == 0 && readable;
}

static uint32_t read_word(uint32_t address) {
    return is_register(address) ? register_read(address) : *(const uint32_t *)address;
}

static enum error write_register(uint32_t address, uint32_t value, uint32_t mask, uint32_t delay_us) {
    if (address % 4 != 0 || !(is_register(address) || is_ram(address, 4))) {
        return FAILED_TO_ACT;
    }
    if (mask != ~0u) {
        value = (read_word(address) & ~mask) | (value & mask);
    }
    if (is_register(address)) {
        register_write(address, value);
    } else {
        *(uint32_t *)address = value;
    }
    ets_delay_us(delay_us);
    return NO_ERROR;
}

// A block of FLASH_DATA or MEM_DATA: its data, how many bytes, and where they belong.
struct data {
    const uint8_t *from;
    uint32_t size;
    uint32_t to;
};

static enum error take_data(struct data *data) {
    const struct block *block = (const struct block *)request.words;
    *data = (struct data) {
        .from = (const uint8_t *)(block + 1),
        .size = block->size,
        .to = transfer.to + block->number * transfer.block_size,
    };
    if (request.header.size < sizeof(*block) || block->size != request.header.size - sizeof(*block)) {
        return INVALID_MESSAGE;
    }
    uint8_t checksum = CHECKSUM_START;
    for (uint32_t i = 0; i < data->size; i++) {
        checksum ^= data->from[i];
    }
    if (checksum != (uint8_t)request.header.value) {
        return INVALID_CHECKSUM;
    }
    bool expected = block->number < transfer.blocks && block->size <= transfer.block_size;
    return expected ? NO_ERROR : FAILED_TO_ACT;
}

static enum error flash_data(void) {
    struct data data;
    enum error error = take_data(&data);
    if (error != NO_ERROR) {
        return error;
    }
    return SPIWrite(data.to, data.from, data.size) == 0 ? NO_ERROR : FLASH_WRITE_ERROR;
}

static enum error mem_data(void) {
    struct data data;
    enum error error = take_data(&data);
    if (error != NO_ERROR) {
        return error;
    }
    if (!is_ram(data.to, data.size)) {
        return FAILED_TO_ACT;
    }
    memcpy((void *)data.to, data.from, data.size);
    return NO_ERROR;
}

// How many bytes of data a request must have at least.
static size_t size_wanted(uint8_t command) {
    switch (command) {
        case FLASH_BEGIN:
        case MEM_BEGIN:
            return sizeof(struct transfer);
        case FLASH_DATA:
        case MEM_DATA:
            return sizeof(struct block);
        case MEM_END:
            return 8;
        case WRITE_REG:
            return 16;
        default:
            return 4;
    }
}

// What comes after an answer
enum next { NEXT_REQUEST, NEXT_FLASH, NEXT_PROGRAM, NEXT_RESET };

static enum next obey(size_t size) {
    const uint32_t *words = request.words;
    enum error error = NO_ERROR;
    if (size < sizeof(request.header) || request.header.direction != DIRECTION_REQUEST) {
        return NEXT_REQUEST;
    }
    if (request.header.size != size - sizeof(request.header) ||
        request.header.size < size_wanted(request.header.command)) {
        answer(0, INVALID_MESSAGE);
        return NEXT_REQUEST;
    }
    switch (request.header.command) {
        case SYNC:
            for (int i = 0; i < SYNC_ANSWERS; i++) {
                answer(SYNC_VALUE, NO_ERROR);
            }
            return NEXT_REQUEST;
        case READ_REG:
            error = is_word(words[0]) ? NO_ERROR : FAILED_TO_ACT;
            answer(error == NO_ERROR ? read_word(words[0]) : 0, error);
            return NEXT_REQUEST;
        case WRITE_REG:
            for (size_t i = 0; i + 4 <= request.header.size / 4u && error == NO_ERROR; i += 4) {
                error = write_register(words[i], words[i + 1], words[i + 2], words[i + 3]);
            }
            answer(0, error);
            return NEXT_REQUEST;
        case FLASH_BEGIN:
            memcpy(&transfer, words, sizeof(transfer));
            error = SPIEraseArea(transfer.to, transfer.size) == 0 ? NO_ERROR : FLASH_WRITE_ERROR;
            answer(0, error);
            return NEXT_REQUEST;
        case MEM_BEGIN:
            memcpy(&transfer, words, sizeof(transfer));
            answer(0, is_ram(transfer.to, transfer.size) ? NO_ERROR : FAILED_TO_ACT);
            return NEXT_REQUEST;
        case FLASH_DATA:
            answer(0, flash_data());
            return NEXT_REQUEST;
        case MEM_DATA:
            answer(0, mem_data());
            return NEXT_REQUEST;
        case FLASH_END:
            answer(0, NO_ERROR);
            return words[0] == 0 ? NEXT_RESET : NEXT_FLASH;
        case MEM_END:
            if (words[0] == 0 && !is_ram(words[1], 4)) {
                answer(0, FAILED_TO_ACT);
                return NEXT_REQUEST;
            }
            answer(0, NO_ERROR);
            return words[0] == 0 ? NEXT_PROGRAM : NEXT_REQUEST;
    }
    answer(0, INVALID_MESSAGE);
    return NEXT_REQUEST;
}

void download(void) {
    ets_isr_attach(ETS_UART_INUM, byte_has_come, NULL);
    ets_isr_unmask(1u << ETS_UART_INUM);
    for (;;) {
        switch (obey(receive())) {
            case NEXT_REQUEST:
                break;
            case NEXT_FLASH:
                return;
            case NEXT_PROGRAM:
                interrupts_reset();
                run_in_ram(request.words[1]);
            case NEXT_RESET:
                software_reset();
        }
    }
}
