#!/bin/sh
# Writes a firmware to a module: flash.sh <serial port> <speed> <firmware.bin>, with ESPTOOL and perhaps FLASH_MODE in the
# environment.
#
# flash.sh --check <serial port> says beforehand what would go wrong; SIMULATED is not empty when the firmware is linked
# with the simulated SDK.
set -eu

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

check() {
    port=$1
    found=$(ls /dev/ttyUSB* /dev/ttyACM* 2>/dev/null | xargs)
    [ -n "$port" ] || die "Name the serial port of the module: make flash PORT=${found:-/dev/ttyUSB0}"
    [ -e "$port" ] || die "There is no $port, but: ${found:-no serial port of a module at all}"
    [ -r "$port" ] && [ -w "$port" ] || die "You may not use $port. On Debian: adduser $(id -un) dialout, and log in again"
    # A virtual board's port is a pseudo-terminal, a module's is not.
    case $(readlink -f "$port") in
    /dev/pts/*) ;;
    *)
        [ -z "$SIMULATED" ] ||
            die "The firmware would be linked with the simulated SDK, and run on the virtual ESP8266 only." \
                "For a chip: make flash PORT=$port ESP_SDK=folder, see docs/firmware.md"
        ;;
    esac
}

if [ "$1" = --check ]; then
    check "$2"
    exit 0
fi
port=$1 speed=$2 firmware=$3
# 0xe9 begins an image of the boot ROM's.
[ "$(od -An -tx1 -N1 "$firmware" | tr -d ' ')" = e9 ] || die "$firmware is not a firmware of the ESP8266"
exec "$ESPTOOL" --chip esp8266 --port "$port" --baud "$speed" write_flash --verify --flash_size detect \
    --flash_mode "${FLASH_MODE:-qio}" 0 "$firmware"
