//! The chip around the interpreter: time, timers, memory that survives a reset, pins, and what is not simulated.

use crate::support::{board, prints, run};
use umqtt_tests::board::Board;

#[test]
fn time_passes() {
    prints(
        &mut board(),
        "
        import time
        ms, us, cpu, s = time.ticks_ms(), time.ticks_us(), time.ticks_cpu(), time.time()
        time.sleep(1)
        time.sleep_ms(50)
        time.sleep_us(500)
        print(time.ticks_diff(time.ticks_ms(), ms) >= 1050, time.ticks_diff(time.ticks_us(), us) >= 1050500)
        print(time.ticks_cpu() != cpu, time.time() > s)
        ",
        &["True True", "True True"],
    );
}

#[test]
fn timers_call_back() {
    prints(
        &mut board(),
        "
        import machine, time
        ticks, shots = [], []
        timer, other = machine.Timer(-1), machine.Timer(-1)
        timer.init(period=20, mode=machine.Timer.PERIODIC, callback=lambda t: ticks.append(t is timer))
        other.init(period=50, mode=machine.Timer.ONE_SHOT, callback=shots.append)
        while len(ticks) < 5: time.sleep_ms(1)
        timer.deinit()
        count = len(ticks)
        while not shots: time.sleep_ms(1)
        time.sleep_ms(60)
        print(all(ticks), len(ticks) == count, len(shots), shots[0] is other)
        ",
        &["True True 1 True"],
    );
}

#[test]
fn a_reset_keeps_the_memory_of_the_real_time_clock_only() {
    let mut board = board();
    prints(
        &mut board,
        "
        import machine
        print(machine.reset_cause() == machine.PWRON_RESET, machine.RTC().memory())
        machine.RTC().memory(b'kept')
        kept = 1
        ",
        &["True b''"],
    );
    board.repl().reset("import machine; machine.reset()").unwrap();
    prints(
        &mut board,
        "
        import machine
        print(machine.reset_cause() == machine.SOFT_RESET, machine.RTC().memory(), 'kept' in globals())
        ",
        &["True b'kept' False"],
    );
}

#[test]
fn the_clock_can_be_set() {
    prints(
        &mut board(),
        "
        import machine, time
        machine.RTC().datetime((2026, 11, 24, 1, 12, 30, 0, 0))
        print(time.localtime()[:5], machine.RTC().datetime()[:4])
        ",
        &["(2026, 11, 24, 12, 30) (2026, 11, 24, 1)"],
    );
}

#[test]
fn the_chip_says_what_it_is() {
    prints(
        &mut board(),
        "
        import machine, esp, sys, os
        print(sys.platform, len(machine.unique_id()), machine.freq(), hex(esp.flash_id()), esp.flash_size())
        mac = __import__('network').WLAN(0).config('mac')
        print(machine.unique_id() == bytes((mac[5], mac[4], mac[3], 0)))
        print(os.uname().machine)
        machine.freq(160000000)
        print(machine.freq(), len({os.urandom(8) for _ in range(20)}))
        ",
        &["esp8266 4 80000000 0x1640ef 4194304", "True", "ESP module with ESP8266", "160000000 20"],
    );
}

#[test]
fn memory_is_as_scarce_as_on_the_chip() {
    prints(
        &mut board(),
        "
        import gc, esp
        gc.collect()
        print(33000 < gc.mem_free() + gc.mem_alloc() < 38 * 1024, 10000 < esp.freemem() < 16000)
        try: bytearray(38 * 1024)
        except MemoryError as e: print(repr(e))
        ",
        &["True True", "MemoryError('memory allocation failed, allocating 38912 bytes',)"],
    );
}

#[test]
fn pins_read_as_they_are_driven_or_pulled() {
    prints(
        &mut board(),
        "
        from machine import Pin
        out, up, down = Pin(2, Pin.OUT), Pin(4, Pin.IN, Pin.PULL_UP), Pin(5, Pin.IN)
        values = []
        for value in (1, 0, 1):
            out(value)
            values.append(out())
        print(values, up(), down())
        ",
        &["[1, 0, 1] 1 0"],
    );
}

#[test]
fn a_firmware_that_hangs_is_reset_by_the_watchdog() {
    let mut board = board();
    // The application feeds it as long as it lives, and no longer.
    board.repl().ask("import machine; dog = machine.WDT()").unwrap();
    board.repl().ask("for _ in range(3): dog.feed()").unwrap();
    board.repl().reset("").unwrap();
    assert!(board.repl().seen().contains("the software watchdog resets the board"));
    // What the chip calls a reset by its software watchdog: REASON_SOFT_WDT_RST of user_interface.h.
    assert_eq!(board.repl().ask("import machine; machine.reset_cause()").unwrap(), ["3"]);
}

/// What the virtual board says, on its computer, when this is done on it.
fn says(board: &mut Board, program: &str, what: &str) {
    run(board, program);
    let said = board.repl().seen();
    let expected = format!("virtual-esp8266: {what}");
    assert!(said.contains(&expected), "{program}: {said}");
}

#[test]
fn what_is_not_simulated_says_so() {
    let mut board = board();
    board.repl().ask("import machine, network; from machine import Pin").unwrap();
    says(&mut board, "machine.PWM(Pin(2), freq=500, duty=512)", "PWM (timer FRC1) is not simulated");
    says(&mut board, "Pin(4, Pin.IN).irq(print, Pin.IRQ_RISING)", "interrupts of pins are not simulated");
    says(&mut board, "machine.SPI(1).write(b'x')", "hardware SPI is not simulated");
    says(&mut board, "machine.ADC(0).read()", "the analog input is not simulated");
    says(&mut board, "network.WLAN(network.WLAN.IF_AP).active(True)", "the access point (AP_IF) is not simulated");
    says(
        &mut board,
        "network.WLAN(0).config(mac=b'\\x02\\x00\\x00\\x00\\x00\\x01')",
        "setting the MAC address is not simulated",
    );
    says(&mut board, "import espnow; espnow.ESPNow().active(True)", "ESP-NOW is not simulated");
    board.repl().type_line("machine.deepsleep(1000)").unwrap();
    board.repl().wait_for_text("virtual-esp8266: deep sleep is not simulated").unwrap();
}
