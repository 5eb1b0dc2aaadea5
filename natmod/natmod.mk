# umqtt.simple as a file for boards with any firmware, included by the Makefile. docs/install.md says how it is used.
#
# MPY_ARCHS   the architectures, by MicroPython's names

MPY_ARCHS ?= xtensa x64 x86 armv6m armv7m armv7emsp armv7emdp rv32imc
NATMOD := $(BUILD)/natmod
NATMOD_PYTHON := $(NATMOD)/venv/bin/python
DIST := $(CURDIR)/dist
NATMOD_PACKAGES := $(if $(filter arm%,$(MPY_ARCHS)),gcc-arm-none-eabi libnewlib-arm-none-eabi) \
	$(if $(filter rv32imc,$(MPY_ARCHS)),gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf) \
	$(if $(filter x86,$(MPY_ARCHS)),gcc-i686-linux-gnu libc6-dev-i386-cross) \
	$(if $(filter-out x64,$(MPY_ARCHS)),rustc-web rust-web-src cargo-web)
# The version of the package, as the engine's.
NATMOD_VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

.PHONY: mpy
mpy: $(MPY_ARCHS:%=mpy-%) ## Build umqtt as files for boards with any firmware: dist/<architecture>/umqtt

.PHONY: natmod-tools
natmod-tools: setup $(MPY_CROSS)
	@scripts/packages.sh $(NATMOD_PACKAGES)
	@[ -x $(NATMOD_PYTHON) ] || { echo "== Installing pyelftools, for MicroPython's linker of native modules"; \
		python3 -m venv $(NATMOD)/venv && $(NATMOD)/venv/bin/pip install --quiet --disable-pip-version-check "pyelftools==0.33" "ar==1.0.1"; }

natmod-engine-xtensa: firmware-engine
natmod-engine-%: natmod-tools
	@echo "== Compiling the engine for $*"
	@FIRMWARE_ENGINE=$(FIRMWARE)/engine natmod/engine.sh $* $(NATMOD)/$*/engine

mpy-%: natmod-engine-% natmod-tools
	$(call quietly,Building umqtt.simple as a file for $*,mpy-$*,MICROPYTHON=$(MICROPYTHON) MPY_CROSS=$(MPY_CROSS) PYTHON=$(NATMOD_PYTHON) \
		ENGINE=$(NATMOD)/$*/engine VERSION=$(NATMOD_VERSION) natmod/build.sh $* $(NATMOD)/$*/objects $(DIST)/$*)

# MicroPython's unix port as anybody has it: without our module.
NATMOD_STOCK := $(BUILD)/unix-stock/micropython
.PHONY: unix-stock
unix-stock: setup $(MPY_CROSS)
	$(call quietly,Building MicroPython's unix port without umqtt,unix-stock,$(MAKE) -C $(MICROPYTHON)/ports/unix -j$(JOBS) \
		BUILD=$(BUILD)/unix-stock FROZEN_MANIFEST=$(CURDIR)/boards/unix/manifest_stock.py \
		MICROPY_MPYCROSS=$(MPY_CROSS) MICROPY_MPYCROSS_DEPENDENCY=$(MPY_CROSS) MICROPY_PY_FFI=0 MICROPY_PY_BTREE=0)

# The same for processors with 32 bits: static, since this machine need not have a C library for them.
.PHONY: unix-x86
unix-x86: natmod-tools
	$(call quietly,Building MicroPython's unix port for x86,unix-x86,$(MAKE) -C $(MICROPYTHON)/ports/unix -j$(JOBS) CROSS_COMPILE=i686-linux-gnu- \
		BUILD=$(BUILD)/unix-x86 FROZEN_MANIFEST=$(CURDIR)/natmod/manifest_qemu.py LDFLAGS_EXTRA=-static \
		MICROPY_MPYCROSS=$(MPY_CROSS) MICROPY_MPYCROSS_DEPENDENCY=$(MPY_CROSS) MICROPY_PY_FFI=0 MICROPY_PY_BTREE=0 \
		MICROPY_PY_SSL=0 MICROPY_SSL_MBEDTLS=0)

.PHONY: test-mpy
test-mpy: mpy unix-stock unix unix-x86 $(QEMU_ARCHS:%=qemu-%) qemu-usermod reference firmware-without virtual-esp8266 mpremote ## Test the files, and umqtt built in for ARM: in the unix port, on the virtual ESP8266, in QEMU on ARM and RISC-V
	@echo "== Testing umqtt as a file"
	@mkdir -p $(BUILD)/log
	@$(CARGO) test --quiet --locked --package umqtt-tests --test mpy 2>&1 | tee $(BUILD)/log/test-mpy

.PHONY: mpy-costs
mpy-costs: mpy-xtensa firmware virtual-esp8266 mpremote reference ## Print what the ways to umqtt cost the ESP8266
	@$(CARGO) test --quiet --locked --package umqtt-tests --test mpy costs -- --nocapture
