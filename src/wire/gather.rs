//! Outgoing bytes, gathered from the engine's own few and the caller's many.
//!
//! A packet that fits the scratch buffer becomes one chunk, hence one write and one TCP segment. Of a longer one the
//! beginning fills the scratch buffer, for a write that is not full would be a segment that is not. The rest of a string of
//! which a part is written is not copied: the chunk is that part of the caller's string.
//!
//! A packet is written down as a function that puts its fields in order. To gather it *from a position on*, that
//! function is simply run again and the bytes before the position are skipped: there is no state to keep between writes.

use super::caller;

/// The caller's strings that a packet can hold, in the order in which CONNECT holds them. A packet uses those it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Slot {
    /// The client identifier.
    ClientId = 0,
    /// The topic name or topic filter; the will topic of CONNECT.
    Topic = 1,
    /// The application message; the will message of CONNECT.
    Message = 2,
    /// The user name.
    User = 3,
    /// The password.
    Password = 4,
}

impl Slot {
    /// How many slots there are.
    pub const COUNT: usize = 5;
}

/// The caller's strings by [`Slot`]; `None` where there is none. Borrowed for one call only: between two calls the
/// caller's program may have changed them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strings<'a>(pub [Option<&'a [u8]>; Slot::COUNT]);

/// Where the caller's strings are found.
pub trait Lookup {
    /// The string in the slot of this number, if there is one.
    fn find(&self, slot: usize) -> Option<&[u8]>;

    /// The string in the slot of this number, where there is one.
    fn at(&self, slot: usize) -> &[u8] {
        self.find(slot).unwrap_or_default()
    }

    /// The string in `slot`, where there is one.
    fn get(&self, slot: Slot) -> &[u8] {
        self.at(slot as usize)
    }

    /// The strings that these bits name, one for each slot, in their order.
    fn named(&self, slots: u8) -> impl Iterator<Item = &[u8]> {
        (0..Slot::COUNT).filter(move |&slot| u32::from(slots) >> slot & 1 != 0).map(|slot| self.at(slot))
    }
}

impl Lookup for Strings<'_> {
    fn find(&self, slot: usize) -> Option<&[u8]> {
        self.0.get(slot).copied().flatten()
    }
}

/// Collects one chunk: the next bytes to write, as many as are together.
#[derive(Debug)]
pub struct Gather<'a> {
    /// How many bytes of the packet are before the chunk and still to come; more than any packet has when nothing can be added
    /// to the chunk.
    skip: usize,
    scratch: &'a mut [u8],
    filled: usize,
    /// The bytes of the caller's that are the chunk, if any: then nothing is in the scratch buffer.
    named: &'a [u8],
}

impl<'a> Gather<'a> {
    /// Begins a chunk at byte `position` of what is put from now on.
    pub fn new(position: usize, scratch: &'a mut [u8]) -> Self {
        Gather { skip: position, scratch, filled: 0, named: &[] }
    }

    /// Puts the lowest `count` bytes of a number, most significant byte first (MQTT 3.1.1, 1.5.2).
    #[inline(never)]
    pub fn put(&mut self, number: u32, count: u32) {
        let mut rest = count;
        while rest > 0 {
            rest -= 1;
            if self.skip > 0 {
                self.skip -= 1;
            } else if let Some(free) = self.scratch.get_mut(self.filled) {
                *free = (number >> (8 * rest)) as u8;
                self.filled += 1;
            } else {
                self.skip = usize::MAX;
            }
        }
    }

    /// Puts the caller's bytes.
    #[inline(never)]
    pub fn put_caller(&mut self, bytes: &'a [u8]) {
        let offset = self.skip.min(bytes.len());
        self.skip -= offset;
        let (Some(wanted), Some(free)) = (bytes.get(offset..), self.scratch.get_mut(self.filled..)) else { return };
        let is_cut = wanted.len() > free.len();
        if is_cut || offset > 0 && !wanted.is_empty() {
            self.skip = usize::MAX;
            if self.filled == 0 {
                self.named = wanted;
                return;
            }
        }
        self.filled += wanted.len().min(free.len());
        caller::copy(free, wanted);
    }

    /// Puts the caller's bytes with their number before them (MQTT 3.1.1, 1.5.3).
    #[inline(never)]
    pub fn put_string(&mut self, bytes: &'a [u8]) {
        self.put(bytes.len() as u32, 2);
        self.put_caller(bytes);
    }

    /// Puts a fixed header, of the packet's first byte and its remaining length (MQTT 3.1.1, 2.2). Gives how many bytes it has.
    pub fn put_fixed_header(&mut self, first: u8, remaining_length: usize) -> usize {
        let (mut digits, mut rest, mut size) = (u32::from(first), remaining_length as u32, 2);
        while rest > 0x7f {
            self.put(digits, 1);
            digits = rest | 0x80;
            rest >>= 7;
            size += 1;
        }
        self.put(digits << 8 | rest, 2);
        size
    }

    /// How many bytes were skipped, of as many as there can be.
    pub fn skipped(&self) -> usize {
        usize::MAX - self.skip
    }

    /// The chunk.
    pub fn finish(self) -> &'a [u8] {
        if self.named.is_empty() { self.scratch.get(..self.filled).unwrap_or_default() } else { self.named }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn remaining_lengths_of_the_specification() {
        // MQTT 3.1.1, table 2.4
        let table: [(usize, &[u8]); 8] = [
            (0, &[0x00]),
            (127, &[0x7f]),
            (128, &[0x80, 0x01]),
            (16_383, &[0xff, 0x7f]),
            (16_384, &[0x80, 0x80, 0x01]),
            (2_097_151, &[0xff, 0xff, 0x7f]),
            (2_097_152, &[0x80, 0x80, 0x80, 0x01]),
            (268_435_455, &[0xff, 0xff, 0xff, 0x7f]),
        ];
        for (length, bytes) in table {
            let mut scratch = [0; 8];
            let mut gather = Gather::new(0, &mut scratch);
            assert_eq!(gather.put_fixed_header(b'0', length), 1 + bytes.len());
            assert_eq!(gather.finish(), [b"0", bytes].concat(), "{length}");
        }
    }

    #[test]
    fn what_of_a_string_does_not_fit_is_named_and_not_copied() {
        let message = b"0123456789";
        let assert_chunk = |position, expected: &[u8], is_copied: bool| {
            let mut scratch = [0; 4];
            let of_scratch = scratch.as_ptr_range();
            let mut gather = Gather::new(position, &mut scratch);
            gather.put(0x6162, 2);
            gather.put_caller(message);
            gather.put(b'z'.into(), 1);
            let chunk = gather.finish();
            assert_eq!(chunk, expected, "at {position}");
            assert_eq!(of_scratch.contains(&chunk.as_ptr()), is_copied, "at {position}");
        };
        assert_chunk(0, b"ab01", true);
        assert_chunk(1, b"b012", true);
        assert_chunk(2, b"0123456789", false);
        assert_chunk(4, b"23456789", false);
        assert_chunk(5, b"3456789", false);
        assert_chunk(9, b"789", false);
        assert_chunk(12, b"z", true);
        assert_chunk(13, b"", true);
    }
}
