#!/bin/sh
# Puts lwIP's source into the folder given, where the simulated SDK's build expects it.
#
# It is unpacked from Debian's source package, which apt checks against the archive's signature. A folder that already
# holds lwIP's source is left alone, so a checkout of lwIP's own repository serves as well.
set -eu

version=2.2.1
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
mkdir -p "$(dirname "$1")"
target=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$target.fetch

if [ -f "$target/src/include/lwip/init.h" ]; then
    exit 0
fi
echo "== Fetching lwIP $version from Debian's archive"
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"

site=$(apt-get indextargets --format '$(SITE)' | grep -v security | head -n 1)
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site trixie main" >"$work/sources.list"
apt_source() {
    apt-get -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- \
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User= "$@"
}
if apt_source update >"$work/log" 2>&1 &&
    (cd "$work" && apt_source source --download-only lwip) >>"$work/log" 2>&1 &&
    dpkg-source --no-check -x "$work/lwip_$version"*.dsc "$work/source" >>"$work/log" 2>&1; then
    rm -rf "$target"
    mv "$work/source" "$target"
    rm -rf "$work"
    exit 0
fi
tail -n 5 "$work/log" >&2
echo "lwIP's source could not be fetched: unpack lwIP 2.2.1 into $target, then run the same command again." >&2
exit 1
