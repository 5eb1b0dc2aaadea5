/*
 * The chip's registers, behind the trap: what a firmware reads and writes at 0x60000000 and 0x3ff00000.
 *
 * Each group of registers is a device with a read and a write function. A register without a function of its own keeps
 * what was written to it. The first access to a device that is not simulated is said to the host.
 *
 * To add a register: give its device a case; to add a device: a line in `devices`.
 * Sources: Espressif's ESP8266 Technical Reference, appendices with register lists; uart_register.h, hspi_register.h and
 * etshal.h of MicroPython's ESP8266 port.
 */
#include "rom.h"

struct device {
    const char *name;
    uint32_t start;
    uint32_t end;
    uint32_t (*read)(uint32_t address);
    void (*write)(uint32_t address, uint32_t value);
};

// What was last written, for registers that just remember
static uint32_t peripherals[(PERIPHERALS_END - PERIPHERALS_START) / 4];
static uint32_t dport[64];

static uint32_t remembered(uint32_t address) {
    return peripherals[(address - PERIPHERALS_START) / 4];
}

static void remember(uint32_t address, uint32_t value) {
    peripherals[(address - PERIPHERALS_START) / 4] = value;
}

static void say_not_simulated(const char *what) {
    static const char *said[16];
    for (int i = 0; i < 16; i++) {
        if (said[i] == what) {
            return;
        }
        if (said[i] == NULL) {
            said[i] = what;
            virtual_board_say(what);
            return;
        }
    }
}

static uint32_t microseconds(void) {
    return READ_SPECIAL(ccount) / CPU_MHZ;
}

// UART0: the REPL, on QEMU's 16550. The bytes wait there, which says either that it has 14, or that it has some.

#define UART_FIFO 0x60000000
#define UART_INT_RAW 0x60000004
#define UART_INT_ST 0x60000008
#define UART_INT_ENA 0x6000000c
#define UART_INT_CLR 0x60000010
#define UART_CLKDIV 0x60000014
#define UART_STATUS 0x6000001c
#define UART_RXFIFO_FULL_INT 0x001
#define UART_RXFIFO_TOUT_INT 0x100
#define UART_TXFIFO_CNT_S 16
#define UART_TXFIFO_SIZE 126
#define UART_CLKDIV_115200 (52000000 / 115200)   // with the usual crystal of 26 MHz

static bool uart_received(void) {
    return UART16550[UART16550_LSR] & LSR_RECEIVED;
}

// So many bytes wait, or more.
static uint32_t uart_waiting(void) {
    if ((UART16550[UART16550_IIR] & IIR_KIND) == IIR_FIFO_FILLED) {
        return FIFO_FILLED;
    }
    return uart_received() ? 1 : 0;
}

void uart_put(char c) {
    while (!(UART16550[UART16550_LSR] & LSR_TRANSMIT_EMPTY)) {
    }
    UART16550[UART16550_DATA] = (uint8_t)c;
}

uint32_t uart_tx_one_char(uint8_t c) {
    uart_put(c);
    return 0;
}

uint32_t uart_rx_one_char(uint8_t *c) {
    if (!uart_received()) {
        return 1;
    }
    *c = UART16550[UART16550_DATA];
    return 0;
}

static uint32_t uart_read(uint32_t address) {
    uint32_t raised = uart_received() ? UART_RXFIFO_FULL_INT | UART_RXFIFO_TOUT_INT : 0;
    switch (address) {
        case UART_FIFO:
            return UART16550[UART16550_DATA] & 0xff;
        case UART_INT_RAW:
            return raised;
        case UART_INT_ST:
            return raised & remembered(UART_INT_ENA);
        case UART_STATUS: {
            bool room = UART16550[UART16550_LSR] & LSR_TRANSMIT_EMPTY;
            return uart_waiting() | (room ? 0 : UART_TXFIFO_SIZE << UART_TXFIFO_CNT_S);
        }
    }
    return remembered(address);
}

static void uart_write(uint32_t address, uint32_t value) {
    switch (address) {
        case UART_FIFO:
            uart_put(value);
            return;
        case UART_INT_CLR:
            return;
        case UART_INT_ENA:
            UART16550[UART16550_IER] = value & (UART_RXFIFO_FULL_INT | UART_RXFIFO_TOUT_INT) ? IER_RECEIVED : 0;
            break;
    }
    remember(address, value);
}

// UART1: sends only, to a pin that nobody listens to.

#define UART1_FIFO 0x60000f00
#define UART1_CLKDIV 0x60000f14
#define UART1_STATUS 0x60000f1c

static uint32_t uart1_read(uint32_t address) {
    return address == UART1_STATUS ? 0 : remembered(address);
}

static void uart1_write(uint32_t address, uint32_t value) {
    if (address != UART1_FIFO) {
        remember(address, value);
    }
}

// HSPI: nothing is connected. A transfer is over at once. (The other SPI has the flash: spi.c)

#define SPI_CMD_OFFSET 0x00
#define SPI_USR (1u << 18)

static uint32_t spi_read(uint32_t address) {
    return address % 0x100 == SPI_CMD_OFFSET ? 0 : remembered(address);
}

static void spi_write(uint32_t address, uint32_t value) {
    if (address % 0x100 == SPI_CMD_OFFSET && value & SPI_USR) {
        say_not_simulated("virtual-esp8266: hardware SPI is not simulated: nothing answers");
    }
    remember(address, value);
}

// GPIO: pins are not connected to anything. An output reads as driven, an input as its pull-up says.

#define GPIO_OUT 0x60000300
#define GPIO_OUT_W1TS 0x60000304
#define GPIO_OUT_W1TC 0x60000308
#define GPIO_ENABLE 0x6000030c
#define GPIO_ENABLE_W1TS 0x60000310
#define GPIO_ENABLE_W1TC 0x60000314
#define GPIO_IN 0x60000318
#define GPIO_STATUS 0x6000031c
#define GPIO_STATUS_W1TS 0x60000320
#define GPIO_STATUS_W1TC 0x60000324
#define GPIO_PIN0 0x60000328
#define GPIO_PIN_INT_TYPE 0x380
#define IO_MUX 0x60000800
#define IO_MUX_PULLUP 0x80

static uint32_t pulled_up(void) {
    // Each pin's place in IO_MUX
    static const uint8_t io_mux[16] = { 0x34, 0x18, 0x38, 0x14, 0x3c, 0x40, 0x1c, 0x20,
                                        0x24, 0x28, 0x2c, 0x30, 0x04, 0x08, 0x0c, 0x10 };
    uint32_t pins = 0;
    for (int pin = 0; pin < 16; pin++) {
        if (remembered(IO_MUX + io_mux[pin]) & IO_MUX_PULLUP) {
            pins |= 1u << pin;
        }
    }
    return pins;
}

static uint32_t gpio_read(uint32_t address) {
    if (address == GPIO_IN) {
        uint32_t outputs = remembered(GPIO_ENABLE);
        return (remembered(GPIO_OUT) & outputs) | (pulled_up() & ~outputs);
    }
    return remembered(address);
}

static void gpio_write(uint32_t address, uint32_t value) {
    switch (address) {
        case GPIO_OUT_W1TS:
        case GPIO_ENABLE_W1TS:
        case GPIO_STATUS_W1TS:
            remember(address - 4, remembered(address - 4) | value);
            return;
        case GPIO_OUT_W1TC:
        case GPIO_ENABLE_W1TC:
        case GPIO_STATUS_W1TC:
            remember(address - 8, remembered(address - 8) & ~value);
            return;
    }
    if (address >= GPIO_PIN0 && value & GPIO_PIN_INT_TYPE) {
        say_not_simulated("virtual-esp8266: interrupts of pins are not simulated");
    }
    remember(address, value);
}

// The hardware timers.

#define FRC1_CTRL 0x60000608
#define FRC1_CTRL_ENABLE 0x80
#define FRC2_COUNT 0x60000624

static uint32_t timer_read(uint32_t address) {
    // 80 MHz / 256
    return address == FRC2_COUNT ? (uint32_t)((uint64_t)microseconds() * 5 / 16) : remembered(address);
}

static void timer_write(uint32_t address, uint32_t value) {
    if (address == FRC1_CTRL && value & FRC1_CTRL_ENABLE) {
        say_not_simulated("virtual-esp8266: PWM (timer FRC1) is not simulated: the pins do not move");
    }
    remember(address, value);
}

// The real-time clock's memory, which survives a reset.

#define RTC_MEMORY 0x60001100
#define RTC_MEMORY_END (RTC_MEMORY + RTC_USER_MEMORY_SIZE)

static uint32_t rtc_memory_read(uint32_t address) {
    return virtual_board_state()->rtc_memory[(address - RTC_MEMORY) / 4];
}

static void rtc_memory_write(uint32_t address, uint32_t value) {
    virtual_board_state()->rtc_memory[(address - RTC_MEMORY) / 4] = value;
}

// DPORT: system registers, eFuses, and the hardware random numbers.

#define EFUSE_DATA0 0x3ff00050
#define EFUSE_DATA1 0x3ff00054
#define EFUSE_DATA3 0x3ff0005c
#define RANDOM 0x3ff20e44

static uint32_t random_number(void) {
    // Marsaglia's xorshift, stirred with the time; no secret may depend on it
    uint32_t *random = &virtual_board_state()->random;
    uint32_t x = *random ^ READ_SPECIAL(ccount);
    if (x == 0) {
        x = 0x9e3779b9;
    }
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *random = x;
    return x;
}

static uint32_t dport_read(uint32_t address) {
    if (address == RANDOM) {
        return random_number();
    }
    return address < DPORT_START + sizeof(dport) ? dport[(address - DPORT_START) / 4] : 0;
}

static void dport_write(uint32_t address, uint32_t value) {
    if (address < DPORT_START + sizeof(dport)) {
        dport[(address - DPORT_START) / 4] = value;
    }
}

static const struct device devices[] = {
    { "UART0", 0x60000000, 0x60000100, uart_read, uart_write },
    { "HSPI", 0x60000100, 0x60000200, spi_read, spi_write },
    { "SPI", 0x60000200, 0x60000300, flash_controller_read, flash_controller_write },
    { "GPIO", 0x60000300, 0x60000400, gpio_read, gpio_write },
    { "timers", 0x60000600, 0x60000700, timer_read, timer_write },
    { "RTC", 0x60000700, 0x60000800, remembered, remember },
    { "IO_MUX", 0x60000800, 0x60000900, remembered, remember },
    { "UART1", 0x60000f00, 0x60001000, uart1_read, uart1_write },
    { "RTC memory", RTC_MEMORY, RTC_MEMORY_END, rtc_memory_read, rtc_memory_write },
    { "DPORT", DPORT_START, DPORT_END, dport_read, dport_write },
};

static const struct device *device_at(uint32_t address) {
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (devices[i].start <= address && address < devices[i].end) {
            return &devices[i];
        }
    }
    say_not_simulated("virtual-esp8266: the firmware uses registers that are not simulated");
    return NULL;
}

void registers_reset(void) {
    memset(peripherals, 0, sizeof(peripherals));
    memset(dport, 0, sizeof(dport));
    remember(UART_CLKDIV, UART_CLKDIV_115200);
    dport_write(EFUSE_DATA0, EFUSE_MAC_LOW);
    dport_write(EFUSE_DATA1, EFUSE_MAC_MIDDLE);
    dport_write(EFUSE_DATA3, EFUSE_MAC_VENDOR);
}

uint32_t register_read(uint32_t address) {
    const struct device *device = device_at(address);
    return device == NULL ? remembered(address) : device->read(address);
}

void register_write(uint32_t address, uint32_t value) {
    const struct device *device = device_at(address);
    if (device == NULL) {
        remember(address, value);
    } else {
        device->write(address, value);
    }
}

// The ROM's own functions for registers. They go the monitor's way directly.

void gpio_output_set(uint32_t set, uint32_t clear, uint32_t enable, uint32_t disable) {
    register_write(GPIO_OUT_W1TS, set);
    register_write(GPIO_OUT_W1TC, clear);
    register_write(GPIO_ENABLE_W1TS, enable);
    register_write(GPIO_ENABLE_W1TC, disable);
}

uint32_t gpio_input_get(void) {
    return register_read(GPIO_IN);
}

// The virtual UART has no speed; it remembers what it was told.
void uart_div_modify(uint8_t uart, uint32_t divisor) {
    register_write(uart == 0 ? UART_CLKDIV : UART1_CLKDIV, divisor);
}
