# umqtt/__init__.py on the ESP8266, where native code must lie in flash, as its instruction memory is full.
#
# MicroPython writes such code anew each time it is imported. So each start takes another of the places between the
# firmware and the file system, lest the flash wears out.

import esp
from os import urandom

# A multiple of what flash is erased by.
_SIZE = 0x8000


def _place():
    # Where the firmware says how long it is, in front of its checksum.
    size = bytearray(4)
    esp.flash_read(0x8FFC, size)
    start = int.from_bytes(size, "little") + 16
    # Code can be run from the first megabyte only.
    end = min(esp.flash_user_start(), 0x100000)
    places = (end - start) // _SIZE
    if places < 1:
        raise MemoryError("no room for umqtt beside this firmware")
    place = (urandom(1)[0] << 8 | urandom(1)[0]) % places
    esp.set_native_code_location(end - (place + 1) * _SIZE, _SIZE)


_place()
del _place
