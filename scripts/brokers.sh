#!/bin/sh
# Installs into <folder> the brokers that the tests run beside mosquitto: amqtt (Python), and aedes (JavaScript) where
# npm is to be had. Debian's npm brings some 400 packages, so it is not installed for that.
set -eu
folder=$1

if [ ! -x "$folder/amqtt/bin/amqtt" ]; then
    echo "== Installing the broker amqtt from PyPI"
    rm -rf "$folder/amqtt"
    python3 -m venv "$folder/amqtt"
    "$folder/amqtt/bin/pip" install --quiet --disable-pip-version-check "amqtt==0.12.1"
fi

if [ ! -d "$folder/aedes" ] && command -v npm >/dev/null; then
    echo "== Installing the broker aedes from npm"
    rm -rf "$folder/.new"
    mkdir -p "$folder/.new"
    npm install --silent --no-audit --no-fund --prefix "$folder/.new" "aedes@0.51.3" >/dev/null
    mv "$folder/.new" "$folder/aedes"
fi
