#!/bin/sh
# Compiles the engine to one object: engine.sh <Rust target, or empty for this machine> <folder> <option of cargo>...
# to <folder>/umqtt_engine.o and umqtt_engine.h
#
# What rustc would add for a program without libc stays out. From the environment: CARGO, RUSTFLAGS.
set -eu
target=$1 folder=$2
shift 2
cd "$(dirname "$0")/.."
mkdir -p "$folder"
: "${CARGO:=cargo}"

# What this machine has no compiled core library for is compiled with its source, by the compiler that has it.
build_std=
if [ -n "$target" ] && [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    RUSTC=$(firmware/rustc.sh)
    CARGO=$(dirname "$RUSTC")/cargo
    RUSTC_BOOTSTRAP=1
    export RUSTC RUSTC_BOOTSTRAP
    build_std="-Z build-std=core"
fi
# make's jobs are not cargo's: without its descriptors cargo warns.
unset MAKEFLAGS MFLAGS
UMQTT_INCLUDE_DIR=$folder "$CARGO" rustc --quiet --locked --release --lib --package umqtt --crate-type staticlib \
    --features embedded "$@" --target-dir "$folder/cargo" ${target:+--target "$target"} $build_std \
    -- --emit "obj=$folder/umqtt_engine.o"
