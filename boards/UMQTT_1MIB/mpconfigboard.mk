# ESP8266 modules with 1 MiB of flash: without asyncio and the FAT file system, as MicroPython's own 1 MiB variant.
UMQTT_PORT_LAYOUT := esp8266_1MiB.ld
UMQTT_MANIFEST := small

include $(BOARD_DIR)/../esp8266/common.mk
