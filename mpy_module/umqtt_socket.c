// Sockets: native streams, or any Python object with the methods of one.

#include "umqtt.h"

// Whether it is a native stream; the methods of objects of Python classes are to be called.
static bool is_native_stream(mp_obj_t sock) {
    const mp_obj_type_t *type = mp_obj_get_type(sock);
    if (umqtt_is_instance_type(type) || UMQTT_TYPE_FIELD(type, slot_index_protocol) == 0) {
        return false;
    }
    const mp_stream_p_t *stream = UMQTT_TYPE_SLOT(type, protocol);
    return stream->read != NULL && stream->write != NULL;
}

// How a native stream is read and written.
static inline MP_ALWAYSINLINE const mp_stream_p_t *get_stream(const umqtt_session_obj_t *session) {
    const mp_obj_base_t *sock = MP_OBJ_TO_PTR(session->sock);
    return UMQTT_TYPE_SLOT(sock->type, protocol);
}

void umqtt_socket_adopt(umqtt_session_obj_t *session, mp_obj_t sock) {
    session->sock = sock;
    session->is_native = is_native_stream(sock);
    session->is_secured = false;
    session->setter = NULL;
    session->own_sock = false;
}

static mp_obj_t call_1(mp_obj_t object, qstr method, mp_obj_t arg) {
    mp_obj_t dest[3];
    mp_load_method(object, method, dest);
    dest[2] = arg;
    return mp_call_method_n_kw(1, 0, dest);
}

static inline MP_ALWAYSINLINE mp_int_t stream_result(mp_uint_t result, int error) {
    if (result != MP_STREAM_ERROR) {
        return result;
    }
    if (mp_is_nonblocking_error(error)) {
        return UMQTT_SOCKET_WOULD_BLOCK;
    }
    if (error == MP_ETIMEDOUT) {
        return UMQTT_SOCKET_TIMED_OUT;
    }
    mp_raise_OSError(error);
}

typedef struct _socket_call_t {
    mp_obj_t sock;
    qstr method;
    mp_obj_t arg;
    mp_obj_t result;
} socket_call_t;

static void try_call_1(void *call_in) {
    socket_call_t *call = call_in;
    call->result = call_1(call->sock, call->method, call->arg);
}

// Calls a method of a Python socket. Such a one says that nothing can be moved at present by raising what a native one
// does, EAGAIN or ETIMEDOUT: then *error is that, and else 0.
static mp_obj_t call_socket(mp_obj_t sock, qstr method, mp_obj_t arg, int *error) {
    *error = 0;
    socket_call_t call = { sock, method, arg, mp_const_none };
    mp_obj_t exception = umqtt_try(try_call_1, &call);
    if (exception == MP_OBJ_NULL) {
        return call.result;
    }
    mp_obj_t value = mp_const_none;
    if (mp_obj_exception_match(exception, MP_OBJ_FROM_PTR(&mp_type_OSError))) {
        value = mp_obj_exception_get_value(exception);
    }
    if (value != MP_OBJ_NEW_SMALL_INT(MP_EAGAIN) && value != MP_OBJ_NEW_SMALL_INT(MP_ETIMEDOUT)) {
        umqtt_raise_again(exception);
    }
    *error = MP_OBJ_SMALL_INT_VALUE(value);
    return mp_const_none;
}

mp_int_t umqtt_socket_read(umqtt_session_obj_t *session, byte *bytes, size_t len) {
    mp_obj_t sock = session->sock;
    if (session->is_native) {
        int error = 0;
        mp_uint_t result = get_stream(session)->read(sock, bytes, len, &error);
        return stream_result(result, error);
    }
    int error;
    mp_obj_t result = call_socket(sock, MP_QSTR_read, mp_obj_new_int_from_uint(len), &error);
    if (result == mp_const_none) {
        return stream_result(MP_STREAM_ERROR, error != 0 ? error : MP_EAGAIN);
    }
    mp_buffer_info_t info;
    mp_get_buffer_raise(result, &info, MP_BUFFER_READ);
    if (info.len > 0) {
        // No bytes may be nowhere, where memcpy may not be pointed to.
        memcpy(bytes, info.buf, MIN(info.len, len));
    }
    return info.len;
}

mp_int_t umqtt_socket_write(umqtt_session_obj_t *session, const byte *bytes, size_t len) {
    mp_obj_t sock = session->sock;
    if (session->is_native) {
        int error = 0;
        mp_uint_t result = get_stream(session)->write(sock, bytes, len, &error);
        return stream_result(result, error);
    }
    // A Python object may keep what it is given, so it is given a copy.
    int error;
    mp_obj_t result = call_socket(sock, MP_QSTR_write, mp_obj_new_bytes(bytes, len), &error);
    if (error != 0) {
        return stream_result(MP_STREAM_ERROR, error);
    }
    if (!mp_obj_is_int(result)) {
        return len; // it does not say, so it took all
    }
    mp_int_t written = mp_obj_get_int(result);
    if (written < 0 || (size_t)written > len) {
        mp_raise_OSError(MP_EIO);
    }
    return written;
}

static void try_close(void *sock) {
    mp_obj_t dest[2];
    mp_load_method(*(mp_obj_t *)sock, MP_QSTR_close, dest);
    mp_call_method_n_kw(0, 0, dest);
}

void umqtt_socket_close(mp_obj_t sock) {
    mp_obj_t exception = umqtt_try(try_close, &sock);
    if (exception != MP_OBJ_NULL && !mp_obj_exception_match(exception, MP_OBJ_FROM_PTR(&mp_type_Exception))) {
        umqtt_raise_again(exception);
    }
}

void umqtt_socket_new(umqtt_session_obj_t *session) {
    mp_obj_t sock = mp_call_function_0(mp_load_attr(umqtt_import(MP_QSTR_socket), MP_QSTR_socket));
    umqtt_socket_adopt(session, sock);
    session->own_sock = true;
    session->closed = false;
}

void umqtt_socket_connect(umqtt_session_obj_t *session, mp_obj_t server, mp_obj_t port) {
    mp_obj_t sock = session->sock;
    if (session->timeout != mp_const_none) {
        call_1(sock, MP_QSTR_settimeout, session->timeout);
    }
    mp_obj_t dest[4];
    mp_load_method(umqtt_import(MP_QSTR_socket), MP_QSTR_getaddrinfo, dest);
    dest[2] = server;
    dest[3] = port;
    mp_obj_t info = mp_obj_subscr(mp_call_method_n_kw(2, 0, dest), MP_OBJ_NEW_SMALL_INT(0), MP_OBJ_SENTINEL);
    call_1(sock, MP_QSTR_connect, mp_obj_subscr(info, MP_OBJ_NEW_SMALL_INT(-1), MP_OBJ_SENTINEL));
}

void umqtt_socket_secure(umqtt_session_obj_t *session, mp_obj_t ssl, mp_obj_t ssl_params, mp_obj_t server) {
    mp_obj_t plain_sock = session->sock;
    session->own_sock = false;
    if (ssl == mp_const_true) {
        // The call wrap_socket(sock, **ssl_params), laid out as the virtual machine does.
        mp_obj_t dest[6] = { [2] = plain_sock, MP_OBJ_NULL, ssl_params, MP_OBJ_NEW_SMALL_INT(0) };
        mp_load_method(umqtt_import(MP_QSTR_ssl), MP_QSTR_wrap_socket, dest);
        session->sock = mp_call_method_n_kw_var(true, 1 | 1 << 8, dest);
    } else {
        mp_obj_t dest[5] = { [2] = plain_sock, MP_OBJ_NEW_QSTR(MP_QSTR_server_hostname), server };
        mp_load_method(ssl, MP_QSTR_wrap_socket, dest);
        session->sock = mp_call_method_n_kw(1, 1, dest);
    }
    session->is_native = is_native_stream(session->sock);
    session->is_secured = true;
    session->plain_sock = plain_sock;
}

typedef mp_uint_t (*ioctl_t)(mp_obj_t obj, mp_uint_t request, uintptr_t arg, int *errcode);

static MP_NOINLINE ioctl_t get_ioctl(const umqtt_session_obj_t *session) {
    return get_stream(session)->ioctl;
}

bool umqtt_socket_can_poll(const umqtt_session_obj_t *session) {
    // What TLS has in hand, its socket knows nothing of.
    return session->own_sock && session->is_native && get_ioctl(session) != NULL;
}

bool umqtt_socket_is_idle(const umqtt_session_obj_t *session) {
    int error;
    return get_ioctl(session)(session->sock, MP_STREAM_POLL, MP_STREAM_POLL_RD, &error) == 0;
}

// Calls setblocking() of the session's socket, or settimeout() of the one below TLS. A native socket's is a native function,
// which is called at once when it was the last one, too.
static void call_setter(umqtt_session_obj_t *session, qstr name, mp_obj_t arg) {
    bool limits = name == MP_QSTR_settimeout;
    mp_obj_t sock = session->sock;
    if (session->is_secured || session->setter == NULL || session->setter_limits != limits) {
        if (session->is_secured && limits) {
            sock = session->plain_sock;
        }
        mp_obj_t dest[3];
        mp_load_method(sock, name, dest);
        if (session->is_secured || dest[1] != sock || !mp_obj_is_exact_type(dest[0], &mp_type_fun_builtin_2)) {
            dest[2] = arg;
            mp_call_method_n_kw(1, 0, dest);
            return;
        }
        session->setter = MP_OBJ_TO_PTR(dest[0]);
        session->setter_limits = limits;
    }
    session->setter->fun._2(sock, arg);
}

void umqtt_socket_set_nonblocking(umqtt_session_obj_t *session) {
    call_setter(session, MP_QSTR_setblocking, mp_const_false);
}

void umqtt_socket_set_blocking(umqtt_session_obj_t *session) {
    if (session->timeout == mp_const_none) {
        call_setter(session, MP_QSTR_setblocking, mp_const_true);
    } else {
        call_setter(session, MP_QSTR_settimeout, session->timeout);
    }
}

void umqtt_socket_set_limit(umqtt_session_obj_t *session, uint32_t milliseconds) {
    call_setter(session, MP_QSTR_settimeout, umqtt_seconds(milliseconds));
}
