//! The frozen `umqtt.robust` on the board, while the broker goes away and comes back.
//!
//! The client says `down` whenever it is about to try again; the broker comes back only after that was seen. It keeps its
//! sessions, so what is published at QoS 1 meanwhile is due when the client is back.

use umqtt_tests::{
    board::{Board, Memory},
    broker::{Broker, Options},
    mosquitto,
    show::Show,
};

const CLIENT: [&str; 9] = [
    "from umqtt.robust import MQTTClient",
    "class Client(MQTTClient):",
    "    DELAY = 0.1",
    "    def delay(self, i):",
    "        print('down')",
    "        super().delay(i)",
    "c = Client('robust', 'test.mosquitto.org')",
    "c.set_callback(lambda topic, msg: print('got', topic.decode(), msg.decode()))",
    "print(c.connect(False))",
];

fn connected() -> (Broker, Board) {
    let broker = Broker::with(Options { persistence: true, ..Options::default() }).unwrap();
    let mut board = Board::esp8266(broker.address(), Memory::Lenient, &Show::silent()).unwrap();
    board.join_wifi().unwrap();
    board.repl().paste(&CLIENT).unwrap();
    assert_eq!(board.repl().answer().unwrap(), ["0"]);
    (broker, board)
}

#[test]
fn publications_survive_restarts_of_the_broker() {
    let (mut broker, mut board) = connected();
    let watcher = ["-c", "-i", "watcher", "-q", "1", "-t", "robust/out"];
    mosquitto::subscribe_once(&broker, &[&watcher[..], &["-E"]].concat()).unwrap();
    for n in 1..=4 {
        let publish = format!("c.publish('robust/out', '{n}', qos=1)");
        if n % 2 == 0 {
            broker.stop().unwrap();
            board.repl().type_line(&publish).unwrap();
            board.repl().wait_for_line("down").unwrap();
            broker.resume().unwrap();
            board.repl().answer().unwrap();
        } else {
            assert!(board.repl().ask(&publish).unwrap().is_empty());
        }
    }
    mosquitto::publish(&broker, &["-q", "1", "-t", "robust/out", "-m", "last"]).unwrap();
    let mut seen = mosquitto::subscribe_until(&broker, &watcher, "last").unwrap();
    seen.dedup();
    assert_eq!(seen, ["1", "2", "3", "4", "last"], "QoS 1: each at least once, in order");
}

#[test]
fn a_client_that_waits_is_found_again_by_its_messages() {
    let (mut broker, mut board) = connected();
    let publish = |broker: &Broker, message: &str| {
        mosquitto::publish(broker, &["-q", "1", "-t", "robust/in", "-m", message]).unwrap();
    };
    assert!(board.repl().ask("c.subscribe('robust/in', qos=1)").unwrap().is_empty());

    board.repl().type_line("print('waiting'); c.wait_msg()").unwrap();
    board.repl().wait_for_line("waiting").unwrap();
    publish(&broker, "one");
    assert_eq!(board.repl().answer().unwrap(), ["waiting", "got robust/in one"]);

    board.repl().type_line("print('waiting'); c.wait_msg()").unwrap();
    board.repl().wait_for_line("waiting").unwrap();
    broker.stop().unwrap();
    board.repl().wait_for_line("down").unwrap();
    broker.resume().unwrap();
    publish(&broker, "two");
    assert_eq!(board.repl().answer().unwrap().last().unwrap(), "got robust/in two");
}
