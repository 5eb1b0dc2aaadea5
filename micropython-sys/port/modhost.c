// The module _host: what a script under test may ask of the port, for the
// moments that Rust cannot reach because the script is running, as inside the
// read() of a socket played by the test. Time passes with time.sleep_ms().

#include "py/runtime.h"

#include "host_internal.h"

// interrupt(): presses Ctrl-C.
static mp_obj_t mod_host_interrupt(void) {
    host_interrupt();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_host_interrupt_obj, mod_host_interrupt);

// allocations(): the requests for heap memory so far; asking makes none.
static mp_obj_t mod_host_allocations(void) {
    return MP_OBJ_NEW_SMALL_INT(host_allocations());
}
static MP_DEFINE_CONST_FUN_OBJ_0(mod_host_allocations_obj, mod_host_allocations);

// fail_allocation_after(n): lets n requests pass and fails the next, once; negative disarms.
static mp_obj_t mod_host_fail_allocation_after(mp_obj_t n_in) {
    host_fail_allocation_after(mp_obj_get_int(n_in));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(mod_host_fail_allocation_after_obj, mod_host_fail_allocation_after);

// collect_always(flag): whether a collection precedes each allocation from now on.
static mp_obj_t mod_host_collect_always(mp_obj_t flag_in) {
    host_collect_always(mp_obj_is_true(flag_in));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(mod_host_collect_always_obj, mod_host_collect_always);

static const mp_rom_map_elem_t mod_host_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__host) },
    { MP_ROM_QSTR(MP_QSTR_interrupt), MP_ROM_PTR(&mod_host_interrupt_obj) },
    { MP_ROM_QSTR(MP_QSTR_allocations), MP_ROM_PTR(&mod_host_allocations_obj) },
    { MP_ROM_QSTR(MP_QSTR_fail_allocation_after), MP_ROM_PTR(&mod_host_fail_allocation_after_obj) },
    { MP_ROM_QSTR(MP_QSTR_collect_always), MP_ROM_PTR(&mod_host_collect_always_obj) },
    { MP_ROM_QSTR(MP_QSTR_Socket), MP_ROM_PTR(&host_type_socket) },
};
static MP_DEFINE_CONST_DICT(mod_host_globals, mod_host_globals_table);

const mp_obj_module_t mod_host = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&mod_host_globals,
};

MP_REGISTER_MODULE(MP_QSTR__host, mod_host);
