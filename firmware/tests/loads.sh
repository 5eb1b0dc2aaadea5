#!/bin/sh
# Shows on an emulated lx106 that rewritten loads give what the chip's own give: loads.sh <folder>, TOOL as for build.sh.
# Loads from the stack are not rewritten, so each load is done twice: over a1, and over another register. The function has
# the name of one that may read flash.
set -eu
folder=$1
mkdir -p "$folder"

check() {
    printf '\t%s\ta4, a1, %s\n\tmov\ta5, a2\n\t%s\ta5, a5, %s\n\tbne\ta4, a5, differ\n' "$1" "$2" "$1" "$2"
    printf '\t%s\ta6, a2, %s\n\tbne\ta4, a6, differ\n' "$1" "$2"
}

{
    # The core starts at 0x50000000, and literals stand before code.
    printf '\t.section\t.reset,"ax",@progbits\n\tj\t_start\n'
    printf '\t.text\n\t.global\t_start\n_start:\n_4wire6caller_loads:\n'
    for address in 0 1 2 3; do
        printf '\tmovi\ta1, table+%s\n\tmovi\ta2, table+%s\n' $address $address
        for offset in 0 1 2 3 4 127 128 129 254 255; do
            check l8ui $offset
        done
        if [ $((address % 2)) = 0 ]; then
            for offset in 0 2 4 126 128 256 384 508 510; do
                check l16ui $offset
                check l16si $offset
            done
        fi
    done
    # The simulator's system call 1 is exit(a3).
    printf '\tmovi\ta3, 0\n\tj\texit\ndiffer:\n\tmovi\ta3, 1\nexit:\n\tmovi\ta2, 1\n\tsimcall\n'
    printf '\t.data\n\t.p2align\t2\ntable:\n'
    awk 'BEGIN { byte = 77; for (i = 0; i < 520; i++) { byte = (byte * 29 + 101) % 256; print "\t.byte\t" byte } }'
} >"$folder/loads.llvm.s"

"$TOOL" assembly "$folder/loads.llvm.s" "$folder/loads.s"
xtensa-lx106-elf-as --longcalls --text-section-literals "$folder/loads.s" -o "$folder/loads.o"
rewritten=$(xtensa-lx106-elf-objdump -d "$folder/loads.o" | grep -cw ssa8l)
xtensa-lx106-elf-ld --section-start=.reset=0x50000000 --section-start=.irom0.text=0x50000010 -Tdata=0x50010000 "$folder/loads.o" -o "$folder/loads.elf"
timeout 20 qemu-system-xtensa -M lx60-nommu -cpu lx106 -nographic -semihosting -monitor none -serial none \
    -kernel "$folder/loads.elf"
echo "== $rewritten rewritten loads give what the chip's own give"
