//! What is forbidden, and who reads it all the same. A parser that is brought up to date may have to be written down anew.
//! The table is that of `docs/reliability.md`.

use umqtt_fuzz::parsers::{Other, first_packet, ours, violation};

/// The statement, a packet that it forbids, and whether `mqttbytes` and `mqtt-proto` accept that.
const FORBIDDEN: [(&str, &[u8], [bool; 2]); 18] = [
    ("table 2.1: no packet from a broker", b"\x10\x0e\0\x04MQTT\x04\x02\0\0\0\x02id", [true, true]),
    ("MQTT-2.2.2-2: reserved flags", b"\x60\x02\0\x01", [true, false]),
    ("MQTT-2.3.1-1: identifier 0", b"\x32\x06\0\x01t\0\0m", [false, false]),
    ("MQTT-2.3.1-1: identifier 0", b"\x40\x02\0\0", [true, false]),
    ("3.2.2.1: reserved flags of CONNACK", b"\x20\x02\x02\0", [true, false]),
    ("3.2.2.3: a reserved return code", b"\x20\x02\0\x06", [false, false]),
    ("MQTT-3.2.2-4: a session of a refused client", b"\x20\x02\x01\x01", [true, true]),
    ("MQTT-3.3.1-4: QoS 3", b"\x36\x06\0\x01t\0\x07m", [false, false]),
    ("3.3.2: shorter than its fields", b"\x30\x05\xff\xfftme", [false, false]),
    ("MQTT-4.7.3-1: no topic", b"\x30\x03\0\0m", [true, true]),
    ("MQTT-1.5.3-1: not UTF-8", b"\x30\x04\0\x01\xffm", [false, false]),
    ("MQTT-1.5.3-2: U+0000", b"\x30\x04\0\x01\0m", [true, false]),
    ("MQTT-3.3.2-2: a wildcard", b"\x30\x04\0\x01+m", [true, false]),
    ("MQTT-3.9.3-2: a reserved return code", b"\x90\x03\0\x01\x03", [false, false]),
    ("chapter 3: a length that this packet cannot have", b"\x90\x04\0\x01\0\0", [true, true]),
    ("chapter 3: a length that this packet cannot have", b"\x40\x03\0\x01\0", [true, true]),
    ("chapter 3: a length that this packet cannot have", b"\xd0\x01\0", [true, true]),
    ("table 2.1: no packet from a broker", b"\xf0\0", [false, false]),
];

#[test]
fn what_ours_refuses_and_others_accept() {
    let mut wrong = Vec::new();
    for (statement, packet, accepted) in FORBIDDEN {
        let packet = first_packet(packet).expect("a whole packet");
        assert_eq!(ours(packet), None, "{statement}");
        assert_eq!(violation(packet), Some(statement), "{packet:x?}");
        let found = [Other::Mqttbytes, Other::MqttProto].map(|other| other.read(packet).is_some());
        if found != accepted {
            wrong.push(format!("{statement}: {packet:x?}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
