/*
 * lwIP's view of the compiler.
 */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdint.h>

typedef uint32_t sys_prot_t;

#define BYTE_ORDER LITTLE_ENDIAN
#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_UNISTD_H 1
#define LWIP_PLATFORM_DIAG(x) ((void)0)
#define LWIP_PLATFORM_ASSERT(x) ((void)0)
#define LWIP_RAND() os_random()

uint32_t os_random(void);
int atoi(const char *s);

#endif // ARCH_CC_H
