# umqtt for MicroPython's make: USER_C_MODULES=<this repository>, and freeze manifest.py.
#
# UMQTT_API     1.3 (default) or 1.8: the version of umqtt.simple whose public interface is followed
# UMQTT_QOS2    0 leaves QoS 2 out of the engine
# UMQTT_ENGINE  the engine as a static library, if it is not to be built by cargo for this machine;
#               its header umqtt_engine.h lies beside it

UMQTT_MOD_DIR := $(USERMOD_DIR)
UMQTT_API ?= 1.3
UMQTT_QOS2 ?= 1

ifeq ($(UMQTT_ENGINE),)
UMQTT_BUILD := $(abspath $(BUILD))/umqtt
UMQTT_ENGINE := $(UMQTT_BUILD)/libumqtt.a
UMQTT_INCLUDE := $(UMQTT_BUILD)

# The library is made of the engine's one object: what rustc would add for a program without libc stays out.
# Cargo knows when there is nothing to do, so it is always asked.
$(UMQTT_BUILD)/umqtt_engine.o: UMQTT_FORCE
	$(ECHO) "CARGO umqtt"
	$(Q)$(MKDIR) -p $(UMQTT_BUILD)
	$(Q)cd $(UMQTT_MOD_DIR)/.. && UMQTT_INCLUDE_DIR=$(UMQTT_INCLUDE) $(or $(CARGO),cargo) rustc --quiet --locked \
		--release --lib --package umqtt --crate-type staticlib --features embedded $(if $(filter 0,$(UMQTT_QOS2)),--no-default-features) --target-dir $(UMQTT_BUILD)/cargo \
		-- --emit obj=$@
$(UMQTT_ENGINE): $(UMQTT_BUILD)/umqtt_engine.o
	$(Q)$(RM) -f $@
	$(Q)$(AR) rcs $@ $<
# MicroPython links anew when an object is new, not when a library is: with the header, the objects are.
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
# CFLAGS_USERMOD is for every file of the firmware, but not every file bears these.
$(UMQTT_SRC:$(USER_C_MODULES)/%.c=$(BUILD)/%.o): private CFLAGS += -Wall -Wextra -Wno-unused-parameter

# The header must be there before the sources are searched for qstrs, the library before the firmware is linked.
QSTR_GLOBAL_REQUIREMENTS += $(UMQTT_INCLUDE)/umqtt_engine.h
