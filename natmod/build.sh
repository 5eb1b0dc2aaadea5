#!/bin/sh
# Builds umqtt.simple as a native module, an .mpy file for boards with any firmware:
#
#   build.sh <arch> <folder for objects> <folder>, to <folder>/umqtt/simple.mpy, robust.mpy, and package.json for mip
#
# arch: as MicroPython's natmods name it. From the environment: MICROPYTHON, MPY_CROSS, PYTHON (with pyelftools), VERSION,
# and ENGINE, the folder of the engine for that architecture: umqtt_engine.o and umqtt_engine.h (natmod/engine.sh).
#
# The sources are those of the firmware (mpy_module/), but compiled against natmod/umqtt_dynamic.h.
set -eu
arch=$1 objects=$2 folder=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
mpy_ld=$MICROPYTHON/tools/mpy_ld.py
export PYTHONDONTWRITEBYTECODE=1

# What MicroPython's py/dynruntime.mk says for each, and how firmwares of that kind complain about arguments.
#
# Files for ARM processors without floating point are loaded by firmwares for those that have it, too. Such firmwares save
# more registers where an exception is caught (py/nlr.h), so there must be room: __SOFTFP__ leaves none.
reporting=NORMAL
case $arch in
x64) cross= flags="-fno-stack-protector" reporting=DETAILED ;;
x86) cross=i686-linux-gnu- flags="-fno-stack-protector" reporting=DETAILED ;;
armv6m) cross=arm-none-eabi- flags="-mthumb -mcpu=cortex-m0 -U__SOFTFP__" ;;
armv7m) cross=arm-none-eabi- flags="-mthumb -mcpu=cortex-m3 -U__SOFTFP__" ;;
armv7emsp) cross=arm-none-eabi- flags="-mthumb -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard" ;;
armv7emdp) cross=arm-none-eabi- flags="-mthumb -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard" ;;
xtensa) cross=xtensa-lx106-elf- flags="-mforce-l32" ;;
rv32imc) cross=riscv64-unknown-elf- flags="-march=rv32imac -mabi=ilp32 -mno-relax --specs=picolibc.specs" ;;
*)
    echo "natmod/build.sh does not know the architecture $arch" >&2
    exit 1
    ;;
esac

rm -rf "$folder"
mkdir -p "$objects" "$folder/umqtt"
sources="umqtt_client.c umqtt_method.c umqtt_socket.c umqtt_try.c"
set -- $(for source in $sources; do echo "$root/mpy_module/$source"; done) "$here/umqtt_dynamic.c"

# mpy_ld.py finds the names that are used; they become placeholders, see umqtt_dynamic.h.
"$PYTHON" "$mpy_ld" --arch "$arch" --preprocess -o "$objects/names.h" "$@" "$here/umqtt_dynamic.h"
sed -E 's/\(mp_native_qstr_table\[([0-9]+)\]\)/(0x8000 | \1)/' "$objects/names.h" >"$objects/config.h"

# As one unit: mpy_ld.py confuses sections of the same name in several objects on xtensa.
for source; do
    echo "#include \"$source\""
done >"$objects/umqtt.c"
"${cross}gcc" -std=c99 -Os -Wall -Wextra -Werror -Wno-unused-parameter -DNDEBUG -DNO_QSTR \
    -DMICROPY_ENABLE_DYNRUNTIME -DMICROPY_STREAMS_NON_BLOCK=1 -DMICROPY_USE_INTERNAL_ERRNO=1 \
    -DMP_CONFIGFILE='<config.h>' -DMICROPY_FLOAT_IMPL=MICROPY_FLOAT_IMPL_NONE \
    -DMICROPY_ERROR_REPORTING=MICROPY_ERROR_REPORTING_$reporting -DUMQTT_API="${UMQTT_API:-13}" \
    -fpic -fno-common -U_FORTIFY_SOURCE -fno-builtin -fno-tree-loop-distribute-patterns -fno-jump-tables $flags \
    -I"$objects" -I"$here" -I"$root/mpy_module" -I"$ENGINE" -I"$MICROPYTHON" \
    -c "$objects/umqtt.c" -o "$objects/umqtt.o"
# The name of the file is in the file.
(cd "$folder" && "$PYTHON" "$mpy_ld" --arch "$arch" --qstrs "$objects/names.h" -o umqtt/simple.mpy \
    "$objects/umqtt.o" "$ENGINE/umqtt_engine.o")

python_file() {
    "$MPY_CROSS" -s "umqtt/$2.py" -o "$folder/umqtt/$2.mpy" "$1"
}
python_file "$root/mpy_module/_umqtt/robust.py" robust
[ "$arch" != xtensa ] || python_file "$here/esp8266.py" __init__

# What mip installs: the files, from beside package.json.
{
    echo '{'
    echo "  \"version\": \"$VERSION\","
    echo '  "urls": ['
    (cd "$folder" && ls umqtt/*.mpy) | sed 's/.*/    ["&", "&"],/; $ s/,$//'
    echo '  ]'
    echo '}'
} >"$folder/package.json"
