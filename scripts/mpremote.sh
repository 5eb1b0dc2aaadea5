#!/bin/sh
# Makes sure that mpremote is there, in <folder>: MicroPython's program for talking to boards, as its users have it from
# PyPI. Its pyserial is what MicroPython's own tests need.
set -eu
folder=$1
version=1.29.0

[ ! -x "$folder/bin/mpremote" ] || exit 0
echo "== Installing mpremote $version"
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "mpremote==$version"
