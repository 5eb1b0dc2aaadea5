#!/bin/sh
# Makes sure that mpremote is there, in <folder>: MicroPython's program to work with a board, as its users install it.
set -eu
folder=$1
version=1.25.0

[ ! -x "$folder/bin/mpremote" ] || exit 0
echo "== Installing mpremote $version"
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "mpremote==$version"
