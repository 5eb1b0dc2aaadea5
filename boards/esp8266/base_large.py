# What MicroPython's own 2 MiB variant freezes more than the small one.
include("base_small.py")
include("$(MPY_DIR)/extmod/asyncio")

for library in ("ssd1306", "upysh"):
    try:
        require(library)
    except Exception:
        print("micropython-lib is not there, so not frozen in:", library)
