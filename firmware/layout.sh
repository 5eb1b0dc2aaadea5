#!/bin/sh
# Makes the linker scripts of a firmware from those of MicroPython's port: layout.sh <ports/esp8266> <folder>
#
# They are the port's, read from the tree that is being built, but for two changes:
#
# - The shim's code and the engine's constants are placed in flash. The script names objects by their paths, and code
#   that it does not name lands in the scarce instruction RAM. (The engine's code has its section from the start.)
# - The five PROVIDE(_...ExceptionVector = 0x400000..) lines of the ROM's addresses are left out. With GNU ld 2.40 they
#   win over the vectors of the SDK's libmain.a: the link succeeds, and the chip crashes at its first exception.
set -eu
port=$1 folder=$2

die() {
    echo "firmware/layout.sh: $*" >&2
    exit 1
}

mkdir -p "$folder"
rom=$folder/eagle.rom.addr.v6.ld
common=$folder/esp8266_common.ld

grep -v 'PROVIDE *( *_[A-Za-z]*ExceptionVector *=' "$port/boards/eagle.rom.addr.v6.ld" >"$rom.new"
awk -v rom="$rom" '
    /^ *\*extmod\/\*\.o\*\(\.literal\* \.text\*\)/ {
        print
        print "        *mpy_module/*.o(.literal* .text*)"
        print "        *(.irom0.rodata)"
        print "        . = ALIGN(4);"
        placed++
        next
    }
    /^INCLUDE "?boards\/eagle\.rom\.addr\.v6\.ld"?/ { print "INCLUDE \"" rom "\""; included++; next }
    { print }
    END { exit !(placed == 1 && included == 1) }
' "$port/boards/esp8266_common.ld" >"$common.new" || die "boards/esp8266_common.ld is not as it was in MicroPython 1.25"

for script in "$port"/boards/esp8266_[12]MiB.ld; do
    name=$folder/$(basename "$script")
    awk -v common="$common" '
        /^INCLUDE "?boards\/esp8266_common\.ld"?/ { print "INCLUDE \"" common "\""; included++; next }
        { print }
        END { exit !(included == 1) }
    ' "$script" >"$name.new" || die "$(basename "$script") is not as it was in MicroPython 1.25"
done

# A script that has not changed keeps its date.
for new in "$folder"/*.new; do
    cmp -s "$new" "${new%.new}" || cp "$new" "${new%.new}"
    rm "$new"
done
