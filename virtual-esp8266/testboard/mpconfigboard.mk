# A board for trying the virtual ESP8266 with MicroPython's port alone, without this project's module: what the port
# offers without TLS, btree and ESP-NOW. Built by virtual-esp8266/Makefile.
# The port sets these two behind this file.
override MICROPY_PY_SSL := 0
override MICROPY_SSL_AXTLS := 0
MICROPY_PY_BTREE = 0
MICROPY_PY_ESPNOW = 0
MICROPY_VFS_FAT = 1
MICROPY_VFS_LFS2 = 1
FROZEN_MANIFEST = $(BOARD_DIR)/manifest.py
MPY_LIB_DIR = $(TOP)/lib

CFLAGS += -DMICROPY_ESP8266_2M -isystem $(BOARD_DIR)/include -isystem $(ESP_SDK)/include
CFLAGS += -D__PICOLIBC_ERRNO_FUNCTION=__errno -Wno-array-bounds -Wno-unused-const-variable -fcommon
