# For firmwares of the qemu port on processors that compute with fractions.
SRC_USERMOD_C += $(USERMOD_DIR)/fpu.c
LDFLAGS_USERMOD += -Wl,--wrap=main
