//! Reads what passed the network, as QEMU has written it down: which frames the board has sent for each subject.
//!
//! `measure.py` puts a datagram with the subject's name before and after each step ([`MARK`]), when all is quiet.

use anyhow::{Context, Result};
use etherparse::{SlicedPacket, TransportSlice};
use pcap_file::{PcapError, pcap::PcapReader};
use std::{collections::BTreeMap, fs::File, path::Path};

const MARK: &[u8] = b"umqtt-bench ";
const MQTT_PORT: u16 = 1883;

/// What one subject has sent, in all the steps of one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Steps that were marked.
    pub steps: usize,
    /// TCP segments with data.
    pub segments: usize,
    /// Bytes of their frames.
    pub frame_bytes: usize,
}

/// How far a capture has been read, and what was found.
#[derive(Default)]
pub struct Tally {
    open: Option<String>,
    sent: BTreeMap<String, Sent>,
}

impl Tally {
    /// Takes the next frame into account.
    fn frame(&mut self, frame: &[u8], length: usize) {
        // What is not IP is none of ours.
        let Ok(packet) = SlicedPacket::from_ethernet(frame) else { return };
        match packet.transport {
            Some(TransportSlice::Udp(udp)) => {
                if let Some(name) = udp.payload().strip_prefix(MARK) {
                    self.mark(&String::from_utf8_lossy(name));
                }
            }
            Some(TransportSlice::Tcp(tcp)) if tcp.destination_port() == MQTT_PORT && !tcp.payload().is_empty() => {
                if let Some(subject) = &self.open {
                    let sent = self.sent.entry(subject.clone()).or_default();
                    sent.segments += 1;
                    sent.frame_bytes += length;
                }
            }
            _ => {}
        }
    }

    fn mark(&mut self, name: &str) {
        if self.open.take().is_none() {
            self.sent.entry(name.to_owned()).or_default().steps += 1;
            self.open = Some(name.to_owned());
        }
    }
}

/// What each subject has sent in the part of the capture that begins at the frame of that number.
/// Returns the number of frames in the whole as well, where the next part begins.
pub fn read(file: &Path, from: usize) -> Result<(BTreeMap<String, Sent>, usize)> {
    let mut reader = PcapReader::new(File::open(file).context("there is no capture")?).context("it is no capture")?;
    let (mut tally, mut frames) = (Tally::default(), 0);
    while let Some(packet) = reader.next_packet() {
        let packet = match packet {
            Ok(packet) => packet,
            // QEMU is in the middle of writing the last frame, which is behind the last mark.
            Err(PcapError::IncompleteBuffer) => break,
            Err(error) => return Err(error).context("the capture cannot be read"),
        };
        if frames >= from {
            tally.frame(&packet.data, packet.orig_len as usize);
        }
        frames += 1;
    }
    Ok((tally.sent, frames))
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;

    fn udp(payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        PacketBuilder::ethernet2([1; 6], [2; 6])
            .ipv4([10, 0, 2, 15], [10, 0, 2, 2], 64)
            .udp(9999, 9)
            .write(&mut frame, payload)
            .unwrap();
        frame
    }

    fn tcp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        PacketBuilder::ethernet2([1; 6], [2; 6])
            .ipv4([10, 0, 2, 15], [127, 0, 0, 1], 64)
            .tcp(from, to, 1, 1000)
            .write(&mut frame, payload)
            .unwrap();
        frame
    }

    #[test]
    fn segments_between_marks_belong_to_the_marked_subject() {
        let mut tally = Tally::default();
        let frames = [
            tcp(5000, MQTT_PORT, b"before"),
            udp(b"umqtt-bench ours"),
            tcp(5000, MQTT_PORT, b"publish"),
            tcp(5000, MQTT_PORT, b""),
            tcp(MQTT_PORT, 5000, b"answer"),
            udp(b"umqtt-bench ours"),
            tcp(5000, MQTT_PORT, b"after"),
        ];
        for frame in &frames {
            tally.frame(frame, frame.len());
        }
        assert_eq!(tally.sent["ours"], Sent { steps: 1, segments: 1, frame_bytes: 14 + 20 + 20 + 7 });
    }

    #[test]
    fn other_datagrams_are_no_marks() {
        let mut tally = Tally::default();
        tally.frame(&udp(b"something"), 50);
        assert!(tally.open.is_none());
    }
}
