// What the shim uses of MicroPython, for a module that is linked into a firmware. For one that is loaded at run time see
// natmod/umqtt_dynamic.h.
#ifndef MICROPY_INCLUDED_UMQTT_BUILTIN_H
#define MICROPY_INCLUDED_UMQTT_BUILTIN_H

#include <string.h>

#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/objtype.h"
#include "py/runtime.h"
#include "py/stream.h"

#if UMQTT_SHORT_CALLS
// On the ESP8266 a call in three bytes reaches what is in flash. What GCC and this module call in instruction RAM is reached
// by way of jumps in umqtt_builtin.c.
__asm__ (".set memcpy, umqtt_far_memcpy");
__asm__ (".set memset, umqtt_far_memset");
__asm__ (".set memcmp, umqtt_far_memcmp");
__asm__ (".set __umodsi3, umqtt_far_umodsi3");
#endif

extern const mp_obj_type_t umqtt_type_method;
extern const mp_obj_type_t umqtt_type_session;
extern const mp_obj_type_t umqtt_type_exception;

// The object that a constant holds.
static inline mp_obj_t umqtt_rom_obj(mp_rom_obj_t object) {
    mp_arg_val_t value = { .u_rom_obj = object };
    return value.u_obj;
}

// The name that a constant holds.
static inline qstr umqtt_rom_qstr(mp_rom_obj_t object) {
    return MP_OBJ_QSTR_VALUE(umqtt_rom_obj(object));
}

#endif // MICROPY_INCLUDED_UMQTT_BUILTIN_H
