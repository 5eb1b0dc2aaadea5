/*
 * The SDK's names for the ROM's functions.
 */
#ifndef OSAPI_H
#define OSAPI_H

#include "os_type.h"

void ets_bzero(void *to, size_t size);
void *ets_memcpy(void *to, const void *from, size_t size);
void *ets_memmove(void *to, const void *from, size_t size);
void *ets_memset(void *to, int value, size_t size);
int ets_memcmp(const void *a, const void *b, size_t size);
size_t ets_strlen(const char *s);
int ets_strcmp(const char *a, const char *b);
int ets_strncmp(const char *a, const char *b, size_t size);
char *ets_strcpy(char *to, const char *from);
char *ets_strncpy(char *to, const char *from, size_t size);
char *ets_strstr(const char *s, const char *wanted);
void ets_install_putc1(void (*put)(char c));
uint32_t os_random(void);
unsigned long r_rand(void);
int os_printf_plus(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define os_bzero ets_bzero
#define os_memcpy ets_memcpy
#define os_memmove ets_memmove
#define os_memset ets_memset
#define os_memcmp ets_memcmp
#define os_strlen ets_strlen
#define os_strcmp ets_strcmp
#define os_strncmp ets_strncmp
#define os_strcpy ets_strcpy
#define os_strncpy ets_strncpy
#define os_strstr ets_strstr
#define os_delay_us ets_delay_us
#define os_install_putc1 ets_install_putc1
#define os_printf os_printf_plus

#define os_timer_arm(timer, ms, repeat) ets_timer_arm_new(timer, ms, repeat, 1)
#define os_timer_arm_us(timer, us, repeat) ets_timer_arm_new(timer, us, repeat, 0)
#define os_timer_disarm ets_timer_disarm
#define os_timer_setfn ets_timer_setfn

#endif // OSAPI_H
