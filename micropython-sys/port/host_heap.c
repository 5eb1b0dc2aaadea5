// The heap seen from outside: its figures, a count of the requests made to it,
// and a request that fails on demand.
//
// The build renames gc_alloc and gc_realloc inside py/gc.c to the names declared
// here, so that everything else in MicroPython passes through this file.

#include "py/gc.h"

#include "host_internal.h"

void *host_core_gc_alloc(size_t n_bytes, unsigned int alloc_flags);
void *host_core_gc_realloc(void *ptr, size_t n_bytes, bool allow_move);

static uint64_t allocations;
static int64_t passes_left = -1;

// Counts a request for memory and says whether it may be served.
static bool request(void) {
    ++allocations;
    return passes_left < 0 || passes_left-- > 0;
}

void *gc_alloc(size_t n_bytes, unsigned int alloc_flags) {
    if (n_bytes != 0 && !request()) {
        return NULL;
    }
    return host_core_gc_alloc(n_bytes, alloc_flags);
}

void *gc_realloc(void *ptr, size_t n_bytes, bool allow_move) {
    if (n_bytes > (ptr == NULL ? 0 : gc_nbytes(ptr)) && !request()) {
        return NULL;
    }
    return host_core_gc_realloc(ptr, n_bytes, allow_move);
}

void host_heap_reset(void) {
    allocations = 0;
    passes_left = -1;
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
