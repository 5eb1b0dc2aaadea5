//! Messages a second, end to end: from the board through the broker to a `mosquitto_sub`, and from a client of this
//! computer to the board. In the host's time, on a board that does not count instructions. What is lost or comes out of
//! order is an error.

use crate::{
    board::{Board, Options},
    results::{BARE, OURS, PYTHON, Results, Speed},
};
use anyhow::{Context, Result, ensure};
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    thread,
};
use umqtt_tests::{
    LIMIT,
    broker::{Broker, PORT},
    mosquitto::Subscriber,
    show::Show,
};

/// So few that the slowest is done within the limit of every wait.
const MESSAGES: usize = 300;
/// How often each is done; the fastest counts, since other programs disturb the host.
const TIMES: usize = 3;
/// The subjects in the board's order.
const SUBJECTS: [&str; 3] = [BARE, PYTHON, OURS];

/// Publishes and receives rows of messages at QoS 0 and 1.
pub fn run(broker: &Broker, results: &mut Results) -> Result<()> {
    let mut board = Board::boot(Options::default())?;
    board.import()?;
    board.start(broker.address())?;
    let subscriber = Subscriber::start(broker, &["-q", "1", "-t", "bench/sink"], &Show::silent())?;
    for (receiving, qos) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
        let operation = format!("{} QoS {qos}", if receiving { "receive" } else { "publish" });
        print!("{operation}, messages a second ");
        for (number, subject) in SUBJECTS.into_iter().enumerate() {
            let mut fastest: f64 = 0.0;
            for _ in 0..TIMES {
                let milliseconds = if receiving {
                    receive(broker, &mut board, (number, subject), qos)?
                } else {
                    publish(broker, &mut board, &subscriber, number, qos)?
                };
                fastest = fastest.max(MESSAGES as f64 * 1000.0 / milliseconds);
            }
            print!(" {subject} {fastest:.0}");
            std::io::stdout().flush()?;
            let (operation, subject) = (operation.clone(), subject.to_owned());
            results.speeds.push(Speed { operation, subject, messages: MESSAGES, per_second: fastest });
        }
        println!();
    }
    Ok(())
}

/// A message is its number.
fn message(number: usize) -> String {
    format!("{number:08}")
}

fn milliseconds(printed: &[String]) -> Result<f64> {
    let [line] = printed else { anyhow::bail!("the board printed {printed:?}") };
    let figure = line.strip_prefix("speed ").with_context(|| format!("the board printed {line}"))?;
    Ok(figure.parse::<f64>()?.max(1.0))
}

fn publish(broker: &Broker, board: &mut Board, subscriber: &Subscriber, subject: usize, qos: u8) -> Result<f64> {
    let printed = board.ask(&format!("measure.publish_all({subject}, {qos}, {}, {MESSAGES})", message(0).len()))?;
    let arrived = subscriber.since_last(broker, MESSAGES)?;
    let sent: Vec<String> = (0..MESSAGES).map(message).collect();
    ensure!(arrived == sent, "of {MESSAGES} messages {} arrived, or not in order", arrived.len());
    milliseconds(&printed)
}

fn receive(broker: &Broker, board: &mut Board, (number, subject): (usize, &str), qos: u8) -> Result<f64> {
    const CONNECT: &[u8] = b"\x10\x12\0\x04MQTT\x04\x02\0\0\0\x06sender";
    let mut stream = TcpStream::connect((broker.address(), PORT))?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(CONNECT)?;
    stream.read_exact(&mut [0; 4]).context("the broker does not answer")?;
    board.begin(&format!("measure.receive_all({number}, {qos}, {}, {MESSAGES})", message(0).len()))?;
    let mut row = Vec::new();
    for number in 0..MESSAGES {
        let topic = format!("bench/{subject}");
        let mut rest = vec![0, u8::try_from(topic.len())?];
        rest.extend(topic.as_bytes());
        if qos > 0 {
            rest.extend(u16::try_from(number + 1)?.to_be_bytes());
        }
        rest.extend(message(number).as_bytes());
        row.extend([0x30 | qos << 1, u8::try_from(rest.len())?]);
        row.extend(rest);
    }
    // The broker's acknowledgements must be taken, or it would wait for that.
    let mut answers = stream.try_clone()?;
    let taker = thread::spawn(move || std::io::copy(&mut answers, &mut std::io::sink()));
    stream.write_all(&row)?;
    // The board raises when a message is missing or in the wrong place, and waits for ever when the last ones are.
    let printed = board.end()?;
    stream.shutdown(Shutdown::Both)?;
    // It ends with the connection, however that was closed.
    let _ = taker.join();
    milliseconds(&printed)
}
