//! A moment that takes no more room when there may be none.

use core::num::NonZeroU32;

/// A time in milliseconds, of a clock that may wrap around: the odd one that is it, or comes just before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(NonZeroU32);

impl Moment {
    /// That moment, or up to one millisecond earlier: no time limit becomes longer by it.
    pub fn of(milliseconds: u32) -> Moment {
        Moment(NonZeroU32::MIN | milliseconds.wrapping_sub(1))
    }

    /// In milliseconds.
    pub fn milliseconds(self) -> u32 {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_at_most_one_millisecond_early() {
        for time in [0, 1, 2, 1_000, u32::MAX - 1, u32::MAX] {
            assert!(time.wrapping_sub(Moment::of(time).milliseconds()) <= 1, "{time}");
        }
    }
}
