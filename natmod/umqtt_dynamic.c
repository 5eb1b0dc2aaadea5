// A native module's own part: what a firmware has and the table of functions does not, and the module's beginning.

#include "umqtt.h"

#include <stdarg.h>

umqtt_dynamic_t umqtt_dynamic;

// Constants

mp_obj_t umqtt_rom_obj(mp_rom_obj_t object) {
    uintptr_t number = (uintptr_t)object;
    if (number == UMQTT_ROM_NONE) {
        return mp_const_none;
    }
    if (number == UMQTT_ROM_FALSE) {
        return mp_const_false;
    }
    if (number == UMQTT_ROM_TRUE) {
        return mp_const_true;
    }
    if (number % 8 == UMQTT_ROM_INT) {
        return MP_OBJ_NEW_SMALL_INT(number / 8);
    }
    return (mp_obj_t)object;
}

// The C library, as far as compilers call it by themselves

void *memset(void *to, int value, size_t n) {
    return mp_fun_table.memset_(to, value, n);
}

void *memcpy(void *to, const void *from, size_t n) {
    return mp_fun_table.memmove_(to, from, n);
}

void *memmove(void *to, const void *from, size_t n) {
    return mp_fun_table.memmove_(to, from, n);
}

int memcmp(const void *one, const void *other, size_t n) {
    const byte *a = one, *b = other;
    for (; n != 0; a++, b++, n--) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

// Arithmetic that some processors lack, and what else compilers call by names of their own. No number here has the topmost
// bit set.

#if defined(__xtensa__)

uint32_t __udivsi3(uint32_t number, uint32_t by) {
    return mp_fun_table.small_int_floor_divide(number, by);
}

uint32_t __umodsi3(uint32_t number, uint32_t by) {
    return mp_fun_table.small_int_modulo(number, by);
}

#elif defined(__ARM_EABI__)

void __aeabi_memcpy(void *to, const void *from, size_t n) {
    memcpy(to, from, n);
}

void __aeabi_memcpy4(void *to, const void *from, size_t n) {
    memcpy(to, from, n);
}

void __aeabi_memclr(void *to, size_t n) {
    memset(to, 0, n);
}

void __aeabi_memclr4(void *to, size_t n) {
    memset(to, 0, n);
}

#if __ARM_ARCH == 6

uint32_t __aeabi_uidiv(uint32_t number, uint32_t by) {
    return mp_fun_table.small_int_floor_divide(number, by);
}

// The quotient in the first register, the remainder in the second.
uint64_t __aeabi_uidivmod(uint32_t number, uint32_t by) {
    uint32_t quotient = __aeabi_uidiv(number, by);
    return (uint64_t)(number - quotient * by) << 32 | quotient;
}

#endif
#endif

// Memory and objects

void *umqtt_malloc0(size_t size) {
    return memset(m_malloc(size), 0, size);
}

void *umqtt_new_object(size_t size, const mp_obj_type_t *type) {
    mp_obj_base_t *object = m_malloc(size);
    object->type = type;
    return object;
}

mp_obj_t umqtt_view(size_t len, void *bytes) {
    mp_obj_t array = mp_obj_new_bytearray_by_ref(len, bytes);
    return mp_call_function_n_kw(mp_load_global(MP_QSTR_memoryview), 1, 0, &array);
}

bool umqtt_is_str_or_bytes(mp_obj_t object) {
    const mp_obj_type_t *type = mp_obj_get_type(object);
    return type == &mp_type_str || type == umqtt_dynamic.bytes;
}

bool umqtt_is_subclass(mp_const_obj_t type_in, mp_const_obj_t base) {
    if (type_in == base) {
        return true;
    }
    const mp_obj_type_t *type = MP_OBJ_TO_PTR(type_in);
    const mp_obj_base_t *parent = MP_OBJ_TYPE_GET_SLOT_OR_NULL(type, parent);
    if (parent == NULL || parent->type == &mp_type_type) {
        return parent != NULL && umqtt_is_subclass(MP_OBJ_FROM_PTR(parent), base);
    }
    const mp_obj_tuple_t *parents = (const mp_obj_tuple_t *)parent;
    for (size_t i = 0; i < parents->len; i++) {
        if (umqtt_is_subclass(parents->items[i], base)) {
            return true;
        }
    }
    return false;
}

mp_obj_t umqtt_exception_value(mp_obj_t exception) {
    mp_obj_t args = mp_load_attr(exception, MP_QSTR_args);
    if (MP_OBJ_SMALL_INT_VALUE(mp_obj_len(args)) == 0) {
        return mp_const_none;
    }
    return mp_obj_subscr(args, MP_OBJ_NEW_SMALL_INT(0), MP_OBJ_SENTINEL);
}

mp_obj_t umqtt_call_function_2(mp_obj_t function, mp_obj_t one, mp_obj_t other) {
    mp_obj_t args[] = { one, other };
    return mp_call_function_n_kw(function, MP_ARRAY_SIZE(args), 0, args);
}

// Exceptions

void umqtt_raise(mp_obj_t exception) {
    mp_fun_table.raise(exception);
    for (;;) {
    }
}

void umqtt_raise_type_arg(const mp_obj_type_t *type, mp_obj_t arg) {
    umqtt_raise(mp_call_function_n_kw(MP_OBJ_FROM_PTR(type), 1, 0, &arg));
}

void umqtt_raise_OSError(int code) {
    umqtt_raise_type_arg(&mp_type_OSError, MP_OBJ_NEW_SMALL_INT(code));
}

typedef struct _message_t {
    size_t len;
    char text[100];
} message_t;

static void append(void *message_in, const char *text, size_t len) {
    message_t *message = message_in;
    for (size_t i = 0; i < len && message->len < sizeof(message->text); i++) {
        message->text[message->len++] = text[i];
    }
}

void umqtt_raise_msg_varg(const mp_obj_type_t *type, const char *format, ...) {
    message_t message = { .len = 0 };
    mp_print_t print = { &message, append };
    va_list args;
    va_start(args, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            append(&message, format, 1);
        } else if (*++format == 'q') {
            size_t len;
            const char *name = mp_obj_str_get_data(va_arg(args, mp_obj_t), &len);
            append(&message, name, len);
        } else {
            mp_printf(&print, "%u", va_arg(args, uint));
        }
    }
    va_end(args);
    umqtt_raise_type_arg(type, mp_obj_new_str(message.text, message.len));
}

// Time. The numbers are small, and the firmware may or may not know those with a fraction.

uint32_t umqtt_now(void) {
    uint32_t ticks = mp_obj_get_int_truncated(mp_call_function_0(umqtt_dynamic.ticks_ms));
    // ticks_ms() has as many bits as a small int without its sign.
    uint32_t mask = sizeof(mp_obj_t) > 4 ? 0xffffffff : 0x3fffffff;
    umqtt_dynamic.now += (ticks - umqtt_dynamic.ticks) & mask;
    umqtt_dynamic.ticks = ticks;
    return umqtt_dynamic.now;
}

static void divide_by_1000(void *number_in) {
    mp_obj_t *number = number_in;
    *number = mp_binary_op(MP_BINARY_OP_TRUE_DIVIDE, *number, MP_OBJ_NEW_SMALL_INT(1000));
}

mp_obj_t umqtt_seconds(uint32_t milliseconds) {
    uint32_t whole = milliseconds / 1000;
    if (milliseconds % 1000 == 0) {
        return MP_OBJ_NEW_SMALL_INT(whole);
    }
    mp_obj_t seconds = mp_obj_new_int_from_uint(milliseconds);
    return umqtt_try(divide_by_1000, &seconds) == MP_OBJ_NULL ? seconds : MP_OBJ_NEW_SMALL_INT(whole + 1);
}

uint32_t umqtt_milliseconds(mp_obj_t seconds) {
    mp_obj_t none = MP_OBJ_NEW_SMALL_INT(0);
    mp_obj_t longest = MP_OBJ_NEW_SMALL_INT(UMQTT_MILLISECONDS_MAX / 1000);
    if (mp_binary_op(MP_BINARY_OP_MORE, seconds, none) != mp_const_true
        || mp_binary_op(MP_BINARY_OP_LESS_EQUAL, seconds, longest) != mp_const_true) {
        return 0;
    }
    mp_obj_t product = mp_binary_op(MP_BINARY_OP_MULTIPLY, seconds, MP_OBJ_NEW_SMALL_INT(1000));
    mp_obj_t whole = mp_call_function_n_kw(mp_load_global(MP_QSTR_int), 1, 0, &product);
    return MAX((uint32_t)mp_obj_get_int_truncated(whole), 1);
}

// The module

mp_obj_t umqtt_import(qstr name) {
    return mp_import_name(name, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
}

static mp_obj_t new_class(qstr name, mp_obj_t base, mp_obj_t attributes) {
    mp_obj_t args[] = { MP_OBJ_NEW_QSTR(name), mp_obj_new_tuple(1, &base), attributes };
    mp_obj_t class = mp_call_function_n_kw(MP_OBJ_FROM_PTR(&mp_type_type), MP_ARRAY_SIZE(args), 0, args);
    mp_store_global(name, class);
    return class;
}

static mp_obj_t client_attributes(void) {
    const mp_map_t *constants = &umqtt_client_dict.map;
    mp_obj_t dict = mp_obj_new_dict(constants->used);
    for (size_t i = 0; i < constants->used; i++) {
        const mp_map_elem_t *constant = &constants->table[i];
        mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(umqtt_rom_qstr(constant->key)), umqtt_rom_obj(constant->value));
    }
    return dict;
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    umqtt_dynamic.bytes = mp_obj_get_type(mp_const_empty_bytes);
    umqtt_dynamic.ticks_ms = mp_load_attr(umqtt_import(MP_QSTR_time), MP_QSTR_ticks_ms);
    umqtt_type_method_init();
    umqtt_type_session_init();
    umqtt_dynamic.exception = new_class(MP_QSTR_MQTTException, MP_OBJ_FROM_PTR(&mp_type_Exception), mp_obj_new_dict(0));
    new_class(MP_QSTR_MQTTClient, MP_OBJ_FROM_PTR(&umqtt_type_session), client_attributes());
    MP_DYNRUNTIME_INIT_EXIT
}
