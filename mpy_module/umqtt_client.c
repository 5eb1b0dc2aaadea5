// The class MQTTClient: its methods, and the loop that does what the engine says.
//
// It is a class of MicroPython's with native methods, so it can be subclassed, its attributes are ordinary ones, and
// methods that call methods reach the overriding ones. What must be remembered of a connection is in the instance's
// native part, of the type Session, on which the class is based.

#include "umqtt.h"

// Packets that are read as a whole, those whose length is one byte, have at most so many bytes.
#define SMALL_PACKET_MAX (2 + 127)
// They pass through a buffer of this size, in whole words, and so do bytes that belong into no object.
#define SMALL_BUFFER_SIZE ((SMALL_PACKET_MAX + 3) / 4 * 4)
#if SMALL_BUFFER_SIZE < UMQTT_HEADER_MAX
#error SMALL_BUFFER_SIZE must hold what UMQTT_TO_HEADER asks for
#endif

#define IS_PUBLISH(packet) (((packet) & 0xf0) == 0x30)
#define FIRST_BYTE(packet) ((packet) & 0xff)
#define HAS_QOS(packet) (((packet) & 0x06) != 0)

// One call of one method, while it lasts.
typedef struct _umqtt_call_t {
    mp_obj_t self;
    umqtt_session_obj_t *session;
    size_t wanted; // bytes of heap that were asked for last
    const byte *ahead; // bytes of the packet that were read before the engine has asked for them
    size_t ahead_len;
    // Words, which the ESP8266 reads sooner than bytes.
    uint32_t plain; // whether the instance is one of the class MQTTClient itself
    uint32_t slots; // which strings there are, a bit for each
    uint32_t timed; // whether there is a time limit or a keep alive interval, or there will be
    uint32_t reading; // whether the socket may have been made non-blocking; it must wait again once the bytes are there
    uint32_t waits; // whether the operation is a wait that has not begun
    uint32_t polled; // whether the socket has something, but waits for more unless it is told not to
    const byte *packet; // where the message is that is to be delivered, as a whole packet; NULL for elsewhere
    size_t packet_len;
    umqtt_held_t *held; // the message that is to be delivered from among those held; NULL for the one that has arrived
    umqtt_operation_t operation;
    mp_obj_t objects[UMQTT_STRINGS]; // what the strings are the bytes of, where there are some
    umqtt_strings_t strings;
} umqtt_call_t;

// Session

// Of memory that holds zeros.
static void session_init(umqtt_session_obj_t *self) {
    self->timeout = mp_const_none;
    umqtt_socket_adopt(self, mp_const_none);
    umqtt_session_init(&self->engine);
}

static mp_obj_t umqtt_session_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    // The arguments are those of the class, whose business they are.
    (void)n_args;
    (void)n_kw;
    (void)args;
    umqtt_session_obj_t *self = m_new0(umqtt_session_obj_t, 1);
    self->base.type = type;
    session_init(self);
    return MP_OBJ_FROM_PTR(self);
}

MP_DEFINE_CONST_OBJ_TYPE(
    umqtt_type_session,
    MP_QSTR_Session,
    MP_TYPE_FLAG_NONE,
    make_new, umqtt_session_make_new
    );

// Whether it is the class MQTTClient itself, and not one that is derived from it. In a firmware nobody can change its
// methods, and it is the one class that has no place for an iterator (umqtt_new_client_type()).
static inline MP_ALWAYSINLINE bool is_client_type(const mp_obj_type_t *type) {
    #if MICROPY_ENABLE_DYNRUNTIME
    (void)type;
    return false;
    #else
    return umqtt_is_instance_type(type) && UMQTT_TYPE_FIELD(type, slot_index_iter) == 0;
    #endif
}

static inline MP_ALWAYSINLINE bool is_client(mp_obj_t self) {
    return mp_obj_is_obj(self) && is_client_type(((mp_obj_base_t *)MP_OBJ_TO_PTR(self))->type);
}

static void require_client(mp_obj_t self) {
    const mp_obj_type_t *type = mp_obj_get_type(self);
    if (!umqtt_is_instance_type(type)
        || !mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(type), MP_OBJ_FROM_PTR(&umqtt_type_session))) {
        mp_raise_TypeError(MP_ERROR_TEXT("self must be an MQTTClient"));
    }
}

#if !MICROPY_ENABLE_DYNRUNTIME
// An instance of the class MQTTClient itself: its native part lies within it, and None where MicroPython would look for it.
typedef struct _umqtt_client_obj_t {
    mp_obj_base_t base;
    mp_map_t members;
    umqtt_session_obj_t session;
} umqtt_client_obj_t;
#endif

// The native part of an instance; NULL when it was not made yet.
static inline MP_ALWAYSINLINE umqtt_session_obj_t *find_native_part(mp_obj_t self_in) {
    mp_obj_t *part = ((mp_obj_instance_t *)MP_OBJ_TO_PTR(self_in))->subobj;
    #if !MICROPY_ENABLE_DYNRUNTIME
    if (*part == mp_const_none) {
        return &((umqtt_client_obj_t *)MP_OBJ_TO_PTR(self_in))->session;
    }
    #endif
    return mp_obj_is_exact_type(*part, &umqtt_type_session) ? MP_OBJ_TO_PTR(*part) : NULL;
}

static umqtt_session_obj_t *get_session(mp_obj_t self_in) {
    require_client(self_in);
    umqtt_session_obj_t *session = find_native_part(self_in);
    if (session == NULL) {
        // Nobody has called __init__() yet.
        mp_obj_t part = umqtt_session_make_new(&umqtt_type_session, 0, 0, NULL);
        ((mp_obj_instance_t *)MP_OBJ_TO_PTR(self_in))->subobj[0] = part;
        session = MP_OBJ_TO_PTR(part);
    }
    return session;
}

// Attributes

// The names of the instance's own attributes, by umqtt_own_t.
static const qstr own_names[] = {
    [UMQTT_OWN_SOCK] = MP_QSTR_sock,
    [UMQTT_OWN_CB] = MP_QSTR_cb,
    [UMQTT_OWN_PID] = MP_QSTR_pid,
    [UMQTT_OWN_CLIENT_ID] = MP_QSTR_client_id,
    [UMQTT_OWN_SERVER] = MP_QSTR_server,
    [UMQTT_OWN_PORT] = MP_QSTR_port,
};

// Among the members of an instance, which MicroPython keeps in a table; NULL where it has none of that name. So few are found
// sooner one by one than by their hashes: the ESP8266 has no instruction for the division.
static mp_map_elem_t *search_members(mp_obj_instance_t *self, qstr name) {
    mp_obj_t key = MP_OBJ_NEW_QSTR(name);
    mp_map_elem_t *elem = self->members.table;
    for (const mp_map_elem_t *end = elem + self->members.alloc; elem != end; elem++) {
        if (elem->key == key) {
            return elem;
        }
    }
    return NULL;
}

static MP_NOINLINE mp_obj_t search_own(mp_obj_t self_in, const umqtt_session_obj_t *session, umqtt_own_t own) {
    qstr name = own_names[own];
    if (session->has_own) {
        const mp_map_elem_t *elem = search_members(MP_OBJ_TO_PTR(self_in), name);
        mp_obj_t value = elem != NULL ? elem->value : session->own[own];
        if (value != MP_OBJ_NULL) {
            return value;
        }
    }
    return mp_load_attr(self_in, name);
}

// One of the instance's own attributes: where it usually is, without a search.
static inline MP_ALWAYSINLINE mp_obj_t load_own(mp_obj_t self_in, const umqtt_session_obj_t *session, umqtt_own_t own) {
    const mp_obj_instance_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t value = session->own[own];
    bool is_there = value != MP_OBJ_NULL && session->has_own && self->members.alloc == 0;
    return is_there ? value : search_own(self_in, session, own);
}

// Stores one of the instance's own attributes. Runs Python code only without has_own.
static void store_own(mp_obj_t self_in, umqtt_session_obj_t *session, umqtt_own_t own, mp_obj_t value) {
    qstr name = own_names[own];
    if (session->has_own && search_members(MP_OBJ_TO_PTR(self_in), name) == NULL) {
        session->own[own] = value;
    } else {
        mp_store_attr(self_in, name, value);
    }
}

// The connection

// Where the last message that was held is.
static inline MP_ALWAYSINLINE umqtt_held_t **last_held(umqtt_session_obj_t *session) {
    return session->has_kept ? &session->kept->last_held : &session->last_held;
}

// The message that was held first; NULL for none.
static umqtt_held_t *first_held(umqtt_session_obj_t *session) {
    umqtt_held_t *last = *last_held(session);
    return last == NULL ? NULL : last->next;
}

static void remove_first_held(umqtt_session_obj_t *session) {
    umqtt_held_t **last = last_held(session);
    umqtt_held_t *first = (*last)->next;
    if (first == *last) {
        *last = NULL;
    } else {
        (*last)->next = first->next;
    }
}

// Forgets what belongs to a connection that is gone. Messages that were held are as if they had not been read.
static void forget_arrived(umqtt_session_obj_t *session) {
    session->topic = session->message = NULL;
    session->chunks = false;
    *last_held(session) = NULL;
    session->has_header = false;
}

static void close_connection(umqtt_session_obj_t *session) {
    if (session->closed || session->sock == mp_const_none) {
        return;
    }
    session->closed = true;
    umqtt_session_lost(&session->engine);
    forget_arrived(session);
    umqtt_socket_close(session->sock);
}

// Has the session describe another socket, of which nothing is known but that it is connected; or None.
static void replace_sock(umqtt_session_obj_t *session, mp_obj_t sock) {
    umqtt_socket_adopt(session, sock);
    session->timeout = mp_const_none;
    session->closed = false;
    session->delivering_chunk = false;
    session->checking = false;
    umqtt_session_replaced(&session->engine);
    forget_arrived(session);
}

// Makes sure that the session describes the socket in self.sock, which the user may have replaced.
static void require_connection(mp_obj_t self, umqtt_session_obj_t *session) {
    mp_obj_t sock = load_own(self, session, UMQTT_OWN_SOCK);
    if (sock == mp_const_none || (sock == session->sock && session->closed)) {
        mp_raise_OSError(MP_ENOTCONN);
    }
    if (sock != session->sock) {
        replace_sock(session, sock);
    }
}

// Exceptions

static NORETURN void raise_code(mp_int_t code) {
    mp_raise_type_arg(&umqtt_type_exception, MP_OBJ_NEW_SMALL_INT(code));
}

static NORETURN void raise_assertion(void) {
    mp_raise_type(&mp_type_AssertionError);
}

static NORETURN void raise_error(umqtt_error_t error, mp_int_t value) {
    switch (error) {
        case UMQTT_PEER_CLOSED:
            mp_raise_OSError(-1);
        case UMQTT_MALFORMED:
            raise_code(-1);
        case UMQTT_CONNECT_REFUSED:
            raise_code(value);
        case UMQTT_SUBSCRIBE_REFUSED:
            raise_code(0x80);
        case UMQTT_DESYNCHRONISED:
            mp_raise_OSError(MP_ECONNABORTED);
        case UMQTT_TIMED_OUT:
        case UMQTT_BROKER_SILENT:
            mp_raise_OSError(MP_ETIMEDOUT);
        case UMQTT_TOO_MANY_IN_FLIGHT:
            mp_raise_OSError(MP_EBUSY);
        case UMQTT_TOO_MANY_UNRELEASED:
            mp_raise_OSError(MP_ENOBUFS);
        case UMQTT_EMPTY_TOPIC:
            mp_raise_ValueError(MP_ERROR_TEXT("topic must not be empty"));
        case UMQTT_WILDCARD_IN_TOPIC:
            mp_raise_ValueError(MP_ERROR_TEXT("can't publish to a topic with + or #"));
        case UMQTT_MISPLACED_WILDCARD:
            mp_raise_ValueError(MP_ERROR_TEXT("+ and # must fill a whole topic level, # the last"));
        case UMQTT_ILL_FORMED_TEXT:
            mp_raise_ValueError(MP_ERROR_TEXT("text must be UTF-8 without NUL"));
        case UMQTT_FIELD_TOO_LONG:
            mp_raise_ValueError(MP_ERROR_TEXT("text must not exceed 65535 bytes"));
        case UMQTT_PACKET_TOO_LONG:
            mp_raise_ValueError(MP_ERROR_TEXT("message must not exceed 268435455 bytes with its topic"));
        #ifndef UMQTT_QOS2
        case UMQTT_QOS_2_MISSING:
            mp_raise_ValueError(MP_ERROR_TEXT("this firmware is built without QoS 2"));
        #endif
        case UMQTT_CLIENT_ID_MISSING:
            mp_raise_ValueError(MP_ERROR_TEXT("client_id must not be empty with clean_session=False"));
        case UMQTT_NOT_CONNECTED:
        default:
            mp_raise_OSError(MP_ENOTCONN);
    }
}

static inline MP_ALWAYSINLINE void raise_if(umqtt_error_t error) {
    if (error != UMQTT_OK) {
        raise_error(error, 0);
    }
}

// Calls

static void call_init(umqtt_call_t *call, mp_obj_t self) {
    call->self = self;
    call->plain = is_client(self);
    umqtt_session_obj_t *session = call->plain ? find_native_part(self) : NULL;
    call->session = session != NULL ? session : get_session(self);
    call->timed = call->session->timeout != mp_const_none;
    call->reading = call->waits = call->polled = false;
    call->held = NULL;
    call->packet = NULL;
    call->ahead_len = 0;
    call->slots = 0;
}

// The time in milliseconds; 0 where no time matters, for on the ESP8266 it costs some hundred instructions.
static inline MP_ALWAYSINLINE uint32_t call_now(const umqtt_call_t *call) {
    return call->timed ? umqtt_now() : 0;
}

// Raises TypeError for what has no bytes, as len() does for what has no length.
static void set_string(umqtt_call_t *call, umqtt_slot_t slot, mp_obj_t object) {
    mp_buffer_info_t info;
    if (mp_obj_is_exact_type(object, &mp_type_bytes)) {
        // The same at once.
        const mp_obj_str_t *bytes = MP_OBJ_TO_PTR(object);
        info.buf = (void *)bytes->data;
        info.len = bytes->len;
    } else if (!mp_get_buffer(object, &info, MP_BUFFER_READ)) {
        mp_obj_len(object);
        mp_get_buffer_raise(object, &info, MP_BUFFER_READ);
    }
    call->slots |= 1 << slot;
    call->objects[slot] = object;
    // An empty buffer may be nowhere, but a string that is nowhere is none.
    call->strings.slot[slot].bytes = info.len == 0 ? (const uint8_t *)"" : info.buf;
    call->strings.slot[slot].len = info.len;
}

// Finds the bytes again, after Python code has run.
static void refresh_strings(umqtt_call_t *call) {
    for (size_t i = 0; i < UMQTT_STRINGS; i++) {
        if (call->slots & 1 << i) {
            size_t len = call->strings.slot[i].len;
            set_string(call, i, call->objects[i]);
            if (call->strings.slot[i].len != len) {
                mp_raise_ValueError(MP_ERROR_TEXT("buffer changed size"));
            }
        }
    }
}

// The engine

// Leaves up to three bytes of the message that ends a packet to the next write, which then begins at a word: lwIP copies that
// quickly.
static void align_rest(const umqtt_call_t *call, umqtt_chunk_t *chunk) {
    if (chunk->len < chunk->packet_size && (call->slots & 1 << UMQTT_MESSAGE)) {
        const umqtt_string_t *message = &call->strings.slot[UMQTT_MESSAGE];
        size_t until_message = chunk->packet_size - message->len;
        if (chunk->len >= until_message + 4) {
            chunk->len -= (uintptr_t)(message->bytes + chunk->len - until_message) % 4;
        }
    }
}

// Writes the packet of the operation, whose first bytes are those of the chunk. The scratch buffer is for all later ones.
static void write_packet(umqtt_call_t *call, umqtt_chunk_t *chunk, byte *scratch) {
    umqtt_session_obj_t *session = call->session;
    uint32_t since = call_now(call); // when the socket last took something
    bool blocking = false; // it was made to wait since then
    align_rest(call, chunk);
    for (size_t position = 0;;) {
        mp_obj_t sock = session->sock;
        mp_int_t written = umqtt_socket_write(session, chunk->bytes, chunk->len);
        if (session->sock != sock || session->closed) {
            // Writing has run Python code that has connected anew or closed: the rest of the packet belongs nowhere.
            mp_raise_OSError(MP_ENOTCONN);
        }
        if (written > 0) {
            position += written;
            if (position >= chunk->packet_size) {
                return;
            }
            since = call_now(call);
            blocking = false;
        } else if (written == UMQTT_SOCKET_TIMED_OUT) {
            if (call_now(call) - since >= umqtt_session_write_limit(&session->engine)) {
                mp_raise_OSError(MP_ETIMEDOUT);
            }
        } else if (!blocking) {
            umqtt_socket_set_blocking(session);
            blocking = true;
        } else {
            mp_raise_OSError(MP_ETIMEDOUT);
        }
        // Writing may have run Python code, which may have moved the bytes.
        refresh_strings(call);
        umqtt_chunk(&call->operation, position, &call->strings, scratch, UMQTT_SCRATCH_SIZE, chunk);
    }
}

// The scratch buffer is to be on the stack only while this writes.
static MP_NOINLINE void send_packet(umqtt_call_t *call) {
    byte scratch[UMQTT_SCRATCH_SIZE];
    umqtt_chunk_t chunk;
    umqtt_chunk(&call->operation, 0, &call->strings, scratch, sizeof(scratch), &chunk);
    write_packet(call, &chunk, scratch);
}

// What the engine is told when reading has given this instead of bytes.
static umqtt_event_kind_t silence(mp_int_t count) {
    return count == UMQTT_SOCKET_TIMED_OUT ? UMQTT_WAITED_IN_VAIN : UMQTT_WOULD_BLOCK;
}

// Parts of a word in memory: its first two bytes; and what is left of it without so many bits of its beginning or its end, moved
// to where these were.
#if MP_ENDIANNESS_LITTLE
#define FIRST_TWO_BYTES(word) ((word) & 0xffff)
#define SECOND_BYTE(two_bytes) ((two_bytes) >> 8)
#define WORD_OF_TWO_BYTES(two_bytes) (two_bytes)
#define WITHOUT_FIRST_BITS(word, bits) ((word) >> (bits))
#define WITHOUT_LAST_BITS(word, bits) ((word) << (bits))
#else
#define FIRST_TWO_BYTES(word) ((word) >> 16)
#define SECOND_BYTE(two_bytes) ((two_bytes) & 0xff)
#define WORD_OF_TWO_BYTES(two_bytes) ((two_bytes) << 16)
#define WITHOUT_FIRST_BITS(word, bits) ((word) << (bits))
#define WITHOUT_LAST_BITS(word, bits) ((word) >> (bits))
#endif

// Copies bytes out of a small buffer. MicroPython's memcpy copies them one by one unless both ends begin at a word.
static void copy_from_small(byte *to, const byte *from, size_t len) {
    size_t first = (uintptr_t)from % 4 * 8;
    if (first != 0 && (uintptr_t)to % 4 == 0 && len >= 4) {
        const umqtt_word_t *words = (const umqtt_word_t *)(const void *)(from - first / 8);
        uint32_t word = *words++;
        from += len / 4 * 4;
        for (; len >= 4; len -= 4, to += 4) {
            uint32_t next = *words++;
            *(umqtt_word_t *)(void *)to = WITHOUT_FIRST_BITS(word, first) | WITHOUT_LAST_BITS(next, 32 - first);
            word = next;
        }
    }
    if (len != 0) {
        memcpy(to, from, len);
    }
}

// A bytes object whose bytes are to be filled in, in whole words; NULL when there is no memory. First the object, which is
// one block of the heap: MicroPython then looks for the other blocks from there on.
static mp_obj_str_t *new_unfilled(size_t len) {
    mp_obj_str_t *object = m_new_obj_maybe(mp_obj_str_t);
    byte *bytes = object == NULL ? NULL : m_new_maybe(byte, len / 4 * 4 + 4);
    if (bytes == NULL) {
        return NULL;
    }
    bytes[len] = '\0';
    object->base.type = &mp_type_bytes;
    object->hash = 0; // computed by whoever wants it, which takes longer than all the rest
    object->len = len;
    object->data = bytes;
    return object;
}

// The memory for an arriving topic or message; NULL when there is none. An object of the same size that was left when
// a read would have blocked serves again.
static byte *get_buffer(mp_obj_str_t **arriving, size_t len, size_t offset) {
    if (offset == 0 && (*arriving == NULL || (*arriving)->len != len)) {
        *arriving = new_unfilled(len);
    }
    return *arriving == NULL ? NULL : (byte *)(*arriving)->data;
}

static mp_obj_t take_bytes(mp_obj_str_t **arriving) {
    mp_obj_str_t *object = *arriving;
    *arriving = NULL;
    return object == NULL ? mp_const_empty_bytes : MP_OBJ_FROM_PTR(object);
}

// A bytes object with a copy of these bytes, which lie in a small buffer.
static mp_obj_t new_bytes(const byte *from, size_t len) {
    if (len == 0) {
        return mp_const_empty_bytes;
    }
    mp_obj_str_t *object = new_unfilled(len);
    if (object == NULL) {
        m_malloc_fail(len + 1);
    }
    copy_from_small((byte *)object->data, from, len);
    return MP_OBJ_FROM_PTR(object);
}

// For check_msg().
static void set_nonblocking(umqtt_session_obj_t *session) {
    umqtt_socket_set_nonblocking(session);
    session->checking = true;
}

// Reads once, as the action asks. Returns how many bytes, or why there are none.
static mp_int_t read_once(umqtt_call_t *call, const umqtt_action_t *action, byte *bytes, size_t wanted) {
    umqtt_session_obj_t *session = call->session;
    if (call->polled) {
        call->polled = false;
        set_nonblocking(session);
        call->reading = true;
    }
    uint32_t limit = session->checking ? 0 : umqtt_limit(&call->operation, &session->engine);
    if (limit != 0) {
        umqtt_socket_set_limit(session, limit);
        call->reading = true;
    }
    mp_int_t count = umqtt_socket_read(session, bytes, wanted);
    if (count > (mp_int_t)wanted) {
        // More than was asked for: what follows would be read out of step.
        close_connection(session);
        mp_raise_OSError(MP_EIO);
    }
    return count;
}

// The buffer that the message is to be delivered in, chunk by chunk: messages that are larger than it are.
static bool has_chunk_buffer(umqtt_call_t *call, const umqtt_action_t *action, mp_buffer_info_t *buffer) {
    if (!call->session->in_chunks || action->target != UMQTT_TO_MESSAGE || call->session->message != NULL) {
        return false;
    }
    mp_obj_t object = mp_load_attr(call->self, MP_QSTR_chunk_buffer);
    if (object == mp_const_none) {
        return false;
    }
    mp_get_buffer_raise(object, buffer, MP_BUFFER_RW);
    return buffer->len > 0 && action->len > buffer->len;
}

// A chunk of a message: its bytes from start to end are in the buffer.
typedef struct _umqtt_delivery_t {
    umqtt_call_t *call;
    size_t start;
    size_t end;
    size_t size; // of the whole message
    size_t buffer_len;
} umqtt_delivery_t;

// Whether the message that has arrived was delivered in chunks. Then nothing is left of it.
static bool take_chunks(umqtt_session_obj_t *session) {
    if (!session->chunks) {
        return false;
    }
    session->chunks = false;
    session->topic = NULL;
    return true;
}

static void call_chunk_callback(void *delivery_in) {
    const umqtt_delivery_t *delivery = delivery_in;
    umqtt_call_t *call = delivery->call;
    umqtt_session_obj_t *session = call->session;
    session->chunks = true;
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(mp_load_attr(call->self, MP_QSTR_chunk_buffer), &buffer, MP_BUFFER_RW);
    if (buffer.len != delivery->buffer_len) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffer changed size"));
    }
    mp_obj_t args[] = {
        MP_OBJ_FROM_PTR(session->topic),
        mp_obj_new_memoryview('B', delivery->end - delivery->start, buffer.buf),
        mp_obj_new_int_from_uint(delivery->start),
        mp_obj_new_int_from_uint(delivery->size),
    };
    session->delivering_chunk = true;
    mp_call_function_n_kw(mp_load_attr(call->self, MP_QSTR_chunk_cb), MP_ARRAY_SIZE(args), 0, args);
}

// Gives f(topic, chunk, offset, size) the bytes up to end, when they fill the buffer or end the message. Should it
// raise, the message is given up.
static void deliver_chunk(umqtt_call_t *call, const umqtt_action_t *action, size_t count, size_t buffer_len) {
    umqtt_session_obj_t *session = call->session;
    size_t end = action->offset + count;
    if (end % buffer_len != 0 && end != action->len) {
        return;
    }
    umqtt_delivery_t delivery = { call, (end - 1) / buffer_len * buffer_len, end, action->len, buffer_len };
    mp_obj_t exception = umqtt_try(call_chunk_callback, &delivery);
    session->delivering_chunk = false;
    if (exception != MP_OBJ_NULL) {
        session->callback_raised = true;
        take_chunks(session);
        umqtt_session_give_up_message(&session->engine, count + call->ahead_len);
        umqtt_raise_again(exception);
    }
}

// Reads once what the engine wants, and fills in the event that tells of it.
static void receive(umqtt_call_t *call, const umqtt_action_t *action, byte *small, umqtt_event_t *event) {
    umqtt_session_obj_t *session = call->session;
    size_t wanted = action->len - action->offset;
    byte *start = small;
    byte *to = small;
    mp_buffer_info_t chunk;
    bool in_chunks = has_chunk_buffer(call, action, &chunk);
    if (in_chunks) {
        size_t filled = action->offset % chunk.len;
        to = (byte *)chunk.buf + filled;
        wanted = MIN(wanted, chunk.len - filled);
    } else if (action->target == UMQTT_TO_TOPIC || action->target == UMQTT_TO_MESSAGE) {
        mp_obj_str_t **arriving = &session->message;
        if (action->target == UMQTT_TO_TOPIC) {
            arriving = &session->topic;
            if (session->has_last_topic) {
                session->has_last_topic = false;
                session->topic = NULL;
            }
        }
        start = get_buffer(arriving, action->len, action->offset);
        call->wanted = action->len + 1;
        if (start == NULL) {
            event->kind = UMQTT_NO_MEMORY;
            return;
        }
        to = start + action->offset;
    } else {
        wanted = MIN(wanted, SMALL_BUFFER_SIZE);
    }
    mp_int_t count = 0;
    if (session->has_header) {
        session->has_header = false;
        *(umqtt_word_t *)(void *)small = WORD_OF_TWO_BYTES(session->header);
        call->ahead = small;
        call->ahead_len = 2;
    }
    if (call->ahead_len == 0) {
        // Nothing of the next packet is read, and the engine will ask for all of this one.
        bool reads_ahead = wanted < SMALL_BUFFER_SIZE && session->is_native;
        count = reads_ahead ? read_once(call, action, small, MIN(action->rest - action->offset, SMALL_BUFFER_SIZE))
            : read_once(call, action, to, wanted);
        if (reads_ahead) {
            call->ahead = small;
            call->ahead_len = MAX(count, 0);
        }
    }
    if (call->ahead_len != 0) {
        count = MIN(wanted, call->ahead_len);
        if (to == small) {
            start = (byte *)call->ahead;
        } else {
            copy_from_small(to, call->ahead, count);
        }
        call->ahead += count;
        call->ahead_len -= count;
    }
    if (count < 0) {
        event->kind = silence(count);
        return;
    }
    if (in_chunks && count != 0) {
        deliver_chunk(call, action, count, chunk.len);
    }
    event->kind = UMQTT_RECEIVED;
    event->count = count;
    event->shown.bytes = start;
    event->shown.len = count + (action->target == UMQTT_TO_TOPIC ? action->offset : 0);
}

// Whether the bytes of an object that new_bytes() has made are these, which begin at a word of a small buffer. Both
// are in whole words.
static bool is_equal(const mp_obj_str_t *other, const byte *bytes, size_t len) {
    if (other->len != len) {
        return false;
    }
    const umqtt_word_t *words = (const umqtt_word_t *)(const void *)bytes;
    const umqtt_word_t *other_words = (const umqtt_word_t *)(const void *)other->data;
    for (; len >= 4; len -= 4) {
        if (*words++ != *other_words++) {
            return false;
        }
    }
    return len == 0 || WITHOUT_LAST_BITS(*words ^ *other_words, 32 - 8 * len) == 0;
}

// The topic of a small message. Those that come one after the other often have the same, which cannot be changed, and so can
// be given again.
static mp_obj_t take_topic(umqtt_session_obj_t *session, const byte *bytes, size_t len) {
    if (!session->has_last_topic || session->topic == NULL || !is_equal(session->topic, bytes, len)) {
        session->topic = MP_OBJ_TO_PTR(new_bytes(bytes, len));
        session->has_last_topic = true;
    }
    return MP_OBJ_FROM_PTR(session->topic);
}

// The message that has arrived: the objects that the callback gets.
static void take_message(umqtt_call_t *call, mp_obj_t *topic, mp_obj_t *message) {
    umqtt_session_obj_t *session = call->session;
    const byte *packet = call->packet;
    if (packet != NULL) {
        const umqtt_action_t *action = &call->operation.action;
        *topic = take_topic(session, packet + 4, action->topic_len);
        *message = new_bytes(packet + action->message, call->packet_len - action->message);
        call->packet = NULL;
    } else {
        *message = take_bytes(&session->message);
        *topic = take_bytes(&session->topic);
    }
}

static void call_callback(void *call_in) {
    umqtt_call_t *call = call_in;
    umqtt_session_obj_t *session = call->session;
    mp_obj_t message, topic;
    if (call->held == NULL) {
        take_message(call, &topic, &message);
    } else if (call->held == first_held(session)) {
        message = call->held->message;
        topic = call->held->topic;
        remove_first_held(session);
    } else {
        // Writing has run Python code that has delivered it.
        mp_raise_OSError(MP_ENOTCONN);
    }
    session->in_callback = true;
    session->holding = false;
    mp_call_function_2(load_own(call->self, session, UMQTT_OWN_CB), topic, message);
}

static void deliver(umqtt_call_t *call) {
    umqtt_session_obj_t *session = call->session;
    if (take_chunks(session)) {
        return;
    }
    bool in_callback = session->in_callback;
    bool holding = session->holding;
    mp_obj_t exception = umqtt_try(call_callback, call);
    session->in_callback = in_callback;
    session->holding = holding;
    if (exception != MP_OBJ_NULL) {
        session->callback_raised = true;
        umqtt_abandon(&call->operation, &session->engine);
        umqtt_raise_again(exception);
    }
}

// Keeps the message that has arrived until the callback that has another one in hand has returned. Returns the event that
// tells of it.
static umqtt_event_kind_t hold(umqtt_call_t *call, const umqtt_action_t *action) {
    umqtt_session_obj_t *session = call->session;
    umqtt_held_t *held = m_new0(umqtt_held_t, 1);
    held->held = action->value;
    umqtt_event_kind_t event = UMQTT_HELD;
    if (take_chunks(session)) {
        held->held |= UMQTT_ONLY_TO_ACKNOWLEDGE;
        event = UMQTT_DELIVERED;
    }
    if (!(held->held & UMQTT_ONLY_TO_ACKNOWLEDGE)) {
        take_message(call, &held->topic, &held->message);
    }
    umqtt_held_t **last = last_held(session);
    held->next = *last == NULL ? held : (*last)->next;
    if (*last != NULL) {
        (*last)->next = held;
    }
    *last = held;
    return event;
}

static mp_obj_t umqtt_client_wait_msg(const mp_obj_t *args);

// Whether nobody has overridden wait_msg(), in a class or in the instance.
static bool has_own_wait_msg(const umqtt_call_t *call) {
    return call->plain && search_members(MP_OBJ_TO_PTR(call->self), MP_QSTR_wait_msg) == NULL;
}

static mp_obj_t load_and_call_wait_msg(mp_obj_t self) {
    mp_obj_t dest[2];
    mp_load_method(self, MP_QSTR_wait_msg, dest);
    return mp_call_method_n_kw(0, 0, dest);
}

// Reads one packet as a whole, when nothing but a packet matters to the wait that begins, and the packet is a small one.
// Returns whether the first action was found by that. Otherwise the operation is to be started, and *count is what
// reading has given, as umqtt_socket_read returns it; 0 when nothing was read.
static bool take_small_packet(umqtt_call_t *call, byte *small, uint32_t now, mp_int_t *count) {
    umqtt_session_obj_t *session = call->session;
    *count = 0;
    if (session->holding || session->in_chunks || session->has_header || !session->is_native
        || !umqtt_session_take_quiet(&session->engine, now)) {
        return false;
    }
    *count = umqtt_socket_read(session, small, 2);
    if (*count != 2) {
        return false;
    }
    uint32_t header = FIRST_TWO_BYTES(*(umqtt_word_t *)(void *)small);
    size_t len = 2 + SECOND_BYTE(header);
    if (len > SMALL_PACKET_MAX) {
        return false;
    }
    if (len > 2) {
        // Should reading raise, the next wait goes on after these two bytes.
        session->header = header;
        session->has_header = true;
        bool has_rest = !call->polled || !umqtt_socket_is_idle(session);
        mp_int_t rest = has_rest ? umqtt_socket_read(session, small + 2, len - 2) : 0;
        session->has_header = false;
        *count += MAX(rest, 0);
        if (*count != (mp_int_t)len) {
            return false;
        }
    }
    call->packet = small;
    call->packet_len = len;
    umqtt_string_t packet = { small, len };
    umqtt_take(&call->operation, &session->engine, packet, now);
    return true;
}

// Does what the operation wants until it is over, beginning after that event. Returns the value that it gives: the packet that
// a wait has come across, 0 for none. Raises what it fails with, what the socket raises, and what the callback raises.
static uint32_t run(umqtt_call_t *call, umqtt_event_kind_t begins_after) {
    umqtt_session_obj_t *session = call->session;
    byte small[SMALL_BUFFER_SIZE] __attribute__((aligned(4)));
    umqtt_event_t event;
    event.kind = begins_after;
    event.now = call_now(call);
    const umqtt_action_t *action = &call->operation.action;
    mp_int_t count = 0;
    if (!(call->waits && take_small_packet(call, small, event.now, &count))) {
        if (call->waits) {
            umqtt_wait(&call->operation, session->holding);
        }
        umqtt_step(&call->operation, &session->engine, &event);
        if (count > 0) {
            call->ahead = small;
            call->ahead_len = count;
        } else if (count < 0) {
            event.kind = silence(count);
            event.now = call_now(call);
            umqtt_step(&call->operation, &session->engine, &event);
        }
    }
    call->waits = false;
    for (;; umqtt_step(&call->operation, &session->engine, &event)) {
        if (call->reading && action->kind != UMQTT_READ && !session->closed) {
            call->reading = false;
            session->checking = false;
            umqtt_socket_set_blocking(session);
        }
        switch (action->kind) {
            case UMQTT_SEND:
                send_packet(call);
                event.kind = UMQTT_SENT;
                break;
            case UMQTT_READ:
                receive(call, action, small, &event);
                break;
            case UMQTT_DELIVER:
                deliver(call);
                if (!HAS_QOS(action->value)) {
                    return action->value;
                }
                event.kind = UMQTT_DELIVERED;
                break;
            case UMQTT_HOLD:
                event.kind = hold(call, action);
                break;
            case UMQTT_WAIT:
                mp_handle_pending(true);
                session->holding = session->in_callback;
                if (has_own_wait_msg(call)) {
                    umqtt_client_wait_msg(&call->self);
                } else {
                    load_and_call_wait_msg(call->self);
                }
                event.kind = UMQTT_WAITED;
                break;
            case UMQTT_DONE:
                return action->value;
            default:
                if (action->kind == UMQTT_PEER_CLOSED || action->kind == UMQTT_MALFORMED
                    || action->kind == UMQTT_DESYNCHRONISED || action->kind == UMQTT_BROKER_SILENT
                    || action->kind == UMQTT_TOO_MANY_UNRELEASED) {
                    close_connection(session);
                }
                if (action->kind == UMQTT_OUT_OF_MEMORY) {
                    session->topic = session->message = NULL;
                    umqtt_session_give_up_message(&session->engine, call->ahead_len);
                    m_malloc_fail(call->wanted);
                }
                raise_error(action->kind, action->value);
        }
        event.now = call_now(call);
    }
}

static void try_run(void *call) {
    run(call, UMQTT_START);
}

// Delivers and acknowledges the message that was held first. Returns its packet, as run() does.
static uint32_t run_held(umqtt_call_t *call, umqtt_held_t *held) {
    call->held = held;
    umqtt_deliver_held(&call->operation, held->held);
    uint32_t packet = run(call, UMQTT_START);
    if (held == first_held(call->session)) {
        remove_first_held(call->session); // it was only to be acknowledged
    }
    return packet;
}

// Messages in flight

// The place of a message in flight; of none in flight when the identifier is 0; NULL when there is no such place.
static umqtt_kept_message_t *find_kept(umqtt_session_obj_t *session, uint32_t identifier) {
    for (size_t i = 0; session->has_kept && i < UMQTT_IN_FLIGHT_MAX; i++) {
        if (session->kept->messages[i].identifier == identifier) {
            return &session->kept->messages[i];
        }
    }
    return NULL;
}

// Lets go of the messages that are in flight no more.
static MP_NOINLINE void release_among_kept(umqtt_session_obj_t *session) {
    for (size_t i = 0; i < UMQTT_IN_FLIGHT_MAX; i++) {
        umqtt_kept_message_t *kept = &session->kept->messages[i];
        if (kept->identifier != 0 && !umqtt_session_holds(&session->engine, kept->identifier)) {
            *kept = (umqtt_kept_message_t) { 0, MP_OBJ_NULL, MP_OBJ_NULL };
        }
    }
}

static inline MP_ALWAYSINLINE void release_kept(umqtt_session_obj_t *session) {
    if (session->has_kept) {
        release_among_kept(session);
    }
}

// Waits until another exchange can be opened, if too many messages are in flight.
static void make_room(umqtt_call_t *call) {
    if (umqtt_session_has_room(&call->session->engine)) {
        return;
    }
    raise_if(umqtt_make_room(&call->operation, &call->session->engine));
    bool holding = call->session->holding;
    mp_obj_t exception = umqtt_try(try_run, call);
    call->session->holding = holding;
    if (exception != MP_OBJ_NULL) {
        umqtt_abandon(&call->operation, &call->session->engine);
        umqtt_raise_again(exception);
    }
    release_kept(call->session);
    require_connection(call->self, call->session);
    refresh_strings(call);
}

// The packet identifier for the next exchange, once there is room for one. self.pid is the last one that was used.
static uint32_t next_identifier(umqtt_call_t *call) {
    make_room(call);
    mp_int_t last = mp_obj_get_int(load_own(call->self, call->session, UMQTT_OWN_PID));
    return umqtt_session_next_identifier(&call->session->engine, last);
}

// What cannot change: the object itself, or a copy of its bytes.
static mp_obj_t immutable(mp_obj_t object) {
    if (mp_obj_is_str_or_bytes(object)) {
        return object;
    }
    mp_buffer_info_t info;
    mp_get_buffer_raise(object, &info, MP_BUFFER_READ);
    return mp_obj_new_bytes(info.buf, info.len);
}

static void make_immutable(void *kept_in) {
    umqtt_kept_message_t *kept = kept_in;
    kept->topic = immutable(kept->topic);
    kept->message = immutable(kept->message);
}

// The call that has published a message ends without its acknowledgement. Its caller may do what it likes with the
// topic and the message then, so what is to be sent again must not be what the caller can change.
static void keep_in_flight(umqtt_session_obj_t *session, uint32_t identifier) {
    umqtt_kept_message_t *kept = find_kept(session, identifier);
    if (kept == NULL) {
        return;
    }
    if (umqtt_try(make_immutable, kept) != MP_OBJ_NULL) {
        umqtt_session_forget(&session->engine, identifier);
    }
    release_kept(session);
}

static bool same_bytes(mp_obj_t object, const umqtt_string_t *string) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(object, &info, MP_BUFFER_READ);
    return info.len == string->len && (info.len == 0 || memcmp(info.buf, string->bytes, info.len) == 0);
}

// Goes on with the message in flight that is being published again. Returns its identifier, 0 when there is none.
static uint32_t resume(umqtt_call_t *call, mp_uint_t qos, bool retain) {
    umqtt_session_obj_t *session = call->session;
    for (size_t i = 0; session->has_kept && i < UMQTT_IN_FLIGHT_MAX; i++) {
        const umqtt_kept_message_t *kept = &session->kept->messages[i];
        if (kept->identifier != 0 && same_bytes(kept->topic, &call->strings.slot[UMQTT_TOPIC])
            && same_bytes(kept->message, &call->strings.slot[UMQTT_MESSAGE])
            && umqtt_resume(&call->operation, &session->engine, qos, retain, kept->identifier)) {
            return kept->identifier;
        }
    }
    return 0;
}

// Sends again what is in flight, after the broker was found to have kept the session.
static void resend(umqtt_call_t *call) {
    umqtt_session_obj_t *session = call->session;
    for (size_t i = 0; i < UMQTT_IN_FLIGHT_MAX; i++) {
        uint32_t identifier = umqtt_resend(&call->operation, &session->engine, i);
        const umqtt_kept_message_t *kept = identifier == 0 ? NULL : find_kept(session, identifier);
        if (kept != NULL) {
            set_string(call, UMQTT_TOPIC, kept->topic);
            set_string(call, UMQTT_MESSAGE, kept->message);
            run(call, UMQTT_START);
        }
    }
}

// Whether an exception says that the connection failed, and not that the user's program did.
static bool is_failure_of_connection(mp_obj_t exception) {
    return mp_obj_exception_match(exception, MP_OBJ_FROM_PTR(&mp_type_OSError))
           || mp_obj_exception_match(exception, MP_OBJ_FROM_PTR(&umqtt_type_exception));
}

// Notes the packet identifier that is in use.
static void store_pid(const umqtt_call_t *call, uint32_t identifier) {
    store_own(call->self, call->session, UMQTT_OWN_PID, MP_OBJ_NEW_SMALL_INT(identifier));
}

// Begins to publish, and writes the packet, if that can be done at once. Returns what the operation goes on after.
// The scratch buffer is gone when the acknowledgement is awaited. The identifier is 0 at QoS 0.
static umqtt_event_kind_t begin_publish(umqtt_call_t *call, const umqtt_publish_t *publish, uint32_t identifier) {
    umqtt_session_obj_t *session = call->session;
    byte scratch[UMQTT_SCRATCH_SIZE];
    // Storing the identifier may run Python code, which must not come between beginning and writing.
    size_t scratch_len = identifier == 0 || session->has_own ? sizeof(scratch) : 0;
    umqtt_chunk_t chunk = { scratch, scratch_len, 0 };
    raise_if(umqtt_publish(&call->operation, &session->engine, &call->strings, publish, &chunk));
    if (identifier != 0) {
        // What this message has ended the claim of makes room for it.
        release_kept(session);
        umqtt_kept_message_t *place = umqtt_session_is_kept(&session->engine) ? find_kept(session, 0) : NULL;
        if (place != NULL) {
            *place = (umqtt_kept_message_t) {
                identifier, call->objects[UMQTT_TOPIC], call->objects[UMQTT_MESSAGE]
            };
        }
        store_pid(call, identifier);
    }
    if (chunk.len == 0) {
        return UMQTT_START;
    }
    write_packet(call, &chunk, scratch);
    return UMQTT_SENT;
}

typedef struct _umqtt_exchange_t {
    umqtt_call_t *call;
    uint32_t identifier;
    const umqtt_publish_t *publish; // what begins the operation; NULL when it has begun
} umqtt_exchange_t;

static void try_exchange(void *exchange_in) {
    const umqtt_exchange_t *exchange = exchange_in;
    umqtt_event_kind_t begins_after = UMQTT_START;
    if (exchange->publish != NULL) {
        begins_after = begin_publish(exchange->call, exchange->publish, exchange->identifier);
    } else {
        store_pid(exchange->call, exchange->identifier);
    }
    run(exchange->call, begins_after);
}

// Runs an operation that has opened an exchange, which ends when this does, unless it is a message to be kept. When the
// acknowledgement has come and the connection fails before the call has noticed, the call has succeeded all the same:
// its caller would do again what is done. The next call will find the connection as it is.
static mp_obj_t run_exchange(umqtt_call_t *call, uint32_t identifier, const umqtt_publish_t *publish) {
    umqtt_session_obj_t *session = call->session;
    session->callback_raised = false;
    bool holding = session->holding;
    umqtt_exchange_t exchange = { call, identifier, publish };
    mp_obj_t exception = umqtt_try(try_exchange, &exchange);
    session->holding = holding;
    if (exception != MP_OBJ_NULL) {
        bool has_ended_well = umqtt_abandon(&call->operation, &session->engine);
        keep_in_flight(session, identifier);
        if (!has_ended_well || session->callback_raised || !is_failure_of_connection(exception)) {
            umqtt_raise_again(exception);
        }
    }
    release_kept(session);
    return mp_const_none;
}

static mp_uint_t get_qos(mp_obj_t qos_in) {
    mp_uint_t qos = mp_obj_is_small_int(qos_in) ? MP_OBJ_SMALL_INT_VALUE(qos_in) : mp_obj_get_int(qos_in);
    if (qos > 2) {
        raise_assertion();
    }
    return qos;
}

// Methods

// Whether something special may become of what is stored in an instance: a property, or __setattr__().
static bool is_special(mp_obj_t self) {
    const mp_obj_base_t *object = MP_OBJ_TO_PTR(self);
    return UMQTT_TYPE_FIELD(object->type, flags) & MP_TYPE_FLAG_HAS_SPECIAL_ACCESSORS;
}

#if !MICROPY_ENABLE_DYNRUNTIME
// More attributes than this are found by their hashes.
#define SEARCHED_MEMBERS_MAX (16)

typedef void (*attr_fun_t)(mp_obj_t self, qstr name, mp_obj_t *dest);

static void umqtt_client_attr(mp_obj_t self, qstr name, mp_obj_t *dest);

// The class MQTTClient that this one is or is derived from; NULL when it is not found by going from base to base.
static const mp_obj_type_t *find_client_type(const mp_obj_type_t *type) {
    while (!is_client_type(type)) {
        if (UMQTT_TYPE_FIELD(type, slot_index_parent) == 0) {
            return NULL;
        }
        const mp_obj_base_t *parent = UMQTT_TYPE_SLOT(type, parent);
        if (parent->type != &mp_type_type) {
            return NULL;
        }
        type = (const mp_obj_type_t *)parent;
    }
    return type;
}

// Where the class MQTTClient keeps what MicroPython finds attributes with: behind its slots.
#define INSTANCE_ATTR (6)

// Has the attributes of a class's instances found by umqtt_client_attr, if it can.
static bool speed_up_attributes(const mp_obj_type_t *type) {
    if (find_client_type(type) == NULL) {
        return false;
    }
    UMQTT_TYPE_SLOT((mp_obj_type_t *)type, attr) = umqtt_client_attr;
    return true;
}

// The place of one of the instance's own attributes that is not among its members; NULL when it has none of that name.
static MP_NOINLINE mp_obj_t *find_own(mp_obj_t self_in, qstr name) {
    umqtt_session_obj_t *session = find_native_part(self_in);
    for (size_t i = 0; session != NULL && session->has_own && i < UMQTT_OWN_COUNT; i++) {
        if (own_names[i] == name && session->own[i] != MP_OBJ_NULL) {
            return &session->own[i];
        }
    }
    return NULL;
}

// Adds the instance's own attributes to a copy of its members, the __dict__ that MicroPython gives, which cannot be changed.
static void add_own(mp_obj_t self_in, mp_obj_t dict) {
    mp_map_t *map = mp_obj_dict_get_map(dict);
    map->is_fixed = false;
    for (size_t i = 0; i < UMQTT_OWN_COUNT; i++) {
        const mp_obj_t *place = find_own(self_in, own_names[i]);
        if (place != NULL && search_members(MP_OBJ_TO_PTR(self_in), own_names[i]) == NULL) {
            mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(own_names[i]), *place);
        }
    }
    map->is_fixed = true;
}

// Finds what is looked for most often at once: the instance's own attributes and, in the class MQTTClient itself, its methods.
static void umqtt_client_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    mp_obj_instance_t *self = MP_OBJ_TO_PTR(self_in);
    bool loads = dest[0] == MP_OBJ_NULL;
    mp_map_elem_t *elem = self->members.alloc <= SEARCHED_MEMBERS_MAX ? search_members(self, name)
        : mp_map_lookup(&self->members, MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP);
    if (elem == NULL && loads && is_client_type(self->base.type)) {
        // They come first in its table.
        const mp_map_elem_t *method = umqtt_client_dict.map.table;
        for (; mp_obj_is_exact_type(method->value, &umqtt_type_method); method++) {
            if (method->key == MP_OBJ_NEW_QSTR(name)) {
                dest[0] = method->value;
                dest[1] = self_in;
                return;
            }
        }
    }
    mp_obj_t *place = elem != NULL ? &elem->value : find_own(self_in, name);
    if (place != NULL && loads) {
        dest[0] = *place;
        return;
    }
    // Not the socket, for the one that is described has to stay noted: another one, or None, becomes a member. And MicroPython
    // takes members out of its table.
    bool replaces = elem == NULL ? name != MP_QSTR_sock : dest[1] != MP_OBJ_NULL;
    if (place != NULL && replaces && !is_special(self_in)) {
        *place = dest[1];
        dest[0] = MP_OBJ_NULL;
        return;
    }
    if (place != NULL && elem == NULL && dest[1] == MP_OBJ_NULL) {
        dest[1] = mp_const_none;
    }
    ((attr_fun_t)find_client_type(self->base.type)->slots[INSTANCE_ATTR])(self_in, name, dest);
    if (loads && name == MP_QSTR___dict__) {
        add_own(self_in, dest[0]);
    }
}
#endif

static bool has_value(mp_obj_t self, qstr name, mp_obj_t value) {
    mp_obj_t dest[2];
    mp_load_method_maybe(self, name, dest);
    return dest[0] == value && dest[1] == MP_OBJ_NULL;
}

static const mp_rom_map_elem_t no_ssl_params_table[] = {};
static MP_DEFINE_CONST_DICT(no_ssl_params, no_ssl_params_table);

// How many attributes of the class, from user on, the constructor stores in an instance where they are something else there:
// its last arguments, in their order, and the will.
#define CONSTRUCTED_ATTRS (9)

static mp_obj_t umqtt_client_init(const mp_obj_t *args) {
    enum { ARG_self, ARG_client_id, ARG_server, ARG_port, ARG_user, ARG_password, ARG_keepalive, ARG_ssl, ARG_ssl_params };
    mp_obj_t self = args[ARG_self];
    umqtt_session_obj_t *session = get_session(self);
    // Whatever goes on, if it is constructed anew, ends.
    replace_sock(session, mp_const_none);
    #if !MICROPY_ENABLE_DYNRUNTIME
    session->has_own = speed_up_attributes(mp_obj_get_type(self)) && !is_special(self);
    #endif
    mp_obj_t port = args[ARG_port];
    if (mp_obj_equal(port, MP_OBJ_NEW_SMALL_INT(0))) {
        port = MP_OBJ_NEW_SMALL_INT(mp_obj_is_true(args[ARG_ssl]) ? 8883 : 1883);
    }
    mp_obj_t own[] = {
        [UMQTT_OWN_SOCK] = mp_const_none,
        [UMQTT_OWN_CB] = mp_const_none,
        [UMQTT_OWN_PID] = MP_OBJ_NEW_SMALL_INT(0),
        [UMQTT_OWN_CLIENT_ID] = args[ARG_client_id],
        [UMQTT_OWN_SERVER] = args[ARG_server],
        [UMQTT_OWN_PORT] = port,
    };
    for (size_t i = 0; i < UMQTT_OWN_COUNT; i++) {
        store_own(self, session, i, own[i]);
    }
    // What the class has need not be stored, which takes no heap.
    const mp_rom_map_elem_t *constant = (const mp_rom_map_elem_t *)umqtt_client_dict.map.table;
    while (umqtt_rom_qstr(constant->key) != MP_QSTR_user) {
        constant++;
    }
    for (size_t arg = ARG_user; arg < ARG_user + CONSTRUCTED_ATTRS; arg++, constant++) {
        qstr name = umqtt_rom_qstr(constant->key);
        mp_obj_t value = arg <= ARG_ssl_params ? args[arg] : umqtt_rom_obj(constant->value);
        if (is_special(self) || !has_value(self, name, value)) {
            mp_store_attr(self, name, value);
        }
    }
    return mp_const_none;
}
UMQTT_DEFINE_METHOD(umqtt_client_init_obj, umqtt_client_init, MP_QSTR___init__, 3,
    UMQTT_PARAM(MP_QSTR_client_id, MP_ROM_NONE),
    UMQTT_PARAM(MP_QSTR_server, MP_ROM_NONE),
    UMQTT_PARAM(MP_QSTR_port, MP_ROM_INT(0)),
    UMQTT_PARAM(MP_QSTR_user, MP_ROM_NONE),
    UMQTT_PARAM(MP_QSTR_password, MP_ROM_NONE),
    UMQTT_PARAM(MP_QSTR_keepalive, MP_ROM_INT(0)),
    UMQTT_PARAM(MP_QSTR_ssl, MP_ROM_NONE),
    UMQTT_PARAM(MP_QSTR_ssl_params, MP_ROM_PTR(&no_ssl_params)));

static mp_obj_t umqtt_client_set_callback(const mp_obj_t *args) {
    mp_store_attr(args[0], MP_QSTR_cb, args[1]);
    return mp_const_none;
}
UMQTT_DEFINE_METHOD(umqtt_client_set_callback_obj, umqtt_client_set_callback, MP_QSTR_set_callback, 2,
    UMQTT_PARAM(MP_QSTR_f, MP_ROM_NONE));

static mp_obj_t umqtt_client_set_chunk_callback(const mp_obj_t *args) {
    mp_buffer_info_t info;
    if (args[2] != mp_const_none) {
        mp_get_buffer_raise(args[2], &info, MP_BUFFER_RW);
    }
    umqtt_session_obj_t *session = get_session(args[0]);
    mp_store_attr(args[0], MP_QSTR_chunk_cb, args[1]);
    mp_store_attr(args[0], MP_QSTR_chunk_buffer, args[2]);
    session->in_chunks = args[2] != mp_const_none;
    return mp_const_none;
}
UMQTT_DEFINE_METHOD(umqtt_client_set_chunk_callback_obj, umqtt_client_set_chunk_callback, MP_QSTR_set_chunk_callback, 3,
    UMQTT_PARAM(MP_QSTR_f, MP_ROM_NONE),
    UMQTT_PARAM(MP_QSTR_buffer, MP_ROM_NONE));

static mp_obj_t umqtt_client_set_last_will(const mp_obj_t *args) {
    enum { ARG_self, ARG_topic, ARG_msg, ARG_retain, ARG_qos };
    require_client(args[ARG_self]);
    get_qos(args[ARG_qos]);
    if (!mp_obj_is_true(args[ARG_topic])) {
        raise_assertion();
    }
    // The topic last: without it there is no will, should memory fail before.
    mp_store_attr(args[ARG_self], MP_QSTR_lw_msg, args[ARG_msg]);
    mp_store_attr(args[ARG_self], MP_QSTR_lw_qos, args[ARG_qos]);
    mp_store_attr(args[ARG_self], MP_QSTR_lw_retain, args[ARG_retain]);
    mp_store_attr(args[ARG_self], MP_QSTR_lw_topic, args[ARG_topic]);
    return mp_const_none;
}
UMQTT_DEFINE_METHOD(umqtt_client_set_last_will_obj, umqtt_client_set_last_will, MP_QSTR_set_last_will, 3,
    UMQTT_PARAM(MP_QSTR_topic, MP_ROM_NONE),
    UMQTT_PARAM(MP_QSTR_msg, MP_ROM_NONE),
    UMQTT_PARAM(MP_QSTR_retain, MP_ROM_FALSE),
    UMQTT_PARAM(MP_QSTR_qos, MP_ROM_INT(0)));

static void get_connect_options(umqtt_call_t *call, mp_obj_t clean_session, umqtt_connect_t *options) {
    mp_obj_t self = call->self;
    options->clean_session = mp_obj_is_true(clean_session);
    call->strings = (umqtt_strings_t) { { { NULL, 0 } } };
    set_string(call, UMQTT_CLIENT_ID, search_own(self, call->session, UMQTT_OWN_CLIENT_ID));
    mp_obj_t user = mp_load_attr(self, MP_QSTR_user);
    if (user != mp_const_none) {
        set_string(call, UMQTT_USER, user);
        mp_obj_t password = mp_load_attr(self, MP_QSTR_pswd);
        if (password != mp_const_none) {
            set_string(call, UMQTT_PASSWORD, password);
        }
    }
    mp_obj_t keepalive = mp_load_attr(self, MP_QSTR_keepalive);
    options->keep_alive = 0;
    if (mp_obj_is_true(keepalive)) {
        mp_int_t seconds = mp_obj_get_int(keepalive);
        if (seconds < 0 || seconds > 65535) {
            raise_assertion();
        }
        options->keep_alive = seconds;
    }
    mp_obj_t will_topic = mp_load_attr(self, MP_QSTR_lw_topic);
    options->has_will = mp_obj_is_true(will_topic);
    options->will_qos = 0;
    options->will_retain = false;
    if (options->has_will) {
        set_string(call, UMQTT_TOPIC, will_topic);
        set_string(call, UMQTT_MESSAGE, mp_load_attr(self, MP_QSTR_lw_msg));
        options->will_qos = get_qos(mp_load_attr(self, MP_QSTR_lw_qos));
        options->will_retain = mp_obj_is_true(mp_load_attr(self, MP_QSTR_lw_retain));
    }
}

// In milliseconds, for the engine; 0 for no limit.
static uint32_t get_time_limit(mp_obj_t timeout) {
    return timeout == mp_const_none ? 0 : umqtt_milliseconds(timeout);
}

// From no connection to an open one: socket, TLS, CONNECT and CONNACK.
static mp_obj_t open_connection(umqtt_call_t *call, const umqtt_connect_t *options) {
    mp_obj_t self = call->self;
    umqtt_session_obj_t *session = call->session;
    mp_obj_t server = search_own(self, session, UMQTT_OWN_SERVER);
    umqtt_socket_new(session);
    store_own(self, session, UMQTT_OWN_SOCK, session->sock);
    umqtt_socket_connect(session, server, search_own(self, session, UMQTT_OWN_PORT));
    mp_obj_t ssl = mp_load_attr(self, MP_QSTR_ssl);
    if (mp_obj_is_true(ssl)) {
        umqtt_socket_secure(session, ssl, mp_load_attr(self, MP_QSTR_ssl_params), server);
        store_own(self, session, UMQTT_OWN_SOCK, session->sock);
    }
    refresh_strings(call);
    forget_arrived(session);
    umqtt_session_begin(&session->engine, options->clean_session);
    raise_if(umqtt_connect(&call->operation, &call->strings, options));
    bool session_present = run(call, UMQTT_START);
    // From here on the keep alive interval counts too.
    if (options->keep_alive != 0) {
        session->timeout = umqtt_seconds(umqtt_session_patience(&session->engine));
        umqtt_socket_set_blocking(session);
    }
    release_kept(session);
    if (session_present) {
        resend(call);
    }
    return MP_OBJ_NEW_SMALL_INT(session_present);
}

typedef struct _umqtt_opening_t {
    umqtt_call_t *call;
    const umqtt_connect_t *options;
    mp_obj_t session_present;
} umqtt_opening_t;

static void try_open_connection(void *opening_in) {
    umqtt_opening_t *opening = opening_in;
    opening->session_present = open_connection(opening->call, opening->options);
}

static mp_obj_t umqtt_client_connect(const mp_obj_t *args) {
    enum { ARG_self, ARG_clean_session, ARG_timeout };
    mp_obj_t self = args[ARG_self];
    umqtt_call_t call;
    call_init(&call, self);
    call.timed = true;
    umqtt_session_obj_t *session = call.session;
    umqtt_connect_t options;
    get_connect_options(&call, args[ARG_clean_session], &options);
    uint32_t time_limit = get_time_limit(args[ARG_timeout]);
    // Whatever cannot be sent is to be found before anything is opened or closed.
    raise_if(umqtt_connect(&call.operation, &call.strings, &options));

    mp_obj_t old_sock = search_own(self, session, UMQTT_OWN_SOCK);
    if (old_sock != mp_const_none && !(old_sock == session->sock && session->closed)) {
        umqtt_socket_close(old_sock);
    }
    store_own(self, session, UMQTT_OWN_SOCK, mp_const_none);
    umqtt_socket_adopt(session, mp_const_none);
    session->checking = false;
    session->timeout = args[ARG_timeout];
    if (!options.clean_session) {
        if (!session->has_kept) {
            // Messages that were held are of the connection before.
            session->kept = m_new0(umqtt_kept_t, 1);
            session->has_kept = true;
        }
        const umqtt_string_t *client_id = &call.strings.slot[UMQTT_CLIENT_ID];
        if (session->kept->client_id == MP_OBJ_NULL || !same_bytes(session->kept->client_id, client_id)) {
            // The session that was kept is another client's.
            session->kept->client_id = immutable(call.objects[UMQTT_CLIENT_ID]);
            umqtt_session_replaced(&session->engine);
        }
    }
    umqtt_session_set_time_limit(&session->engine, time_limit);

    umqtt_opening_t opening = { &call, &options, mp_const_none };
    mp_obj_t exception = umqtt_try(try_open_connection, &opening);
    if (exception != MP_OBJ_NULL) {
        close_connection(session);
        umqtt_raise_again(exception);
    }
    return opening.session_present;
}
UMQTT_DEFINE_METHOD(umqtt_client_connect_obj, umqtt_client_connect, MP_QSTR_connect, 1,
    UMQTT_PARAM(MP_QSTR_clean_session, MP_ROM_TRUE),
    UMQTT_PARAM(MP_QSTR_timeout, MP_ROM_NONE));

static mp_obj_t umqtt_client_disconnect(const mp_obj_t *args) {
    umqtt_call_t call;
    call_init(&call, args[0]);
    require_connection(call.self, call.session);
    umqtt_disconnect(&call.operation);
    mp_obj_t exception = umqtt_try(try_run, &call);
    close_connection(call.session);
    if (exception != MP_OBJ_NULL) {
        umqtt_raise_again(exception);
    }
    return mp_const_none;
}
UMQTT_DEFINE_METHOD(umqtt_client_disconnect_obj, umqtt_client_disconnect, MP_QSTR_disconnect, 1);

static mp_obj_t umqtt_client_ping(const mp_obj_t *args) {
    umqtt_call_t call;
    call_init(&call, args[0]);
    require_connection(call.self, call.session);
    umqtt_ping(&call.operation);
    run(&call, UMQTT_START);
    return mp_const_none;
}
UMQTT_DEFINE_METHOD(umqtt_client_ping_obj, umqtt_client_ping, MP_QSTR_ping, 1);

static mp_obj_t umqtt_client_publish(const mp_obj_t *args) {
    enum { ARG_self, ARG_topic, ARG_msg, ARG_retain, ARG_qos };
    umqtt_call_t call;
    call_init(&call, args[ARG_self]);
    set_string(&call, UMQTT_TOPIC, args[ARG_topic]);
    set_string(&call, UMQTT_MESSAGE, args[ARG_msg]);
    bool retain = args[ARG_retain] != mp_const_false && mp_obj_is_true(args[ARG_retain]);
    mp_uint_t qos = get_qos(args[ARG_qos]);
    require_connection(call.self, call.session);
    // Initialised one by one, for all at once GCC calls memset().
    umqtt_publish_t publish;
    publish.qos = qos;
    publish.retain = retain;
    publish.identifier = 0;
    publish.now = call_now(&call);
    if (qos == 0) {
        if (begin_publish(&call, &publish, 0) == UMQTT_SENT) {
            umqtt_published(&call.session->engine, call_now(&call));
        } else {
            run(&call, UMQTT_START);
        }
        return mp_const_none;
    }
    uint32_t identifier = resume(&call, qos, retain);
    if (identifier != 0) {
        return run_exchange(&call, identifier, NULL);
    }
    identifier = publish.identifier = next_identifier(&call);
    return run_exchange(&call, identifier, &publish);
}
UMQTT_DEFINE_METHOD(umqtt_client_publish_obj, umqtt_client_publish, MP_QSTR_publish, 3,
    UMQTT_PARAM(MP_QSTR_topic, MP_ROM_NONE),
    UMQTT_PARAM(MP_QSTR_msg, MP_ROM_NONE),
    UMQTT_PARAM(MP_QSTR_retain, MP_ROM_FALSE),
    UMQTT_PARAM(MP_QSTR_qos, MP_ROM_INT(0)));

static mp_obj_t umqtt_client_subscribe(const mp_obj_t *args) {
    enum { ARG_self, ARG_topic, ARG_qos };
    umqtt_call_t call;
    call_init(&call, args[ARG_self]);
    if (search_own(call.self, call.session, UMQTT_OWN_CB) == mp_const_none) {
        mp_raise_msg(&mp_type_AssertionError, MP_ERROR_TEXT("Subscribe callback is not set"));
    }
    set_string(&call, UMQTT_TOPIC, args[ARG_topic]);
    mp_uint_t qos = get_qos(args[ARG_qos]);
    require_connection(call.self, call.session);
    uint32_t identifier = next_identifier(&call);
    raise_if(umqtt_subscribe(&call.operation, &call.session->engine, &call.strings, qos, identifier));
    return run_exchange(&call, identifier, NULL);
}
UMQTT_DEFINE_METHOD(umqtt_client_subscribe_obj, umqtt_client_subscribe, MP_QSTR_subscribe, 2,
    UMQTT_PARAM(MP_QSTR_topic, MP_ROM_NONE),
    UMQTT_PARAM(MP_QSTR_qos, MP_ROM_INT(0)));

static mp_obj_t umqtt_client_unsubscribe(const mp_obj_t *args) {
    umqtt_call_t call;
    call_init(&call, args[0]);
    set_string(&call, UMQTT_TOPIC, args[1]);
    require_connection(call.self, call.session);
    uint32_t identifier = next_identifier(&call);
    raise_if(umqtt_unsubscribe(&call.operation, &call.session->engine, &call.strings, identifier));
    return run_exchange(&call, identifier, NULL);
}
UMQTT_DEFINE_METHOD(umqtt_client_unsubscribe_obj, umqtt_client_unsubscribe, MP_QSTR_unsubscribe, 2,
    UMQTT_PARAM(MP_QSTR_topic, MP_ROM_NONE));

// Waits for one packet, and then for what is left of those held. Gives what wait_msg() does.
static mp_obj_t wait_for_packet(umqtt_call_t *call) {
    umqtt_session_obj_t *session = call->session;
    if (session->delivering_chunk) {
        mp_raise_OSError(MP_EBUSY);
    }
    call->reading = !call->polled;
    uint32_t started = call_now(call);
    umqtt_held_t *held = session->holding ? NULL : first_held(session);
    uint32_t packet;
    if (held != NULL) {
        packet = run_held(call, held);
    } else {
        call->waits = true;
        packet = run(call, UMQTT_START);
    }
    // The callback has returned, so now it is the turn of what came while it waited.
    while (!session->in_callback && (held = first_held(session)) != NULL
           && umqtt_session_has_time(&session->engine, started, call_now(call))) {
        run_held(call, held);
    }
    release_kept(session);
    if (packet == 0 || (UMQTT_API < 18 && IS_PUBLISH(packet))) {
        return mp_const_none;
    }
    return MP_OBJ_NEW_SMALL_INT(FIRST_BYTE(packet));
}

static mp_obj_t umqtt_client_wait_msg(const mp_obj_t *args) {
    umqtt_call_t call;
    call_init(&call, args[0]);
    require_connection(call.self, call.session);
    return wait_for_packet(&call);
}
UMQTT_DEFINE_METHOD(umqtt_client_wait_msg_obj, umqtt_client_wait_msg, MP_QSTR_wait_msg, 1);

static mp_obj_t umqtt_client_check_msg(const mp_obj_t *args) {
    umqtt_call_t call;
    call_init(&call, args[0]);
    umqtt_session_obj_t *session = call.session;
    require_connection(call.self, session);
    bool own = has_own_wait_msg(&call);
    if (own && *last_held(session) == NULL && umqtt_socket_can_poll(session)) {
        call.polled = !umqtt_socket_is_idle(session);
        if (!call.polled && umqtt_session_take_quiet(&session->engine, call_now(&call))) {
            return mp_const_none;
        }
    }
    if (!call.polled) {
        set_nonblocking(session);
    }
    return own ? wait_for_packet(&call) : load_and_call_wait_msg(call.self);
}
UMQTT_DEFINE_METHOD(umqtt_client_check_msg_obj, umqtt_client_check_msg, MP_QSTR_check_msg, 1);

// The class

static const mp_rom_map_elem_t umqtt_client_dict_table[] = {
    // Looked through from the top, so what is called most often comes first.
    { MP_ROM_QSTR(MP_QSTR_publish), MP_ROM_PTR(&umqtt_client_publish_obj) },
    { MP_ROM_QSTR(MP_QSTR_wait_msg), MP_ROM_PTR(&umqtt_client_wait_msg_obj) },
    { MP_ROM_QSTR(MP_QSTR_check_msg), MP_ROM_PTR(&umqtt_client_check_msg_obj) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&umqtt_client_init_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_callback), MP_ROM_PTR(&umqtt_client_set_callback_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_chunk_callback), MP_ROM_PTR(&umqtt_client_set_chunk_callback_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_last_will), MP_ROM_PTR(&umqtt_client_set_last_will_obj) },
    { MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&umqtt_client_connect_obj) },
    { MP_ROM_QSTR(MP_QSTR_disconnect), MP_ROM_PTR(&umqtt_client_disconnect_obj) },
    { MP_ROM_QSTR(MP_QSTR_ping), MP_ROM_PTR(&umqtt_client_ping_obj) },
    { MP_ROM_QSTR(MP_QSTR_subscribe), MP_ROM_PTR(&umqtt_client_subscribe_obj) },
    { MP_ROM_QSTR(MP_QSTR_unsubscribe), MP_ROM_PTR(&umqtt_client_unsubscribe_obj) },

    // What an instance has until it is given something else. First CONSTRUCTED_ATTRS.
    { MP_ROM_QSTR(MP_QSTR_user), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_pswd), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_keepalive), MP_ROM_INT(0) },
    { MP_ROM_QSTR(MP_QSTR_ssl), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_ssl_params), MP_ROM_PTR(&no_ssl_params) },
    { MP_ROM_QSTR(MP_QSTR_lw_topic), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_lw_msg), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_lw_qos), MP_ROM_INT(0) },
    { MP_ROM_QSTR(MP_QSTR_lw_retain), MP_ROM_FALSE },
    { MP_ROM_QSTR(MP_QSTR_sock), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_pid), MP_ROM_INT(0) },
    { MP_ROM_QSTR(MP_QSTR_cb), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_chunk_cb), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_chunk_buffer), MP_ROM_NONE },
};
MP_DEFINE_CONST_DICT(umqtt_client_dict, umqtt_client_dict_table);

#if !MICROPY_ENABLE_DYNRUNTIME
static const mp_rom_obj_tuple_t umqtt_client_bases = {
    .base = { &mp_type_tuple }, .len = 1, .items = { MP_ROM_PTR(&umqtt_type_session) }
};

static mp_obj_t umqtt_client_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    MP_STATIC_ASSERT(offsetof(umqtt_client_obj_t, session) == offsetof(mp_obj_instance_t, subobj));
    umqtt_client_obj_t *self = m_new0(umqtt_client_obj_t, 1);
    self->base.type = type;
    mp_map_init(&self->members, 0);
    ((mp_obj_instance_t *)self)->subobj[0] = mp_const_none;
    session_init(&self->session);
    // As MicroPython calls __init__().
    size_t count = n_args + 2 * n_kw;
    mp_obj_t *init_args = m_new(mp_obj_t, 1 + count);
    init_args[0] = MP_OBJ_FROM_PTR(self);
    memcpy(init_args + 1, args, count * sizeof(mp_obj_t));
    mp_call_function_n_kw(MP_OBJ_FROM_PTR(&umqtt_client_init_obj), 1 + n_args, n_kw, init_args);
    m_del(mp_obj_t, init_args, 1 + count);
    return MP_OBJ_FROM_PTR(self);
}

// MicroPython gives every class slots for what looks for special methods when an instance is called, subscripted, compared
// and so on. This class has no special methods, so it does without, and the same becomes of its instances; classes that
// are derived from it have slots of their own. What is left is moved together.
mp_obj_t umqtt_new_client_type(void) {
    mp_obj_type_t *type = MP_OBJ_TO_PTR(mp_obj_new_type(MP_QSTR_MQTTClient, MP_OBJ_FROM_PTR(&umqtt_client_bases),
        MP_OBJ_FROM_PTR(&umqtt_client_dict)));
    enum { ALL = 11, KEPT = INSTANCE_ATTR + 1 };
    assert(type->slot_index_make_new == 1 && type->slot_index_print == 2 && type->slot_index_unary_op == 4);
    MP_OBJ_TYPE_SET_SLOT(type, make_new, umqtt_client_make_new, 0);
    type->slots[INSTANCE_ATTR] = MP_OBJ_TYPE_GET_SLOT(type, attr);
    MP_OBJ_TYPE_SET_SLOT(type, locals_dict, &umqtt_client_dict, 2);
    MP_OBJ_TYPE_SET_SLOT(type, parent, &umqtt_type_session, 4);
    MP_OBJ_TYPE_SET_SLOT(type, attr, umqtt_client_attr, 5);
    type->slot_index_call = type->slot_index_binary_op = type->slot_index_subscr = 0;
    type->slot_index_iter = type->slot_index_buffer = 0;
    return MP_OBJ_FROM_PTR(m_renew(byte, type, offsetof(mp_obj_type_t, slots) + ALL * sizeof(void *),
        offsetof(mp_obj_type_t, slots) + KEPT * sizeof(void *)));
}
#endif
