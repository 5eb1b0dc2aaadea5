# The measurement, included by the Makefile. docs/benchmarks.md has its results.

.PHONY: bench
bench: firmware bench-firmware virtual-esp8266 ## Measure on the virtual ESP8266, beside the Python library and the bare socket
	@$(CARGO) run --quiet --locked --package umqtt-bench

.PHONY: codecs
codecs: setup ## Count the instructions of writing and reading a packet, beside other Rust crates
	@scripts/packages.sh valgrind
	@$(CARGO) build --quiet --locked --release --package umqtt-codecs
	@target/release/umqtt-codecs

# One firmware with both libraries, the reference under another name, and lwIP's client. What is not ours is copied.
.PHONY: bench-firmware
bench-firmware: firmware-tools reference firmware-engine $(FIRMWARE_SDK)
	@mkdir -p $(BUILD)/bench/umqtt_reference
	@cmp -s $(REFERENCE)/1.3.4/umqtt/simple.py $(BUILD)/bench/umqtt_reference/simple.py || \
		cp $(REFERENCE)/1.3.4/umqtt/simple.py $(BUILD)/bench/umqtt_reference/simple.py
	@mkdir -p $(BUILD)/bench/modules/lwip_mqtt
	@ln -sfn $(CURDIR)/mpy_module $(BUILD)/bench/modules/mpy_module
	@for file in benches/lwip_mqtt/* $(BUILD)/lwip/src/apps/mqtt/mqtt.c; do \
		copy=$(BUILD)/bench/modules/lwip_mqtt/$$(basename $$file); cmp -s $$file $$copy || cp $$file $$copy; done
	@echo "== Building the ESP8266 firmware, with ours and the others"
	@$(FIRMWARE_ENVIRONMENT) UMQTT_BENCH=$(BUILD)/bench LOG=$(BUILD)/log/bench \
		firmware/build.sh UMQTT_2MIB bench $(FIRMWARE)/bench
