/*
 * The registers of the interrupted program, as vectors.S saves them and monitor.c reads and changes them.
 */
#ifndef FRAME_H
#define FRAME_H

#define FRAME_PC 0
#define FRAME_SAR 4
#define FRAME_CAUSE 8
#define FRAME_ADDRESS 12
#define FRAME_DEPC 16
#define FRAME_A(n) (20 + 4 * (n))
#define FRAME_SIZE FRAME_A(16)

#ifndef __ASSEMBLER__
#include <stdint.h>

struct frame {
    uint32_t pc;        // EPC1: the instruction that trapped
    uint32_t sar;
    uint32_t cause;     // EXCCAUSE
    uint32_t address;   // EXCVADDR: the address it wanted
    uint32_t depc;      // the instruction, when it was a double exception
    uint32_t a[16];
};
_Static_assert(sizeof(struct frame) == FRAME_SIZE, "frame.h and struct frame agree");
#endif

#endif // FRAME_H
