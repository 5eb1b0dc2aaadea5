//! Instructions that a packet takes to be written and read: the engine's codec beside those of other crates.
//!
//! The program runs itself under valgrind's callgrind, which counts instructions; twice for each codec and operation, with
//! different numbers of rounds, and divides the difference. All are compiled as the engine is, for size.

use anyhow::{Context, Result, bail, ensure};
use bytes::BytesMut;
use std::env;
use std::hint::black_box;
use std::process::Command;
use umqtt::wire::{Decoder, Outgoing, Publish, QoS, Slot, Strings, Target};

const TOPIC: &str = "home/kitch";
const ROUNDS: [u64; 2] = [1_000, 3_000];
const SIZES: [usize; 3] = [24, 256, 1024];

/// Whose codec.
const CODECS: [(&str, Codec); 4] = [
    ("umqtt", Codec { write: ours::write, read: ours::read }),
    ("mqttrs", Codec { write: mqttrs_0_4::write, read: mqttrs_0_4::read }),
    ("mqttbytes", Codec { write: mqttbytes_0_6::write, read: mqttbytes_0_6::read }),
    ("mqtt-proto", Codec { write: mqtt_proto_0_4::write, read: mqtt_proto_0_4::read }),
];

/// One codec's two directions, for a PUBLISH at QoS 1.
#[derive(Clone, Copy)]
struct Codec {
    /// Writes one with this message, and gives its size.
    write: fn(&[u8], &mut [u8]) -> usize,
    /// Reads this packet, and gives its identifier and the size of its message.
    read: fn(&[u8]) -> (u16, usize),
}

mod ours {
    use super::*;

    pub fn write(message: &[u8], to: &mut [u8]) -> usize {
        let mut strings = Strings::default();
        strings.0[Slot::Topic as usize] = Some(TOPIC.as_bytes());
        strings.0[Slot::Message as usize] = Some(message);
        let publish = Publish { dup: false, qos: QoS::AtLeastOnce, retain: false, identifier: 7 };
        let packet = Outgoing::publish(publish, &strings).expect("the packet is allowed");
        let (chunk, size) = packet.chunk(0, &strings, to);
        assert_eq!(chunk.len(), size, "the packet does not fit");
        size
    }

    /// Gives the decoder the pieces that it asks for, as the shim does.
    pub fn read(packet: &[u8]) -> (u16, usize) {
        let mut decoder = Decoder::new();
        let (mut rest, mut message) = (packet, 0);
        loop {
            let want = decoder.want();
            let count = want.len - want.offset;
            let (piece, later) = rest.split_at(count as usize);
            rest = later;
            let shown: &[u8] = match want.target {
                Target::Message => {
                    message = piece.len();
                    &[]
                }
                _ => piece,
            };
            match decoder.received(count, shown).expect("the packet is well-formed") {
                Some(umqtt::wire::Packet::Publish { identifier, .. }) => return (identifier, message),
                Some(_) => panic!("it is a PUBLISH"),
                None => {}
            }
        }
    }
}

mod mqttrs_0_4 {
    use mqttrs::{Packet, Pid, Publish, QosPid};

    pub fn write(message: &[u8], to: &mut [u8]) -> usize {
        let pid = Pid::try_from(7).expect("not 0");
        let publish = Publish {
            dup: false,
            qospid: QosPid::AtLeastOnce(pid),
            retain: false,
            topic_name: super::TOPIC,
            payload: message,
        };
        mqttrs::encode_slice(&Packet::Publish(publish), to).expect("it fits")
    }

    pub fn read(packet: &[u8]) -> (u16, usize) {
        match mqttrs::decode_slice(packet) {
            Ok(Some(Packet::Publish(Publish { qospid: QosPid::AtLeastOnce(pid), payload, .. }))) => {
                (pid.get(), payload.len())
            }
            other => panic!("it is a PUBLISH, not {other:?}"),
        }
    }
}

mod mqttbytes_0_6 {
    use super::*;
    use mqttbytes::v4::{Packet, Publish, read as read_packet};

    pub fn write(message: &[u8], to: &mut [u8]) -> usize {
        let mut publish = Publish::new(TOPIC, mqttbytes::QoS::AtLeastOnce, message);
        publish.pkid = 7;
        let mut buffer = BytesMut::with_capacity(to.len());
        publish.write(&mut buffer).expect("it is allowed")
    }

    pub fn read(packet: &[u8]) -> (u16, usize) {
        match read_packet(&mut BytesMut::from(packet), packet.len()) {
            Ok(Packet::Publish(publish)) => (publish.pkid, publish.payload.len()),
            other => panic!("it is a PUBLISH, not {other:?}"),
        }
    }
}

mod mqtt_proto_0_4 {
    use super::*;
    use mqtt_proto::v3::{Packet, Publish};
    use mqtt_proto::{Pid, QosPid, TopicName};

    pub fn write(message: &[u8], _: &mut [u8]) -> usize {
        let qos_pid = QosPid::Level1(Pid::try_from(7).expect("not 0"));
        let topic = TopicName::try_from(TOPIC).expect("the topic is allowed");
        let publish = Publish::new(qos_pid, topic, message.to_vec().into());
        Packet::Publish(publish).encode().expect("the packet is allowed").as_ref().len()
    }

    pub fn read(packet: &[u8]) -> (u16, usize) {
        match Packet::decode(packet) {
            Ok(Some(Packet::Publish(Publish { qos_pid: QosPid::Level1(pid), payload, .. }))) => {
                (pid.value(), payload.len())
            }
            other => panic!("it is a PUBLISH, not {other:?}"),
        }
    }
}

fn packet(size: usize) -> Vec<u8> {
    let mut packet = vec![0; size + 64];
    let len = ours::write(&vec![b'm'; size], &mut packet);
    packet.truncate(len);
    packet
}

/// Does one operation so often. This is what is counted.
fn run(codec: &str, reads: bool, size: usize, rounds: u64) -> Result<()> {
    let (_, codec) = CODECS.into_iter().find(|(name, _)| *name == codec).context("no codec of that name")?;
    let (message, packet) = (vec![b'm'; size], packet(size));
    let mut to = vec![0; size + 64];
    ensure!((codec.read)(&packet) == (7, size), "it reads something else");
    ensure!((codec.write)(&message, &mut to) == packet.len(), "it writes something else");
    for _ in 0..rounds {
        if reads {
            black_box((codec.read)(black_box(&packet)));
        } else {
            black_box((codec.write)(black_box(&message), black_box(&mut to)));
        }
    }
    Ok(())
}

/// The instructions of a whole run of this program.
fn count(codec: &str, operation: &str, size: usize, rounds: u64) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([codec, operation, &size.to_string(), &rounds.to_string()])
        .output()
        .context("valgrind counts the instructions; it is Debian's package valgrind")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{codec} {operation}: {said}");
    let collected =
        said.lines().find_map(|line| line.split_once("Collected : ")).context("callgrind says no number")?;
    Ok(collected.1.trim().parse()?)
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => {}
        [codec, operation, size, rounds] => return run(codec, operation == "read", size.parse()?, rounds.parse()?),
        _ => bail!("without arguments it prints a table"),
    }
    println!("| | payload, B | {} |", CODECS.map(|(name, _)| name).join(" | "));
    println!("|---|--:|{}", "--:|".repeat(CODECS.len()));
    for operation in ["write", "read"] {
        for size in SIZES {
            print!("| {operation} | {size} |");
            for (codec, _) in CODECS {
                let [fewer, more] = ROUNDS.map(|rounds| count(codec, operation, size, rounds));
                print!(" {} |", (more? - fewer?) / (ROUNDS[1] - ROUNDS[0]));
            }
            println!();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codec_reads_and_writes_what_is_counted() {
        for ((name, _), size) in CODECS.into_iter().flat_map(|codec| SIZES.map(|size| (codec, size))) {
            run(name, true, size, 1).unwrap_or_else(|error| panic!("{name} with {size} B: {error}"));
        }
    }
}
