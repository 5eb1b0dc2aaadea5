#!/bin/sh
# Prints the path of a rustc that can compile for the ESP8266: its LLVM knows the chip, and the source of its library is
# there, since nobody ships that library compiled for the chip. Looks at $RUSTC, at rustc in PATH and at Debian's, whose
# packages are rustc-web and rust-web-src.
set -eu

serves() {
    sysroot=$("$1" --print sysroot 2>/dev/null) || return 1
    [ -d "$sysroot/lib/rustlib/src/rust/library/core" ] || return 1
    "$1" --target xtensa-esp32-none-elf --print target-cpus 2>/dev/null | grep -qw esp8266
}

for candidate in "${RUSTC:-}" "$(command -v rustc || true)" /usr/bin/rustc; do
    if [ -n "$candidate" ] && serves "$candidate"; then
        echo "$candidate"
        exit 0
    fi
done
echo "No Rust compiler here can compile for the ESP8266: rustc with LLVM's Xtensa backend and the source of its library." >&2
echo "On Debian 12 install rustc-web, rust-web-src and cargo-web; elsewhere a nightly: rustup toolchain install nightly" >&2
echo "--component rust-src; then name it: make firmware RUSTC=\$(rustup which --toolchain nightly rustc)" >&2
exit 1
