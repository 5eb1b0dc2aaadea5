//! Outgoing bytes, gathered from the engine's own few and the caller's many.
//!
//! A packet that fits the scratch buffer becomes one chunk, hence one write and one TCP segment. Of a longer one the
//! beginning fills the scratch buffer, for a write that is not full would be a segment that is not. The rest of a long
//! string is not copied: the chunk names the caller's string and the part of it that is to be written.
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

    /// The slot after this one, in their order.
    pub const fn next(self) -> Option<Slot> {
        match self {
            Slot::ClientId => Some(Slot::Topic),
            Slot::Topic => Some(Slot::Message),
            Slot::Message => Some(Slot::User),
            Slot::User => Some(Slot::Password),
            Slot::Password => None,
        }
    }
}

/// The caller's strings by [`Slot`]; `None` where there is none. Borrowed for one call only: between two calls the
/// caller's program may have changed them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strings<'a>(pub [Option<&'a [u8]>; Slot::COUNT]);

/// Where the caller's strings are found.
pub trait Lookup {
    /// The string in `slot`, if there is one.
    fn find(&self, slot: Slot) -> Option<&[u8]>;

    /// The string in `slot`; an empty one where there is none.
    fn get(&self, slot: Slot) -> &[u8] {
        self.find(slot).unwrap_or(&[])
    }
}

impl Lookup for Strings<'_> {
    fn find(&self, slot: Slot) -> Option<&[u8]> {
        self.0.get(slot as usize).copied().flatten()
    }
}

/// The next bytes to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// The first so many bytes of the scratch buffer. None are left when it is 0.
    Scratch(usize),
    /// These bytes of the caller's string.
    Caller {
        /// Which string.
        slot: Slot,
        /// The first byte of it to write.
        offset: usize,
        /// How many bytes.
        len: usize,
    },
}

/// Collects one [`Chunk`].
#[derive(Debug)]
pub struct Gather<'a> {
    /// How many bytes of the packet are before the chunk and still to come.
    skip: usize,
    scratch: &'a mut [u8],
    filled: usize,
    /// The chunk, once nothing can be added to it.
    complete: Option<Chunk>,
    size: usize,
}

impl<'a> Gather<'a> {
    /// Starts a chunk at byte `position` of the packet.
    pub fn new(position: usize, scratch: &'a mut [u8]) -> Self {
        Gather { skip: position, scratch, filled: 0, complete: None, size: 0 }
    }

    /// Puts the lowest `count` bytes of a number, most significant byte first (MQTT 3.1.1, 1.5.2).
    #[inline(never)]
    pub fn put(&mut self, number: u32, count: u8) {
        for place in (0..count).rev() {
            self.size += 1;
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            match self.scratch.get_mut(self.filled) {
                Some(free) if self.complete.is_none() => {
                    *free = (number >> (8 * place)) as u8;
                    self.filled += 1;
                }
                _ => self.complete(Chunk::Scratch(self.filled)),
            }
        }
    }

    /// Puts the caller's string in `slot`, without a length.
    #[inline(never)]
    pub fn put_caller(&mut self, strings: &impl Lookup, slot: Slot) {
        let bytes = strings.get(slot);
        self.size += bytes.len();
        let offset = self.skip.min(bytes.len());
        self.skip -= offset;
        let wanted = bytes.get(offset..).unwrap_or(&[]);
        if self.complete.is_some() {
            return;
        }
        let free = self.scratch.get_mut(self.filled..).unwrap_or(&mut []);
        let fits = wanted.len() <= free.len();
        if self.filled == 0 && !fits {
            return self.complete(Chunk::Caller { slot, offset, len: wanted.len() });
        }
        let copied = wanted.len().min(free.len());
        caller::copy(free, wanted);
        self.filled += copied;
        if !fits {
            self.complete(Chunk::Scratch(self.filled));
        }
    }

    /// Puts the caller's string in `slot` with its length before it (MQTT 3.1.1, 1.5.3).
    pub fn put_string(&mut self, strings: &impl Lookup, slot: Slot) {
        self.put(strings.get(slot).len() as u32, 2);
        self.put_caller(strings, slot);
    }

    /// Puts a remaining length (MQTT 3.1.1, 2.2.3).
    pub fn put_remaining_length(&mut self, length: u32) {
        let mut rest = length;
        while rest > 0x7f {
            self.put(rest & 0x7f | 0x80, 1);
            rest >>= 7;
        }
        self.put(rest, 1);
    }

    /// The chunk, and the size of everything that was put, in bytes.
    pub fn finish(self) -> (Chunk, usize) {
        (self.complete.unwrap_or(Chunk::Scratch(self.filled)), self.size)
    }

    fn complete(&mut self, chunk: Chunk) {
        self.complete.get_or_insert(chunk);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn remaining_lengths_of_the_specification() {
        // MQTT 3.1.1, table 2.4
        let table: [(u32, &[u8]); 8] = [
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
            gather.put_remaining_length(length);
            let (Chunk::Scratch(filled), _) = gather.finish() else { panic!("own bytes only") };
            assert_eq!(&scratch[..filled], bytes, "{length}");
        }
    }

    #[test]
    fn what_of_a_string_does_not_fit_is_named_and_not_copied() {
        let mut strings = Strings::default();
        strings.0[Slot::Message as usize] = Some(b"0123456789");
        let put = |gather: &mut Gather<'_>| {
            gather.put(0x6162, 2);
            gather.put_caller(&strings, Slot::Message);
            gather.put(b'z'.into(), 1);
        };
        let mut scratch = [0; 4];
        let chunk_at = |position, scratch: &mut [u8]| {
            let mut gather = Gather::new(position, scratch);
            put(&mut gather);
            gather.finish().0
        };
        assert_eq!(chunk_at(0, &mut scratch), Chunk::Scratch(4));
        assert_eq!(&scratch, b"ab01");
        assert_eq!(chunk_at(4, &mut scratch), Chunk::Caller { slot: Slot::Message, offset: 2, len: 8 });
        assert_eq!(chunk_at(2, &mut scratch), Chunk::Caller { slot: Slot::Message, offset: 0, len: 10 });
        assert_eq!(chunk_at(5, &mut scratch), Chunk::Caller { slot: Slot::Message, offset: 3, len: 7 });
        assert_eq!(chunk_at(9, &mut scratch), Chunk::Scratch(4));
        assert_eq!(&scratch, b"789z");
        assert_eq!(chunk_at(13, &mut scratch), Chunk::Scratch(0));
    }
}
