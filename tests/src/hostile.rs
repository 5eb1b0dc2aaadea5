//! Brokers that do what no broker should, and what becomes of a client that trusts them.
//!
//! Each [`Hostility`] is the first connection of a session in a real interpreter whose heap is small; the second one is
//! with a broker that behaves. The client has to come out of the first by an exception that programs expect, within
//! its time, and has to work on the second.

use crate::{
    LIMIT,
    fault::{
        campaign::Library,
        stage::Stage,
        verdict::{Ending, Fail},
    },
};
use anyhow::{Context, Result};
use rustix::net::sockopt::set_socket_linger;
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

const CONNACK: &[u8] = b"\x20\x02\0\0";
const DRIP: Duration = Duration::from_millis(100);
/// How long the Python library may take, which gets stuck or is done at once.
const REFERENCE_LIMIT: Duration = Duration::from_secs(5);

/// One way of being hostile.
#[derive(Clone, Copy)]
pub struct Hostility {
    /// What the broker does.
    pub name: &'static str,
    conduct: fn(&mut Broker) -> Result<()>,
    /// The client may come out of it without an exception.
    pub may_pass: bool,
}

/// The hostile broker's end of the connection.
struct Broker {
    client: TcpStream,
    ended: Arc<AtomicBool>,
}

impl Broker {
    fn say(&mut self, bytes: &[u8]) -> Result<()> {
        self.client.write_all(bytes).context("the client is gone")
    }

    /// Says the bytes again and again until the client has gone, which is an error.
    fn for_ever(&mut self, bytes: &[u8], pause: Duration) -> Result<()> {
        while !self.ended.load(Ordering::Acquire) {
            self.say(bytes)?;
            thread::sleep(pause);
        }
        Ok(())
    }

    /// Reads a packet of the client's.
    fn hear(&mut self) -> Result<Vec<u8>> {
        let mut header = [0; 2];
        self.client.read_exact(&mut header)?;
        let mut body = vec![0; usize::from(header[1])];
        self.client.read_exact(&mut body)?;
        Ok([&header, body.as_slice()].concat())
    }

    /// Accepts the client, and hears its SUBSCRIBE.
    fn accept(&mut self) -> Result<()> {
        self.hear()?;
        self.say(CONNACK)?;
        self.hear().map(drop)
    }

    /// Accepts the client and grants its subscription.
    fn grant(&mut self) -> Result<()> {
        self.accept()?;
        self.say(b"\x90\x03\0\x01\0")
    }

    /// Waits until the client has closed the connection.
    fn wait(&mut self) -> Result<()> {
        while self.client.read(&mut [0; 64])? != 0 {}
        Ok(())
    }
}

fn hostility(name: &'static str, conduct: fn(&mut Broker) -> Result<()>) -> Hostility {
    Hostility { name, conduct, may_pass: false }
}

fn nuisance(name: &'static str, conduct: fn(&mut Broker) -> Result<()>) -> Hostility {
    Hostility { name, conduct, may_pass: true }
}

/// Says it in place of CONNACK.
macro_rules! answers {
    ($bytes:expr) => {
        |broker| {
            broker.hear()?;
            broker.say($bytes)?;
            broker.wait()
        }
    };
}

/// Says it to a client that is subscribed and waits.
macro_rules! sends {
    ($bytes:expr) => {
        |broker| {
            broker.grant()?;
            broker.say($bytes)?;
            broker.wait()
        }
    };
}

/// Says it in place of SUBACK.
macro_rules! acknowledges {
    ($bytes:expr) => {
        |broker| {
            broker.accept()?;
            broker.say($bytes)?;
            broker.wait()
        }
    };
}

/// All of them.
pub fn all() -> Vec<Hostility> {
    vec![
        hostility("no CONNACK", |broker| broker.wait()),
        hostility("CONNACK in drops, never whole", |broker| {
            broker.hear()?;
            broker.say(&CONNACK[..3])?;
            broker.wait()
        }),
        hostility("PUBLISH before CONNACK", answers!(b"\x30\x04\0\x01tm\x20\x02\0\0")),
        hostility("CONNACK with a reserved code", answers!(b"\x20\x02\0\x09")),
        hostility("garbage for CONNACK", answers!(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        hostility("CONNACK twice", |broker| {
            broker.hear()?;
            broker.say(&[CONNACK, CONNACK].concat())?;
            broker.wait()
        }),
        hostility("closes after CONNACK", |broker| {
            broker.hear()?;
            broker.say(CONNACK)
        }),
        hostility("resets in the middle of a message", |broker| {
            broker.grant()?;
            broker.say(b"\x30\x14\0\x01tmess")?;
            set_socket_linger(&broker.client, Some(Duration::ZERO))?;
            Ok(())
        }),
        hostility("no SUBACK", |broker| {
            broker.accept()?;
            broker.wait()
        }),
        hostility("SUBACK without a code", acknowledges!(b"\x90\x02\0\x01")),
        hostility("SUBACK with two codes", acknowledges!(b"\x90\x04\0\x01\0\0")),
        hostility("SUBACK with a reserved code", acknowledges!(b"\x90\x03\0\x01\x07")),
        hostility("SUBACK refusing", acknowledges!(b"\x90\x03\0\x01\x80")),
        hostility("SUBACK of another identifier", acknowledges!(b"\x90\x03\x77\x77\0")),
        hostility("stray acknowledgements for ever in place of SUBACK", |broker| {
            broker.accept()?;
            broker.for_ever(b"\x40\x02\x77\x77\x70\x02\x77\x77", Duration::ZERO)
        }),
        hostility("messages for ever in place of SUBACK", |broker| {
            broker.accept()?;
            broker.for_ever(b"\x30\x04\0\x01tm", Duration::from_millis(1))
        }),
        hostility("QoS 3", sends!(b"\x36\x06\0\x01t\0\x07m")),
        hostility("identifier 0", sends!(b"\x32\x06\0\x01t\0\0m")),
        hostility("a topic longer than its packet", sends!(b"\x30\x08\xff\xfftopic!")),
        hostility("a topic that is not UTF-8", sends!(b"\x30\x05\0\x02\xff\xfem")),
        hostility("a remaining length without end", sends!(b"\x30\xff\xff\xff\xff\xff\xff\xff\x01")),
        hostility("a reserved packet type", sends!(b"\xf0\x00")),
        hostility("CONNECT from the broker", sends!(b"\x10\x0e\0\x04MQTT\x04\x02\0\0\0\x02id")),
        hostility("256 MB announced, and silence", sends!(b"\x30\xff\xff\xff\x7f\0\x01t")),
        hostility("a topic of 65535 bytes, as large as the heap", |broker| {
            broker.grant()?;
            let topic = vec![b't'; 65535];
            broker.say(&[b"\x30\x82\x80\x04\xff\xff".as_slice(), &topic, b"m"].concat())?;
            broker.wait()
        }),
        hostility("a message of 300 kB, larger than the heap", |broker| {
            broker.grant()?;
            let message = vec![b'm'; 300_000];
            broker.say(&[b"\x30\xe3\xa7\x12\0\x01t".as_slice(), &message].concat())?;
            broker.wait()
        }),
        hostility("a message in drops", |broker| {
            broker.grant()?;
            broker.say(b"\x30\x7f\0\x01t")?;
            broker.for_ever(b"m", DRIP)
        }),
        hostility("more QoS 2 messages than can be open", |broker| {
            broker.grant()?;
            // Consecutive ones are remembered as one run.
            for identifier in (1..=200).step_by(2) {
                broker.say(&[0x34, 6, 0, 1, b't', 0, identifier, b'm'])?;
            }
            broker.wait()
        }),
        nuisance("PUBREL of unknown identifiers", |broker| {
            broker.grant()?;
            for identifier in 1..=200 {
                broker.say(&[0x62, 2, 1, identifier])?;
            }
            broker.wait()
        }),
        nuisance("PUBREC of unknown identifiers", |broker| {
            broker.grant()?;
            for identifier in 1..=200 {
                broker.say(&[0x50, 2, 1, identifier])?;
            }
            broker.wait()
        }),
    ]
}

/// A session's script: before it come lines that set host, port and timeout.
const SESSION: &str = include_str!("hostile.py");

/// What becomes of a client on this stage, which is a [small one](Stage::small), and what it printed.
pub fn meet(stage: &mut Stage, hostility: Hostility) -> Result<(Vec<Fail>, Vec<String>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    let address = listener.local_addr()?;
    let ended = Arc::new(AtomicBool::new(false));
    let server = thread::spawn({
        let ended = Arc::clone(&ended);
        move || {
            let mut conducts = [hostility.conduct, behave].into_iter();
            for client in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::Acquire) {
                    return;
                }
                let Some(conduct) = conducts.next() else { continue };
                // Otherwise a client that waits in vain would have the thread wait as well.
                let _ = client.set_read_timeout(Some(LIMIT));
                let ended = Arc::clone(&ended);
                // An error is an end like any other.
                thread::spawn(move || drop(conduct(&mut Broker { client, ended })));
            }
        }
    });
    let library = stage.library();
    let timeout = if library == Library::Ours { "0.5" } else { "None" };
    let settings = format!("host, port, timeout = '{}', {}, {timeout}\n", address.ip(), address.port());
    let limit = if library == Library::Ours { LIMIT } else { REFERENCE_LIMIT };
    let (ending, mut printed) = stage.play(&(settings + SESSION), limit)?;
    ended.store(true, Ordering::Release);
    // Wakes the thread that accepts.
    drop(TcpStream::connect(address));
    let _ = server.join();
    let fails = judge(hostility, &ending, &printed);
    if let Ending::Badly(end) | Ending::Crashed(end) = ending {
        printed.push(end);
    }
    Ok((fails, printed))
}

/// Asserts that a client on this stage comes out of all of them as it must.
pub fn assert_all_are_met(stage: &mut Stage) {
    let mut failed = 0;
    for hostility in all() {
        let (fails, printed) = meet(stage, hostility).unwrap_or_else(|error| panic!("{}: {error:#}", hostility.name));
        if !fails.is_empty() {
            eprintln!("{}: {fails:?}\n{}", hostility.name, printed.join("\n"));
            failed += 1;
        }
    }
    assert_eq!(failed, 0);
}

/// The broker of the second connection, which takes one message.
fn behave(broker: &mut Broker) -> Result<()> {
    broker.hear()?;
    broker.say(CONNACK)?;
    let publish = broker.hear()?;
    let identifier = &publish[5..7];
    broker.say(&[b"\x40\x02", identifier].concat())?;
    broker.wait()
}

fn judge(hostility: Hostility, ending: &Ending, printed: &[String]) -> Vec<Fail> {
    match ending {
        Ending::Hung => return vec![Fail::Hang],
        Ending::Crashed(_) => return vec![Fail::Crash],
        Ending::Badly(_) => return vec![Fail::Exception],
        Ending::Well => {}
    }
    let mut fails = Vec::new();
    let raised = printed.iter().find_map(|line| line.strip_prefix("raised "));
    let expected = match raised {
        Some(exception) => ["OSError", "MQTTException", "MemoryError"].contains(&exception),
        None => hostility.may_pass,
    };
    if !expected {
        fails.push(Fail::Exception);
    }
    if printed.last().is_none_or(|line| line != "alive") {
        fails.push(Fail::GaveUp);
    }
    fails
}
