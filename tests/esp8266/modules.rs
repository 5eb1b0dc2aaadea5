//! The modules `umqtt`, `umqtt.simple` and `umqtt.robust` in the firmware: what an import takes, and what outlives a reset.

use umqtt_tests::{
    board::{Esp8266, Memory},
    raw::RawRepl,
};

/// A board that has to read flash as the chip does.
fn board() -> RawRepl {
    Esp8266::new().unwrap().memory(Memory::Strict).boot_raw().unwrap()
}

#[test]
fn an_import_takes_at_most_64_bytes_of_the_heap_and_an_instance_160() {
    let taken = board().run(include_str!("../src/class_heap.py")).unwrap();
    let taken: Vec<usize> = taken.lines().map(|line| line.parse().unwrap()).collect();
    assert!(matches!(taken[..], [..=64, ..=160]), "{taken:?} bytes");
}

#[test]
fn a_reset_of_the_interpreter_forgets_the_class_and_the_next_import_makes_it_anew() {
    const USE: &str = "
import gc, sys
print([name for name in sys.modules if 'umqtt' in name])
from umqtt.simple import MQTTClient
gc.collect()
others = [bytearray(32) for _ in range(100)]
import umqtt.robust
print(MQTTClient('id', 'broker').server, umqtt.robust.MQTTClient('id', 'other').server)
print(umqtt, umqtt.simple, umqtt.robust, umqtt.simple.MQTTClient is MQTTClient)
";
    let mut board = board();
    for _ in 0..3 {
        let printed = board.run(USE).unwrap();
        let modules = "<module 'umqtt'> <module 'umqtt.simple'> <module 'umqtt.robust'>";
        assert_eq!(printed, format!("[]\nbroker other\n{modules} True\n"));
        board.reset().unwrap();
    }
}

#[test]
fn a_folder_of_that_name_goes_first() {
    let printed = board().run(
        "
import os
os.mkdir('lib')
os.mkdir('lib/umqtt')
with open('lib/umqtt/simple.py', 'w') as f:
    f.write('import uumqtt\\nclass MQTTClient(uumqtt.simple.MQTTClient):\\n    mine = True\\n')
from umqtt.simple import MQTTClient
import uumqtt
print(MQTTClient('id', 'broker').mine, issubclass(MQTTClient, uumqtt.simple.MQTTClient))
",
    );
    assert_eq!(printed.unwrap(), "True True\n");
}
