//! The caller's strings, byte by byte: what the specification allows in strings, topic names and topic filters (MQTT 3.1.1,
//! 1.5.3 and 4.7), and copies of them.
//!
//! On the ESP8266 these strings may lie in flash, which can be read by words only. So the engine looks into them here and
//! nowhere else, in functions that are not inlined, and the firmware's build makes the loads of this module fit for flash
//! (firmware/src/assembly.rs). Everything else that the engine reads lies in RAM.
//!
//! The check of UTF-8 is written out, since the one in `core` brings a table, and the engine has no constants.

use super::FIELD_MAX;
use crate::Error;

/// What a string is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
#[repr(u32)] // a word, as registers are
pub(super) enum Kind {
    /// Bytes.
    Binary,
    /// A UTF-8 encoded string, perhaps without a character.
    Text,
    TopicName,
    TopicFilter,
}

/// Checks a UTF-8 encoded string: its length, its encoding (MQTT-1.5.3-1) and that it holds no U+0000 (MQTT-1.5.3-2).
/// It may be empty.
pub fn check_text(text: &[u8]) -> Result<(), Error> {
    check(text, Kind::Text)
}

/// Checks a topic name: a string of at least one character (MQTT-4.7.3-1) without wildcards (MQTT-3.3.2-2).
pub fn check_topic_name(topic: &[u8]) -> Result<(), Error> {
    check(topic, Kind::TopicName)
}

/// Checks a topic filter: `+` fills a whole level (MQTT-4.7.1-3), `#` a whole last level (MQTT-4.7.1-2).
pub fn check_topic_filter(filter: &[u8]) -> Result<(), Error> {
    check(filter, Kind::TopicFilter)
}

const SLASH: u32 = b'/' as u32;
const PLUS: u32 = b'+' as u32;
const HASH: u32 = b'#' as u32;

/// Copies as much of `from` as there is room for, by words where these are whole in `from`.
#[inline(never)]
pub fn copy(to: &mut [u8], from: &[u8]) {
    let from = from.get(..to.len()).unwrap_or(from);
    let (before, words, after) = bytemuck::pod_align_to::<u8, u32>(from);
    let to = copy_bytes(to, before);
    let (whole, rest) = to.split_at_mut_checked(size_of_val(words)).unwrap_or_default();
    for (to, word) in whole.chunks_exact_mut(size_of::<u32>()).zip(words) {
        if let Ok(to) = <&mut [u8; size_of::<u32>()]>::try_from(to) {
            *to = word.to_ne_bytes();
        }
    }
    copy_bytes(rest, after);
}

/// Copies the few bytes that are no whole word. Returns the room that is left.
fn copy_bytes<'a>(to: &'a mut [u8], from: &[u8]) -> &'a mut [u8] {
    let (to, rest) = to.split_at_mut_checked(from.len()).unwrap_or_default();
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    rest
}

/// Whether four bytes are ASCII, and none of them is NUL, `+` or `#`.
fn are_plain(word: u32) -> bool {
    const ONES: u32 = u32::from_ne_bytes([1; 4]);
    // `#` and `+` differ by one bit. What is 0 has its highest bit set once 1 is taken from it.
    const DIFFERENCE: u32 = ONES * (b'+' ^ b'#') as u32;
    let wildcards = (word | DIFFERENCE) ^ (ONES * b'+' as u32);
    (word | word.wrapping_sub(ONES) | wildcards.wrapping_sub(ONES)) & ONES << 7 == 0
}

/// Whether all of the text is such that no topic could be refused for it.
fn is_plain(text: &[u8]) -> bool {
    let (before, words, after) = bytemuck::pod_align_to::<u8, u32>(text);
    are_plain_bytes(before) && words.iter().all(|&word| are_plain(word)) && are_plain_bytes(after)
}

/// The same of at most three bytes.
#[inline(never)]
fn are_plain_bytes(bytes: &[u8]) -> bool {
    const LETTERS: u32 = u32::from_ne_bytes([b'a'; 4]);
    are_plain(bytes.iter().fold(LETTERS, |word, &byte| word << 8 | u32::from(byte)))
}

/// Whether these are all bytes of a character (RFC 3629, 4), the first one highest, if those after the first continue it.
fn is_complete(character: u32) -> bool {
    matches!(
        character,
        0..=0x7f
            | 0xc280..=0xdfbf
            | 0xe0_a080..=0xed_9fbf // surrogates are none
            | 0xee_8080..=0xef_bfbf
            | 0xf090_8080..=0xf48f_bfbf
    )
}

/// Checks a string: how long it is, and what its kind does not allow.
#[inline(never)]
pub(super) fn check(text: &[u8], kind: Kind) -> Result<(), Error> {
    if text.len() > FIELD_MAX {
        return Err(Error::FieldTooLong);
    }
    if kind == Kind::Binary {
        return Ok(());
    }
    if text.is_empty() && kind != Kind::Text {
        return Err(Error::EmptyTopic);
    }
    if is_plain(text) {
        return Ok(());
    }
    // A topic level begins after `/`, and at the beginning.
    let mut previous = SLASH;
    // The bytes of the character that is incomplete; 0 for none.
    let mut incomplete = 0;
    for &byte in text {
        let character = incomplete << 8 | u32::from(byte);
        if character == 0 || incomplete != 0 && character & 0xc0 != 0x80 || incomplete >> 24 != 0 {
            return Err(Error::IllFormedText);
        }
        incomplete = if is_complete(character) { 0 } else { character };
        if kind > Kind::Text {
            // A wildcard fills a level, `#` the last one.
            if character == PLUS || character == HASH {
                if kind == Kind::TopicName {
                    return Err(Error::WildcardInTopic);
                }
                if previous != SLASH {
                    return Err(Error::MisplacedWildcard);
                }
            } else if previous == HASH || previous == PLUS && character != SLASH {
                return Err(Error::MisplacedWildcard);
            }
        }
        previous = character;
    }
    if incomplete != 0 { Err(Error::IllFormedText) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn accents_and_the_byte_order_mark_are_text() {
        assert_eq!(check_text("21 °C, été, 温度, 🦀".as_bytes()), Ok(()));
        assert_eq!(check_text(b"\xef\xbb\xbfbom"), Ok(()));
    }

    #[test]
    fn nul_is_refused() {
        assert_eq!(check_text(b"a\0b"), Err(Error::IllFormedText));
    }

    #[test]
    fn surrogates_overlong_forms_and_cut_characters_are_refused() {
        for text in [
            &b"\xed\xa0\x80"[..],
            b"\xc0\xaf",
            b"\xe0\x9f\xbf",
            b"\xf0\x8f\xbf\xbf",
            b"\xf4\x90\x80\x80",
            b"\xc3",
            b"\x80",
            b"\xff",
        ] {
            assert_eq!(check_text(text), Err(Error::IllFormedText), "{text:x?}");
        }
    }

    #[test]
    fn length_is_counted_in_bytes() {
        assert_eq!(check_text(&[b'a'; 65_535]), Ok(()));
        assert_eq!(check_text(&[b'a'; 65_536]), Err(Error::FieldTooLong));
    }

    #[test]
    fn topic_names() {
        assert_eq!(check_topic_name(b"domeu/test"), Ok(()));
        assert_eq!(check_topic_name(b"/"), Ok(()));
        assert_eq!(check_topic_name(b""), Err(Error::EmptyTopic));
        assert_eq!(check_topic_name(b"domeu/#"), Err(Error::WildcardInTopic));
        assert_eq!(check_topic_name(b"domeu/+/x"), Err(Error::WildcardInTopic));
    }

    #[test]
    fn topic_filters() {
        for filter in ["domeu", "#", "+", "/", "domeu/#", "+/+/#", "a/+/b", "/+", "a//#"] {
            assert_eq!(check_topic_filter(filter.as_bytes()), Ok(()), "{filter}");
        }
        for filter in ["a#", "#/a", "a/#/b", "a+", "+a", "a/b+/c", "##", "++"] {
            assert_eq!(check_topic_filter(filter.as_bytes()), Err(Error::MisplacedWildcard), "{filter}");
        }
        assert_eq!(check_topic_filter(b""), Err(Error::EmptyTopic));
    }

    proptest! {
        #[test]
        fn a_copy_is_a_copy_wherever_it_lies(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            start in 0usize..8,
            shift in 0usize..4,
            room in 0usize..40,
        ) {
            let from = bytes.get(start..).unwrap_or(&[]);
            let mut to = [0xee; 48];
            copy(&mut to[shift..shift + room], from);
            let copied = from.len().min(room);
            prop_assert_eq!(&to[shift..shift + copied], &from[..copied]);
            prop_assert!(to[..shift].iter().chain(&to[shift + copied..]).all(|&byte| byte == 0xee));
        }

        #[test]
        fn the_short_way_finds_what_the_long_one_would(
            bytes in proptest::collection::vec(prop_oneof![Just(0), Just(b'#'), Just(b'+'), any::<u8>()], 0..20),
            start in 0usize..8,
        ) {
            let text = bytes.get(start..).unwrap_or(&[]);
            let expected = text.iter().all(|byte| byte.is_ascii() && !matches!(byte, 0 | b'+' | b'#'));
            prop_assert_eq!(is_plain(text), expected);
        }

        #[test]
        fn agrees_with_the_standard_library(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let expected = std::str::from_utf8(&bytes).is_ok() && !bytes.contains(&0);
            prop_assert_eq!(check_text(&bytes).is_ok(), expected);
        }

        #[test]
        fn every_string_without_nul_is_text(text in "[^\0]{0,40}") {
            let bytes: Vec<u8> = text.into_bytes();
            prop_assert_eq!(check_text(&bytes), Ok(()));
        }
    }
}
