// The hardware layer of this port: none. py/mphal.h declares what host.c
// implements; this only keeps the core from asking for machine pins.

#define mp_hal_pin_obj_t
