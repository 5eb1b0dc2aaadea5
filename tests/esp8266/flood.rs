//! Messages that come faster than the board takes them, while its callback waits for acknowledgements of its own.

use crate::support::prints;
use umqtt_tests::{
    SERVER,
    board::{Board, Memory},
    broker::Broker,
    show::Show,
};

#[test]
fn a_flood_that_is_answered_within_the_callback_comes_in_order_and_does_not_nest() {
    let broker = Broker::start().unwrap();
    let mut board = Board::esp8266(broker.address(), Memory::Lenient, &Show::silent()).unwrap();
    board.join_wifi().unwrap();
    let program = format!(
        "
        from umqtt.simple import MQTTClient
        depths = set()
        taken = []
        def got(topic, msg):
            depths.add(len(within))
            within.append(msg)
            c.publish('answer', msg, qos=1)
            taken.append(int(within.pop()))

        within = []
        c = MQTTClient('answering', '{SERVER}')
        c.set_callback(got)
        print(c.connect(True, 15))
        c.subscribe('question', 2)
        asking = MQTTClient('asking', '{SERVER}')
        print(asking.connect(True, 15))
        for n in range(90): asking.publish('question', str(n), qos=1 + n // 60)

        while len(taken) < 90: kind = c.wait_msg()

        print(taken == list(range(90)), depths)
        "
    );
    prints(&mut board, &program, &["0", "0", "True {0}"]);
}
