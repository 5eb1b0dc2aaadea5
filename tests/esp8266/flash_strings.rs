//! Strings that lie in flash, where the chip reads words only: MicroPython's own names, and frozen programs' words.

use crate::support::prints;
use umqtt_tests::{
    SERVER,
    board::{Board, Memory},
    broker::Broker,
    show::Show,
};

#[test]
fn every_string_of_the_class_may_lie_in_flash() {
    let broker = Broker::start().unwrap();
    let mut board = Board::esp8266(broker.address(), Memory::Strict, &Show::silent()).unwrap();
    board.join_wifi().unwrap();
    let program = format!(
        "
        import uctypes
        words = ('connect', 'status', 'append', 'socket', 'close', 'write', 'readinto')
        print(all(uctypes.addressof(word) >= 0x40200000 for word in words))
        from umqtt.simple import MQTTClient
        q = MQTTClient('connect', '{SERVER}', user='status', password='append')
        q.set_last_will('socket', 'close')
        got = []
        q.set_callback(lambda topic, msg: got.append((topic, msg)))
        print(q.connect())
        q.subscribe('write', 2)
        for qos in range(3): q.publish('write', 'readinto', qos=qos)
        q.publish('write', 'close', True)
        while len(got) < 4: kind = q.wait_msg()
        print(got)
        q.unsubscribe('write')
        q.disconnect()
        "
    );
    let arrived = ["readinto", "readinto", "readinto", "close"].map(|message| format!("(b'write', b'{message}')"));
    prints(&mut board, &program, &["True", "0", &format!("[{}]", arrived.join(", "))]);
}
