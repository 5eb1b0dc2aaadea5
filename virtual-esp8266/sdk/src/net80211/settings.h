/*
 * What the SDK keeps in flash of its own accord: the Wi-Fi mode, and the access point to join.
 *
 * With that, a board is in its Wi-Fi again after a reset without being told. It lies where the vendor's SDK has its
 * parameters, in the last five sectors of the flash, which MicroPython leaves alone (ports/esp8266/modules/flashbdev.py);
 * in a form of our own.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "sdk.h"

struct settings {
    uint32_t magic;                     // settings.c's
    uint8_t opmode;
    uint8_t unused[3];
    struct station_config station;
};

// Gives what is kept; everything is zero when nothing is.
void settings_load(struct settings *settings);

// Keeps this from now on. Flash that holds it already is not written.
void settings_save(const struct settings *settings);

#endif // SETTINGS_H
