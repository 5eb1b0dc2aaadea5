// ESP8266 modules with 1 MiB of flash.

#define MICROPY_HW_BOARD_NAME "ESP module (1M)"

#include "../esp8266/mpconfigboard_common.h"
