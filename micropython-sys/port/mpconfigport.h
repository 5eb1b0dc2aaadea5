// The configuration of MicroPython for this port: the language of the ESP8266
// port, so that a script that runs here also runs on the board, without
// hardware, files or real time. Numbers are wider: 64-bit objects and floats.

#include <alloca.h>
#include <stdint.h>
#include <sys/types.h>

#define MICROPY_CONFIG_ROM_LEVEL                (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// The heap. Finalisers are a part of the feature level.
#define MICROPY_ENABLE_GC                       (1)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF  (1)

// setjmp, because sanitizers follow longjmp but not MicroPython's own assembly.
#define MICROPY_NLR_SETJMP                      (1)

// Language and texts, as on the board.
#define MICROPY_ERROR_REPORTING                 (MICROPY_ERROR_REPORTING_NORMAL)
#define MICROPY_LONGINT_IMPL                    (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL                      (MICROPY_FLOAT_IMPL_DOUBLE)
#define MICROPY_USE_INTERNAL_ERRNO              (1)
#define MICROPY_WARNINGS                        (1)
#define MICROPY_PY_STR_BYTES_CMP_WARN           (1)

// Parts of the feature level that the ESP8266 port leaves out.
#define MICROPY_COMP_MODULE_CONST               (0)
#define MICROPY_OPT_LOAD_ATTR_FAST_PATH         (0)
#define MICROPY_OPT_MAP_LOOKUP_CACHE            (0)
#define MICROPY_PY___FILE__                     (0)
#define MICROPY_PY_BUILTINS_COMPILE             (0)
#define MICROPY_PY_BUILTINS_COMPLEX             (0)
#define MICROPY_PY_BUILTINS_NOTIMPLEMENTED      (0)
#define MICROPY_PY_BUILTINS_POW3                (0)
#define MICROPY_PY_BUILTINS_SLICE_INDICES       (0)
#define MICROPY_PY_BUILTINS_STR_CENTER          (0)
#define MICROPY_PY_BUILTINS_STR_PARTITION       (0)
#define MICROPY_PY_BUILTINS_STR_SPLITLINES      (0)
#define MICROPY_PY_BINASCII_CRC32               (0)
#define MICROPY_PY_DELATTR_SETATTR              (0)

// Files exist only for import, in the table of host_files.c.
#define MICROPY_ALLOC_PATH_MAX                  (128)
#define MICROPY_ENABLE_EXTERNAL_IMPORT          (1)
#define MICROPY_PY_BUILTINS_EXECFILE            (0)
#define MICROPY_PY_BUILTINS_INPUT               (0)

// time.ticks_ms() wraps where the ESP8266's does, so that tests can cross it.
#define MICROPY_PY_TIME_TICKS_PERIOD            (1 << 30)

// A wait for events takes virtual time, never real time.
#define MICROPY_INTERNAL_WFE(timeout_ms)        host_wait((timeout_ms))
void host_wait(int timeout_ms);

#define MICROPY_PY_SYS_PLATFORM                 "umqtt-host"
#define MICROPY_HW_BOARD_NAME                   "host"
#define MICROPY_HW_MCU_NAME                     "host"

#define MP_STATE_PORT                           MP_STATE_VM

typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef off_t mp_off_t;
