// What our ESP8266 boards have in common. The features are those of MicroPython's own ESP8266_GENERIC board.

#define MICROPY_HW_MCU_NAME "ESP8266"

#define MICROPY_PERSISTENT_CODE_LOAD    (1)
#define MICROPY_EMIT_XTENSA             (1)
#define MICROPY_EMIT_INLINE_XTENSA      (1)

#define MICROPY_ERROR_REPORTING         (MICROPY_ERROR_REPORTING_NORMAL)

#define MICROPY_READER_VFS              (MICROPY_VFS)
#define MICROPY_VFS                     (1)

// Its ciphers are those of the TLS library.
#define MICROPY_PY_CRYPTOLIB            (MICROPY_PY_SSL)

// In raw paste mode as much as this is under way to the board, and Ctrl-D. The port's input buffer holds 255 bytes; the
// default of 256 has mpremote lose one whenever the board is busy meanwhile.
#define MICROPY_REPL_STDIN_BUFFER_MAX   (254)
