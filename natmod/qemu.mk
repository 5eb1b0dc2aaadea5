# MicroPython's qemu port: firmwares that run in QEMU, for processors of many kinds. Included by the Makefile.
#
# qemu-<architecture>   without umqtt, for which it comes as a file
# qemu-usermod          with umqtt in it, built by the very commands of docs/install.md

QEMU_ARCHS := armv6m armv7m armv7emsp armv7emdp rv32imc
QEMU := $(BUILD)/qemu
QEMU_PACKAGES := qemu-system-arm qemu-system-misc gcc-arm-none-eabi libnewlib-arm-none-eabi gcc-riscv64-unknown-elf \
	picolibc-riscv64-unknown-elf rustc-web rust-web-src cargo-web

# The port has boards with the Cortex-M0 and M3 and a RISC-V. The M4 and M7 are on the same board as the M3. On the M0 the
# port does not load machine code unless told so, as MicroPython does on the RP2040.
QEMU_armv6m := BOARD=MICROBIT CFLAGS_EXTRA="-DMICROPY_EMIT_THUMB=1 -DMICROPY_EMIT_THUMB_ARMV7M=0"
QEMU_armv7m := BOARD=MPS2_AN385
QEMU_armv7emsp := BOARD=MPS2_AN385 CFLAGS_EXTRA="-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard" \
	USER_C_MODULES=$(CURDIR)/natmod
QEMU_armv7emdp := BOARD=MPS2_AN385 CFLAGS_EXTRA="-mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard" \
	USER_C_MODULES=$(CURDIR)/natmod
# gcc has libraries for rv32imac, and not for rv32imac_zicsr, which the port asks for; in the older specification the one
# contains the other.
QEMU_rv32imc := BOARD=VIRT_RV32 RV32_ARCH="rv32imac -misa-spec=2.2"

# $(call qemu_port,folder,variables)
qemu_port = $(MAKE) -C $(MICROPYTHON)/ports/qemu -j$(JOBS) $(2) BUILD=$(QEMU)/$(1) MPY_LIB_DIR=$(MICROPYTHON)/lib \
	MICROPY_MPYCROSS=$(MPY_CROSS) MICROPY_MPYCROSS_DEPENDENCY=$(MPY_CROSS)

.PHONY: qemu-tools
qemu-tools: setup $(MPY_CROSS)
	@scripts/packages.sh $(QEMU_PACKAGES)

qemu-%: qemu-tools
	$(call quietly,Building MicroPython's qemu port for $*,qemu-$*,$(call qemu_port,$*,$(QEMU_$*) FROZEN_MANIFEST=$(CURDIR)/natmod/manifest_qemu.py))

.PHONY: qemu-usermod
qemu-usermod: qemu-tools ## Build MicroPython's qemu port for a Cortex-M3 with umqtt in it, as docs/install.md says
	$(call quietly,Building MicroPython's qemu port with umqtt,qemu-usermod,$(call qemu_port,usermod,\
		$$(sed -n '/^    make -C ports\/qemu /$(comma)/[^\\]$$/ p' docs/install.md | tr -d '\\' | sed 's|^ *make -C ports/qemu||; s|/path/to/umqtt-rs|$(CURDIR)|g')))
	@! grep -A 5 -E 'mpy_module/.*warning:' $(BUILD)/log/qemu-usermod
comma := ,
