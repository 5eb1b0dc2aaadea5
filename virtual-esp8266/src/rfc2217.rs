//! The board's serial port as an RFC 2217 server: bytes, speed, DTR and RTS through TCP, for programs that use pyserial,
//! such as esptool and mpremote.
//!
//! One client at a time, as with a cable; what the board says while nobody listens is lost. Like a UART without flow
//! control, the board misses what it does not fetch in time.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{ChildStdin, ChildStdout};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use rfc2217::{ModemState, PortSettings, Server, ServerEvent};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::lines::{AutoReset, Levels, Lines};
use crate::serial::Pace;

/// How long the circuit's capacitor holds the chip in reset.
const CHARGING: Duration = Duration::from_secs(1);
/// How long a client may let the board's output lie.
const PATIENCE: Duration = Duration::from_secs(10);

/// A port that listens.
pub struct Port {
    listener: TcpListener,
}

/// The client's end of the cable.
struct Client {
    protocol: Server,
    stream: TcpStream,
}

impl Client {
    /// Sends what the protocol has to say.
    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.write_all(&self.protocol.take_output())
    }
}

impl Port {
    /// Listens on this port of the loopback address, 0 for any, and prints the URL for it.
    pub fn new(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("cannot listen on port {port} of 127.0.0.1"))?;
        println!("rfc2217://{}", listener.local_addr()?);
        Ok(Port { listener })
    }

    /// Serves clients until the program ends. What is returned ends when the board has said its last.
    pub fn connect(self, to_board: ChildStdin, from_board: ChildStdout, lines: Arc<Lines>) -> Result<JoinHandle<()>> {
        fcntl_setfl(&to_board, fcntl_getfl(&to_board)? | OFlags::NONBLOCK)?;
        let slot: Arc<Mutex<Option<Client>>> = Arc::default();
        let plug = Arc::clone(&slot);
        std::thread::spawn(move || accept(&self.listener, &plug, to_board, &lines));
        Ok(std::thread::spawn(move || receive(from_board, &slot)))
    }
}

fn accept(listener: &TcpListener, slot: &Mutex<Option<Client>>, mut to_board: ChildStdin, lines: &Lines) {
    for stream in listener.incoming().flatten() {
        let mut circuit = AutoReset::default();
        let served = serve(stream, slot, &mut to_board, &mut |change| lines.apply(change(&mut circuit)));
        slot.lock().expect("no holder of this lock panics").take();
        if let Err(error) = served.and(lines.apply(circuit.release())) {
            eprintln!("virtual-esp8266: the serial port's client is gone: {error:#}");
        }
    }
}

/// Serves one client until it closes the connection.
fn serve(
    mut stream: TcpStream,
    slot: &Mutex<Option<Client>>,
    to_board: &mut ChildStdin,
    apply: &mut dyn FnMut(fn(&mut AutoReset) -> Levels) -> Result<()>,
) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(CHARGING))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut pace = Pace::new();
    let mut baud = PortSettings::default().baud_rate;
    let mut protocol = Server::new(PortSettings::default()).with_signature("virtual-esp8266");
    protocol.set_modem_state(ModemState::CTS | ModemState::DSR | ModemState::CD);
    let mut client = Client { protocol, stream: stream.try_clone()? };
    client.flush()?;
    *slot.lock().expect("no holder of this lock panics") = Some(client);
    let mut buffer = [0; 4096];
    loop {
        let size = match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(size) => size,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                apply(AutoReset::charge)?;
                continue;
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut at = 0;
        while at < size {
            let (mut data, mut events) = (Vec::new(), Vec::new());
            {
                let mut slot = slot.lock().expect("no holder of this lock panics");
                let client = slot.as_mut().context("it does not take what the board says")?;
                at += client.protocol.receive_until_event(&buffer[at..size], &mut data);
                events.extend(std::iter::from_fn(|| client.protocol.poll_event()));
                client.flush()?;
            }
            send(to_board, &data, &mut pace, baud)?;
            for event in events {
                match event {
                    ServerEvent::SettingsChanged(settings) => baud = settings.baud_rate,
                    ServerEvent::Dtr(true) => apply(|circuit| circuit.set_dtr(true))?,
                    ServerEvent::Dtr(false) => apply(|circuit| circuit.set_dtr(false))?,
                    ServerEvent::Rts(true) => apply(|circuit| circuit.set_rts(true))?,
                    ServerEvent::Rts(false) => apply(|circuit| circuit.set_rts(false))?,
                    _ => {}
                }
            }
        }
    }
}

/// Sends to the board at the port's speed. What it does not take is lost.
fn send(to_board: &mut ChildStdin, data: &[u8], pace: &mut Pace, baud: u32) -> std::io::Result<()> {
    for part in data.chunks(Pace::portion(baud)) {
        match to_board.write(part) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        pace.wait(part.len(), baud);
    }
    Ok(())
}

/// Passes what the board says to the client that is there.
fn receive(mut from_board: ChildStdout, slot: &Mutex<Option<Client>>) {
    let mut buffer = [0; 4096];
    while let Ok(size @ 1..) = from_board.read(&mut buffer) {
        let mut slot = slot.lock().expect("no holder of this lock panics");
        if let Some(client) = slot.as_mut() {
            client.protocol.write_data(&buffer[..size]);
            if client.flush().is_err() {
                *slot = None;
            }
        }
    }
}
