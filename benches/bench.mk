# The measurement, included by the Makefile. docs/benchmarks.md has its results.

.PHONY: bench
bench: firmware bench-firmware virtual-esp8266 ## Measure on the virtual ESP8266, beside the Python library and the bare socket
	@$(CARGO) run --quiet --locked --package umqtt-bench

# One firmware with both libraries. The reference has another name in it, for which it is copied.
.PHONY: bench-firmware
bench-firmware: firmware-tools reference firmware-engine $(FIRMWARE_SDK)
	@mkdir -p $(BUILD)/bench/umqtt_reference
	@cmp -s $(REFERENCE)/1.3.4/umqtt/simple.py $(BUILD)/bench/umqtt_reference/simple.py || \
		cp $(REFERENCE)/1.3.4/umqtt/simple.py $(BUILD)/bench/umqtt_reference/simple.py
	@echo "== Building the ESP8266 firmware, with ours and the reference library"
	@$(FIRMWARE_ENVIRONMENT) UMQTT_BENCH=$(BUILD)/bench LOG=$(BUILD)/log/bench \
		firmware/build.sh UMQTT_2MIB bench $(FIRMWARE)/bench
