# What is frozen into the unix port: umqtt, and ssl, which MicroPython's own variant freezes too.
include("../../mpy_module/manifest.py")

try:
    require("ssl")
except Exception:
    # Debian's source package has no micropython-lib.
    module("ssl.py", base_path=".")
