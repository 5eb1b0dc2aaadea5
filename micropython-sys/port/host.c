// The life of the interpreter: start, run a script, capture what it prints and
// raises, end. Also the port's clock, which is virtual, and its standard output,
// which is a buffer.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "py/builtin.h"
#include "py/compile.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/interrupt_char.h"

#include "host_internal.h"

typedef struct {
    char *data;
    size_t len;
    size_t alloc;
} buffer_t;

static void *heap;
static buffer_t stdout_text;
static buffer_t exception_text;
static uint64_t clock_us;

static void buffer_append(void *self_in, const char *data, size_t len) {
    buffer_t *self = self_in;
    if (self->len + len > self->alloc) {
        self->alloc = 2 * (self->len + len);
        self->data = realloc(self->data, self->alloc);
        if (self->data == NULL) {
            abort();
        }
    }
    if (len != 0) {
        memcpy(self->data + self->len, data, len);
        self->len += len;
    }
}

static void buffer_free(buffer_t *self) {
    free(self->data);
    *self = (buffer_t) {0};
}

// To be called first by every entry point that can run the collector: the collector scans the
// stack from here down, and the depth of recursion is measured from here.
#define ENTER() mp_cstack_init_with_top(__builtin_frame_address(0), HOST_STACK_LIMIT)

bool host_init(size_t heap_bytes) {
    heap = malloc(heap_bytes);
    if (heap == NULL) {
        return false;
    }
    clock_us = 0;
    host_heap_reset();
    ENTER();
    gc_init(heap, (char *)heap + heap_bytes);
    host_heap_mark_free_blocks();

    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_init();
        nlr_pop();
        return true;
    }
    host_deinit();
    return false;
}

void host_deinit(void) {
    ENTER();
    gc_sweep_all();
    mp_deinit();
    free(heap);
    heap = NULL;
    host_files_clear();
    buffer_free(&stdout_text);
    buffer_free(&exception_text);
}

// Appends the exception to the output with its traceback, and to exception_text without.
static void report_exception(mp_obj_t exc) {
    const mp_print_t print = {&exception_text, buffer_append};
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_print_exception(&mp_plat_print, exc);
        mp_obj_print_helper(&print, exc, PRINT_EXC);
        nlr_pop();
    } else {
        const char *note = "(exception raised while an exception was printed)";
        buffer_append(&exception_text, note, strlen(note));
    }
}

bool host_run(const char *source, size_t len) {
    ENTER();
    stdout_text.len = 0;
    exception_text.len = 0;

    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_lexer_t *lex = mp_lexer_new_from_str_len(MP_QSTR__lt_stdin_gt_, source, len, 0);
        mp_parse_tree_t tree = mp_parse(lex, MP_PARSE_FILE_INPUT);
        mp_call_function_0(mp_compile(&tree, MP_QSTR__lt_stdin_gt_, false));
        mp_handle_pending(true);
        nlr_pop();
        return true;
    }
    // What is still pending belongs to the script that ended, not to the next one.
    mp_handle_pending(false);
    host_fail_allocation_after(-1);
    report_exception(MP_OBJ_FROM_PTR(nlr.ret_val));
    return false;
}

host_text_t host_stdout(void) {
    return (host_text_t) {stdout_text.data, stdout_text.len};
}

host_text_t host_exception(void) {
    return (host_text_t) {exception_text.data, exception_text.len};
}

void host_interrupt(void) {
    mp_sched_keyboard_interrupt();
}

void host_collect(void) {
    ENTER();
    gc_collect();
}


// What MicroPython asks of a port.

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
    host_heap_mark_free_blocks();
}

void nlr_jump_fail(void *val) {
    (void)val;
    fputs("micropython-sys: an exception was raised outside every handler\n", stderr);
    abort();
}

void mp_hal_stdout_tx_strn_cooked(const char *str, size_t len) {
    buffer_append(&stdout_text, str, len);
}

mp_uint_t mp_hal_stdout_tx_strn(const char *str, size_t len) {
    buffer_append(&stdout_text, str, len);
    return len;
}

// sys.stdin is at its end.
int mp_hal_stdin_rx_chr(void) {
    mp_raise_type(&mp_type_EOFError);
}

uintptr_t mp_hal_stdio_poll(uintptr_t poll_flags) {
    return poll_flags & (MP_STREAM_POLL_RD | MP_STREAM_POLL_WR);
}

// micropython.kbd_intr(): there is no keyboard whose key it could choose.
void mp_hal_set_interrupt_char(int c) {
    (void)c;
}

void host_set_ticks_ms(uint32_t ms) {
    clock_us = (uint64_t)ms * 1000;
}

uint32_t host_get_ticks_ms(void) {
    return (uint32_t)(clock_us / 1000);
}

// 32 bits on every host, so that the clock wraps after 49.7 days as the board's does.
mp_uint_t mp_hal_ticks_ms(void) {
    return host_get_ticks_ms();
}

mp_uint_t mp_hal_ticks_us(void) {
    return (uint32_t)clock_us;
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return mp_hal_ticks_us();
}

// Sleeping and waiting look for interrupts, as on the board.
void mp_hal_delay_ms(mp_uint_t ms) {
    clock_us += (uint64_t)ms * 1000;
    mp_handle_pending(true);
}

void mp_hal_delay_us(mp_uint_t us) {
    clock_us += us;
    mp_handle_pending(true);
}

// A wait without limit passes a millisecond at a time.
void host_wait(int timeout_ms) {
    clock_us += timeout_ms < 0 ? 1000 : (uint64_t)timeout_ms * 1000;
}
