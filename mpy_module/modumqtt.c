// The modules umqtt and umqtt.simple. They lie in ROM, so that an import takes heap for the class alone.
//
// What a module in ROM cannot remember is in sys.modules: umqtt.simple, which an import looks for there; the class, made
// when it is first asked for; and umqtt.robust, which is frozen Python. A soft reset forgets it together with the heap.

#include "umqtt.h"

#include "py/objexcept.h"
#include "py/objmodule.h"

#if !MICROPY_MODULE_BUILTIN_INIT || !MICROPY_MODULE_ATTR_DELEGATION
#error "umqtt needs MICROPY_MODULE_BUILTIN_INIT and MICROPY_MODULE_ATTR_DELEGATION: have the port set both to 1"
#endif

// MP_QSTR_ can be followed by no name with a dot.
#define SIMPLE "umqtt.simple"
#define ROBUST "umqtt.robust"

static mp_map_elem_t *find_loaded(qstr name, mp_map_lookup_kind_t kind) {
    return mp_map_lookup(&MP_STATE_VM(mp_loaded_modules_dict).map, MP_OBJ_NEW_QSTR(name), kind);
}

// umqtt.simple

MP_DEFINE_CONST_OBJ_TYPE(
    umqtt_type_exception,
    MP_QSTR_MQTTException,
    MP_TYPE_FLAG_NONE,
    make_new, mp_obj_exception_make_new,
    print, mp_obj_exception_print,
    attr, mp_obj_exception_attr,
    parent, &mp_type_Exception
    );

static const MP_DEFINE_STR_OBJ(umqtt_simple_name_obj, SIMPLE);

static const mp_rom_map_elem_t umqtt_simple_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_PTR(&umqtt_simple_name_obj) },
    { MP_ROM_QSTR(MP_QSTR_MQTTException), MP_ROM_PTR(&umqtt_type_exception) },
};
static MP_DEFINE_CONST_DICT(umqtt_simple_globals, umqtt_simple_globals_table);

const mp_obj_module_t umqtt_simple_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&umqtt_simple_globals,
};

// Its name is not what it is imported by, but only what is registered can be delegated to.
MP_REGISTER_MODULE(MP_QSTR__umqtt, umqtt_simple_module);

// Called for what is not in the table.
void umqtt_simple_attr(mp_obj_t self, qstr name, mp_obj_t *dest) {
    if (name != MP_QSTR_MQTTClient || dest[0] != MP_OBJ_NULL) {
        return;
    }
    mp_map_elem_t *elem = find_loaded(MP_QSTR__umqtt_MQTTClient, MP_MAP_LOOKUP);
    if (elem == NULL) {
        mp_obj_t class = umqtt_new_client_type();
        elem = find_loaded(MP_QSTR__umqtt_MQTTClient, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND);
        elem->value = class;
    }
    dest[0] = elem->value;
}
MP_REGISTER_MODULE_DELEGATION(umqtt_simple_module, umqtt_simple_attr);

// umqtt

// Called at each import of the module. When there is a package umqtt from a folder, umqtt.simple is the package's.
static mp_obj_t umqtt_init(void) {
    if (find_loaded(MP_QSTR_umqtt, MP_MAP_LOOKUP) == NULL) {
        mp_map_elem_t *elem = find_loaded(qstr_from_str(SIMPLE), MP_MAP_LOOKUP_ADD_IF_NOT_FOUND);
        if (elem->value == MP_OBJ_NULL) {
            elem->value = MP_OBJ_FROM_PTR(&umqtt_simple_module);
        }
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(umqtt_init_obj, umqtt_init);

// Where robust.py is. A frozen folder umqtt would be found before this module.
static const MP_DEFINE_STR_OBJ(umqtt_path_obj, ".frozen/_umqtt");

static const mp_rom_map_elem_t umqtt_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_umqtt) },
    { MP_ROM_QSTR(MP_QSTR___path__), MP_ROM_PTR(&umqtt_path_obj) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&umqtt_init_obj) },
    { MP_ROM_QSTR(MP_QSTR_simple), MP_ROM_PTR(&umqtt_simple_module) },
};
static MP_DEFINE_CONST_DICT(umqtt_globals, umqtt_globals_table);

const mp_obj_module_t umqtt_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&umqtt_globals,
};

MP_REGISTER_EXTENSIBLE_MODULE(MP_QSTR_umqtt, umqtt_module);

// An import stores umqtt.robust here after having it in sys.modules.
void umqtt_attr(mp_obj_t self, qstr name, mp_obj_t *dest) {
    if (name != MP_QSTR_robust) {
        return;
    }
    mp_map_elem_t *elem = find_loaded(qstr_find_strn(ROBUST, sizeof(ROBUST) - 1), MP_MAP_LOOKUP);
    if (elem == NULL) {
        return;
    }
    if (dest[0] == MP_OBJ_NULL) {
        dest[0] = elem->value;
    } else if (dest[1] == elem->value) {
        dest[0] = MP_OBJ_NULL;
    }
}
MP_REGISTER_MODULE_DELEGATION(umqtt_module, umqtt_attr);
