/*
 * system_*: the chip's own affairs. Source: Espressif's ESP8266 Non-OS SDK API Reference, "System APIs".
 */
#include "sdk.h"

// The virtual chip's number: the last three bytes of its Ethernet address (wifi.c)
#define CHIP_ID 0x00123456

// One tick of the real-time clock in microseconds, as a fixed-point number with 12 bits behind the point: 150 kHz
#define RTC_TICK_US_Q12 (4096 * 20 / 3)

struct rst_info *system_get_rst_info(void) {
    static struct rst_info info;
    const struct virtual_board_state *state = virtual_board_state();
    info = (struct rst_info) {
        .reason = state->reset_reason,
        .exccause = state->exception[0],
        .epc1 = state->exception[1],
        .epc2 = state->exception[2],
        .epc3 = state->exception[3],
        .excvaddr = state->exception[4],
        .depc = state->exception[5],
    };
    return &info;
}

const char *system_get_sdk_version(void) {
    return "2.1.0(virtual-esp8266)";
}

void system_restart(void) {
    virtual_board_power(VIRTUAL_BOARD_RESET, REASON_SOFT_RESTART);
}

bool system_deep_sleep(uint64_t time_in_us) {
    (void)time_in_us;
    return NOT_SIMULATED("deep sleep", false);
}

bool system_deep_sleep_set_option(uint8_t option) {
    (void)option;
    return true;
}

uint32_t system_get_rtc_time(void) {
    return system_get_time() / 20 * 3;
}

uint32_t system_rtc_clock_cali_proc(void) {
    return RTC_TICK_US_Q12;
}

static uint32_t *rtc_memory(uint8_t address, uint16_t size) {
    struct virtual_board_state *state = virtual_board_state();
    return address * 4u + size > sizeof(state->rtc_memory) ? NULL : state->rtc_memory + address;
}

bool system_rtc_mem_read(uint8_t src_addr, void *des_addr, uint16_t load_size) {
    const uint32_t *from = rtc_memory(src_addr, load_size);
    if (from == NULL) {
        return false;
    }
    ets_memcpy(des_addr, from, load_size);
    return true;
}

bool system_rtc_mem_write(uint8_t des_addr, const void *src_addr, uint16_t save_size) {
    uint32_t *to = rtc_memory(des_addr, save_size);
    if (to == NULL) {
        return false;
    }
    ets_memcpy(to, src_addr, save_size);
    return true;
}

bool system_os_task(os_task_t task, uint8_t prio, os_event_t *queue, uint8_t qlen) {
    return ets_task(task, prio, queue, qlen);
}

bool system_os_post(uint8_t prio, os_signal_t sig, os_param_t par) {
    return ets_post(prio, sig, par);
}

uint32_t system_get_free_heap_size(void) {
    return xPortGetFreeHeapSize();
}

void system_print_meminfo(void) {
    extern char _data_start[], _data_end[], _rodata_start[], _rodata_end[], _bss_start[], _bss_end[], _heap_start[];
    os_printf("data  : %p ~ %p\n", _data_start, _data_end);
    os_printf("rodata: %p ~ %p\n", _rodata_start, _rodata_end);
    os_printf("bss   : %p ~ %p\n", _bss_start, _bss_end);
    os_printf("heap  : %p\n", _heap_start);
}

uint32_t system_get_chip_id(void) {
    return CHIP_ID;
}

static uint8_t cpu_freq = 80;

uint8_t system_get_cpu_freq(void) {
    return cpu_freq;
}

// The virtual CPU runs as fast as it can; it remembers what it was told.
bool system_update_cpu_freq(uint8_t freq) {
    cpu_freq = freq;
    return true;
}

uint16_t system_adc_read(void) {
    return NOT_SIMULATED("the analog input", 0);
}

uint16_t system_get_vdd33(void) {
    return NOT_SIMULATED("measuring the supply voltage", 65535);
}

void system_soft_wdt_feed(void) {
    extern uint32_t soft_wdt_counter;
    soft_wdt_counter = 0;
}

void system_uart_swap(void) {
    NOT_SIMULATED("swapping the UART's pins", 0);
}

void system_uart_de_swap(void) {
}

void system_phy_set_max_tpw(uint8_t max_tpw) {
    (void)max_tpw;
}

uint32_t os_random(void) {
    return *(volatile uint32_t *)0x3ff20e44;    // the hardware's random numbers
}

unsigned long r_rand(void) {
    return os_random();
}

// Decimal numbers without a sign are all that the SDK and lwIP ask for.
int atoi(const char *s) {
    int value = 0;
    for (; *s >= '0' && *s <= '9'; s++) {
        value = 10 * value + *s - '0';
    }
    return value;
}
