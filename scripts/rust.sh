#!/bin/sh
# Makes sure that a Rust toolchain of at least the given version is there. Debian 12 has a recent one in the packages
# whose names end in -web; they are installed when no toolchain, or an older one, is found.
set -eu
wanted=$1

new_enough() {
    found=$("$1" --version 2>/dev/null | cut -d ' ' -f 2) || return 1
    [ -n "$found" ] && [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ]
}

if new_enough "${CARGO:-cargo}"; then
    exit 0
fi
"$(dirname "$0")/packages.sh" rustc-web cargo-web rustfmt-web rust-web-clippy
if ! new_enough "${CARGO:-cargo}"; then
    echo "Rust $wanted or newer is needed, but '${CARGO:-cargo}' is $("${CARGO:-cargo}" --version 2>&1 || true)." >&2
    echo "Put a newer one first in PATH, or name it: make CARGO=/usr/bin/cargo" >&2
    exit 1
fi
