/*
 * The system's time, and the software timers.
 *
 * CCOMPARE0 interrupts every millisecond. Timers are looked at then, and their functions called from a task, so a timer
 * is exact to a millisecond. The chip uses its timer FRC2 instead, with microseconds.
 */
#include "sdk.h"

#define CYCLES_PER_TICK (1000 * CPU_MHZ)
// Divides by CPU_MHZ without the ROM's slow division; exact below LIMIT.
#define CYCLES_TO_US(cycles) ((cycles) * 52429u >> 21)
#define CYCLES_TO_US_LIMIT 43690u

// What system_get_time() counts in, in microseconds. MicroPython waits for a microsecond by asking twice, and runs its
// tasks only if that has not passed yet; the virtual CPU, when it counts instructions, is too slow for that.
#define TIME_STEP_US 4u

// The software watchdog counts periods without being fed, and bites at the second.
#define WATCHDOG_PERIOD_MS 1600
#define WATCHDOG_BITES 2

// Marks a timer that is not armed, as the ROM does.
#define NOT_ARMED ((ETSTimer *)-1)

static uint32_t time_us;            // at ccount last_cycles
static uint32_t last_cycles;
static volatile uint32_t time_ms;

static ETSTimer *armed;             // earliest first
static os_event_t timer_queue[4];
static volatile bool posted;

static IRAM_ATTR bool is_due(const ETSTimer *timer, uint32_t now) {
    return (int32_t)(now - timer->timer_expire) >= 0;
}

IRAM_ATTR uint32_t system_get_time(void) {
    uint32_t ps = interrupts_off();
    uint32_t cycles = READ_SPECIAL(ccount) - last_cycles;
    uint32_t us = cycles < CYCLES_TO_US_LIMIT ? CYCLES_TO_US(cycles) : cycles / CPU_MHZ;
    time_us += us;
    last_cycles += us * CPU_MHZ;
    uint32_t now = time_us;
    interrupts_restore(ps);
    return now & ~(TIME_STEP_US - 1);
}

// lwIP's clock, in milliseconds; unlike system_get_time() it runs on for 49 days.
uint32_t sys_now(void) {
    return time_ms;
}

// Asks for the interrupt of the next tick after the one at `compare`, and gives how many ticks that is: those whose time
// is over are left out. The time must still be to come after it was written, and not only before: a computer that has
// no time for the board between the two would make it wait for CCOUNT to come round, 107 s.
static IRAM_ATTR uint32_t next_tick(uint32_t compare) {
    uint32_t ticks = 0;
    do {
        compare += CYCLES_PER_TICK;
        ticks++;
        WRITE_SPECIAL(ccompare0, compare);
    } while ((int32_t)(READ_SPECIAL(ccount) - compare) >= 0);
    return ticks;
}

// A firmware that does not feed the watchdog hangs, so the board is reset. Ticks are counted and not time: a virtual
// board whose computer had no time for it has not hung.
static IRAM_ATTR void watch_for_hangs(void) {
    extern uint32_t soft_wdt_counter;
    static uint32_t ticks;
    if (++ticks == WATCHDOG_PERIOD_MS) {
        ticks = 0;
        if (++soft_wdt_counter == WATCHDOG_BITES) {
            virtual_board_say("virtual-esp8266: the software watchdog resets the board: its firmware has hung for 3 s");
            virtual_board_power(VIRTUAL_BOARD_RESET, REASON_SOFT_WDT_RST);
        }
    }
}

static IRAM_ATTR void tick(void *arg) {
    (void)arg;
    watch_for_hangs();
    time_ms += next_tick(READ_SPECIAL(ccompare0));
    uint32_t now = system_get_time();
    if (!posted && armed != NULL && is_due(armed, now)) {
        posted = true;
        ets_post(TIMER_TASK, 0, 0);
    }
}

static void insert(ETSTimer *timer) {
    ETSTimer **place = &armed;
    while (*place != NULL && (int32_t)((*place)->timer_expire - timer->timer_expire) <= 0) {
        place = &(*place)->timer_next;
    }
    timer->timer_next = *place;
    *place = timer;
}

static void timer_task(os_event_t *event) {
    (void)event;
    posted = false;
    uint32_t now = system_get_time();
    for (;;) {
        uint32_t ps = interrupts_off();
        ETSTimer *timer = armed;
        if (timer == NULL || !is_due(timer, now)) {
            interrupts_restore(ps);
            return;
        }
        armed = timer->timer_next;
        timer->timer_next = NOT_ARMED;
        if (timer->timer_period != 0) {
            // A timer that is late by whole periods skips them.
            do {
                timer->timer_expire += timer->timer_period;
            } while (is_due(timer, now));
            insert(timer);
        }
        interrupts_restore(ps);
        timer->timer_func(timer->timer_arg);
    }
}

void timers_start(void) {
    last_cycles = READ_SPECIAL(ccount);
    next_tick(last_cycles);
    ets_task(timer_task, TIMER_TASK, timer_queue, sizeof(timer_queue) / sizeof(timer_queue[0]));
    ets_isr_attach(ETS_CCOMPARE0_INUM, tick, NULL);
    ETS_INTR_ENABLE(ETS_CCOMPARE0_INUM);
}

void ets_timer_setfn(ETSTimer *timer, ETSTimerFunc *func, void *arg) {
    timer->timer_func = func;
    timer->timer_arg = arg;
    timer->timer_expire = 0;
    timer->timer_period = 0;
    timer->timer_next = NOT_ARMED;
}

void ets_timer_disarm(ETSTimer *timer) {
    uint32_t ps = interrupts_off();
    for (ETSTimer **place = &armed; *place != NULL; place = &(*place)->timer_next) {
        if (*place == timer) {
            *place = timer->timer_next;
            break;
        }
    }
    timer->timer_next = NOT_ARMED;
    interrupts_restore(ps);
}

void ets_timer_arm_new(ETSTimer *timer, uint32_t time, int repeat, int in_milliseconds) {
    ets_timer_disarm(timer);
    uint32_t us = in_milliseconds ? time * 1000 : time;
    uint32_t now = system_get_time();
    uint32_t ps = interrupts_off();
    timer->timer_expire = now + us;
    timer->timer_period = repeat ? (us != 0 ? us : 1) : 0;
    insert(timer);
    interrupts_restore(ps);
}

// The timers are in microseconds already.
void system_timer_reinit(void) {
}
