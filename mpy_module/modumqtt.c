// The module _umqtt: what umqtt/simple.py makes the class MQTTClient from.

#include "umqtt.h"

#include "py/objexcept.h"

MP_DEFINE_CONST_OBJ_TYPE(
    umqtt_type_exception,
    MP_QSTR_MQTTException,
    MP_TYPE_FLAG_NONE,
    make_new, mp_obj_exception_make_new,
    print, mp_obj_exception_print,
    attr, mp_obj_exception_attr,
    parent, &mp_type_Exception
    );

static const mp_rom_map_elem_t umqtt_module_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__umqtt) },
    { MP_ROM_QSTR(MP_QSTR_MQTTException), MP_ROM_PTR(&umqtt_type_exception) },
    { MP_ROM_QSTR(MP_QSTR_Session), MP_ROM_PTR(&umqtt_type_session) },
    { MP_ROM_QSTR(MP_QSTR_client), MP_ROM_PTR(&umqtt_client_dict) },
};
static MP_DEFINE_CONST_DICT(umqtt_module_globals, umqtt_module_globals_table);

const mp_obj_module_t umqtt_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&umqtt_module_globals,
};

MP_REGISTER_MODULE(MP_QSTR__umqtt, umqtt_module);
