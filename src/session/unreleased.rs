//! The identifiers of QoS 2 messages that were delivered and that the broker has not released yet (MQTT 3.1.1, 4.3.3).
//!
//! Brokers count identifiers up, so those of many messages are few runs of consecutive ones. A run takes two places, an
//! identifier that stands alone takes one: a flood needs no more room than two messages.

use crate::{Error, QOS_2};
use heapless::Vec;

/// How many places there are: enough for so many messages, whatever their identifiers. Brokers keep 10 to 20 in flight.
pub const UNRELEASED_MAX: usize = if QOS_2 { 20 } else { 0 };

/// Identifiers from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: u16,
    last: u16,
}

/// The identifiers that are not released: runs in ascending order, each as its last identifier and, when that is another
/// one, its first. So the second of two places belongs to the first if and only if it is smaller.
#[derive(Clone, Debug, Default)]
pub struct Unreleased(Vec<u16, UNRELEASED_MAX, u8>);

impl Unreleased {
    /// None.
    pub const fn new() -> Self {
        Unreleased(Vec::new())
    }

    /// Whether the identifier is one of them.
    pub fn contains(&self, identifier: u16) -> bool {
        self.runs().any(|run| run.first <= identifier && identifier <= run.last)
    }

    /// Adds an identifier, from 1 on, that is not one of them. Fails, and changes nothing, when there is no place for it.
    pub fn insert(&mut self, identifier: u16) -> Result<(), Error> {
        let mut new = Run { first: identifier, last: identifier };
        let mut after = Unreleased::new();
        let mut is_placed = false;
        for run in self.runs() {
            if run.last.wrapping_add(1) == identifier {
                new.first = run.first;
            } else if run.first == identifier.wrapping_add(1) {
                new.last = run.last;
            } else {
                if run.first > identifier && !is_placed {
                    after.push(new)?;
                    is_placed = true;
                }
                after.push(run)?;
            }
        }
        if !is_placed {
            after.push(new)?;
        }
        *self = after;
        Ok(())
    }

    /// Takes an identifier away. Fails, and leaves it, when there are no places for what is left.
    pub fn remove(&mut self, identifier: u16) -> Result<(), Error> {
        let mut after = Unreleased::new();
        for run in self.runs() {
            if run.first <= identifier && identifier <= run.last {
                if run.first != identifier {
                    after.push(Run { last: identifier.wrapping_sub(1), ..run })?;
                }
                if run.last != identifier {
                    after.push(Run { first: identifier.wrapping_add(1), ..run })?;
                }
            } else {
                after.push(run)?;
            }
        }
        *self = after;
        Ok(())
    }

    /// Takes all away.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn runs(&self) -> impl Iterator<Item = Run> + '_ {
        let mut places = self.0.iter().copied().peekable();
        core::iter::from_fn(move || {
            let last = places.next()?;
            let first = places.next_if(|&place| place < last).unwrap_or(last);
            Some(Run { first, last })
        })
    }

    fn push(&mut self, run: Run) -> Result<(), Error> {
        self.0.push(run.last).map_err(|_| Error::TooManyUnreleased)?;
        if run.first != run.last {
            self.0.push(run.first).map_err(|_| Error::TooManyUnreleased)?;
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "qos2"))]
mod tests {
    extern crate std;

    use super::*;
    use std::collections::BTreeSet;

    fn runs(unreleased: &Unreleased) -> std::vec::Vec<(u16, u16)> {
        unreleased.runs().map(|run| (run.first, run.last)).collect()
    }

    fn of(identifiers: &[u16]) -> Unreleased {
        let mut unreleased = Unreleased::new();
        for &identifier in identifiers {
            unreleased.insert(identifier).unwrap();
        }
        unreleased
    }

    #[test]
    fn consecutive_identifiers_are_one_run_in_whatever_order_they_come() {
        assert_eq!(runs(&of(&[3, 4, 5])), [(3, 5)]);
        assert_eq!(runs(&of(&[5, 4, 3])), [(3, 5)]);
        assert_eq!(runs(&of(&[3, 5, 4])), [(3, 5)]);
        assert_eq!(runs(&of(&[9, 3, 5, 4, 1, 10])), [(1, 1), (3, 5), (9, 10)]);
    }

    #[test]
    fn the_first_and_the_last_identifier_are_no_neighbours() {
        assert_eq!(runs(&of(&[65_535, 1])), [(1, 1), (65_535, 65_535)]);
        for identifier in [1, 65_535] {
            let mut unreleased = of(&[65_535, 1]);
            unreleased.remove(identifier).unwrap();
            assert!(!unreleased.contains(identifier));
            assert_eq!(runs(&unreleased).len(), 1);
        }
    }

    #[test]
    fn a_flood_takes_one_place() {
        let mut unreleased = Unreleased::new();
        for identifier in 1..=65_535 {
            unreleased.insert(identifier).unwrap();
        }
        assert_eq!(runs(&unreleased), [(1, 65_535)]);
        for identifier in 1..=65_535 {
            unreleased.remove(identifier).unwrap();
        }
        assert_eq!(runs(&unreleased), []);
    }

    #[test]
    fn an_identifier_is_taken_out_of_wherever_it_is() {
        let without = |identifier| {
            let mut unreleased = of(&[1, 3, 4, 5, 6, 9]);
            unreleased.remove(identifier).unwrap();
            assert!(!unreleased.contains(identifier));
            runs(&unreleased)
        };
        assert_eq!(without(1), [(3, 6), (9, 9)]);
        assert_eq!(without(2), [(1, 1), (3, 6), (9, 9)]);
        assert_eq!(without(3), [(1, 1), (4, 6), (9, 9)]);
        assert_eq!(without(4), [(1, 1), (3, 3), (5, 6), (9, 9)]);
        assert_eq!(without(6), [(1, 1), (3, 5), (9, 9)]);
    }

    #[test]
    fn when_there_is_no_place_nothing_changes() {
        let mut unreleased = of(&[10, 11, 12]);
        for number in 1..UNRELEASED_MAX as u16 - 1 {
            unreleased.insert(10 + number * 4).unwrap();
        }
        let before = runs(&unreleased);
        assert_eq!(unreleased.insert(5), Err(Error::TooManyUnreleased));
        assert_eq!(unreleased.insert(15), Err(Error::TooManyUnreleased));
        assert_eq!(unreleased.remove(5), Ok(()));
        assert_eq!(runs(&unreleased), before);
        unreleased.insert(13).unwrap();
        assert_eq!(unreleased.remove(12), Err(Error::TooManyUnreleased));
        assert!(unreleased.contains(12));
        unreleased.remove(11).unwrap();
    }

    #[test]
    fn so_many_messages_always_find_a_place() {
        let mut random = 1_u32;
        let mut below = |limit: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) % limit
        };
        let mut unreleased = Unreleased::new();
        let mut expected = BTreeSet::new();
        for _ in 0..100_000 {
            let identifier = 1 + below(60) as u16;
            if expected.contains(&identifier) || expected.len() == UNRELEASED_MAX {
                // In the middle of a run that leaves no place, it may not be possible.
                if unreleased.remove(identifier).is_ok() {
                    expected.remove(&identifier);
                }
            } else {
                unreleased.insert(identifier).unwrap();
                expected.insert(identifier);
            }
            assert!((1..=60).all(|identifier| unreleased.contains(identifier) == expected.contains(&identifier)));
        }
    }
}
