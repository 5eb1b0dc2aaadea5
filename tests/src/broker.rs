//! A real broker of the test's own: mosquitto, unless another [`Make`] is wanted.
//!
//! It listens on an address of its own ([`loopback`]), which stays the same when it is stopped and started again.
//!
//! The broker counts as started when it has answered a CONNECT, not after some time; its configuration, certificates and
//! database are in a folder that goes with the value. Dropping the value stops the broker.

use crate::{LIMIT, children, lines::Lines, loopback, make::Make};
use anyhow::{Context, Result, bail, ensure};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    process::{Child, Stdio},
};
use tempfile::TempDir;

/// MQTT's port.
pub const PORT: u16 = 1883;
/// The port of MQTT over TLS.
pub const TLS_PORT: u16 = 8883;

const ADDRESSES_TO_TRY: u32 = 20;

/// What is wrong with the certificate of a broker with TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// Nothing: it is for [`SERVER`](crate::SERVER), and of this year.
    #[default]
    Good,
    /// It is for somebody else.
    OfAnother,
    /// It is of the last century.
    Expired,
}

/// What a broker shall do beyond the plain listener.
#[derive(Clone, Copy, Default)]
pub struct Options {
    /// Listen with TLS as well, on [`TLS_PORT`].
    pub tls: bool,
    /// The certificate for that.
    pub certificate: Certificate,
    /// Keep sessions, subscriptions and queued messages while the broker is stopped.
    pub persistence: bool,
    /// Log connections but no packets, of which there may be millions, let none of them wait for
    /// others, and keep as many as come.
    pub quiet: bool,
    /// Whose broker it is. Only mosquitto has the other options.
    pub make: Make,
}

/// A broker that runs, or is stopped and may run again.
pub struct Broker {
    make: Make,
    address: Ipv4Addr,
    folder: TempDir,
    authority: Option<Authority>,
    running: Option<Running>,
}

struct Running {
    child: Child,
    log: Lines,
}

impl Broker {
    /// Starts a broker with a plain listener.
    pub fn start() -> Result<Self> {
        Self::with(Options::default())
    }

    /// Starts a broker on a free loopback address.
    pub fn with(options: Options) -> Result<Self> {
        for _ in 0..ADDRESSES_TO_TRY {
            let (address, _) = loopback::listen(PORT)?;
            let mut broker = Self::prepare(address, options)?;
            match broker.resume() {
                Ok(()) => return Ok(broker),
                Err(error) if error.to_string().contains("Address already in use") => continue,
                Err(error) => return Err(error),
            }
        }
        bail!("none of {ADDRESSES_TO_TRY} loopback addresses has port {PORT} free")
    }

    fn prepare(address: Ipv4Addr, options: Options) -> Result<Self> {
        let folder = TempDir::new().context("cannot make a folder for the broker")?;
        let path = folder.path().display();
        // `user root` only matters to a mosquitto started by root, which could not read its folder as another user.
        let log = if options.quiet { "information\nset_tcp_nodelay true\nmax_queued_messages 0" } else { "all" };
        let mut configuration = format!(
            "user root\nlog_dest stderr\nlog_type {log}\nallow_anonymous true\nlistener {PORT} {address}\n\
             persistence {}\npersistence_location {path}/\n",
            options.persistence
        );
        let authority = if options.tls {
            let authority = Authority::new()?;
            let (certificate, key) = authority.issue(options.certificate)?;
            fs::write(folder.path().join("server.crt"), certificate)?;
            fs::write(folder.path().join("server.key"), key)?;
            configuration +=
                &format!("listener {TLS_PORT} {address}\ncertfile {path}/server.crt\nkeyfile {path}/server.key\n");
            Some(authority)
        } else {
            None
        };
        fs::write(folder.path().join("mosquitto.conf"), configuration)?;
        Ok(Self { make: options.make, address, folder, authority, running: None })
    }

    /// Starts the stopped broker again, on the same address.
    pub fn resume(&mut self) -> Result<()> {
        if self.running.is_some() {
            bail!("the broker is running already");
        }
        let mut child = self
            .make
            .command(self.address, self.folder.path())?
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {:?}", self.make))?;
        let log = Lines::new(format!("{:?}", self.make), child.stderr.take().expect("it is piped"), |_| ());
        self.running = Some(Running { child, log });
        let make = self.make;
        let started = self.log()?.anywhere("its start", |line| make.is_running(line)).and_then(|_| self.greet());
        if let Err(error) = started {
            self.kill();
            return Err(error);
        }
        Ok(())
    }

    /// Stops the broker as its administrator would: it keeps what its options say, and its connections end.
    pub fn stop(&mut self) -> Result<()> {
        let running = self.running.as_mut().context("the broker is stopped already")?;
        kill_process(Pid::from_child(&running.child), Signal::TERM).context("cannot signal the broker")?;
        let ended = running.log.end();
        self.kill();
        ended
    }

    /// The address it listens on.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The certificate that signed the broker's own, in DER; for a broker with TLS.
    pub fn authority(&self) -> Result<&[u8]> {
        Ok(&self.authority.as_ref().context("this broker has no TLS")?.der)
    }

    /// Waits until the broker's log has a line with `event` in it, since its last start.
    pub fn wait_for(&self, event: &str) -> Result<()> {
        self.log()?.anywhere(event, |line| line.contains(event)).map(drop)
    }

    /// The lines of the broker's log with `word` in them, since its last start.
    pub fn log_of(&self, word: &str) -> Result<Vec<String>> {
        Ok(self.log()?.seen().lines().filter(|line| line.contains(word)).map(str::to_owned).collect())
    }

    /// Waits until the broker has granted a subscription to `client`.
    pub fn wait_for_subscription(&self, client: &str) -> Result<()> {
        self.wait_for(&self.make.subscribed(client))
    }

    /// Has the broker answer a CONNECT. Between the line in its log and its main loop it would miss a signal.
    fn greet(&self) -> Result<()> {
        const CONNECT: &[u8] = b"\x10\x11\0\x04MQTT\x04\x02\0\0\0\x05greet";
        const ACCEPTED: [u8; 4] = *b"\x20\x02\0\0";
        let mut answer = [0; ACCEPTED.len()];
        let mut stream = TcpStream::connect_timeout(&(self.address, PORT).into(), LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.write_all(CONNECT)?;
        stream.read_exact(&mut answer).context("the broker runs but does not answer")?;
        ensure!(answer == ACCEPTED, "the broker answers a CONNECT with {answer:02x?}");
        Ok(())
    }

    fn log(&self) -> Result<&Lines> {
        Ok(&self.running.as_ref().context("the broker is stopped")?.log)
    }

    fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            children::stop(&mut running.child);
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A certificate authority that lives as long as one test.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: Vec<u8>,
}

impl Authority {
    /// Makes a new one.
    pub fn new() -> Result<Self> {
        let mut params = CertificateParams::new([])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("umqtt test {}", fastrand::u32(..)));
        let key = KeyPair::generate()?;
        let der = params.self_signed(&key)?.der().to_vec();
        Ok(Self { issuer: Issuer::new(params, key), der })
    }

    /// Its own certificate, in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    fn issue(&self, certificate: Certificate) -> Result<(String, String)> {
        let key = KeyPair::generate()?;
        let name = if certificate == Certificate::OfAnother { "elsewhere.example" } else { crate::SERVER };
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        if certificate == Certificate::Expired {
            (params.not_before, params.not_after) = (date_time_ymd(1990, 1, 1), date_time_ymd(1999, 12, 31));
        }
        Ok((params.signed_by(&key, &self.issuer)?.pem(), key.serialize_pem()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restarted_broker_listens_on_the_same_address() {
        let mut broker = Broker::start().unwrap();
        let address = broker.address();
        broker.stop().unwrap();
        assert!(TcpStream::connect((address, PORT)).is_err());
        broker.resume().unwrap();
        assert_eq!(broker.address(), address);
        TcpStream::connect((address, PORT)).unwrap();
    }

    #[test]
    fn a_broker_goes_with_its_value() {
        let broker = Broker::start().unwrap();
        let address = broker.address();
        drop(broker);
        assert!(TcpStream::connect((address, PORT)).is_err());
    }

    #[test]
    fn two_brokers_do_not_meet() {
        let (one, two) = (Broker::start().unwrap(), Broker::with(Options { tls: true, ..Options::default() }).unwrap());
        assert_ne!(one.address(), two.address());
        TcpStream::connect((two.address(), TLS_PORT)).unwrap();
    }
}
