//! A TCP relay between client and broker that knows where packets begin and end, and loses them on command.
//!
//! It notes each packet as a line: its direction (`>` to the broker, `<` to the client), its name, and what tells it
//! from others. So what has passed reads as a story:
//!
//! ```text
//! > CONNECT
//! < CONNACK present 0
//! > PUBLISH 1 qos 2
//! < PUBREC 1 cut
//! > CONNECT
//! < CONNACK present 1
//! > PUBLISH 1 qos 2 dup
//! ```
//!
//! Packets pass one at a time, so a connection that is cut at a packet has carried what was noted before it and
//! nothing else.

use crate::{LIMIT, broker::PORT, loopback};
use anyhow::{Context, Result, bail};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Instant,
};

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is lost, and the connection stays.
    Drop,
    /// So many of its bytes pass, or all of them if it has fewer; then the connection is cut.
    Cut(usize),
}

/// A running relay. Dropping it cuts what goes through it.
pub struct Relay {
    address: Ipv4Addr,
    shared: Arc<Shared>,
}

struct Shared {
    broker: Ipv4Addr,
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    seen: Vec<String>,
    rules: Vec<Rule>,
    /// The two ends of the connections that are alive.
    connections: Vec<Arc<Connection>>,
    ended: bool,
}

struct Rule {
    beginning: String,
    fate: Fate,
    once: bool,
}

struct Connection {
    client: TcpStream,
    broker: TcpStream,
}

#[derive(Clone, Copy)]
enum Direction {
    ToBroker,
    ToClient,
}

impl Relay {
    /// Starts a relay to the broker at `broker`, on an address of its own.
    pub fn start(broker: Ipv4Addr) -> Result<Self> {
        let (address, listener) = loopback::listen(PORT)?;
        let shared = Arc::new(Shared { broker, state: Mutex::default(), news: Condvar::new() });
        let acceptor = Arc::clone(&shared);
        thread::spawn(move || acceptor.accept(&listener));
        Ok(Self { address, shared })
    }

    /// The address it listens on.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Does `fate` to the next packet whose line begins with `beginning`.
    pub fn once(&self, beginning: &str, fate: Fate) {
        self.shared.lock().rules.push(Rule { beginning: beginning.to_owned(), fate, once: true });
    }

    /// Does `fate` to all packets whose lines begin with `beginning`, until [`Relay::pass_all`].
    pub fn always(&self, beginning: &str, fate: Fate) {
        self.shared.lock().rules.push(Rule { beginning: beginning.to_owned(), fate, once: false });
    }

    /// Lets everything pass again.
    pub fn pass_all(&self) {
        self.shared.lock().rules.clear();
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.shared.lock().cut_all();
    }

    /// The lines of the packets that have come so far.
    pub fn seen(&self) -> Vec<String> {
        self.shared.lock().seen.clone()
    }

    /// Waits until `count` packets have come whose lines begin with `beginning`, counted from the relay's start.
    pub fn wait_for(&self, beginning: &str, count: usize) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        let mut state = self.shared.lock();
        while state.seen.iter().filter(|line| line.starts_with(beginning)).count() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let seen = state.seen.join("\n");
                bail!("the relay waited for {count} times {beginning:?}, but {LIMIT:?} passed; what it saw:\n{seen}");
            }
            state = self.shared.news.wait_timeout(state, left).expect("no user of the state panics").0;
        }
        Ok(())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.ended = true;
        state.cut_all();
        drop(state);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect((self.address, PORT));
    }
}

impl State {
    fn fate(&mut self, line: &str) -> Option<Fate> {
        let at = self.rules.iter().position(|rule| line.starts_with(&rule.beginning))?;
        let Rule { fate, once, .. } = self.rules[at];
        if once {
            self.rules.remove(at);
        }
        Some(fate)
    }

    fn cut_all(&mut self) {
        self.connections.drain(..).for_each(|connection| connection.cut());
    }
}

impl Connection {
    fn cut(&self) {
        // Whoever is gone already needs no telling.
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.broker.shutdown(Shutdown::Both);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no user of the state panics")
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming().map_while(Result::ok) {
            if self.lock().ended {
                return;
            }
            // The client of a broker that is away finds its connection closed.
            let Ok(broker) = TcpStream::connect((self.broker, PORT)) else { continue };
            let connection = Arc::new(Connection { client, broker });
            self.lock().connections.push(Arc::clone(&connection));
            for direction in [Direction::ToBroker, Direction::ToClient] {
                let (shared, connection) = (Arc::clone(self), Arc::clone(&connection));
                thread::spawn(move || {
                    // An error is an end like any other.
                    let _ = shared.carry(&connection, direction);
                    shared.forget(&connection);
                });
            }
        }
    }

    /// Carries packets in one direction until the connection ends.
    fn carry(&self, connection: &Arc<Connection>, direction: Direction) -> Result<()> {
        let (from, mut to) = match direction {
            Direction::ToBroker => (&connection.client, &connection.broker),
            Direction::ToClient => (&connection.broker, &connection.client),
        };
        let mut from = BufReader::new(from);
        while let Some(packet) = read_packet(&mut from)? {
            let line = describe(&packet, direction)?;
            let mut state = self.lock();
            if !state.connections.iter().any(|alive| Arc::ptr_eq(alive, connection)) {
                break;
            }
            match state.fate(&line) {
                None => {
                    to.write_all(&packet)?;
                    state.seen.push(line);
                }
                Some(Fate::Drop) => state.seen.push(format!("{line} dropped")),
                Some(Fate::Cut(bytes)) => {
                    to.write_all(&packet[..bytes.min(packet.len())])?;
                    state.connections.retain(|alive| !Arc::ptr_eq(alive, connection));
                    connection.cut();
                    state.seen.push(format!("{line} cut"));
                }
            }
            self.news.notify_all();
        }
        Ok(())
    }

    fn forget(&self, connection: &Arc<Connection>) {
        let mut state = self.lock();
        state.connections.retain(|alive| !Arc::ptr_eq(alive, connection));
        connection.cut();
    }
}

/// The next packet; `None` at the end of the stream.
fn read_packet(from: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    if from.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut packet = vec![0; 1];
    from.read_exact(&mut packet)?;
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        packet.push(byte[0]);
        length |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let header = packet.len() as u64;
    from.take(length).read_to_end(&mut packet)?;
    Ok((packet.len() as u64 == header + length).then_some(packet))
}

/// The line of a packet.
fn describe(packet: &[u8], direction: Direction) -> Result<String> {
    const NAMES: [&str; 16] = [
        "0",
        "CONNECT",
        "CONNACK",
        "PUBLISH",
        "PUBACK",
        "PUBREC",
        "PUBREL",
        "PUBCOMP",
        "SUBSCRIBE",
        "SUBACK",
        "UNSUBSCRIBE",
        "UNSUBACK",
        "PINGREQ",
        "PINGRESP",
        "DISCONNECT",
        "15",
    ];
    let arrow = match direction {
        Direction::ToBroker => '>',
        Direction::ToClient => '<',
    };
    let name = NAMES[usize::from(packet[0] >> 4)];
    let body = packet[1..].iter().position(|byte| byte & 0x80 == 0).context("a packet without end")? + 2;
    let number = |at: usize| {
        let bytes = packet.get(body + at..body + at + 2).with_context(|| format!("a short {name}"))?;
        Ok::<_, anyhow::Error>(u16::from_be_bytes([bytes[0], bytes[1]]))
    };
    let qos = packet[0] >> 1 & 3;
    Ok(match name {
        "CONNACK" => format!("{arrow} {name} present {}", number(0)? >> 8),
        "PUBLISH" if qos == 0 => format!("{arrow} {name}"),
        "PUBLISH" => {
            let identifier = number(2 + usize::from(number(0)?))?;
            let dup = if packet[0] & 8 == 0 { "" } else { " dup" };
            format!("{arrow} {name} {identifier} qos {qos}{dup}")
        }
        "CONNECT" | "PINGREQ" | "PINGRESP" | "DISCONNECT" => format!("{arrow} {name}"),
        _ => format!("{arrow} {name} {}", number(0)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISH: &[u8] = b"\x34\x07\0\x01t\0\x09me";

    /// A relay, the client's end of a connection through it, and the broker's.
    fn connected() -> (Relay, TcpStream, TcpStream) {
        let (address, broker) = loopback::listen(PORT).unwrap();
        let relay = Relay::start(address).unwrap();
        let client = TcpStream::connect((relay.address(), PORT)).unwrap();
        let (broker, _) = broker.accept().unwrap();
        for end in [&client, &broker] {
            end.set_read_timeout(Some(LIMIT)).unwrap();
        }
        (relay, client, broker)
    }

    fn rest(mut end: TcpStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        end.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn packets_pass_and_are_noted() {
        let (relay, mut client, mut broker) = connected();
        client.write_all(PUBLISH).unwrap();
        broker.write_all(b"\x50\x02\0\x09\xd0\0").unwrap();
        relay.wait_for("> PUBLISH 9 qos 2", 1).unwrap();
        relay.wait_for("< PINGRESP", 1).unwrap();
        assert!(relay.seen().contains(&"< PUBREC 9".to_owned()));
        relay.cut();
        assert_eq!(rest(broker), PUBLISH);
        assert_eq!(rest(client), b"\x50\x02\0\x09\xd0\0");
    }

    #[test]
    fn a_packet_is_cut_once_and_where_it_was_said() {
        let (relay, mut client, broker) = connected();
        relay.once("> PUBLISH", Fate::Cut(3));
        client.write_all(PUBLISH).unwrap();
        client.write_all(b"\xc0\0").unwrap();
        assert_eq!(rest(broker), PUBLISH[..3]);
        assert_eq!(relay.seen(), ["> PUBLISH 9 qos 2 cut"]);
    }

    #[test]
    fn what_is_dropped_leaves_the_connection_alone() {
        let (relay, mut client, broker) = connected();
        relay.always(">", Fate::Drop);
        client.write_all(PUBLISH).unwrap();
        relay.wait_for("> PUBLISH 9 qos 2 dropped", 1).unwrap();
        relay.pass_all();
        client.write_all(b"\xc0\0").unwrap();
        relay.wait_for("> PINGREQ", 1).unwrap();
        drop(client);
        assert_eq!(rest(broker), b"\xc0\0");
    }

    #[test]
    fn without_a_broker_the_client_is_turned_away() {
        let (address, broker) = loopback::listen(PORT).unwrap();
        drop(broker);
        let relay = Relay::start(address).unwrap();
        let client = TcpStream::connect((relay.address(), PORT)).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        assert_eq!(rest(client), b"");
    }
}
