# The firmware without MQTT, for comparison.
include("$(UMQTT_BASE)")
