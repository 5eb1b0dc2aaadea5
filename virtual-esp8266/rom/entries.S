/*
 * The mask ROM's functions at the chip's addresses.
 *
 * Addresses: eagle.rom.addr.v6.ld of MicroPython's ESP8266 port. An entry jumps to a second piece of code, because some
 * entries are only eight bytes apart; that takes the function's address from a table in the simulator's memory. Neither
 * uses literals, which would trap in strict memory mode; a9 is free at a call in the call0 ABI.
 *
 * To add one: keep the list sorted by address; 251 entries fit.
 */

#define TABLE_OFFSET 16             /* rom_table - 0x3ff80000, see rom.ld */

    .begin  no-transform            /* no relaxing: addresses are fixed */
    .set    rom_index, 0

    .macro rom_entry address, function
    .section .rom.entries, "ax"
    .org    \address - 0x40000000
    j       .Ljump\@
    .section .rom.jumps, "ax"
    .align  4
.Ljump\@:
    movi    a9, 2047                /* 2047 << 19 = 0x3ff80000 */
    slli    a9, a9, 19
    l32i    a9, a9, TABLE_OFFSET + 4 * rom_index
    jx      a9
    .section .rom.table, "a"
    .word   \function
    .set    rom_index, rom_index + 1
    .endm

    rom_entry 0x4000048c, _xtos_l1int_handler
    rom_entry 0x400005f0, srand
    rom_entry 0x40000600, rand
    rom_entry 0x40000650, __muldi3
    rom_entry 0x40000f74, ets_intr_lock
    rom_entry 0x40000f80, ets_intr_unlock
    rom_entry 0x40000f88, ets_isr_attach
    rom_entry 0x40000f98, ets_isr_mask
    rom_entry 0x40000fa8, ets_isr_unmask
    rom_entry 0x40000fbc, ets_set_user_start
    /* By its value esptool knows the chip. */
    .section .rom.entries, "ax"
    .org    0x1000
    .word   0xfff0c101
    rom_entry 0x400010a8, flash_boot    /* in main(): where the boot from flash begins */
    rom_entry 0x400018a4, memset        /* ets_memset */
    rom_entry 0x400018b4, memcpy        /* ets_memcpy */
    rom_entry 0x400018c4, memmove       /* ets_memmove */
    rom_entry 0x400018d4, memcmp        /* ets_memcmp */
    rom_entry 0x40001f00, ets_vprintf
    rom_entry 0x4000242c, ets_install_putc1
    rom_entry 0x400024cc, ets_printf
    rom_entry 0x4000264c, software_reset
    rom_entry 0x40002a88, strcpy        /* ets_strcpy */
    rom_entry 0x40002a98, strncpy       /* ets_strncpy */
    rom_entry 0x40002aa8, strcmp        /* ets_strcmp */
    rom_entry 0x40002ab8, strncmp       /* ets_strncmp */
    rom_entry 0x40002ac8, strlen        /* ets_strlen */
    rom_entry 0x40002ad8, strstr        /* ets_strstr */
    rom_entry 0x40002ae8, bzero         /* ets_bzero */
    rom_entry 0x40002ecc, ets_delay_us
    rom_entry 0x400039d8, uart_div_modify
    rom_entry 0x40003b30, uart_tx_one_char
    rom_entry 0x40003b8c, uart_rx_one_char
    rom_entry 0x40003f58, SelectSpiFunction
    rom_entry 0x40004644, spi_flash_attach
    rom_entry 0x40004878, SPIUnlock
    rom_entry 0x40004984, SPIEraseChip
    rom_entry 0x400049b4, SPIEraseBlock
    rom_entry 0x40004a00, SPIEraseSector
    rom_entry 0x40004a4c, SPIWrite
    rom_entry 0x40004b1c, SPIRead
    rom_entry 0x40004b44, SPIEraseArea
    rom_entry 0x40004c2c, SPIParamCfg
    rom_entry 0x40004cd0, gpio_output_set
    rom_entry 0x40004cf0, gpio_input_get
    rom_entry 0x40009818, MD5Init
    rom_entry 0x40009834, MD5Update
    rom_entry 0x40009900, MD5Final
    rom_entry 0x4000bdc8, strcmp
    rom_entry 0x4000bec8, strcpy
    rom_entry 0x4000bf4c, strlen
    rom_entry 0x4000bfa8, strncmp
    rom_entry 0x4000c0a0, strncpy
    rom_entry 0x4000c180, __addsf3
    rom_entry 0x4000c268, __subsf3
    rom_entry 0x4000c3dc, __mulsf3
    rom_entry 0x4000c4c4, __fixunssfsi
    rom_entry 0x4000c538, __adddf3
    rom_entry 0x4000c688, __subdf3
    rom_entry 0x4000c8f0, __muldf3
    rom_entry 0x4000cb94, __divdf3
    rom_entry 0x4000ccb8, __fixdfsi
    rom_entry 0x4000cd00, __fixunsdfsi
    rom_entry 0x4000cd5c, __truncdfsf2
    rom_entry 0x4000cdfc, __extendsfdf2
    rom_entry 0x4000ce60, __divdi3
    rom_entry 0x4000d310, __udivdi3
    rom_entry 0x4000d770, __umoddi3
    rom_entry 0x4000dc88, __divsi3
    rom_entry 0x4000dcf0, __umulsidi3
    rom_entry 0x4000de84, bzero
    rom_entry 0x4000dea8, memcmp
    rom_entry 0x4000df48, memcpy
    rom_entry 0x4000e04c, memmove
    rom_entry 0x4000e190, memset
    rom_entry 0x4000e1e0, strstr
    rom_entry 0x4000e21c, __udivsi3
    rom_entry 0x4000e268, __umodsi3
    rom_entry 0x4000e2a4, __floatunsisf
    rom_entry 0x4000e2ac, __floatsisf
    rom_entry 0x4000e2e8, __floatunsidf
    rom_entry 0x4000e2f0, __floatsidf

    /* Above the mask ROM's end: what only the virtual board has (virtual_board.h). */
    rom_entry 0x4000f000, virtual_board_say
    rom_entry 0x4000f010, virtual_board_surroundings
    rom_entry 0x4000f020, virtual_board_state
    rom_entry 0x4000f030, virtual_board_power

    .end    no-transform
