/*
 * The first instruction of the virtual chip, its hardware exception vectors, and the way into the monitor and back.
 *
 * Every exception comes here first (VECBASE = monitor_vectors). Interrupts go on, with all registers as the hardware
 * left them, to the firmware's own vector: 0x40100030 or 0x40100050, where Espressif's linker script puts them. All
 * other exceptions are for the monitor (monitor.c), which emulates the access that trapped, or reports it.
 *
 * The vectors lie below IRAM, within reach of a `j` to the firmware's, and use no literals: in strict memory mode a
 * literal in this region would trap. The rest lies in the simulator's own memory (see rom.ld), which never traps.
 */

#include "frame.h"

#define CAUSE_LEVEL1_INTERRUPT 4
#define PS_RUNNING 0x20             /* UM, INTLEVEL 0 */
#define FIRMWARE_KERNEL_VECTOR 0x40100030
#define FIRMWARE_USER_VECTOR 0x40100050

/* 0x3ff80000, where the monitor starts, made without a literal: 2047 << 19 */
    .macro jump_to_monitor
    movi    a0, 2047
    slli    a0, a0, 19
    jx      a0
    .endm

    .macro exception_vector firmware
    wsr     a0, excsave2
    rsr     a0, exccause
    beqi    a0, CAUSE_LEVEL1_INTERRUPT, 1f
    jump_to_monitor
1:  rsr     a0, excsave2
    j       \firmware
    .endm

    .section .vectors, "ax"
    .begin  no-transform            /* no relaxing: places are fixed */
    .global monitor_vectors
monitor_vectors:
    .org    0x10                    /* debug */
    wsr     a0, excsave2
    jump_to_monitor
    .org    0x20                    /* NMI: the virtual chip has none */
    wsr     a0, excsave2
    jump_to_monitor
    .org    0x30                    /* kernel */
    exception_vector FIRMWARE_KERNEL_VECTOR
    .org    0x50                    /* user */
    exception_vector FIRMWARE_USER_VECTOR
    .org    0x70                    /* double */
    wsr     a0, excsave2
    jump_to_monitor

/*
 * The same for download mode, in which there is no firmware: interrupts go to the ROM's own entry. A table of vectors
 * begins at a multiple of 256.
 */
    .macro rom_exception_vector
    wsr     a0, excsave2
    rsr     a0, exccause
    beqi    a0, CAUSE_LEVEL1_INTERRUPT, 1f
    jump_to_monitor
1:  movi    a0, 2047
    slli    a0, a0, 19
    addi    a0, a0, 4               /* the second jump there */
    jx      a0
    .endm

    .org    0x100
    .global download_vectors
download_vectors:
    .org    0x110
    wsr     a0, excsave2
    jump_to_monitor
    .org    0x120
    wsr     a0, excsave2
    jump_to_monitor
    .org    0x130
    rom_exception_vector
    .org    0x150
    rom_exception_vector
    .org    0x170
    wsr     a0, excsave2
    jump_to_monitor

    .end    no-transform

/* Must stand at 0x3ff80000; the table of the ROM's functions follows. */
    .section .monitor.entry, "ax"
    .global monitor_entry
monitor_entry:
    j       monitor_save
    .align  4
    j       interrupt_save
    .org    16

    .text
    .literal_position
    .align  4
monitor_save:
    movi    a0, monitor_frame
    s32i    a1, a0, FRAME_A(1)
    s32i    a2, a0, FRAME_A(2)
    s32i    a3, a0, FRAME_A(3)
    s32i    a4, a0, FRAME_A(4)
    s32i    a5, a0, FRAME_A(5)
    s32i    a6, a0, FRAME_A(6)
    s32i    a7, a0, FRAME_A(7)
    s32i    a8, a0, FRAME_A(8)
    s32i    a9, a0, FRAME_A(9)
    s32i    a10, a0, FRAME_A(10)
    s32i    a11, a0, FRAME_A(11)
    s32i    a12, a0, FRAME_A(12)
    s32i    a13, a0, FRAME_A(13)
    s32i    a14, a0, FRAME_A(14)
    s32i    a15, a0, FRAME_A(15)
    rsr     a2, excsave2
    s32i    a2, a0, FRAME_A(0)
    rsr     a2, epc1
    s32i    a2, a0, FRAME_PC
    rsr     a2, sar
    s32i    a2, a0, FRAME_SAR
    rsr     a2, exccause
    s32i    a2, a0, FRAME_CAUSE
    rsr     a2, excvaddr
    s32i    a2, a0, FRAME_ADDRESS
    rsr     a2, depc
    s32i    a2, a0, FRAME_DEPC
    movi    a1, monitor_stack_top
    mov     a2, a0
    call0   monitor_exception

    movi    a0, monitor_frame
    l32i    a2, a0, FRAME_PC
    wsr     a2, epc1
    l32i    a2, a0, FRAME_SAR
    wsr     a2, sar
    l32i    a1, a0, FRAME_A(1)
    l32i    a2, a0, FRAME_A(2)
    l32i    a3, a0, FRAME_A(3)
    l32i    a4, a0, FRAME_A(4)
    l32i    a5, a0, FRAME_A(5)
    l32i    a6, a0, FRAME_A(6)
    l32i    a7, a0, FRAME_A(7)
    l32i    a8, a0, FRAME_A(8)
    l32i    a9, a0, FRAME_A(9)
    l32i    a10, a0, FRAME_A(10)
    l32i    a11, a0, FRAME_A(11)
    l32i    a12, a0, FRAME_A(12)
    l32i    a13, a0, FRAME_A(13)
    l32i    a14, a0, FRAME_A(14)
    l32i    a15, a0, FRAME_A(15)
    l32i    a0, a0, FRAME_A(0)
    rfe

/* An interrupt in download mode: the registers are kept on the stack of what it interrupts. */
#define SAVED_PC 64                 /* a0 to a15 before it; a1's place stays empty */
#define SAVED_PS 68
#define SAVED_SAR 72
#define SAVED_SIZE 80
#define PS_EXCM 0x10
#define PS_IN_INTERRUPT 0x21        /* UM, INTLEVEL 1 */

interrupt_save:
    addi    a1, a1, -SAVED_SIZE
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    s32i    a\n, a1, 4 * \n
    .endr
    rsr     a2, excsave2
    s32i    a2, a1, 0
    rsr     a2, epc1
    s32i    a2, a1, SAVED_PC
    rsr     a2, ps
    s32i    a2, a1, SAVED_PS
    rsr     a2, sar
    s32i    a2, a1, SAVED_SAR
    movi    a2, PS_IN_INTERRUPT
    wsr     a2, ps
    rsync
    call0   _xtos_l1int_handler
    l32i    a2, a1, SAVED_PS
    movi    a3, PS_EXCM
    or      a2, a2, a3
    wsr     a2, ps
    rsync
    l32i    a2, a1, SAVED_PC
    wsr     a2, epc1
    l32i    a2, a1, SAVED_SAR
    wsr     a2, sar
    .irp n, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    l32i    a\n, a1, 4 * \n
    .endr
    addi    a1, a1, SAVED_SIZE
    rfe

/* run_in_ram(entry) */
    .global run_in_ram
    .align  4
run_in_ram:
    movi    a1, 0x3ffffff0          /* where the chip's ROM has its stack */
    movi    a3, PS_RUNNING
    wsr     a3, ps
    rsync
    callx0  a2

/* Where download mode ends, and programs in RAM jump or return to when the one in flash shall run. */
    .global flash_boot
    .align  4
flash_boot:
    rsil    a2, 15
    movi    a2, monitor_vectors
    wsr     a2, vecbase
    rsync
    movi    a1, monitor_boot_stack_top
    call0   boot_from_flash

/* QEMU jumps here after power on and after every reset. */
    .global reset
    .align  4
reset:
    movi    a0, 0
    wsr     a0, intenable
    movi    a0, 0x2f                /* PS: UM, INTLEVEL 15 */
    wsr     a0, ps
    rsync
    movi    a0, monitor_vectors
    wsr     a0, vecbase
    rsync
    movi    a1, monitor_boot_stack_top
    call0   boot

    .section .noinit, "aw", @nobits
    .align  16
    .global monitor_frame
monitor_frame:
    .space  FRAME_SIZE
    .align  16
    .space  4096
monitor_stack_top:
    .space  4096
monitor_boot_stack_top:
