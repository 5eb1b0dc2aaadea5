/*
 * The firmware's first instructions, exception vectors and interrupt entry, at Espressif's addresses.
 *
 * The linker script puts the sections named *Vector.text at 0x40100010 to 0x40100070; each may have 16 bytes. Only
 * interrupts arrive here: the virtual board's monitor keeps all other exceptions for itself (rom/monitor.c). Literals
 * are used only where further exceptions are allowed, because in strict memory mode a literal traps.
 */

#define SAVED_A(n) (4 * (n))        /* a1's place holds the interrupted stack pointer */
#define SAVED_PC 64
#define SAVED_PS 68
#define SAVED_SAR 72
#define SAVED_SIZE 96

#define PS_EXCM 0x10
#define PS_IN_INTERRUPT 0x21        /* UM, INTLEVEL 1 */

    .macro vector name
    .section .\name\()Vector.text, "ax"
    .global _\name\()Vector
_\name\()Vector:
    .endm

/* Where firmware_start() jumps, and the boot ROM of older firmware. */
    .section .UserEnter.text, "ax"
    .global call_user_start
call_user_start:
    j       start

    vector  DebugException
    j       .
    vector  NMIException
    j       .
    vector  KernelException
    wsr     a0, excsave1
    j       interrupt_entry
    vector  UserException
    wsr     a0, excsave1
    j       interrupt_entry
    vector  DoubleException
    j       .

    .section .iram0.text, "ax"
    .literal_position
    .align  4
interrupt_entry:
    mov     a0, a1
    addi    a1, a1, -SAVED_SIZE
    s32i    a0, a1, SAVED_A(1)
    s32i    a2, a1, SAVED_A(2)
    rsr     a2, excsave1
    s32i    a2, a1, SAVED_A(0)
    s32i    a3, a1, SAVED_A(3)
    s32i    a4, a1, SAVED_A(4)
    s32i    a5, a1, SAVED_A(5)
    s32i    a6, a1, SAVED_A(6)
    s32i    a7, a1, SAVED_A(7)
    s32i    a8, a1, SAVED_A(8)
    s32i    a9, a1, SAVED_A(9)
    s32i    a10, a1, SAVED_A(10)
    s32i    a11, a1, SAVED_A(11)
    s32i    a12, a1, SAVED_A(12)
    s32i    a13, a1, SAVED_A(13)
    s32i    a14, a1, SAVED_A(14)
    s32i    a15, a1, SAVED_A(15)
    rsr     a2, epc1
    s32i    a2, a1, SAVED_PC
    rsr     a2, sar
    s32i    a2, a1, SAVED_SAR
    rsr     a2, ps
    s32i    a2, a1, SAVED_PS
    movi    a2, PS_IN_INTERRUPT
    wsr     a2, ps
    rsync

    movi    a0, _xtos_l1int_handler
    callx0  a0

    l32i    a2, a1, SAVED_PS
    movi    a3, PS_EXCM
    or      a2, a2, a3
    wsr     a2, ps
    rsync
    l32i    a2, a1, SAVED_PC
    wsr     a2, epc1
    l32i    a2, a1, SAVED_SAR
    wsr     a2, sar
    l32i    a0, a1, SAVED_A(0)
    l32i    a2, a1, SAVED_A(2)
    l32i    a3, a1, SAVED_A(3)
    l32i    a4, a1, SAVED_A(4)
    l32i    a5, a1, SAVED_A(5)
    l32i    a6, a1, SAVED_A(6)
    l32i    a7, a1, SAVED_A(7)
    l32i    a8, a1, SAVED_A(8)
    l32i    a9, a1, SAVED_A(9)
    l32i    a10, a1, SAVED_A(10)
    l32i    a11, a1, SAVED_A(11)
    l32i    a12, a1, SAVED_A(12)
    l32i    a13, a1, SAVED_A(13)
    l32i    a14, a1, SAVED_A(14)
    l32i    a15, a1, SAVED_A(15)
    addi    a1, a1, SAVED_SIZE
    rfe

    .align  4
start:
    movi    a1, 0x3ffffff0
    movi    a0, sdk_start
    jx      a0

/*
 * MicroPython's esp.esf_free_bufs() finds the lists of the radio's buffers through the word before this function.
 * The virtual radio has none: five empty lists.
 */
    .align  4
    .word   esf_buffer_lists
    .global esf_rx_buf_alloc
    .type   esf_rx_buf_alloc, @function
esf_rx_buf_alloc:
    movi    a2, 0
    ret

    .section .bss
    .align  4
esf_buffer_lists:
    .space  5 * 4

/* The software watchdog's counter stands six words before this one, where MicroPython looks for it. */
    .data
    .align  4
    .global soft_wdt_counter
soft_wdt_counter:
    .space  6 * 4
    .global pend_flag_noise_check
pend_flag_noise_check:
    .space  4

/* What only the virtual board's ROM has: rom/entries.S. */
    .macro rom_function name, address
    .global \name
    .set    \name, \address
    .type   \name, @function
    .endm
    rom_function virtual_board_say, 0x4000f000
    rom_function virtual_board_surroundings, 0x4000f010
    rom_function virtual_board_state, 0x4000f020
    rom_function virtual_board_power, 0x4000f030

/* The SDK's printf is the ROM's. */
    rom_function os_printf_plus, 0x400024cc
