// What the shim uses of MicroPython, for a native module: an .mpy file that is loaded at run time.
//
// The same sources as in a firmware are compiled against this header. A native module knows the interpreter by one table
// of functions only, mp_fun_table; what is not in that table is done here by what is (umqtt_dynamic.c). And it knows
// neither the numbers of most names nor the addresses of objects before it is loaded, so MP_QSTR_xxx and MP_ROM_xxx are
// placeholders here: umqtt_qstr() and umqtt_rom_obj() turn these into what they stand for.
#ifndef MICROPY_INCLUDED_UMQTT_DYNAMIC_H
#define MICROPY_INCLUDED_UMQTT_DYNAMIC_H

#include <string.h>

// First what declares the functions that dynruntime.h has macros for.
#include "py/mperrno.h"
#include "py/objarray.h"
#include "py/objstr.h"
#include "py/objtype.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "py/dynruntime.h"

// What is known only once the module is loaded.
typedef struct _umqtt_dynamic_t {
    mp_obj_type_t *exception; // MQTTException
    const mp_obj_type_t *bytes;
    mp_obj_t ticks_ms; // the function of the module time
    uint32_t ticks; // what it said last
    uint32_t now; // the clock, which wraps around later than ticks_ms() does
} umqtt_dynamic_t;
extern umqtt_dynamic_t umqtt_dynamic;

// Constants

// A name is its number where that is the same in every firmware, else its place in the module's own table of names, with
// this bit set (natmod/build.sh writes it so).
#define UMQTT_QSTR_OWN (0x8000)
#define umqtt_qstr(name) ((name) & UMQTT_QSTR_OWN ? umqtt_qstr_table()[(name) & ~UMQTT_QSTR_OWN] : (name))
static inline const uint16_t *umqtt_qstr_table(void) {
    const uint16_t *table = mp_native_qstr_table;
    // A place within the table must not become a symbol of its own, which mpy_ld.py would not know.
    __asm__ ("" : "+r" (table));
    return table;
}
#undef MP_OBJ_NEW_QSTR
#define MP_OBJ_NEW_QSTR(name) (mp_fun_table.native_to_obj(umqtt_qstr(name), MP_NATIVE_TYPE_QSTR))
#undef mp_load_attr
#define mp_load_attr(base, name) (mp_fun_table.load_attr(base, umqtt_qstr(name)))
#undef mp_store_attr
#define mp_store_attr(base, name, value) (mp_fun_table.store_attr(base, umqtt_qstr(name), value))
#undef mp_load_method
#define mp_load_method(base, name, dest) (mp_fun_table.load_method(base, umqtt_qstr(name), dest))
#undef mp_load_method_maybe
#define mp_load_method_maybe(base, name, dest) (mp_fun_table.load_method_maybe(base, umqtt_qstr(name), dest))
#undef mp_load_global
#define mp_load_global(name) (mp_fun_table.load_global(umqtt_qstr(name)))
#undef mp_store_global
#define mp_store_global(name, value) (mp_fun_table.store_global(umqtt_qstr(name), value))
#undef mp_import_name
#define mp_import_name(name, fromlist, level) (mp_fun_table.import_name(umqtt_qstr(name), fromlist, level))

// An object: a pointer, or one of the numbers below, which no pointer is.
#undef MP_ROM_INT
#undef MP_ROM_NONE
#undef MP_ROM_FALSE
#undef MP_ROM_TRUE
#define UMQTT_ROM_NONE (1)
#define UMQTT_ROM_FALSE (3)
#define UMQTT_ROM_TRUE (5)
#define UMQTT_ROM_INT (7)
#define MP_ROM_NONE ((mp_rom_obj_t)UMQTT_ROM_NONE)
#define MP_ROM_FALSE ((mp_rom_obj_t)UMQTT_ROM_FALSE)
#define MP_ROM_TRUE ((mp_rom_obj_t)UMQTT_ROM_TRUE)
#define MP_ROM_INT(i) ((mp_rom_obj_t)(UMQTT_ROM_INT + 8 * (i)))
#define MP_ROM_QSTR(name) ((mp_rom_obj_t)(name))
mp_obj_t umqtt_rom_obj(mp_rom_obj_t object);
static inline qstr umqtt_rom_qstr(mp_rom_obj_t object) {
    return (uintptr_t)object;
}

// A type with one slot. It is completed when the module is loaded, as its name has no number before that.
typedef struct _umqtt_type_t {
    mp_obj_empty_type_t type;
    const void *slots[1];
} umqtt_type_t;
#undef MP_DEFINE_CONST_OBJ_TYPE
#define MP_DEFINE_CONST_OBJ_TYPE(type_name, print_name, type_flags, slot, function) \
    umqtt_type_t type_name##_storage; \
    void type_name##_init(void) { \
        type_name##_storage = (umqtt_type_t) { \
            .type = { .base = { &mp_type_type }, .flags = type_flags, .name = umqtt_qstr(print_name), \
                      .slot_index_##slot = 1 }, \
            .slots = { function }, \
        }; \
    }
extern umqtt_type_t umqtt_type_method_storage, umqtt_type_session_storage;
void umqtt_type_method_init(void);
void umqtt_type_session_init(void);
#define umqtt_type_method (*(mp_obj_type_t *)&umqtt_type_method_storage)
#define umqtt_type_session (*(mp_obj_type_t *)&umqtt_type_session_storage)
#define umqtt_type_exception (*umqtt_dynamic.exception)

// Functions

#undef mp_const_empty_bytes
#define mp_const_empty_bytes (mp_obj_new_bytes(NULL, 0))
#undef mp_obj_malloc_helper
#define mp_obj_malloc_helper(size, type) (umqtt_new_object(size, type))
void *umqtt_new_object(size_t size, const mp_obj_type_t *type);

#define mp_type_AssertionError (*(mp_obj_type_t *)(mp_load_global(MP_QSTR_AssertionError)))
#define mp_type_OSError (*(mp_obj_type_t *)(mp_load_global(MP_QSTR_OSError)))

#define nlr_push(buffer) (mp_fun_table.nlr_push(buffer))
#define nlr_pop() (mp_fun_table.nlr_pop())
#define nlr_jump(exception) (umqtt_raise(MP_OBJ_FROM_PTR(exception)))
NORETURN void umqtt_raise(mp_obj_t exception);
#undef mp_raise_OSError
#define mp_raise_OSError(code) (umqtt_raise_OSError(code))
NORETURN void umqtt_raise_OSError(int code);
#undef mp_raise_type
#define mp_raise_type(type) (umqtt_raise(MP_OBJ_FROM_PTR(type)))
#undef mp_raise_type_arg
#define mp_raise_type_arg(type, arg) (umqtt_raise_type_arg(type, arg))
NORETURN void umqtt_raise_type_arg(const mp_obj_type_t *type, mp_obj_t arg);
// The format has %d, %u, and %q for a name, which is given as an object here.
#define MP_OBJ_QSTR_VALUE(name) (name)
#define mp_raise_msg_varg(type, ...) (umqtt_raise_msg_varg(type, __VA_ARGS__))
NORETURN void umqtt_raise_msg_varg(const mp_obj_type_t *type, const char *format, ...);
#define mp_arg_error_terse_mismatch() (mp_raise_TypeError("argument num/types mismatch"))
#undef m_malloc_fail
#define m_malloc_fail(size) (umqtt_raise_msg_varg(&mp_type_MemoryError, \
    "memory allocation failed, allocating %u bytes", (uint)(size)))
#define mp_type_MemoryError (*(mp_obj_type_t *)(mp_load_global(MP_QSTR_MemoryError)))

#define m_malloc_maybe(size) (mp_fun_table.realloc_(NULL, size, false))
#define m_malloc0(size) (umqtt_malloc0(size))
void *umqtt_malloc0(size_t size);

#define mp_call_function_0(function) (mp_call_function_n_kw(function, 0, 0, NULL))
#define mp_call_function_2(function, one, other) (umqtt_call_function_2(function, one, other))
mp_obj_t umqtt_call_function_2(mp_obj_t function, mp_obj_t one, mp_obj_t other);
#define mp_call_method_n_kw(n_args, n_kw, args) (mp_fun_table.call_method_n_kw(n_args, n_kw, args))
#define mp_call_method_n_kw_var(have_self, n_args_n_kw, args) \
    (mp_fun_table.call_method_n_kw_var(have_self, n_args_n_kw, args))

#define mp_obj_is_subclass_fast(type, base) (umqtt_is_subclass(type, base))
bool umqtt_is_subclass(mp_const_obj_t type, mp_const_obj_t base);
#define mp_obj_exception_match(exception, type) (umqtt_is_subclass(mp_obj_get_type(exception), type))
#define mp_obj_exception_get_value(exception) (umqtt_exception_value(exception))
mp_obj_t umqtt_exception_value(mp_obj_t exception);
#define mp_obj_equal(one, other) (mp_binary_op(MP_BINARY_OP_EQUAL, one, other) == mp_const_true)
#undef mp_obj_is_int
#define mp_obj_is_int(object) (mp_obj_is_small_int(object))
#undef mp_obj_is_str_or_bytes
#define mp_obj_is_str_or_bytes(object) (umqtt_is_str_or_bytes(object))
bool umqtt_is_str_or_bytes(mp_obj_t object);
#undef mp_obj_get_int
#define mp_obj_get_int(object) ((mp_int_t)mp_fun_table.native_from_obj(object, MP_NATIVE_TYPE_INT))
#undef mp_type_bytes
#define mp_type_bytes (*umqtt_dynamic.bytes)
#define mp_obj_new_memoryview(typecode, len, bytes) (umqtt_view(len, bytes))
mp_obj_t umqtt_view(size_t len, void *bytes);

// What is pending is attended to by the next Python code that runs.
#define mp_handle_pending(raise_exceptions) ((void)(raise_exceptions))

#endif // MICROPY_INCLUDED_UMQTT_DYNAMIC_H
