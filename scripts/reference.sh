#!/bin/sh
# Fetches the reference library from PyPI for the differential tests, into <folder>/<version>/umqtt and
# <folder>/robust/umqtt. Its source distributions cannot be built by pip; unearth downloads them as they are.
set -eu
folder=$1
root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/build/venv

if [ ! -x "$venv/bin/unearth" ]; then
    echo "== Installing unearth, to download from PyPI"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "unearth==0.19.0"
fi

fetch() {
    requirement=$1 to=$2
    [ ! -d "$folder/$to" ] || return 0
    echo "== Fetching $requirement from PyPI"
    rm -rf "$folder/.new"
    mkdir -p "$folder/.new"
    "$venv/bin/unearth" --no-binary --download "$folder/.new" "$requirement" >/dev/null
    tar -xzf "$folder/.new"/*.tar.gz -C "$folder/.new" --strip-components=1
    [ -d "$folder/.new/umqtt" ]
    mv "$folder/.new" "$folder/$to"
}

mkdir -p "$folder"
fetch "micropython-umqtt.simple==1.3.3" 1.3.3
fetch "micropython-umqtt.simple==1.3.4" 1.3.4
fetch "micropython-umqtt.robust==1.0" robust
