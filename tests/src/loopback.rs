//! Loopback addresses that nobody listens on.
//!
//! The tutorials name no port, so a broker must have MQTT's own. What is drawn at random is the address: any of the
//! 127.0.0.0/8 network will do, so every test has brokers to itself, and one that the machine already runs is left alone.

use anyhow::{Context, Result, bail};
use std::{
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener},
};

const ADDRESSES_TO_TRY: u32 = 20;

/// Listens on `port` of an address drawn at random.
pub fn listen(port: u16) -> Result<(Ipv4Addr, TcpListener)> {
    for _ in 0..ADDRESSES_TO_TRY {
        let address = Ipv4Addr::new(127, fastrand::u8(1..=254), fastrand::u8(..), fastrand::u8(1..=254));
        match TcpListener::bind((address, port)) {
            Ok(listener) => return Ok((address, listener)),
            Err(taken) if taken.kind() == ErrorKind::AddrInUse => continue,
            Err(error) => return Err(error).with_context(|| format!("cannot listen on {address}:{port}")),
        }
    }
    bail!("none of {ADDRESSES_TO_TRY} loopback addresses has port {port} free")
}
