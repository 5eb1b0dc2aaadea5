# What our ESP8266 boards have in common, for the make of MicroPython's port. firmware/build.sh calls it with
#
# UMQTT_KIND          native: with this project's module; python: with the reference library frozen in instead;
#                     without: with neither; differential: native, and the differential tests frozen in; bench: native and
#                     python, and the program that measures them
# UMQTT_ENGINE        for native, differential and bench: the engine, libumqtt.a
# UMQTT_REFERENCE     folder of the reference libraries, see scripts/reference.sh
# UMQTT_BENCH         for bench: a folder with the reference library under the name umqtt_reference, and modules/
# ESP_SDK             folder of the SDK, with include/ and lib/

UMQTT_BOARD_DIR := $(abspath $(BOARD_DIR)/../esp8266)
UMQTT_KIND ?= native

MICROPY_VFS_LFS2 ?= 1

# What depends on sources that a MicroPython tree may lack. firmware.mk says so at the terminal.
MICROPY_PY_BTREE ?= $(if $(wildcard $(TOP)/lib/berkeley-db-1.xx/btree/bt_open.c),1,0)
ifeq ($(wildcard $(TOP)/lib/axtls/ssl/tls1.c),)
override MICROPY_PY_SSL := 0
override MICROPY_SSL_AXTLS := 0
endif
# The port's make stops when this folder has no README.md; the manifests do without what is not in it.
ifeq ($(wildcard $(TOP)/lib/micropython-lib/README.md),)
MPY_LIB_DIR := $(TOP)/lib
endif

# What depends on the SDK.
MICROPY_PY_ESPNOW ?= $(if $(wildcard $(ESP_SDK)/lib/libespnow.a),1,0)

# Debian's gcc 12 brings picolibc, where the port expects newlib, and warns where the port's gcc did not.
CFLAGS += -isystem $(UMQTT_BOARD_DIR)/include -isystem $(ESP_SDK)/include
CFLAGS += -D__PICOLIBC_ERRNO_FUNCTION=__errno -Wno-array-bounds -Wno-unused-const-variable
# modmachine.h and machine_pin.c both define pyb_pin_obj.
CFLAGS += -fcommon

# The port's linker script with our two changes; made before the port is.
LD_FILES := $(abspath $(BUILD))/layout/$(UMQTT_PORT_LAYOUT)

MICROPY_MANIFEST_UMQTT_REFERENCE := $(UMQTT_REFERENCE)
MICROPY_MANIFEST_UMQTT_BENCH := $(UMQTT_BENCH)
MICROPY_MANIFEST_UMQTT_BASE := $(UMQTT_BOARD_DIR)/base_$(UMQTT_MANIFEST).py
FROZEN_MANIFEST ?= $(UMQTT_BOARD_DIR)/manifest_$(UMQTT_KIND).py

# All code in flash is within reach of a call in three bytes.
UMQTT_SHORT_CALLS := 1

# The port names libraries of user modules before the objects that need them, where the linker takes nothing from them.
ifneq ($(UMQTT_ENGINE),)
LIBS += $(UMQTT_ENGINE)
endif
