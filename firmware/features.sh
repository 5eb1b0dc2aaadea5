#!/bin/sh
# Prints what the features that can be left out cost: features.sh <engine's folder> <folder of the one without QoS 2>
set -eu

code() {
    xtensa-lx106-elf-size "$1/umqtt_engine.o" | awk 'NR == 2 { print $1 }'
}

session() {
    echo 4 '*' "$(printf '#include "umqtt_engine.h"\nUMQTT_SESSION_WORDS\n' | xtensa-lx106-elf-cpp -P -I "$1" - | tail -n 1)"
}

printf '\n%-18s%20s%20s  left out by\n' 'a feature costs' 'bytes of flash' 'heap of a client'
printf '%-18s%20d%20d  UMQTT_QOS2=0\n' 'QoS 2' $(($(code "$1") - $(code "$2"))) $(($(session "$1") - $(session "$2")))
