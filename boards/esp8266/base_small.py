# What MicroPython's own ESP8266 board freezes: the port's modules, and drivers from micropython-lib where that is there.
# Debian's source package of MicroPython comes without micropython-lib.
freeze("$(PORT_DIR)/modules")

for library in ("bundle-networking", "dht", "ds18x20", "neopixel", "onewire"):
    try:
        require(library)
    except Exception:
        print("micropython-lib is not there, so not frozen in:", library)
