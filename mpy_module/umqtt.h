// umqtt.simple for MicroPython: what the files of this module share.
//
// The engine (src/, Rust) decides what happens; this module does it: it owns sockets, Python objects and exceptions.
// No exception passes through a function of the engine, and no Python object is given to it.
#ifndef MICROPY_INCLUDED_UMQTT_H
#define MICROPY_INCLUDED_UMQTT_H

#if MICROPY_ENABLE_DYNRUNTIME
#include "umqtt_dynamic.h"
#else
#include "umqtt_builtin.h"
#endif

#include "umqtt_engine.h"

// The public interface that is followed: 13 for umqtt.simple 1.3 (the tutorial's), 18 for 1.8.
#ifndef UMQTT_API
#define UMQTT_API (13)
#endif

// Bytes of stack for a packet that is being written. One that fits is written at once, so it is one TCP segment: as many
// as fit into a segment on the ESP8266.
#ifndef UMQTT_SCRATCH_SIZE
#define UMQTT_SCRATCH_SIZE (536)
#endif

// Four bytes of memory that may also be of other types.
typedef uint32_t __attribute__((may_alias)) umqtt_word_t;

// A field of a type that is less than a word: a part of one, for types are in flash on the ESP8266, where bytes take longer.
#if MP_ENDIANNESS_LITTLE
#define UMQTT_TYPE_FIELD(type, field) \
    (((const umqtt_word_t *)(const void *)(type))[offsetof(mp_obj_type_t, field) / 4] \
    >> offsetof(mp_obj_type_t, field) % 4 * 8 & ((1u << 8 * sizeof(((mp_obj_type_t *)0)->field)) - 1))
#else
#define UMQTT_TYPE_FIELD(type, field) ((type)->field)
#endif

// Whether it is a type of objects of Python classes.
static inline MP_ALWAYSINLINE bool umqtt_is_instance_type(const mp_obj_type_t *type) {
    return UMQTT_TYPE_FIELD(type, flags) & MP_TYPE_FLAG_INSTANCE_TYPE;
}

// The slot of a type that has it.
#define UMQTT_TYPE_SLOT(type, slot) ((type)->slots[UMQTT_TYPE_FIELD(type, slot_index_##slot) - 1])

// One parameter of a method: its name, and its value when it is not given.
typedef struct _umqtt_param_t {
    qstr name;
    mp_rom_obj_t default_value;
} umqtt_param_t;

// A native function that can stand in a class as a Python function does: it binds self, and takes its arguments by
// position or by name, with the same complaints.
typedef struct _umqtt_method_t {
    mp_obj_base_t base;
    mp_obj_t (*fun)(const mp_obj_t *args); // as many as there are parameters
    qstr name;
    const umqtt_param_t *params;
    uint32_t n_params; // words, since bytes in flash take longer
    uint32_t n_required;
} umqtt_method_t;

// Methods take at most this many arguments, self included.
#define UMQTT_METHOD_MAX_PARAMS (9)

// The parameters after self follow as initialisers of umqtt_param_t; n_required counts self.
#define UMQTT_PARAM(param_name, param_default) { .name = param_name, .default_value = param_default }
#define UMQTT_DEFINE_METHOD(obj_name, fun_name, method_name, required, ...) \
    static const umqtt_param_t obj_name##_params[] = { UMQTT_PARAM(MP_QSTR_self, MP_ROM_NONE), __VA_ARGS__ }; \
    static const umqtt_method_t obj_name = { \
        .base = { &umqtt_type_method }, .fun = fun_name, .name = method_name, .params = obj_name##_params, \
        .n_params = MP_ARRAY_SIZE(obj_name##_params), .n_required = required }

// A message above QoS 0 that is in flight in a session that outlives the connection.
typedef struct _umqtt_kept_message_t {
    uint32_t identifier; // 0 for none
    mp_obj_t topic;
    mp_obj_t message;
} umqtt_kept_message_t;

// A message that arrived while a callback waited for an acknowledgement: to be delivered once the callback has returned.
// They form a ring.
typedef struct _umqtt_held_t {
    struct _umqtt_held_t *next; // that of the last one is the first one
    mp_obj_t topic;
    mp_obj_t message;
    uint32_t held; // what UMQTT_HOLD said
} umqtt_held_t;

// What is kept of a session that outlives the connection.
typedef struct _umqtt_kept_t {
    umqtt_held_t *last_held; // as in umqtt_session_obj_t
    mp_obj_t client_id; // whose session it is
    umqtt_kept_message_t messages[UMQTT_IN_FLIGHT_MAX];
} umqtt_kept_t;

// The attributes that every instance has.
typedef enum _umqtt_own_t {
    UMQTT_OWN_SOCK,
    UMQTT_OWN_CB,
    UMQTT_OWN_PID,
    UMQTT_OWN_CLIENT_ID,
    UMQTT_OWN_SERVER,
    UMQTT_OWN_PORT,
    UMQTT_OWN_COUNT,
} umqtt_own_t;

// The native part of an MQTTClient instance: its own attributes, and what must be remembered of the connection.
typedef struct _umqtt_session_obj_t {
    mp_obj_base_t base;
    union {
        mp_obj_t sock; // the socket that all this describes
        mp_obj_t own[UMQTT_OWN_COUNT]; // by umqtt_own_t, with has_own; MP_OBJ_NULL for none
    };
    mp_obj_t timeout; // what the socket is given to wait at most: None, or a number of seconds
    union {
        mp_obj_t plain_sock; // with is_secured: the socket below TLS, which is the one that has a timeout
        const mp_obj_fun_builtin_fixed_t *setter; // else the native socket's setblocking() or settimeout(); NULL for neither
    };
    union {
        umqtt_kept_t *kept; // with has_kept, once connect() has asked for a session to be kept
        umqtt_held_t *last_held; // else; NULL for none
    };
    mp_obj_str_t *topic; // what is on its way in, or with has_last_topic what came with the message before; NULL for nothing
    mp_obj_str_t *message; // what is on its way in; NULL for nothing
    // Bits of a word, which the ESP8266 reads sooner than bytes.
    uint32_t has_own : 1; // the instance's own attributes are here, unless there is one of that name among its members
    uint32_t is_native : 1; // sock is a native stream, and no object with methods for reading and writing
    uint32_t is_secured : 1; // sock is TLS, made by this module, over plain_sock
    uint32_t has_kept : 1;
    uint32_t has_last_topic : 1;
    uint32_t closed : 1; // this module has closed sock
    uint32_t own_sock : 1; // sock was made by this module, and there is no TLS over it
    uint32_t in_chunks : 1; // set_chunk_callback() has been given a buffer
    uint32_t chunks : 1; // what is on its way in is delivered in chunks
    uint32_t delivering_chunk : 1; // the chunk callback runs, in the middle of a packet
    uint32_t callback_raised : 1; // the call that failed last failed in a callback
    uint32_t in_callback : 1; // a callback has a message in hand
    uint32_t holding : 1; // the wait under way is that of a call within a callback
    uint32_t checking : 1; // sock has been told not to wait, by check_msg()
    uint32_t setter_limits : 1; // setter is settimeout()
    uint32_t has_header : 1; // the first two bytes of a packet were read, and the engine was not told
    uint32_t header : 16; // these two
    umqtt_session_t engine;
} umqtt_session_obj_t;

// The attributes of the class MQTTClient.
extern const mp_obj_dict_t umqtt_client_dict;

// Makes the class, in a firmware.
mp_obj_t umqtt_new_client_type(void);

// A socket is a native stream or any object with the methods of one.

// What umqtt_socket_read and umqtt_socket_write return when nothing can be moved at present: the socket does not wait,
// or it has waited for as long as it is allowed to.
#define UMQTT_SOCKET_WOULD_BLOCK (-1)
#define UMQTT_SOCKET_TIMED_OUT (-2)

// Makes a socket the session's, one without TLS over another.
void umqtt_socket_adopt(umqtt_session_obj_t *session, mp_obj_t sock);

// Reads at most len bytes from the session's socket, once. Returns how many, 0 at the end of the stream, or one of the above;
// more than len when a Python socket has given more, of which the first are in bytes. Raises OSError.
mp_int_t umqtt_socket_read(umqtt_session_obj_t *session, byte *bytes, size_t len);

// Writes at most len bytes to the session's socket, once. Returns how many, or one of the above. Raises OSError.
mp_int_t umqtt_socket_write(umqtt_session_obj_t *session, const byte *bytes, size_t len);

// Calls sock.close() and ignores errors that it raises. KeyboardInterrupt and its like pass.
void umqtt_socket_close(mp_obj_t sock);

// Makes the session's socket a new one.
void umqtt_socket_new(umqtt_session_obj_t *session);

// Connects the session's socket, within the session's timeout.
void umqtt_socket_connect(umqtt_session_obj_t *session, mp_obj_t server, mp_obj_t port);

// Puts TLS over the session's socket: with ssl.wrap_socket(sock, **ssl_params) when ssl is True, else ssl is an
// SSLContext. The session's socket is then the secured one.
void umqtt_socket_secure(umqtt_session_obj_t *session, mp_obj_t ssl, mp_obj_t ssl_params, mp_obj_t server);

// Whether umqtt_socket_is_idle can tell.
bool umqtt_socket_can_poll(const umqtt_session_obj_t *session);

// Whether nothing can be read from the session's socket, not even its end. What can be read is read without waiting.
bool umqtt_socket_is_idle(const umqtt_session_obj_t *session);

// Makes the session's socket return at once.
void umqtt_socket_set_nonblocking(umqtt_session_obj_t *session);

// Makes the session's socket wait again, for no longer than the session's timeout.
void umqtt_socket_set_blocking(umqtt_session_obj_t *session);

// Makes the session's socket wait for at most so many milliseconds, until it is told otherwise.
void umqtt_socket_set_limit(umqtt_session_obj_t *session, uint32_t milliseconds);

// Exceptions

// Calls fun(arg). Returns the exception that it raises, or MP_OBJ_NULL.
mp_obj_t umqtt_try(void (*fun)(void *), void *arg);

// Raises an exception that was caught.
static inline NORETURN void umqtt_raise_again(mp_obj_t exception) {
    nlr_jump(MP_OBJ_TO_PTR(exception));
}

// Time

// The time in milliseconds; it wraps around.
uint32_t umqtt_now(void);

// The longest time limit, in milliseconds: half of what the clock counts. What is longer is none.
#define UMQTT_MILLISECONDS_MAX (0x7fffffff)

// So many milliseconds as a number of seconds, for settimeout(). Allocates, unless they are whole seconds.
mp_obj_t umqtt_seconds(uint32_t milliseconds);

// A number of seconds in milliseconds; 0 when it is not positive, or too long for a limit. Raises TypeError.
uint32_t umqtt_milliseconds(mp_obj_t seconds);

// Modules

// The module of that name, imported if need be. Raises ImportError.
mp_obj_t umqtt_import(qstr name);

#endif // MICROPY_INCLUDED_UMQTT_H
