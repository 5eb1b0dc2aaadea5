#!/bin/sh
# Writes a firmware to a module: flash.sh <serial port> <speed> <firmware.bin>, with ESPTOOL, TOOL (umqtt-firmware) and
# perhaps FLASH_MODE in the environment.
#
# flash.sh --check <serial port> says beforehand what would go wrong; SIMULATED is not empty when the firmware is linked
# with the simulated SDK.
#
# The serial port is a device, or the URL of an RFC 2217 server. A virtual board's is a pseudo-terminal, which has no
# lines for reset and GPIO0, or such a server on this computer, which has.
set -eu

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# What kind of port it is: url (somewhere else), virtual-url, virtual-terminal or device.
kind() {
    case $1 in
    rfc2217://127.0.0.1:* | rfc2217://localhost:*) echo virtual-url ;;
    rfc2217://*) echo url ;;
    *)
        case $(readlink -f "$1") in
        /dev/pts/*) echo virtual-terminal ;;
        *) echo device ;;
        esac
        ;;
    esac
}

check() {
    port=$1
    found=$(ls /dev/ttyUSB* /dev/ttyACM* 2>/dev/null | xargs)
    [ -n "$port" ] || die "Name the serial port of the module: make flash PORT=${found:-/dev/ttyUSB0}"
    kind=$(kind "$port")
    case $kind in
    device | virtual-terminal)
        [ -e "$port" ] || die "There is no $port, but: ${found:-no serial port of a module at all}"
        [ -r "$port" ] && [ -w "$port" ] ||
            die "You may not use $port. On Debian: adduser $(id -un) dialout, and log in again"
        ;;
    esac
    case $kind in
    device | url)
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
"$TOOL" image "$firmware"

kind=$(kind "$port")
before=default_reset after=hard_reset
if [ "$kind" = virtual-terminal ]; then
    # The ROM can start the new firmware without a reset.
    before=no_reset after=soft_reset
    # This ends with a restart of the boot ROM, so that nothing is left of an esptool that did not come to its end.
    "$ESPTOOL" --chip esp8266 --port "$port" --before no_reset --after no_reset chip_id >/dev/null 2>&1 ||
        die "The virtual board does not answer. Either it is not in download mode, or an esptool was interrupted. Start it" \
            "anew with --download, or say 'gpio0 low' and 'reset' on its control socket. With --rfc2217 instead of --pty" \
            "esptool can do that by itself."
fi
"$ESPTOOL" --chip esp8266 --port "$port" --baud "$speed" --before $before --after $after write_flash \
    --flash_size detect --flash_mode "${FLASH_MODE:-qio}" 0 "$firmware" && exit 0

die "The firmware was not written, or not completely. Nothing is lost: the module can be flashed again at any time." \
    "When it did not connect: hold GPIO0 low while you reset it. When it stopped on the way: BAUD=115200"
