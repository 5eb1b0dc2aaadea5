// The class _host.Socket(script, piece=0, interrupted=0): a native stream in place of a
// connected socket, whose reads and writes allocate nothing. Reads give the
// script, piece bytes of it at most if that is not 0, then nothing, which whoever
// waits for ever finds out: after a thousand reads in vain the connection is
// reset. Instead of the read of that number, counted from 1, comes once
// KeyboardInterrupt. Writes take everything, and only count it. It can be polled,
// and knows how often it would have waited for bytes, as a socket does that has
// not been told not to.

#include <string.h>

#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "host_internal.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_t script;
    size_t piece;
    size_t interrupted;
    size_t position;
    size_t reads;
    size_t written;
    size_t in_vain; // reads since the last byte
    size_t waits;
    bool blocking;
} host_socket_obj_t;

#define HOST_SOCKET_READS_IN_VAIN (1000)

static mp_obj_t host_socket_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 3, false);
    host_socket_obj_t *self = mp_obj_malloc(host_socket_obj_t, type);
    self->script = args[0];
    self->piece = n_args > 1 ? mp_obj_get_int(args[1]) : 0;
    self->interrupted = n_args > 2 ? mp_obj_get_int(args[2]) : 0;
    self->position = self->reads = self->written = self->in_vain = self->waits = 0;
    self->blocking = true;
    return MP_OBJ_FROM_PTR(self);
}

static mp_uint_t host_socket_read(mp_obj_t self_in, void *buf, mp_uint_t size, int *errcode) {
    host_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->interrupted == self->reads + 1) {
        self->interrupted = 0;
        mp_raise_type(&mp_type_KeyboardInterrupt);
    }
    mp_buffer_info_t script;
    mp_get_buffer_raise(self->script, &script, MP_BUFFER_READ);
    size_t left = script.len - MIN(self->position, script.len);
    if (left == 0) {
        self->waits += self->blocking;
        *errcode = ++self->in_vain <= HOST_SOCKET_READS_IN_VAIN ? MP_EAGAIN : MP_ECONNRESET;
        return MP_STREAM_ERROR;
    }
    self->in_vain = 0;
    size = MIN(size, left);
    if (self->piece != 0) {
        size = MIN(size, self->piece);
    }
    self->reads++;
    memcpy(buf, (const byte *)script.buf + self->position, size);
    self->position += size;
    return size;
}

static mp_uint_t host_socket_write(mp_obj_t self_in, const void *buf, mp_uint_t size, int *errcode) {
    (void)buf;
    (void)errcode;
    host_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    self->written += size;
    return size;
}

static mp_uint_t host_socket_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    host_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (request != MP_STREAM_POLL) {
        *errcode = MP_EINVAL;
        return MP_STREAM_ERROR;
    }
    mp_buffer_info_t script;
    mp_get_buffer_raise(self->script, &script, MP_BUFFER_READ);
    return arg & (MP_STREAM_POLL_WR | (self->position < script.len ? MP_STREAM_POLL_RD : 0));
}

static const mp_stream_p_t host_socket_stream = {
    .read = host_socket_read,
    .write = host_socket_write,
    .ioctl = host_socket_ioctl,
};

// written(): how many bytes were written.
static mp_obj_t host_socket_written(mp_obj_t self_in) {
    host_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return MP_OBJ_NEW_SMALL_INT(self->written);
}
static MP_DEFINE_CONST_FUN_OBJ_1(host_socket_written_obj, host_socket_written);

// reads(): how many reads have given something.
static mp_obj_t host_socket_reads(mp_obj_t self_in) {
    host_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return MP_OBJ_NEW_SMALL_INT(self->reads);
}
static MP_DEFINE_CONST_FUN_OBJ_1(host_socket_reads_obj, host_socket_reads);

// waits(): how many reads have given nothing although the socket was to wait.
static mp_obj_t host_socket_waits(mp_obj_t self_in) {
    host_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return MP_OBJ_NEW_SMALL_INT(self->waits);
}
static MP_DEFINE_CONST_FUN_OBJ_1(host_socket_waits_obj, host_socket_waits);

static mp_obj_t host_socket_setblocking(mp_obj_t self_in, mp_obj_t flag) {
    host_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    self->blocking = mp_obj_is_true(flag);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(host_socket_setblocking_obj, host_socket_setblocking);

static mp_obj_t host_socket_settimeout(mp_obj_t self_in, mp_obj_t seconds) {
    host_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    self->blocking = seconds != MP_OBJ_NEW_SMALL_INT(0);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(host_socket_settimeout_obj, host_socket_settimeout);

static mp_obj_t host_socket_connect(mp_obj_t self_in, mp_obj_t address) {
    (void)self_in;
    (void)address;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(host_socket_connect_obj, host_socket_connect);

static mp_obj_t host_socket_close(mp_obj_t self_in) {
    (void)self_in;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(host_socket_close_obj, host_socket_close);

static const mp_rom_map_elem_t host_socket_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_reads), MP_ROM_PTR(&host_socket_reads_obj) },
    { MP_ROM_QSTR(MP_QSTR_written), MP_ROM_PTR(&host_socket_written_obj) },
    { MP_ROM_QSTR(MP_QSTR_waits), MP_ROM_PTR(&host_socket_waits_obj) },
    { MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&host_socket_connect_obj) },
    { MP_ROM_QSTR(MP_QSTR_setblocking), MP_ROM_PTR(&host_socket_setblocking_obj) },
    { MP_ROM_QSTR(MP_QSTR_settimeout), MP_ROM_PTR(&host_socket_settimeout_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&host_socket_close_obj) },
};
static MP_DEFINE_CONST_DICT(host_socket_locals, host_socket_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    host_type_socket,
    MP_QSTR_Socket,
    MP_TYPE_FLAG_NONE,
    make_new, host_socket_make_new,
    protocol, &host_socket_stream,
    locals_dict, &host_socket_locals
    );
