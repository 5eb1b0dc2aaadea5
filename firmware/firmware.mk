# The firmware for the ESP8266, included by the Makefile. docs/firmware.md explains it.
#
# VARIANT   2MiB (default) or 1MiB, after the size of the module's flash
# ESP_SDK   the folder of the SDK, with include/ and lib/; the simulated one when it is not given
# UMQTT_QOS2  0 leaves QoS 2 out
# PORT      the serial port of the module, or rfc2217://host:port, for flashing; BAUD its speed

FIRMWARE_PACKAGES := gcc-xtensa-lx106 binutils-xtensa-lx106 picolibc-xtensa-lx106-elf rustc-web rust-web-src cargo-web \
	qemu-system-misc
VARIANT ?= 2MiB
UMQTT_QOS2 ?= 1
BAUD ?= 460800

FIRMWARE := $(BUILD)/firmware
FIRMWARE_BIN := $(FIRMWARE)/$(VARIANT)/firmware.bin
FIRMWARE_TOOL := $(FIRMWARE)/tool/release/umqtt-firmware
FIRMWARE_ESPTOOL := $(FIRMWARE)/esptool/bin/esptool.py
SIMULATED_SDK := $(BUILD)/virtual-esp8266/sdk
ifeq ($(origin ESP_SDK),undefined)
ESP_SDK := $(SIMULATED_SDK)
FIRMWARE_SDK := simulated-sdk
endif

BOARD_2MiB := UMQTT_2MIB
BOARD_1MiB := UMQTT_1MIB

FIRMWARE_ENVIRONMENT = MICROPYTHON=$(MICROPYTHON) MPY_CROSS=$(MPY_CROSS) REFERENCE=$(REFERENCE) TOOL=$(FIRMWARE_TOOL) \
	ENGINE=$(FIRMWARE)/engine/libumqtt.a ESP_SDK=$(abspath $(ESP_SDK)) ESPTOOL=$(FIRMWARE_ESPTOOL) JOBS=$(JOBS)

.PHONY: firmware
firmware: firmware-image firmware-comparison firmware-features ## Build the ESP8266 firmware: build/firmware/2MiB/firmware.bin (VARIANT=1MiB)
	@$(FIRMWARE_TOOL) sizes --json $(FIRMWARE)/$(VARIANT)/sizes.json ours=$(FIRMWARE)/$(VARIANT)/firmware.elf \
		'without MQTT=$(FIRMWARE)/$(VARIANT)-without/firmware.elf' \
		'Python MQTT=$(FIRMWARE)/$(VARIANT)-python/firmware.elf' | tee $(FIRMWARE)/$(VARIANT)/sizes.txt
	$(if $(filter 0,$(UMQTT_QOS2)),,@firmware/features.sh $(FIRMWARE)/engine $(FIRMWARE)/engine-without-qos2 | tee -a $(FIRMWARE)/$(VARIANT)/sizes.txt)

# One of the firmwares: $(call firmware_build,kind,folder,what it is)
define firmware_build
	@echo "== Building the ESP8266 firmware, $(VARIANT), $(3)"
	@$(FIRMWARE_ENVIRONMENT) LOG=$(BUILD)/log/$(notdir $(2)) firmware/build.sh $(BOARD_$(VARIANT)) $(1) $(2)
endef

.PHONY: firmware-image
firmware-image: firmware-tools reference firmware-engine $(FIRMWARE_SDK) ## The same without building what its sizes are compared with
	$(if $(BOARD_$(VARIANT)),,$(error VARIANT is 2MiB or 1MiB, not $(VARIANT)))
	@[ -d $(ESP_SDK)/include ] && [ -d $(ESP_SDK)/lib ] || { echo "ESP_SDK=$(ESP_SDK) has no include/ and lib/, see docs/firmware.md" >&2; exit 1; }
	@[ -f $(MICROPYTHON)/lib/axtls/ssl/tls1.c ] || echo "== TLS is off: this MicroPython tree has no lib/axtls"
	@[ -f $(MICROPYTHON)/lib/berkeley-db-1.xx/btree/bt_open.c ] || echo "== btree is off: this MicroPython tree has no lib/berkeley-db-1.xx"
	$(call firmware_build,native,$(FIRMWARE)/$(VARIANT),ours)

.PHONY: firmware-comparison
firmware-comparison: firmware-without
	$(call firmware_build,python,$(FIRMWARE)/$(VARIANT)-python,with the reference library)

.PHONY: firmware-without
firmware-without: firmware-image
	$(call firmware_build,without,$(FIRMWARE)/$(VARIANT)-without,without MQTT)

.PHONY: firmware-differential
firmware-differential: firmware-image
	@# A frozen module has no dots in its name.
	@ln -sfn 1.3.4 $(REFERENCE)/python
	$(call firmware_build,differential,$(FIRMWARE)/$(VARIANT)-differential,with the differential tests)

.PHONY: firmware-engine
firmware-engine: firmware-tools
	@echo "== Compiling the engine for the ESP8266"
	@TOOL=$(FIRMWARE_TOOL) FEATURES=embedded QOS2=$(UMQTT_QOS2) firmware/engine.sh $(CURDIR) $(FIRMWARE)/engine

# The engine without what can be left out of it, to see what that costs.
.PHONY: firmware-features
firmware-features: firmware-engine
	@echo "== Compiling the engine without QoS 2, to see what that costs"
	@TOOL=$(FIRMWARE_TOOL) FEATURES=embedded QOS2=0 CARGO_FOLDER=$(FIRMWARE)/engine/cargo \
		firmware/engine.sh $(CURDIR) $(FIRMWARE)/engine-without-qos2

# esptool is Espressif's program that makes images for the chip's boot ROM, and flashes them. MicroPython's port uses
# version 4's commands.
.PHONY: firmware-tools
firmware-tools: setup $(MPY_CROSS)
	@scripts/packages.sh $(FIRMWARE_PACKAGES)
	@scripts/pypi.sh $(FIRMWARE)/esptool esptool 4.8.1 esptool.py
	@$(CARGO) build --quiet --release --locked --manifest-path firmware/Cargo.toml --target-dir $(FIRMWARE)/tool

.PHONY: simulated-sdk
simulated-sdk: setup
	@virtual-esp8266/fetch-lwip.sh $(BUILD)/lwip
	$(call quietly,Building the simulated SDK,simulated-sdk,$(MAKE) -C virtual-esp8266 sdk -j$(JOBS) \
		BUILD=$(BUILD)/virtual-esp8266 LWIP=$(BUILD)/lwip)

.PHONY: flash
flash: ## Write the firmware to a module: make flash PORT=/dev/ttyUSB0 ESP_SDK=folder
	@SIMULATED=$(FIRMWARE_SDK) firmware/flash.sh --check '$(PORT)'
	@$(MAKE) firmware-image
	@ESPTOOL=$(FIRMWARE_ESPTOOL) TOOL=$(FIRMWARE_TOOL) FLASH_MODE=$(FLASH_MODE) firmware/flash.sh '$(PORT)' $(BAUD) $(FIRMWARE_BIN)

.PHONY: test-firmware
test-firmware: firmware ## Test the checks of the firmware, each on a planted fault, and another SDK
	@echo "== Testing the checks of the firmware"
	@mkdir -p $(BUILD)/log
	@$(CARGO) test --quiet --locked --manifest-path firmware/Cargo.toml --target-dir $(FIRMWARE)/tool 2>&1 | tee $(BUILD)/log/test-firmware
	@TOOL=$(FIRMWARE_TOOL) firmware/tests/loads.sh $(FIRMWARE)/loads 2>&1 | tee -a $(BUILD)/log/test-firmware
	@# The engine that the unix port has, too.
	@CARGO="$(CARGO)" firmware/tests/twin.sh $(FIRMWARE)/twin $(FIRMWARE)/engine $(BUILD)/unix/umqtt 2>&1 | tee -a $(BUILD)/log/test-firmware
	@$(FIRMWARE_ENVIRONMENT) GOOD=$(FIRMWARE)/2MiB firmware/tests/faults.sh $(FIRMWARE)/faults 2>&1 | tee -a $(BUILD)/log/test-firmware
	@$(FIRMWARE_ENVIRONMENT) OBJECTS=$(BUILD)/virtual-esp8266/sdk-objects firmware/tests/sdk.sh $(FIRMWARE)/by-hand 2>&1 | tee -a $(BUILD)/log/test-firmware
