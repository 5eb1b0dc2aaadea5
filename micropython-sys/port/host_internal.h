// What the C files of this port share among themselves.
#ifndef UMQTT_HOST_INTERNAL_H
#define UMQTT_HOST_INTERNAL_H

#include "py/obj.h"

#include "host.h"

// Forgets every file (host_files.c).
void host_files_clear(void);

// Zeroes the count of allocations and disarms the failure (host_heap.c).
void host_heap_reset(void);

// Tells the sanitizer which blocks are free; to be called after each collection (host_heap.c).
void host_heap_mark_free_blocks(void);

// The class _host.Socket (host_socket.c).
extern const mp_obj_type_t host_type_socket;

#endif // UMQTT_HOST_INTERNAL_H
