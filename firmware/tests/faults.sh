#!/bin/sh
# Shows that the build fails when it should: plants one fault after another into a firmware that has been built, links it
# again by the build's own script, and looks for the message. faults.sh <folder>, the environment as for build.sh, and
# GOOD, the folder of the good firmware.
set -eu
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
copy=$folder/2MiB
planted=$folder/planted
engine=$ENGINE
failures=0

rm -rf "$copy" "$planted"
mkdir -p "$folder" "$planted"
cp -a "$GOOD" "$copy"
export LOG="$folder/log"

# The linker, made to keep what is planted and to take what is given beside it.
linker() {
    printf '#!/bin/sh\nexec xtensa-lx106-elf-ld -u umqtt_planted -u umqtt_planted_code "$@" %s\n' "$*" >"$planted/ld"
    chmod +x "$planted/ld"
}

# expect <fault> <message>: builds, which must fail with the message
expect() {
    rm -f "$copy/firmware.elf" "$copy/firmware.map" "$copy/firmware.bin"
    if PLANT="LD=$planted/ld" "$here/../build.sh" UMQTT_2MIB native "$copy" >"$folder/said" 2>&1; then
        echo "NOT FOUND: $1"
    elif ! grep -qE "$2" "$folder/said"; then
        echo "FOUND, BUT NOT SAID: $1; instead:"
        tail -n 12 "$folder/said"
    else
        echo "   found: $1"
        return
    fi
    failures=$((failures + 1))
}

# The engine with a planted object: engine_with <object>
engine_with() {
    rm -f "$planted/libumqtt.a"
    xtensa-lx106-elf-ar rcs "$planted/libumqtt.a" "$(dirname "$engine")/umqtt_engine.o" "$1"
    cp -p "$(dirname "$engine")/umqtt_engine.h" "$planted/"
    export ENGINE="$planted/libumqtt.a"
}

# Compiled as the engine is: rust_fault <feature>
rust_fault() {
    FEATURES=$1 CARGO_FOLDER="$(dirname "$engine")/cargo" "$here/../engine.sh" "$here/faults" "$planted/$1"
    engine_with "$planted/$1/umqtt_engine.o"
    linker
}

# c_fault <macro> <options of gcc>
c_fault() {
    macro=$1
    shift
    xtensa-lx106-elf-gcc -g -Os -mlongcalls -mtext-section-literals -fdata-sections "$@" "-D$macro" \
        -c "$here/faults/planted.c" -o "$planted/$macro.o"
    export ENGINE="$engine"
    linker "$planted/$macro.o"
}

rust_fault panic
expect "a panic" "a panic is linked: .*panic_bounds_check"
rust_fault code-in-ram
expect "Rust code outside irom0" "bytes of the engine \(Rust\) are in instruction RAM"
rust_fault variable
expect "a Rust variable in static RAM" "bytes of the engine \(Rust\) are in static RAM"

rust_fault constant
expect "a constant of Rust" "flash would be read by bytes: 16 bytes of constants of the engine \(Rust\)"
printf '\t.section .irom0.text,"ax"\n\t.global umqtt_planted\numqtt_planted:\n\tret\n\t.p2align 2\n_4wire6caller_planted:\n\tl8ui\ta2, a2, 0\n\tret\n' |
    xtensa-lx106-elf-as -o "$planted/bytes.o" -
engine_with "$planted/bytes.o"
linker
expect "Rust that reads a string by bytes" "flash would be read by bytes: 1 loads .* in the engine's _4wire6caller_planted"

c_fault PLANT_CONSTANT
expect "C that reads a constant by bytes" "flash would be read by bytes: 17 bytes of constants of .*PLANT_CONSTANT.o"

# What ld 2.40 makes of the port's own linker script, see layout.sh.
sed -n 's/^PROVIDE *( *\(_[A-Za-z]*ExceptionVector *= *0x[0-9a-f]*\) *);/\1;/p' \
    "$MICROPYTHON/ports/esp8266/boards/eagle.rom.addr.v6.ld" >"$planted/vectors.ld"
export ENGINE="$engine"
printf '#!/bin/sh\nexec xtensa-lx106-elf-ld "$@" -T %s\n' "$planted/vectors.ld" >"$planted/ld"
expect "vectors in the ROM instead of the SDK's" "an exception vector is missing: _UserExceptionVector is at 0x40000050"

c_fault PLANT_FLASH -mforce-l32
expect "flash that overflows" "flash overflows by [0-9]+ bytes"
c_fault PLANT_CODE
expect "instruction RAM that overflows" "instruction RAM overflows by [0-9]+ bytes"
c_fault PLANT_VARIABLE
expect "static RAM that overflows" "static RAM overflows (by [0-9]+ bytes|up to address)"
copied=$(xtensa-lx106-elf-size -A "$GOOD/firmware.elf" | awk '$1 ~ /^\.(text|data|rodata)$/ { sum += $2 } END { print sum }')
c_fault PLANT_INITIALISED "-DPLANT_CODE_SIZE=$((0x9000 - 8192 - copied))"
expect "too much for the boot ROM to copy" "the part that the boot ROM copies to RAM overflows"

[ "$failures" = 0 ] || exit 1
echo "== Every planted fault was found"
