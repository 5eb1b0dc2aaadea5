/*
 * The ROM's tasks, timers and interrupts.
 */
#ifndef ETS_SYS_H
#define ETS_SYS_H

#include "c_types.h"
#include "eagle_soc.h"

typedef uint32_t ETSSignal;
typedef uint32_t ETSParam;

typedef struct ETSEventTag {
    ETSSignal sig;
    ETSParam par;
} ETSEvent;

typedef void (*ETSTask)(ETSEvent *event);
typedef void ETSTimerFunc(void *timer_arg);

typedef struct _ETSTIMER_ {
    struct _ETSTIMER_ *timer_next;
    uint32_t timer_expire;
    uint32_t timer_period;
    ETSTimerFunc *timer_func;
    void *timer_arg;
} ETSTimer;

// Numbers of interrupts
#define ETS_WDEV_INUM 0
#define ETS_SLC_INUM 1
#define ETS_SDIO_INUM 1
#define ETS_SPI_INUM 2
#define ETS_GPIO_INUM 4
#define ETS_UART_INUM 5
#define ETS_UART1_INUM 5
#define ETS_CCOMPARE0_INUM 6
#define ETS_SOFT_INUM 7
#define ETS_WDT_INUM 8
#define ETS_FRC_TIMER1_INUM 9

typedef void (*ets_isr_t)(void *);
void ets_isr_attach(int number, ets_isr_t handler, void *arg);
void ets_isr_mask(uint32_t mask);
void ets_isr_unmask(uint32_t mask);
void ets_intr_lock(void);
void ets_intr_unlock(void);

#define ETS_INTR_LOCK() ets_intr_lock()
#define ETS_INTR_UNLOCK() ets_intr_unlock()
#define ETS_INTR_ENABLE(number) ets_isr_unmask(1 << (number))
#define ETS_INTR_DISABLE(number) ets_isr_mask(1 << (number))

#define ETS_SPI_INTR_ATTACH(func, arg) ets_isr_attach(ETS_SPI_INUM, (ets_isr_t)(func), (void *)(arg))
#define ETS_SPI_INTR_ENABLE() ETS_INTR_ENABLE(ETS_SPI_INUM)
#define ETS_SPI_INTR_DISABLE() ETS_INTR_DISABLE(ETS_SPI_INUM)
#define ETS_GPIO_INTR_ATTACH(func, arg) ets_isr_attach(ETS_GPIO_INUM, (ets_isr_t)(func), (void *)(arg))
#define ETS_GPIO_INTR_ENABLE() ETS_INTR_ENABLE(ETS_GPIO_INUM)
#define ETS_GPIO_INTR_DISABLE() ETS_INTR_DISABLE(ETS_GPIO_INUM)
#define ETS_UART_INTR_ATTACH(func, arg) ets_isr_attach(ETS_UART_INUM, (ets_isr_t)(func), (void *)(arg))
#define ETS_UART_INTR_ENABLE() ETS_INTR_ENABLE(ETS_UART_INUM)
#define ETS_UART_INTR_DISABLE() ETS_INTR_DISABLE(ETS_UART_INUM)
#define ETS_FRC_TIMER1_INTR_ATTACH(func, arg) ets_isr_attach(ETS_FRC_TIMER1_INUM, (ets_isr_t)(func), (void *)(arg))
#define ETS_FRC1_INTR_ENABLE() ETS_INTR_ENABLE(ETS_FRC_TIMER1_INUM)
#define ETS_FRC1_INTR_DISABLE() ETS_INTR_DISABLE(ETS_FRC_TIMER1_INUM)

// Lets the hardware timer FRC1 interrupt, through a register of DPORT.
#define EDGE_INT_ENABLE_REG (PERIPHS_DPORT_BASEADDR + 0x04)
#define TM1_EDGE_INT_ENABLE() SET_PERI_REG_MASK(EDGE_INT_ENABLE_REG, BIT1)
#define TM1_EDGE_INT_DISABLE() CLEAR_PERI_REG_MASK(EDGE_INT_ENABLE_REG, BIT1)

// In the ROM; MicroPython's port has its own (ets_alt_task.c).
bool ets_task(ETSTask task, uint8_t prio, ETSEvent *queue, uint8_t qlen);
bool ets_post(uint8_t prio, ETSSignal sig, ETSParam par);
bool ets_run(void);

void ets_timer_setfn(ETSTimer *timer, ETSTimerFunc *func, void *arg);
void ets_timer_arm_new(ETSTimer *timer, uint32_t time, int repeat, int in_milliseconds);
void ets_timer_disarm(ETSTimer *timer);
void ets_delay_us(uint32_t us);
void uart_div_modify(uint8_t uart, uint32_t divisor);

#endif // ETS_SYS_H
