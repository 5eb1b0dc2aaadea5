// Native functions as methods of a Python class.
//
// MicroPython's own native functions do not bind self when they stand in the dictionary of a class that was made at
// run time, and they word their complaints about arguments otherwise than Python functions do. These follow py/bc.c in
// both.

#include "umqtt.h"

static NORETURN void raise_count(const umqtt_method_t *self, size_t expected, size_t given) {
    #if MICROPY_ERROR_REPORTING <= MICROPY_ERROR_REPORTING_TERSE
    (void)self;
    (void)expected;
    (void)given;
    mp_arg_error_terse_mismatch();
    #elif MICROPY_ERROR_REPORTING == MICROPY_ERROR_REPORTING_NORMAL
    (void)self;
    mp_raise_msg_varg(&mp_type_TypeError,
        MP_ERROR_TEXT("function takes %d positional arguments but %d were given"), (int)expected, (int)given);
    #else
    mp_raise_msg_varg(&mp_type_TypeError,
        MP_ERROR_TEXT("%q() takes %d positional arguments but %d were given"),
        MP_OBJ_QSTR_VALUE(MP_OBJ_NEW_QSTR(self->name)), (int)expected, (int)given);
    #endif
}

static void assign_keyword(const umqtt_method_t *self, mp_obj_t *values, mp_obj_t name, mp_obj_t value) {
    for (size_t i = 0; i < self->n_params; i++) {
        if (name == MP_OBJ_NEW_QSTR(self->params[i].name)) {
            if (values[i] != MP_OBJ_NULL) {
                mp_raise_msg_varg(&mp_type_TypeError,
                    MP_ERROR_TEXT("function got multiple values for argument '%q'"), MP_OBJ_QSTR_VALUE(name));
            }
            values[i] = value;
            return;
        }
    }
    #if MICROPY_ERROR_REPORTING <= MICROPY_ERROR_REPORTING_TERSE
    mp_raise_TypeError(MP_ERROR_TEXT("unexpected keyword argument"));
    #else
    mp_raise_msg_varg(&mp_type_TypeError,
        MP_ERROR_TEXT("unexpected keyword argument '%q'"), MP_OBJ_QSTR_VALUE(name));
    #endif
}

static mp_obj_t umqtt_method_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const umqtt_method_t *self = MP_OBJ_TO_PTR(self_in);
    if (n_args > self->n_params) {
        raise_count(self, self->n_params, n_args);
    }
    if (n_kw == 0 && n_args < self->n_required) {
        raise_count(self, self->n_required, n_args);
    }
    if (n_kw == 0 && n_args == self->n_params) {
        return self->fun(args);
    }
    mp_obj_t values[UMQTT_METHOD_MAX_PARAMS];
    size_t n_params = self->n_params;
    const umqtt_param_t *params = self->params;
    for (size_t i = 0; i < n_args; i++) {
        values[i] = args[i];
    }
    if (n_kw != 0) {
        for (size_t i = n_args; i < n_params; i++) {
            values[i] = MP_OBJ_NULL;
        }
        for (size_t i = 0; i < n_kw; i++) {
            assign_keyword(self, values, args[n_args + 2 * i], args[n_args + 2 * i + 1]);
        }
    }
    for (size_t i = n_params; i-- > n_args;) {
        if (n_kw != 0) {
            if (values[i] != MP_OBJ_NULL) {
                continue;
            }
            if (i < self->n_required) {
                mp_raise_msg_varg(&mp_type_TypeError,
                    MP_ERROR_TEXT("function missing required positional argument #%d"), (int)i);
            }
        }
        values[i] = umqtt_rom_obj(params[i].default_value);
    }
    return self->fun(values);
}

MP_DEFINE_CONST_OBJ_TYPE(
    umqtt_type_method,
    MP_QSTR_function,
    MP_TYPE_FLAG_BINDS_SELF,
    call, umqtt_method_call
    );
