# ESP8266 modules with 2 MiB of flash or more.
UMQTT_PORT_LAYOUT := esp8266_2MiB.ld
UMQTT_MANIFEST := large

MICROPY_VFS_FAT ?= 1

include $(BOARD_DIR)/../esp8266/common.mk
