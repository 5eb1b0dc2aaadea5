/*
 * The system's heap: first fit over the DRAM between _heap_start and _heap_end.
 *
 * Blocks lie one behind the other, each with its size before it; neighbours that are free are joined when one looks for
 * room. Interrupts are kept out.
 */
#include "sdk.h"

extern char _heap_start[], _heap_end[];

// The vendor's libraries have many more variables than these. What MicroPython's port leaves of the DRAM for the heap
// is about 13 KB with them (SDK 2.x, 2 MiB board), and a firmware that needs more shall fail here too.
static char vendors_variables[21 * 1024];

struct block {
    uint32_t size : 31;             // with this header; a multiple of 8
    uint32_t used : 1;
    uint32_t unused;
};

static struct block *first(void) {
    return (struct block *)(((uint32_t)_heap_start + 7) & ~7u);
}

static struct block *end(void) {
    return (struct block *)((uint32_t)_heap_end & ~7u);
}

static struct block *after(struct block *block) {
    return (struct block *)((char *)block + block->size);
}

static void start_once(void) {
    static bool started;
    if (!started) {
        started = true;
        // Keeps the linker from dropping them.
        __asm__ volatile("" : : "r"(vendors_variables));
        *first() = (struct block) { .size = (char *)end() - (char *)first(), .used = 0 };
    }
}

void *pvPortMalloc(size_t size, const char *file, unsigned line) {
    (void)file;
    (void)line;
    uint32_t wanted = (size + sizeof(struct block) + 7) & ~7u;
    void *result = NULL;
    uint32_t ps = interrupts_off();
    start_once();
    for (struct block *block = first(); block < end(); block = after(block)) {
        if (block->used) {
            continue;
        }
        while (after(block) < end() && !after(block)->used) {
            block->size += after(block)->size;
        }
        if (block->size < wanted) {
            continue;
        }
        uint32_t rest = block->size - wanted;
        if (rest >= 2 * sizeof(struct block)) {
            block->size = wanted;
            *after(block) = (struct block) { .size = rest, .used = 0 };
        }
        block->used = 1;
        result = block + 1;
        break;
    }
    interrupts_restore(ps);
    return result;
}

void *pvPortZalloc(size_t size, const char *file, unsigned line) {
    void *p = pvPortMalloc(size, file, line);
    if (p != NULL) {
        ets_memset(p, 0, size);
    }
    return p;
}

void *pvPortCalloc(size_t count, size_t size, const char *file, unsigned line) {
    return pvPortZalloc(count * size, file, line);
}

void vPortFree(void *p, const char *file, unsigned line) {
    (void)file;
    (void)line;
    if (p != NULL) {
        uint32_t ps = interrupts_off();
        ((struct block *)p - 1)->used = 0;
        interrupts_restore(ps);
    }
}

size_t xPortGetFreeHeapSize(void) {
    size_t size = 0;
    uint32_t ps = interrupts_off();
    start_once();
    for (struct block *block = first(); block < end(); block = after(block)) {
        size += block->used ? 0 : block->size;
    }
    interrupts_restore(ps);
    return size;
}

void *lwip_heap_malloc(size_t size) {
    return os_malloc(size);
}

void *lwip_heap_calloc(size_t count, size_t size) {
    return os_calloc(count, size);
}

void lwip_heap_free(void *p) {
    os_free(p);
}
