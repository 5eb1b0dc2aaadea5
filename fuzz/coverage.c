// What gcc tells of the C code's progress, in the form in which libFuzzer wants it: counters, one for each edge.
//
// gcc calls a function at each branch, libFuzzer reads counters that the compiler has laid out. So each place
// gets a counter by its address.

#include <stddef.h>
#include <stdint.h>

#define COUNTERS (1 << 14)

void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop);
void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop);

static uint8_t counters[COUNTERS];
// Pairs of address and flags, which libFuzzer wants in the same number; it only prints them.
static uintptr_t places[2 * COUNTERS];

__attribute__((constructor)) static void tell_libfuzzer(void) {
    __sanitizer_cov_8bit_counters_init(counters, counters + COUNTERS);
    __sanitizer_cov_pcs_init(places, places + 2 * COUNTERS);
}

__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void) {
    uintptr_t place = (uintptr_t)__builtin_return_address(0);
    uintptr_t at = (place ^ place >> 14) % COUNTERS;
    places[2 * at] = place;
    counters[at] += counters[at] != UINT8_MAX;
}

// gcc tells of comparisons of floating point numbers too, which libFuzzer does not ask for.
void __sanitizer_cov_trace_cmpd(double a, double b) {
    (void)a;
    (void)b;
}
