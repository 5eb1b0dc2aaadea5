// The heap seen from outside: its figures, a count of the requests made to it,
// a request that fails on demand, and a collection before each of them.
//
// The build renames gc_alloc, gc_realloc and gc_free inside py/gc.c to the names
// declared here, so that everything else in MicroPython passes through this file.
//
// With AddressSanitizer, only the bytes that were asked for may be touched, until
// they are freed or collected: what lies behind them in their last block, and
// every free block, is poisoned. The collector itself, which reads whole blocks,
// is compiled without the sanitizer.

#include "py/gc.h"
#include "py/mpstate.h"

#include "host_internal.h"

void *host_core_gc_alloc(size_t n_bytes, unsigned int alloc_flags);
void *host_core_gc_realloc(void *ptr, size_t n_bytes, bool allow_move);
void host_core_gc_free(void *ptr);

static uint64_t allocations;
static int64_t passes_left = -1;
static bool collecting_always;

#if HOST_POISONS
#include <sanitizer/asan_interface.h>

#define UNWATCHED __attribute__((no_sanitize_address))

// What py/gc.c calls in place of the functions of libc, which the sanitizer watches wherever they are called.
UNWATCHED void *host_plain_memset(void *to, int value, size_t len) {
    for (volatile byte *p = to; len-- > 0; p++) {
        *p = value;
    }
    return to;
}

UNWATCHED void *host_plain_memcpy(void *to, const void *from, size_t len) {
    const volatile byte *q = from;
    for (volatile byte *p = to; len-- > 0; p++) {
        *p = *q++;
    }
    return to;
}

// Allows the first n_bytes of an object of size bytes, and no more.
static void mark_used(void *ptr, size_t n_bytes, size_t size) {
    ASAN_UNPOISON_MEMORY_REGION(ptr, n_bytes);
    ASAN_POISON_MEMORY_REGION((byte *)ptr + n_bytes, size - n_bytes);
}

static void mark_free(void *ptr, size_t size) {
    ASAN_POISON_MEMORY_REGION(ptr, size);
}

// The table has two bits for each block, 0 for a free one (py/gc.c).
void host_heap_mark_free_blocks(void) {
    const size_t blocks_per_byte = 4;
    const byte *table = MP_STATE_MEM(area).gc_alloc_table_start;
    size_t blocks = MP_STATE_MEM(area).gc_alloc_table_byte_len * blocks_per_byte;
    for (size_t block = 0; block < blocks; block++) {
        if ((table[block / blocks_per_byte] >> 2 * (block % blocks_per_byte) & 3) == 0) {
            mark_free(MP_STATE_MEM(area).gc_pool_start + block * MICROPY_BYTES_PER_GC_BLOCK, MICROPY_BYTES_PER_GC_BLOCK);
        }
    }
}
#else
static void mark_used(void *ptr, size_t n_bytes, size_t size) {
    (void)ptr;
    (void)n_bytes;
    (void)size;
}

static void mark_free(void *ptr, size_t size) {
    (void)ptr;
    (void)size;
}

void host_heap_mark_free_blocks(void) {
}
#endif

// Counts a request for memory and says whether it may be served.
static bool request(void) {
    ++allocations;
    if (collecting_always && !gc_is_locked()) {
        gc_collect();
    }
    return passes_left < 0 || passes_left-- > 0;
}

void *gc_alloc(size_t n_bytes, unsigned int alloc_flags) {
    if (n_bytes != 0 && !request()) {
        return NULL;
    }
    void *ptr = host_core_gc_alloc(n_bytes, alloc_flags);
    if (ptr != NULL) {
        mark_used(ptr, n_bytes, gc_nbytes(ptr));
    }
    return ptr;
}

void *gc_realloc(void *ptr, size_t n_bytes, bool allow_move) {
    size_t old_size = ptr == NULL ? 0 : gc_nbytes(ptr);
    if (n_bytes > old_size && !request()) {
        return NULL;
    }
    void *new_ptr = host_core_gc_realloc(ptr, n_bytes, allow_move);
    if (new_ptr != NULL && (n_bytes == 0 || new_ptr != ptr)) {
        mark_free(ptr, old_size);
    }
    if (new_ptr != NULL && n_bytes != 0) {
        mark_used(new_ptr, n_bytes, new_ptr == ptr ? MAX(old_size, gc_nbytes(new_ptr)) : gc_nbytes(new_ptr));
    }
    return new_ptr;
}

void gc_free(void *ptr) {
    size_t size = ptr == NULL || gc_is_locked() ? 0 : gc_nbytes(ptr);
    host_core_gc_free(ptr);
    mark_free(ptr, size);
}

void host_heap_reset(void) {
    allocations = 0;
    passes_left = -1;
    collecting_always = false;
}

void host_collect_always(bool always) {
    collecting_always = always;
}

uint64_t host_allocations(void) {
    return allocations;
}

void host_fail_allocation_after(int64_t n) {
    passes_left = n < 0 ? -1 : n;
}

size_t host_heap_used(void) {
    gc_info_t info;
    gc_info(&info);
    return info.used;
}

size_t host_heap_total(void) {
    gc_info_t info;
    gc_info(&info);
    return info.total;
}
