// What a module in a firmware does otherwise than one that is loaded at run time (natmod/umqtt_dynamic.c): time, and
// modules.

#if UMQTT_SHORT_CALLS
// See umqtt_builtin.h. This file is compiled with calls that reach everything.
#undef UMQTT_SHORT_CALLS
#define FAR(name, to) \
    __asm__ (".section .irom0.text, \"ax\"\n.literal_position\n.align 4\n.global " #name "\n" \
    #name ": movi a9, " #to "\njx a9\n.previous")
FAR(umqtt_far_memcpy, memcpy);
FAR(umqtt_far_memset, memset);
FAR(umqtt_far_memcmp, memcmp);
FAR(umqtt_far_umodsi3, __umodsi3);
#endif

#include "umqtt.h"

#include <string.h>

#include "py/mphal.h"
#include "py/objmodule.h"

uint32_t umqtt_now(void) {
    #if MICROPY_PY_TIME
    return mp_hal_ticks_ms();
    #else
    // A port without the module time need not have a clock. Nothing is ever late there.
    return 0;
    #endif
}

#if defined(__ARM_EABI__)
// What umqtt_arm.ld has the engine find as __aeabi_memclr.
void umqtt_memclr(void *to, size_t n);
void umqtt_memclr(void *to, size_t n) {
    memset(to, 0, n);
}
#endif

mp_obj_t umqtt_seconds(uint32_t milliseconds) {
    #if MICROPY_PY_BUILTINS_FLOAT
    if (milliseconds % 1000 != 0) {
        return mp_obj_new_float(milliseconds / (mp_float_t)1000);
    }
    #endif
    return MP_OBJ_NEW_SMALL_INT((milliseconds + 999) / 1000);
}

uint32_t umqtt_milliseconds(mp_obj_t seconds) {
    #if MICROPY_PY_BUILTINS_FLOAT
    mp_float_t milliseconds = mp_obj_get_float(seconds) * 1000;
    #else
    mp_int_t milliseconds = MIN(mp_obj_get_int(seconds), UMQTT_MILLISECONDS_MAX / 1000) * 1000;
    #endif
    if (!(milliseconds > 0 && milliseconds <= UMQTT_MILLISECONDS_MAX)) {
        return 0;
    }
    return MAX((uint32_t)milliseconds, 1);
}

// A module that is built in is taken as it is. An import would look for a file of that name first, which takes longer than
// to connect.
mp_obj_t umqtt_import(qstr module) {
    mp_map_elem_t *loaded =
        mp_map_lookup(&MP_STATE_VM(mp_loaded_modules_dict).map, MP_OBJ_NEW_QSTR(module), MP_MAP_LOOKUP);
    mp_obj_t built_in = loaded != NULL ? loaded->value : mp_module_get_builtin(module, true);
    if (built_in != MP_OBJ_NULL) {
        return built_in;
    }
    return mp_import_name(module, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
}
