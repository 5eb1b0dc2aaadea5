#!/bin/sh
# Shows on an emulated lx106 that the engine for the ESP8266, with all that was done to shorten it, does what the one for this
# computer does: twin.sh <folder> <folder of the ESP8266's engine> <folder for this computer's>, from the environment CARGO.
set -eu
folder=$1 engine=$2 own=$3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"

"$here/../../mpy_module/engine.sh" '' "$own"
cc -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -I"$own" "$here/twin.c" "$own/umqtt_engine.o" \
    -o "$folder/here"
"$folder/here" >"$folder/here.txt"

xtensa-lx106-elf-gcc -O1 -Wall -Wextra -Werror -mlongcalls -mtext-section-literals -ffreestanding \
    -fno-tree-loop-distribute-patterns -I"$engine" -c "$here/twin.c" -o "$folder/twin.o"
xtensa-lx106-elf-ld -z noexecstack --section-start=.reset=0x50000000 -Ttext=0x50000010 --section-start=.irom0.text=0x50010000 \
    -Tdata=0x50020000 "$folder/twin.o" "$engine/umqtt_engine.o" -o "$folder/there.elf"
timeout 120 qemu-system-xtensa -M lx60-nommu -cpu lx106 -nographic -semihosting -monitor none -serial none \
    -kernel "$folder/there.elf" >"$folder/there.txt"

if ! diff "$folder/here.txt" "$folder/there.txt"; then
    echo "The engine for the ESP8266 does something else than the one for this computer: $folder" >&2
    exit 1
fi
echo "== In 400,000 calls at random the engine does on an lx106 what it does on this computer"
