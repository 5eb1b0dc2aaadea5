// What the C files of this port share among themselves.
#ifndef UMQTT_HOST_INTERNAL_H
#define UMQTT_HOST_INTERNAL_H

#include "host.h"

// Forgets every file (host_files.c).
void host_files_clear(void);

// Zeroes the count of allocations and disarms the failure (host_heap.c).
void host_heap_reset(void);

#endif // UMQTT_HOST_INTERNAL_H
