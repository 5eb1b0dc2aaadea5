//! The identifiers of QoS 2 messages that were delivered and that the broker has not released yet (MQTT 3.1.1, 4.3.3).
//!
//! Brokers count identifiers up, so those of many messages are few runs of consecutive ones. What is kept are the
//! boundaries: where a run begins, and where it has ended. An identifier is within a run when the number of boundaries up to it
//! is odd, in whatever order they are; and one identifier is added, or taken away, by changing whether there is a boundary
//! before it and whether there is one after it.

use crate::{Error, QOS_2};

/// How many runs there is room for: all of a broker that has no more than 20 messages in flight, with consecutive
/// identifiers, of which no more than every second one begins a run. Brokers have 10 to 20.
pub const UNRELEASED_RUNS_MAX: usize = if QOS_2 { 10 } else { 0 };

/// The identifiers that are not released: boundaries, 0 for none.
#[derive(Clone, Debug, Default)]
pub struct Unreleased([u16; UNRELEASED_RUNS_MAX * 2]);

impl Unreleased {
    /// None.
    pub const fn new() -> Self {
        Unreleased([0; UNRELEASED_RUNS_MAX * 2])
    }

    /// Whether the identifier is one of them.
    pub fn contains(&self, identifier: u16) -> bool {
        // 0 is beyond all others.
        self.0.iter().fold(false, |within, boundary| within ^ (boundary.wrapping_sub(1) < identifier))
    }

    /// Adds an identifier, from 1 on, that is not one of them, or takes one away that is. Fails, and changes nothing, when
    /// there is no room for what is left.
    pub fn change(&mut self, identifier: u16) -> Result<(), Error> {
        self.change_boundary(identifier)?;
        let changed = self.change_boundary(identifier.wrapping_add(1));
        if changed.is_err() {
            // There is room for what was there before.
            let _ = self.change_boundary(identifier);
        }
        changed
    }

    /// Takes all away.
    pub fn clear(&mut self) {
        *self = Unreleased::new();
    }

    #[inline(never)]
    fn change_boundary(&mut self, boundary: u16) -> Result<(), Error> {
        if boundary == 0 {
            return Ok(()); // what follows the last identifier
        }
        let mut free = None;
        for place in &mut self.0 {
            if *place == boundary {
                *place = 0;
                return Ok(());
            }
            if *place == 0 {
                free = Some(place);
            }
        }
        *free.ok_or(Error::TooManyUnreleased)? = boundary;
        Ok(())
    }
}

#[cfg(all(test, feature = "qos2"))]
mod tests {
    extern crate std;

    use super::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    /// The runs, from the first identifier to the last.
    fn runs(unreleased: &Unreleased) -> Vec<(u16, u16)> {
        let mut boundaries: Vec<u16> = unreleased.0.iter().copied().filter(|&boundary| boundary != 0).collect();
        boundaries.sort_unstable();
        boundaries.chunks(2).map(|run| (run[0], run.get(1).map_or(u16::MAX, |end| end - 1))).collect()
    }

    fn of(identifiers: &[u16]) -> Unreleased {
        let mut unreleased = Unreleased::new();
        for &identifier in identifiers {
            unreleased.change(identifier).unwrap();
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
            assert!(unreleased.contains(1) && unreleased.contains(65_535) && !unreleased.contains(2));
            unreleased.change(identifier).unwrap();
            assert!(!unreleased.contains(identifier));
            assert_eq!(runs(&unreleased).len(), 1);
        }
    }

    #[test]
    fn a_flood_takes_one_run() {
        let mut unreleased = Unreleased::new();
        for identifier in 1..=65_535 {
            unreleased.change(identifier).unwrap();
        }
        assert_eq!(runs(&unreleased), [(1, 65_535)]);
        for identifier in 1..=65_535 {
            unreleased.change(identifier).unwrap();
        }
        assert_eq!(runs(&unreleased), []);
    }

    #[test]
    fn an_identifier_is_taken_out_of_wherever_it_is() {
        let without = |identifier| {
            let mut unreleased = of(&[1, 3, 4, 5, 6, 9]);
            unreleased.change(identifier).unwrap();
            assert!(!unreleased.contains(identifier));
            runs(&unreleased)
        };
        assert_eq!(without(1), [(3, 6), (9, 9)]);
        assert_eq!(without(3), [(1, 1), (4, 6), (9, 9)]);
        assert_eq!(without(4), [(1, 1), (3, 3), (5, 6), (9, 9)]);
        assert_eq!(without(6), [(1, 1), (3, 5), (9, 9)]);
    }

    #[test]
    fn when_there_is_no_room_nothing_changes() {
        let mut unreleased = of(&[10, 11, 12]);
        for number in 1..UNRELEASED_RUNS_MAX as u16 {
            unreleased.change(10 + number * 4).unwrap();
        }
        let before = runs(&unreleased);
        for identifier in [5, 16, 11] {
            let was_within = unreleased.contains(identifier);
            assert_eq!(unreleased.change(identifier), Err(Error::TooManyUnreleased));
            assert_eq!(unreleased.contains(identifier), was_within);
            assert_eq!(runs(&unreleased), before);
        }
        // What needs no room is possible all the same, and makes some when two runs become one.
        unreleased.change(10).unwrap();
        unreleased.change(13).unwrap();
        assert!((11..=14).all(|identifier| unreleased.contains(identifier)));
        unreleased.change(5).unwrap();
    }

    #[test]
    fn whatever_comes_it_is_known_what_is_unreleased() {
        let mut random = 1_u32;
        let mut below = |limit: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) % limit
        };
        let mut unreleased = Unreleased::new();
        let mut expected = BTreeSet::new();
        let mut refused = 0;
        for _ in 0..100_000 {
            let identifier = 1 + below(60) as u16;
            match unreleased.change(identifier) {
                Ok(()) if expected.remove(&identifier) => {}
                Ok(()) => {
                    expected.insert(identifier);
                }
                Err(_) => refused += 1,
            }
            assert!((1..=60).all(|identifier| unreleased.contains(identifier) == expected.contains(&identifier)));
        }
        assert!((1_000..99_000).contains(&refused), "both ends are seen");
    }
}
