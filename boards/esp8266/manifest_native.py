# The firmware with this project's umqtt.simple and umqtt.robust.
include("$(UMQTT_BASE)")
include("../../mpy_module/manifest.py")
