#!/bin/sh
# Makes sure that esptool is there, in <folder>: Espressif's program that makes images for the chip's boot ROM, and
# flashes them. MicroPython's port uses version 4's commands.
set -eu
folder=$1
version=4.8.1

[ ! -x "$folder/bin/esptool.py" ] || exit 0
echo "== Installing esptool $version"
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "esptool==$version"
