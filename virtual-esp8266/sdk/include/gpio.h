/*
 * General purpose pins.
 */
#ifndef GPIO_H
#define GPIO_H

#include "c_types.h"
#include "eagle_soc.h"

#define GPIO_ID_PIN0 0
#define GPIO_ID_PIN(n) (GPIO_ID_PIN0 + (n))
#define GPIO_PIN_ADDR(i) (GPIO_PIN0_ADDRESS + (i) * 4)

// When a pin interrupts
typedef enum {
    GPIO_PIN_INTR_DISABLE = 0,
    GPIO_PIN_INTR_POSEDGE = 1,
    GPIO_PIN_INTR_NEGEDGE = 2,
    GPIO_PIN_INTR_ANYEDGE = 3,
    GPIO_PIN_INTR_LOLEVEL = 4,
    GPIO_PIN_INTR_HILEVEL = 5,
} GPIO_INT_TYPE;

void gpio_output_set(uint32_t set_mask, uint32_t clear_mask, uint32_t enable_mask, uint32_t disable_mask);
uint32_t gpio_input_get(void);

#define GPIO_OUTPUT_SET(pin, value) gpio_output_set((value) << (pin), (~(value) & 1) << (pin), 1 << (pin), 0)
#define GPIO_DIS_OUTPUT(pin) gpio_output_set(0, 0, 0, 1 << (pin))
#define GPIO_INPUT_GET(pin) ((gpio_input_get() >> (pin)) & 1)

#endif // GPIO_H
