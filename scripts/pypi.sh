#!/bin/sh
# Makes sure that a program from PyPI is there, as its users have it, in an environment of its own:
# pypi.sh <folder> <package> <version> <program in folder/bin>
set -eu
folder=$1 package=$2 version=$3 program=$4

[ ! -x "$folder/bin/$program" ] || exit 0
echo "== Installing $package $version"
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "$package==$version"
