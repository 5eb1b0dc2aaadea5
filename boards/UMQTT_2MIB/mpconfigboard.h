// ESP8266 modules with 2 MiB of flash or more.

#define MICROPY_HW_BOARD_NAME "ESP module"

#include "../esp8266/mpconfigboard_common.h"
