#!/bin/sh
# Builds one firmware: build.sh <board> <kind> <folder>, to <folder>/firmware.bin, which is flashed, and firmware.elf
#
# board: a folder of boards/; kind: native, python, without, differential or bench, see boards/esp8266/common.mk.
# From the environment: MICROPYTHON, MPY_CROSS, REFERENCE, ESP_SDK, ENGINE (libumqtt.a), TOOL (umqtt-firmware), ESPTOOL,
# JOBS, LOG, and for tests/faults.sh PLANT: more arguments for the port's make.
#
# MicroPython's port builds it, unmodified and in the given folder; then it is checked; then its image is made.
set -eu
board=$1 kind=$2 folder=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
port=$MICROPYTHON/ports/esp8266

# The source tree stays as it is.
export PYTHONDONTWRITEBYTECODE=1

modules= engine=
case $kind in
native | differential) modules=$root engine=$ENGINE ;;
bench) modules=$UMQTT_BENCH/modules engine=$ENGINE ;;
esac

# PLANT is split into arguments.
make_port() {
    "${MAKE:-make}" -C "$port" -j"$JOBS" BOARD_DIR="$root/boards/$board" BUILD="$folder" UMQTT_KIND="$kind" \
        USER_C_MODULES="$modules" UMQTT_ENGINE="$engine" UMQTT_REFERENCE="$REFERENCE" ESP_SDK="$ESP_SDK" \
        ESPTOOL="$ESPTOOL" MICROPY_MPYCROSS="$MPY_CROSS" MICROPY_MPYCROSS_DEPENDENCY="$MPY_CROSS" "$@" ${PLANT:-}
}

# Says why, as far as the log tells: an overflowing segment is the linker's to find.
fail() {
    tail -n 25 "$LOG" >&2
    sed -n -e 's/.*region `\([a-z]*\)[0-9]*_0_seg. overflowed by \([0-9]*\) bytes.*/\1 by \2 bytes/p' \
        -e 's/.*address \(0x[0-9a-f]*\) of .* is not within region `\([a-z]*\)[0-9]*_0_seg.*/\2 up to address \1/p' "$LOG" |
        sort -u | while read -r region much; do
            case $region in
            irom) echo "flash overflows $much: code and constants (irom0)" ;;
            iram) echo "instruction RAM overflows $much: code that is not in flash (iram1)" ;;
            dram) echo "static RAM overflows $much: variables (dram0)" ;;
            esac
        done >&2
    echo "$folder could not be built. The whole log: $LOG" >&2
    exit 1
}

# What was compiled with another SDK's headers is of no use, nor what was with other features (boards/esp8266/common.mk);
# the port's make does not notice either.
sources=$(echo "$ESP_SDK" && cd "$MICROPYTHON/lib" &&
    ls -d "$ESP_SDK/lib/libespnow.a" axtls/ssl/tls1.c berkeley-db-1.xx/btree/bt_open.c 2>/dev/null || true)
[ "$(cat "$folder/sources" 2>/dev/null)" = "$sources" ] || rm -rf "$folder"
mkdir -p "$folder" "$(dirname "$LOG")"
echo "$sources" >"$folder/sources"
"$here/layout.sh" "$port" "$folder/layout"
# The port's make does not look at manifests, nor at libraries.
frozen="$root/boards/esp8266 $root/mpy_module $root/tests/differential $root/benches/board"
if [ -n "$(find $frozen -name '*.py' -newer "$folder/frozen_content.c" 2>/dev/null | head -n 1)" ]; then
    rm -f "$folder/frozen_content.c"
fi
if [ -n "$(find $engine "$ESP_SDK/lib" "$folder/layout" -type f -newer "$folder/firmware.elf" 2>/dev/null | head -n 1)" ]; then
    rm -f "$folder/firmware.elf"
fi
make_port "$folder/firmware.elf" >"$LOG" 2>&1 || fail
! grep -A 5 -E 'mpy_module/.*warning:' "$LOG" >&2
"$TOOL" check "$folder/firmware.elf" ${engine:+--engine "$engine"}
make_port all >>"$LOG" 2>&1 || fail
