#!/bin/sh
# Compiles the engine for the ESP8266: engine.sh <cargo package> <folder>, to <folder>/libumqtt.a and umqtt_engine.h
#
# rustc writes assembly, umqtt-firmware ($TOOL) rewrites it for the chip's memory (src/assembly.rs), and GNU as assembles
# it, since LLVM's own assembler misplaces this chip's literals.
#
# QOS2=0 in the environment leaves QoS 2 out.
#
# jump-tables=n: a table of addresses would be a constant. trap-unreachable=no: a trap is a call of abort on this chip,
# and there shall be none, see src/checks.rs. disable-machine-cse, disable-machine-licm: what is computed once for all its uses
# is kept in registers that are few here; without that the code is smaller, and not slower (docs/benchmarks.md).
# apply-ext-tsp-for-size, bonus-inst-threshold=0: fewer jumps, and nothing computed on a chance.
set -eu
package=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
rustc=$("$here/rustc.sh")
cargo=$(dirname "$rustc")/cargo

cargo_folder=${CARGO_FOLDER:-$folder/cargo}

mkdir -p "$folder"
cd "$package"
# Cargo does not look whether the assembly is still there.
[ -f "$folder/umqtt_engine.llvm.s" ] || rm -rf "$cargo_folder"/xtensa-esp8266-none-elf/release/.fingerprint/umqtt-*
UMQTT_INCLUDE_DIR=$folder RUSTC=$rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C jump-tables=n -Z trap-unreachable=no \
    -C llvm-args=-disable-machine-cse -C llvm-args=-disable-machine-licm \
    -C llvm-args=-apply-ext-tsp-for-size -C llvm-args=-bonus-inst-threshold=0" \
    "$cargo" rustc --quiet --locked -Z build-std=core -Z json-target-spec --target "$here/xtensa-esp8266-none-elf.json" \
    --release --lib --crate-type staticlib ${FEATURES:+--features "$FEATURES"} \
    $([ "${QOS2:-1}" = 0 ] && echo --no-default-features) \
    --target-dir "$cargo_folder" -- --emit "asm=$folder/umqtt_engine.llvm.s"

"$TOOL" assembly "$folder/umqtt_engine.llvm.s" "$folder/umqtt_engine.s"
"$TOOL" frames "$folder/umqtt_engine.s"
xtensa-lx106-elf-as --no-target-align "$folder/umqtt_engine.s" -o "$folder/umqtt_engine.new.o"
if ! cmp -s "$folder/umqtt_engine.new.o" "$folder/umqtt_engine.o" || [ ! -f "$folder/libumqtt.a" ]; then
    mv "$folder/umqtt_engine.new.o" "$folder/umqtt_engine.o"
    rm -f "$folder/libumqtt.a"
    xtensa-lx106-elf-ar rcs "$folder/libumqtt.a" "$folder/umqtt_engine.o"
fi
rm -f "$folder/umqtt_engine.new.o"
