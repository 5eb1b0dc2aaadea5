//! The proxy that makes the faults: it carries bytes between a client and a broker, and does to the first connection
//! what its [`Fault`] says.
//!
//! Each connection is served by one thread that owns both of its sockets, so that it can close them in any way.

use super::{Break, Direction, Extent, Fault, Manner, Mishap, stage::Wifi};
use crate::{LIMIT, broker::PORT};
use anyhow::{Context, Result};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::sockopt::{set_socket_linger, set_tcp_quickack},
};
use std::{
    io::{Read, Write},
    mem,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How long a delay lasts, and how long a pause that ends what is coalesced.
const PAUSE: Duration = Duration::from_millis(10);
/// The pause between two bytes of a throttled connection.
const THROTTLE: Duration = Duration::from_micros(300);
const CONNACK: [u8; 2] = [0x20, 2];
const DISCONNECT: u8 = 0xe0;

/// How long a new connection waits for the end of one before that the client has not closed.
const SETTLE: Duration = Duration::from_millis(500);
/// How often a connection looks whether the proxy has ended.
const TICK: Duration = Duration::from_millis(50);

/// What a connection was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What passed.
    pub passed: Extent,
    /// The broker has answered CONNECT with return code 0, whether that arrived or not.
    pub accepted: bool,
    /// DISCONNECT has reached the broker.
    pub said_goodbye: bool,
    /// The client has closed its end.
    pub left: bool,
    /// The broker has not been told that the client is gone.
    pub abandoned: bool,
}

/// The fault for the first connection only.
pub fn first(fault: Fault) -> impl Fn(usize) -> Fault + Send + Sync + 'static {
    move |index| if index == 0 { fault } else { Fault::Whole(Manner::Plain) }
}

/// A running proxy.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    broker: Ipv4Addr,
    /// The fault of the connection of this number.
    faults: Box<dyn Fn(usize) -> Fault + Send + Sync>,
    wifi: Wifi,
    ended: AtomicBool,
    records: Mutex<Vec<Record>>,
}

impl Proxy {
    /// Starts a proxy to the broker at `broker` whose connections have these faults, by their numbers.
    pub fn start(broker: Ipv4Addr, faults: impl Fn(usize) -> Fault + Send + Sync + 'static) -> Result<Self> {
        Self::start_in(Wifi::default(), broker, faults)
    }

    /// The same for a client whose Wi-Fi can be lost.
    pub fn start_in(
        wifi: Wifi,
        broker: Ipv4Addr,
        faults: impl Fn(usize) -> Fault + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
        let address = listener.local_addr()?;
        let faults = Box::new(faults);
        let (ended, records) = (AtomicBool::new(false), Mutex::default());
        let shared = Arc::new(Shared { broker, faults, wifi, ended, records });
        let acceptor = Arc::clone(&shared);
        let acceptor = thread::spawn(move || acceptor.accept(&listener));
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections and tells what they were, in their order.
    pub fn end(mut self) -> Vec<Record> {
        self.stop();
        mem::take(&mut *self.shared.records())
    }

    fn stop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect_timeout(&self.address, LIMIT);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        let mut connections: Vec<JoinHandle<()>> = Vec::new();
        for client in listener.incoming().map_while(Result::ok) {
            if self.ended.load(Ordering::Acquire) {
                break;
            }
            self.settle(&connections);
            let Ok(broker) = TcpStream::connect((self.broker, PORT)) else { break };
            let index = connections.len();
            self.records().push(Record::default());
            let shared = Arc::clone(self);
            let fault = (self.faults)(index);
            connections.push(thread::spawn(move || {
                // An error is an end like any other.
                let _ = Connection::new(&shared, index, fault, client, broker).and_then(|mut c| c.serve());
            }));
        }
        for connection in connections {
            let _ = connection.join();
        }
    }

    /// Sees to it that the broker has heard of the end of earlier connections before the next one begins. A client that
    /// keeps more than one is not waited for for long.
    fn settle(&self, connections: &[JoinHandle<()>]) {
        let began = Instant::now();
        let is_over = |(at, connection): (usize, &JoinHandle<()>)| {
            let record = self.records()[at];
            let patience = if record.left { LIMIT } else { SETTLE };
            connection.is_finished() || record.abandoned || began.elapsed() > patience
        };
        while !connections.iter().enumerate().all(is_over) {
            thread::sleep(THROTTLE);
        }
    }
}

struct Connection<'a> {
    shared: &'a Shared,
    index: usize,
    fault: Fault,
    streams: [Stream; 2],
}

/// One direction of a connection.
struct Stream {
    direction: Direction,
    from: TcpStream,
    to: TcpStream,
    /// Still to be passed on: an incomplete packet when packets matter, or what is being coalesced.
    held: Vec<u8>,
    /// When the last byte came, while something is being coalesced.
    since: Option<Instant>,
    /// The sender has ended, and when.
    over: bool,
    ended: Option<Instant>,
    /// Nothing is passed on any more.
    swallowed: bool,
    bytes: usize,
    packets: Packets,
    index: usize,
}

/// What becomes of the connection after some bytes were carried.
enum Then {
    Go,
    End,
}

impl<'a> Connection<'a> {
    fn new(shared: &'a Shared, index: usize, fault: Fault, client: TcpStream, broker: TcpStream) -> Result<Self> {
        for socket in [&client, &broker] {
            socket.set_nodelay(true)?;
            socket.set_write_timeout(Some(LIMIT))?;
        }
        let stream = |direction, from: &TcpStream, to: &TcpStream| -> Result<Stream> {
            Ok(Stream {
                direction,
                from: from.try_clone()?,
                to: to.try_clone()?,
                held: Vec::new(),
                since: None,
                over: false,
                ended: None,
                swallowed: false,
                bytes: 0,
                packets: Packets::default(),
                index: 0,
            })
        };
        let streams = [stream(Direction::ToBroker, &client, &broker)?, stream(Direction::ToClient, &broker, &client)?];
        Ok(Self { shared, index, fault, streams })
    }

    fn serve(&mut self) -> Result<()> {
        while !self.streams.iter().all(|stream| stream.over) {
            let Some(at) = self.wait()? else {
                if self.shared.ended.load(Ordering::Acquire) && !self.must_wait_for_the_broker() {
                    break;
                }
                continue;
            };
            let mut buffer = [0; 4096];
            // A sender of two small packets in a row waits for this before it sends the second one.
            set_tcp_quickack(&self.streams[at].from, true)?;
            match self.streams[at].from.read(&mut buffer) {
                Ok(count) if count > 0 => {
                    if buffer[..count].starts_with(&CONNACK) {
                        // The client may never see it.
                        self.record(|record| record.accepted |= buffer[3] == 0);
                    }
                    match self.carry(at, &buffer[..count])? {
                        Then::Go => {}
                        Then::End => return Ok(()),
                    }
                }
                _ => self.ended(at)?,
            }
        }
        Ok(())
    }

    /// Whether the broker, told that the client is gone, has not closed its end yet: then it may still have to read what
    /// came before, and would miss that if the same client came again.
    fn must_wait_for_the_broker(&self) -> bool {
        let [to_broker, _] = &self.streams;
        let abandoned = self.shared.records()[self.index].abandoned;
        to_broker.over && !abandoned && to_broker.ended.is_some_and(|ended| ended.elapsed() < LIMIT)
    }

    /// Waits until one of the streams has something to read, and says which.
    fn wait(&mut self) -> Result<Option<usize>> {
        let waiting = self.streams.iter().any(|stream| stream.since.is_some());
        let open: Vec<_> = (0..self.streams.len()).filter(|&at| !self.streams[at].over).collect();
        let mut polled: Vec<_> = open.iter().map(|&at| PollFd::new(&self.streams[at].from, PollFlags::IN)).collect();
        let timeout = if waiting { PAUSE } else { TICK };
        let timeout = Timespec { tv_sec: 0, tv_nsec: timeout.subsec_nanos().into() };
        poll(&mut polled, Some(&timeout))?;
        let ready = polled.iter().position(|fd| !fd.revents().is_empty()).map(|at| open[at]);
        for stream in &mut self.streams {
            if stream.since.is_some_and(|since| since.elapsed() >= PAUSE) {
                stream.since = None;
                let held = mem::take(&mut stream.held);
                stream.pass(&held)?;
            }
        }
        self.note();
        Ok(ready)
    }

    fn record(&self, change: impl FnOnce(&mut Record)) {
        change(&mut self.shared.records()[self.index]);
    }

    fn note(&self) {
        let [to_broker, to_client] = &self.streams;
        self.record(|record| {
            record.passed = Extent {
                to_broker: (to_broker.bytes, to_broker.packets.count),
                to_client: (to_client.bytes, to_client.packets.count),
            };
            record.said_goodbye = to_broker.packets.last_complete == Some(DISCONNECT);
            record.left = to_broker.over;
        });
    }

    /// Passes bytes of the stream `at` on, as the fault wants it.
    fn carry(&mut self, at: usize, bytes: &[u8]) -> Result<Then> {
        let stream = &mut self.streams[at];
        if stream.swallowed {
            return Ok(Then::Go);
        }
        let then = match self.fault {
            Fault::At { what, direction, offset } if direction == stream.direction => {
                let before = offset.saturating_sub(stream.bytes).min(bytes.len());
                if stream.bytes > offset || before == bytes.len() {
                    stream.pass(bytes)?;
                    Then::Go
                } else {
                    stream.pass(&bytes[..before])?;
                    self.break_here(what, at, &bytes[before..])?
                }
            }
            Fault::Packet { what, direction, index } if direction == stream.direction => {
                stream.held.extend_from_slice(bytes);
                while let Some(length) = packet_length(&stream.held) {
                    let rest = stream.held.split_off(length);
                    let packet = mem::replace(&mut stream.held, rest);
                    let times = match what {
                        _ if stream.index != index => 1,
                        Mishap::Drop => 0,
                        Mishap::Duplicate => 2,
                    };
                    stream.index += 1;
                    for _ in 0..times {
                        stream.pass(&packet)?;
                    }
                }
                Then::Go
            }
            Fault::Whole(Manner::Split) => {
                for byte in bytes {
                    stream.pass(&[*byte])?;
                }
                Then::Go
            }
            Fault::Whole(Manner::Throttle) => {
                for byte in bytes {
                    stream.pass(&[*byte])?;
                    thread::sleep(THROTTLE);
                }
                Then::Go
            }
            Fault::Whole(Manner::Coalesce) => {
                stream.held.extend_from_slice(bytes);
                stream.since = Some(Instant::now());
                Then::Go
            }
            _ => {
                stream.pass(bytes)?;
                Then::Go
            }
        };
        self.note();
        Ok(then)
    }

    fn break_here(&mut self, what: Break, at: usize, rest: &[u8]) -> Result<Then> {
        let stream = &mut self.streams[at];
        match what {
            Break::Cut => {
                let [to_broker, to_client] = &mut self.streams;
                let _ = to_client.to.shutdown(Shutdown::Both);
                let _ = to_broker.to.shutdown(Shutdown::Write);
                // When the broker has closed its end too, it will not take the next connection for the second of two.
                to_client.from.set_read_timeout(Some(SETTLE))?;
                let _ = to_client.from.read_to_end(&mut Vec::new());
                return Ok(Then::End);
            }
            Break::Reset => {
                for stream in &self.streams {
                    set_socket_linger(&stream.to, Some(Duration::ZERO))?;
                }
                return Ok(Then::End);
            }
            Break::HalfClose => {
                stream.to.shutdown(Shutdown::Write)?;
                stream.swallowed = true;
            }
            Break::Stall => stream.swallowed = true,
            Break::Blackhole | Break::WifiLoss => {
                self.streams.iter_mut().for_each(|stream| stream.swallowed = true);
                self.record(|record| record.abandoned = true);
                if what == Break::WifiLoss {
                    self.shared.wifi.set(false)?;
                }
            }
            Break::Delay => {
                thread::sleep(PAUSE);
                stream.pass(rest)?;
            }
        }
        Ok(Then::Go)
    }

    /// The sender of the stream `at` has ended: so does its receiver's connection, unless nobody tells it.
    fn ended(&mut self, at: usize) -> Result<()> {
        let stream = &mut self.streams[at];
        stream.over = true;
        stream.ended = Some(Instant::now());
        let held = mem::take(&mut stream.held);
        if stream.since.take().is_some() {
            stream.pass(&held)?;
        }
        let abandoned = self.shared.records()[self.index].abandoned;
        if !abandoned {
            // Whoever is gone already needs no telling.
            let _ = self.streams[at].to.shutdown(Shutdown::Write);
        }
        self.note();
        Ok(())
    }
}

impl Stream {
    fn pass(&mut self, bytes: &[u8]) -> Result<()> {
        self.to.write_all(bytes)?;
        self.bytes += bytes.len();
        self.packets.take(bytes);
        Ok(())
    }
}

/// Counts packets in a stream of bytes.
#[derive(Default)]
struct Packets {
    partial: Vec<u8>,
    count: usize,
    /// The first byte of the last packet that is complete.
    last_complete: Option<u8>,
}

impl Packets {
    fn take(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(length) = packet_length(&self.partial) {
            self.last_complete = self.partial.first().copied();
            self.partial.drain(..length);
            self.count += 1;
        }
    }
}

/// The length of the packet at the start of `bytes`, if all of it is there.
fn packet_length(bytes: &[u8]) -> Option<usize> {
    let digits = bytes.get(1..)?.iter().take(4).position(|digit| digit & 0x80 == 0)? + 1;
    let length = (0..digits).map(|digit| usize::from(bytes[1 + digit] & 0x7f) << (7 * digit)).sum::<usize>();
    let whole = 1 + digits + length;
    (bytes.len() >= whole).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback;
    use std::io::ErrorKind;

    /// A proxy with that fault, the client's end of a connection through it, and the broker's.
    fn connected(fault: Fault) -> (Proxy, TcpStream, TcpStream) {
        let (address, broker) = loopback::listen(PORT).unwrap();
        let proxy = Proxy::start(address, first(fault)).unwrap();
        let client = TcpStream::connect(proxy.address()).unwrap();
        let (broker, _) = broker.accept().unwrap();
        for end in [&client, &broker] {
            end.set_read_timeout(Some(LIMIT)).unwrap();
        }
        (proxy, client, broker)
    }

    fn at(what: Break) -> Fault {
        Fault::At { what, direction: Direction::ToBroker, offset: 3 }
    }

    fn rest(mut end: TcpStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        end.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn bytes_pass_and_are_counted() {
        let (proxy, mut client, mut broker) = connected(Fault::Whole(Manner::Plain));
        broker.write_all(b"\x20\x02\0\0").unwrap();
        client.read_exact(&mut [0; 4]).unwrap();
        client.write_all(b"\xc0\0\xe0\0").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(broker), b"\xc0\0\xe0\0");
        let passed = Extent { to_broker: (4, 2), to_client: (4, 1) };
        assert_eq!(proxy.end(), [Record { passed, accepted: true, said_goodbye: true, left: true, abandoned: false }]);
    }

    #[test]
    fn a_cut_is_an_end_for_both() {
        let (_proxy, mut client, broker) = connected(at(Break::Cut));
        client.write_all(b"\xc0\0\xc0\0").unwrap();
        assert_eq!(rest(broker), b"\xc0\0\xc0");
        // The kernel says RST rather than FIN where bytes had not been read.
        assert!(client.read(&mut [0]).map_or(true, |count| count == 0));
    }

    #[test]
    fn a_reset_is_a_reset_for_both() {
        let (_proxy, mut client, mut broker) = connected(at(Break::Reset));
        client.write_all(b"\xc0\0\xc0\0").unwrap();
        for end in [&mut client, &mut broker] {
            let error = (0..2).find_map(|_| end.read(&mut [0; 9]).err());
            assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::ConnectionReset));
        }
    }

    #[test]
    fn what_is_half_closed_carries_on_in_the_other_direction() {
        let (_proxy, mut client, mut broker) = connected(at(Break::HalfClose));
        client.write_all(b"\xc0\0\xc0\0").unwrap();
        broker.write_all(b"\xd0\0").unwrap();
        client.read_exact(&mut [0; 2]).unwrap();
        assert_eq!(rest(broker), b"\xc0\0\xc0");
    }

    #[test]
    fn what_stalls_ends_with_the_client() {
        let (_proxy, mut client, broker) = connected(at(Break::Stall));
        client.write_all(b"\xc0\0\xc0\0").unwrap();
        drop(client);
        assert_eq!(rest(broker), b"\xc0\0\xc0");
    }

    #[test]
    fn a_black_hole_swallows_even_the_end() {
        let (proxy, mut client, mut broker) = connected(at(Break::Blackhole));
        client.write_all(b"\xc0\0\xc0\0").unwrap();
        broker.read_exact(&mut [0; 3]).unwrap();
        drop(client);
        broker.set_read_timeout(Some(TICK)).unwrap();
        assert_eq!(broker.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(proxy.end()[0].abandoned);
        assert_eq!(broker.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn packets_are_dropped_and_doubled_by_their_number() {
        for (what, expected) in [
            (Mishap::Drop, b"\xc0\0\xe0\0".as_slice()),
            (Mishap::Duplicate, b"\xc0\0\x40\x02\0\x01\x40\x02\0\x01\xe0\0"),
        ] {
            let (_proxy, mut client, broker) =
                connected(Fault::Packet { what, direction: Direction::ToBroker, index: 1 });
            client.write_all(b"\xc0\0\x40\x02\0\x01\xe0\0").unwrap();
            drop(client);
            assert_eq!(rest(broker), expected);
        }
    }

    #[test]
    fn whole_connections_carry_everything() {
        for manner in [Manner::Split, Manner::Coalesce, Manner::Throttle] {
            let (_proxy, mut client, broker) = connected(Fault::Whole(manner));
            client.write_all(b"\xc0\0\x40\x02\0\x01\xe0\0").unwrap();
            drop(client);
            assert_eq!(rest(broker), b"\xc0\0\x40\x02\0\x01\xe0\0");
        }
    }
}
