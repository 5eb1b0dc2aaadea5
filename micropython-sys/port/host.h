// What Rust sees of MicroPython: one interpreter per process, entered from one
// thread at a time.
//
// No function here raises: exceptions are caught in C and handed back as text.
// Every function but host_init needs an initialised interpreter.
#ifndef UMQTT_HOST_H
#define UMQTT_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bytes of C stack that a script may use below the frame that entered MicroPython.
#define HOST_STACK_LIMIT (512 * 1024)

// Text owned by the interpreter, not NUL-terminated, valid until the next host_run or host_deinit.
typedef struct {
    const char *data;
    size_t len;
} host_text_t;

// Starts an interpreter with a heap of heap_bytes, an empty file table and the clock at 0.
// False when the heap does not hold even the empty interpreter, which is then gone again.
bool host_init(size_t heap_bytes);

// Runs finalisers, then gives back the heap, the files and the texts.
void host_deinit(void);

// Runs the script of len bytes in __main__; what it raises is printed as the REPL does.
// False when an exception was left uncaught.
bool host_run(const char *source, size_t len);

// What the last host_run printed.
host_text_t host_stdout(void);

// The uncaught exception of the last host_run as "Type: message"; empty when there was none.
host_text_t host_exception(void);

// Adds a file that scripts can import, or replaces it. Both texts are copied.
void host_add_file(const char *path, size_t path_len, const char *contents, size_t contents_len);

// The virtual clock in milliseconds; it stands still but for sleeping and waiting.
void host_set_ticks_ms(uint32_t ms);
uint32_t host_get_ticks_ms(void);

// Schedules KeyboardInterrupt, raised where MicroPython next looks for it, at the latest by the end of host_run.
void host_interrupt(void);

// Collects garbage. Nothing outside the heap but root pointers holds objects between two runs.
void host_collect(void);

// Bytes of heap in use, and in total, in whole blocks.
size_t host_heap_used(void);
size_t host_heap_total(void);

// Requests for new or larger memory since host_init, including those that failed.
uint64_t host_allocations(void);

// Lets n more requests pass and fails the one after them, once; negative disarms.
void host_fail_allocation_after(int64_t n);

// Whether a collection precedes each allocation from now on.
void host_collect_always(bool always);

#endif // UMQTT_HOST_H
