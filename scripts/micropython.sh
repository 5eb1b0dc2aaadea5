#!/bin/sh
# Puts MicroPython's source where the build expects it: into the folder given, as a link or unpacked.
#
# The submodule micropython/ is taken when it is filled (git submodule update --init). Else the source package of the
# same version is fetched from Debian's archive, by apt, which checks its signature. Else git is asked for the submodule.
set -eu

version=1.25.0+ds-1
target=$1
root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/build/fetch

is_source() {
    [ -f "$1/py/mpconfig.h" ]
}

use_submodule() {
    rm -rf "$target"
    mkdir -p "$(dirname "$target")"
    ln -s "$root/micropython" "$target"
}

fetch_from_debian() {
    command -v apt-get >/dev/null && command -v dpkg-source >/dev/null || return 1
    site=$(apt-get indextargets --format '$(SITE)' | grep -v security | head -n 1)
    [ -n "$site" ] || return 1
    rm -rf "$work"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site trixie main" >"$work/sources.list"
    set -- -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- \
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=
    apt-get "$@" update || return 1
    (cd "$work" && apt-get "$@" source --download-only "micropython=$version") >"$work/log" 2>&1 || return 1
    dpkg-source --no-check -x "$work/micropython_$version.dsc" "$work/source" >>"$work/log" 2>&1 || return 1
    rm -rf "$target"
    mv "$work/source" "$target"
    rm -rf "$work"
}

if is_source "$root/micropython"; then
    [ "$(readlink "$target" 2>/dev/null)" = "$root/micropython" ] || use_submodule
    exit 0
fi
if is_source "$target"; then
    exit 0
fi
echo "== Fetching MicroPython $version from Debian's archive"
if fetch_from_debian; then
    exit 0
fi
[ ! -f "$work/log" ] || tail -n 5 "$work/log" >&2
echo "== Debian's archive has no MicroPython $version for this machine; asking git for the submodule"
if GIT_TERMINAL_PROMPT=0 git -C "$root" submodule update --init --depth 1 micropython && is_source "$root/micropython"; then
    use_submodule
    exit 0
fi
echo "MicroPython's source could not be fetched. Fill the folder micropython/ (git submodule update --init)," >&2
echo "then run the same command again." >&2
exit 1
