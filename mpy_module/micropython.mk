# umqtt for MicroPython's make: USER_C_MODULES=<this repository>, and freeze manifest.py.
#
# UMQTT_API     1.3 (default) or 1.8: the version of umqtt.simple whose public interface is followed
# UMQTT_QOS2    0 leaves QoS 2 out of the engine
# UMQTT_RUST_TARGET  the target that rustc builds the engine for; this machine when it is not given
# UMQTT_ENGINE  the engine as an object or a static library, if it is not to be built here; its header umqtt_engine.h
#               lies beside it
# UMQTT_SHORT_CALLS  for the ESP8266: not empty where all code in flash is within 512 KB, so that a call takes three bytes

UMQTT_MOD_DIR := $(USERMOD_DIR)
UMQTT_API ?= 1.3
UMQTT_QOS2 ?= 1

ifeq ($(UMQTT_ENGINE),)
UMQTT_INCLUDE := $(abspath $(BUILD))/umqtt
# The object itself and no library, which some ports would name before what needs it.
UMQTT_ENGINE := $(UMQTT_INCLUDE)/umqtt_engine.o

# Cargo knows when there is nothing to do, so it is always asked.
$(UMQTT_ENGINE): UMQTT_FORCE
	$(ECHO) "CARGO umqtt"
	$(Q)CARGO=$(CARGO) $(UMQTT_MOD_DIR)/engine.sh "$(UMQTT_RUST_TARGET)" $(UMQTT_INCLUDE) \
		$(if $(filter 0,$(UMQTT_QOS2)),--no-default-features)
# MicroPython links anew when one of its own objects is new, and the engine is none: with the header, they are.
$(UMQTT_INCLUDE)/umqtt_engine.h: $(UMQTT_ENGINE)
	$(Q)$(TOUCH) $@
UMQTT_FORCE:
.PHONY: UMQTT_FORCE
else
UMQTT_INCLUDE := $(dir $(UMQTT_ENGINE))
endif

UMQTT_SRC := $(addprefix $(UMQTT_MOD_DIR)/,modumqtt.c umqtt_client.c umqtt_method.c umqtt_socket.c umqtt_try.c umqtt_builtin.c)
SRC_USERMOD_C += $(UMQTT_SRC)
CFLAGS_USERMOD += -I$(UMQTT_MOD_DIR) -I$(UMQTT_INCLUDE) -DUMQTT_API=$(subst .,,$(UMQTT_API))
LDFLAGS_USERMOD += $(UMQTT_ENGINE)
ifneq ($(filter thumb% arm%,$(UMQTT_RUST_TARGET)),)
LDFLAGS_USERMOD += $(UMQTT_MOD_DIR)/umqtt_arm.ld
endif
# On the ESP8266 a call within a section is direct from the start; literals in a section of their own are kept but once. What
# the rest leaves out, found by trying every option that GCC has, makes this code longer there.
UMQTT_LX106_CFLAGS = -fno-function-sections -mno-text-section-literals -fno-store-merging -fno-tree-tail-merge \
	-fno-ira-hoist-pressure -fno-cse-follow-jumps -fno-move-loop-invariants -fno-guess-branch-probability \
	-frename-registers -freorder-blocks -ftree-slp-vectorize -fno-caller-saves -fno-tree-loop-optimize -mno-target-align
UMQTT_CFLAGS = $(if $(filter xtensa-lx106-elf-,$(CROSS_COMPILE)),$(UMQTT_LX106_CFLAGS))
# CFLAGS_USERMOD is for every file of the firmware, but not every file bears these.
$(UMQTT_SRC:$(USER_C_MODULES)/%.c=$(BUILD)/%.o): private CFLAGS += -Wall -Wextra -Wno-unused-parameter $(UMQTT_CFLAGS)
ifneq ($(UMQTT_SHORT_CALLS),)
$(UMQTT_SRC:$(USER_C_MODULES)/%.c=$(BUILD)/%.o): private CFLAGS += -DUMQTT_SHORT_CALLS -mno-longcalls
$(UMQTT_MOD_DIR:$(USER_C_MODULES)/%=$(BUILD)/%)/umqtt_builtin.o: private CFLAGS += -mlongcalls
endif

# The header must be there before the sources are searched for qstrs, the library before the firmware is linked.
QSTR_GLOBAL_REQUIREMENTS += $(UMQTT_INCLUDE)/umqtt_engine.h
