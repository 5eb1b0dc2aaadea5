//! The decoder: whatever arrives, in whatever chunks, it must give the same packets and the same end.
//!
//! The first byte says whether CONNACK is awaited and seeds the sizes of the chunks; the rest arrives.

use crate::input::Input;
use umqtt::{
    Error,
    wire::{Decoder, Packet, Target},
};

/// A packet with the strings that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The packet.
    pub packet: Packet,
    /// Its first byte.
    pub first: u8,
    /// The topic of a message.
    pub topic: Vec<u8>,
    /// The message.
    pub message: Vec<u8>,
}

/// Everything that a stream of bytes holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The packets that are whole.
    pub packets: Vec<Arrived>,
    /// Why it went no further, unless the bytes were at their end.
    pub error: Option<Error>,
    /// Whether the end is within a packet.
    pub cut: bool,
}

/// Decodes `bytes` with reads of at most the sizes that `chunk` gives.
pub fn decode(bytes: &[u8], mut chunk: impl FnMut() -> usize) -> Stream {
    let mut decoder = Decoder::new();
    let mut stream = Stream { packets: Vec::new(), error: None, cut: false };
    let (mut topic, mut message) = (Vec::new(), Vec::new());
    let mut input = Input::new(bytes);
    while !input.is_empty() {
        let want = decoder.want();
        assert!(want.offset < want.len, "it wants nothing: {want:?}");
        let taken = input.take(chunk().clamp(1, (want.len - want.offset) as usize));
        let shown = match want.target {
            Target::Header => taken,
            Target::Topic => {
                topic.truncate(want.offset as usize);
                topic.extend_from_slice(taken);
                &topic
            }
            Target::Message => {
                message.truncate(want.offset as usize);
                message.extend_from_slice(taken);
                &[]
            }
            Target::Skip => &[],
        };
        match decoder.received(taken.len() as u32, shown) {
            Ok(None) => {}
            Ok(Some(packet)) => {
                assert!(!decoder.is_within_packet());
                let strings = (std::mem::take(&mut topic), std::mem::take(&mut message));
                stream.packets.push(Arrived {
                    packet,
                    first: decoder.first_byte(),
                    topic: strings.0,
                    message: strings.1,
                });
            }
            Err(error) => {
                assert_eq!(error, Error::Malformed, "of all that arrives");
                stream.error = Some(error);
                return stream;
            }
        }
    }
    stream.cut = decoder.is_within_packet();
    stream
}

/// Decodes the bytes in three ways.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let seed = input.byte();
    let bytes = input.rest();
    let whole = decode(bytes, || usize::MAX);
    let singly = decode(bytes, || 1);
    let mut state = seed;
    let in_chunks = decode(bytes, || {
        state = state.wrapping_mul(37).wrapping_add(11);
        usize::from(state % 7)
    });
    assert_eq!(whole, singly, "all at once, and byte by byte");
    assert_eq!(whole, in_chunks, "all at once, and in chunks");
}
