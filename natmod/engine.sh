#!/bin/sh
# Compiles the engine for a native module: engine.sh <arch> <folder>, to <folder>/umqtt_engine.o and umqtt_engine.h
#
# arch: as MicroPython's natmods name it. From the environment: CARGO, and for xtensa FIRMWARE_ENGINE, the folder of
# the firmware's engine (firmware/engine.sh).
#
# Position-independent, and without jump tables, which mpy_ld.py would have to relocate.
set -eu
arch=$1 folder=$2
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$folder"

case $arch in
x64) target= ;;
x86) target=i686-unknown-linux-gnu ;;
armv6m) target=thumbv6m-none-eabi ;;
armv7m) target=thumbv7m-none-eabi ;;
armv7emsp | armv7emdp) target=thumbv7em-none-eabihf ;;
rv32imc) target=riscv32imc-unknown-none-elf ;;
xtensa)
    # The one that the firmware has, its sections named as a native module's, but not as the shim's (tests/mpy/objects.rs).
    cp "$FIRMWARE_ENGINE/umqtt_engine.h" "$folder/"
    xtensa-lx106-elf-objcopy --rename-section .irom0.text=.text.engine --rename-section .irom0.literal=.literal.engine \
        --rename-section .irom0.rodata=.rodata.engine "$FIRMWARE_ENGINE/umqtt_engine.o" "$folder/umqtt_engine.o"
    exit 0
    ;;
esac
RUSTFLAGS="-C relocation-model=pic -C jump-tables=n" exec "$root/mpy_module/engine.sh" "$target" "$folder"
