//! Rust code with faults that the firmware's checks must find, one for each feature.
#![no_std]

/// An index that nobody has checked.
#[cfg(feature = "panic")]
#[unsafe(no_mangle)]
pub extern "C" fn umqtt_planted(index: usize) -> u8 {
    [7, 5, 3, 9][index]
}

/// Code that asks for instruction RAM.
#[cfg(feature = "code-in-ram")]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".iram0.text")]
pub extern "C" fn umqtt_planted(number: u32) -> u32 {
    number.rotate_left(3)
}

/// A variable.
#[cfg(feature = "variable")]
#[unsafe(no_mangle)]
pub extern "C" fn umqtt_planted() -> u32 {
    static mut COUNTER: u32 = 0;
    // SAFETY: never run.
    unsafe {
        COUNTER += 1;
        COUNTER
    }
}

/// A constant.
#[cfg(feature = "constant")]
#[unsafe(no_mangle)]
pub extern "C" fn umqtt_planted(index: usize) -> u8 {
    static TABLE: [u8; 16] = *b"0123456789abcdef";
    TABLE[index & 15]
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
