/*
 * The system's heap: the DRAM that the firmware leaves. Not MicroPython's, which lies in the firmware's .bss.
 */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

void *pvPortMalloc(size_t size, const char *file, unsigned line);
void *pvPortCalloc(size_t count, size_t size, const char *file, unsigned line);
void *pvPortZalloc(size_t size, const char *file, unsigned line);
void vPortFree(void *p, const char *file, unsigned line);
size_t xPortGetFreeHeapSize(void);

#define os_malloc(size) pvPortMalloc(size, "", __LINE__)
#define os_calloc(count, size) pvPortCalloc(count, size, "", __LINE__)
#define os_zalloc(size) pvPortZalloc(size, "", __LINE__)
#define os_free(p) vPortFree(p, "", __LINE__)

#endif // MEM_H
