# What is frozen into the unix port that has no umqtt: what MicroPython's own variant freezes and our tests need.
try:
    require("ssl")
except Exception:
    # Debian's source package has no micropython-lib.
    module("ssl.py", base_path=".")
