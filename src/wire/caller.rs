//! The caller's strings, byte by byte: what the specification allows in strings, topic names and topic filters (MQTT 3.1.1,
//! 1.5.3 and 4.7), and copies of them.
//!
//! On the ESP8266 these strings may lie in flash, which can be read by words only. So the engine looks into them here and
//! nowhere else, in functions that are not inlined, and the firmware's build makes the loads of this module fit for flash
//! (firmware/src/assembly.rs). Everything else that the engine reads lies in RAM.
//!
//! The check of UTF-8 is written out, since the one in `core` brings a table, and the engine has no constants.

use super::FIELD_MAX;
use crate::ArgumentError;
use core::slice::Iter;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    TopicName,
    TopicFilter,
}

/// Checks a UTF-8 encoded string: its length, its encoding (MQTT-1.5.3-1) and that it holds no U+0000 (MQTT-1.5.3-2).
/// It may be empty.
pub fn check_text(text: &[u8]) -> Result<(), ArgumentError> {
    check(text, Kind::Text)
}

/// Checks a topic name: a string of at least one character (MQTT-4.7.3-1) without wildcards (MQTT-3.3.2-2).
pub fn check_topic_name(topic: &[u8]) -> Result<(), ArgumentError> {
    check(topic, Kind::TopicName)
}

/// Checks a topic filter: `+` fills a whole level (MQTT-4.7.1-3), `#` a whole last level (MQTT-4.7.1-2).
pub fn check_topic_filter(filter: &[u8]) -> Result<(), ArgumentError> {
    check(filter, Kind::TopicFilter)
}

/// Copies as much of `from` as there is room for.
#[inline(never)]
pub fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

#[inline(never)]
fn check(text: &[u8], kind: Kind) -> Result<(), ArgumentError> {
    if text.len() > FIELD_MAX {
        return Err(ArgumentError::FieldTooLong);
    }
    if text.is_empty() && kind != Kind::Text {
        return Err(ArgumentError::EmptyTopic);
    }
    let mut level_begins = true;
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            0 => return Err(ArgumentError::IllFormedText),
            b'+' | b'#' if kind == Kind::TopicName => return Err(ArgumentError::WildcardInTopic),
            b'+' | b'#' if kind == Kind::TopicFilter => {
                let level_ends = match rest.as_slice().first() {
                    None => true,
                    Some(&next) => byte == b'+' && next == b'/',
                };
                if !(level_begins && level_ends) {
                    return Err(ArgumentError::MisplacedWildcard);
                }
            }
            0x80.. => skip_character(byte, &mut rest).ok_or(ArgumentError::IllFormedText)?,
            _ => {}
        }
        level_begins = byte == b'/';
    }
    Ok(())
}

/// Skips the rest of a character of several bytes, if it is one: neither cut, nor an overlong form, nor a surrogate, nor
/// beyond U+10FFFF (RFC 3629, 3).
fn skip_character(first: u8, rest: &mut Iter<'_, u8>) -> Option<()> {
    let following = match first {
        0xc0..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xf7 => 3,
        _ => return None,
    };
    let mut character = u32::from(first & 0x3f >> following);
    for _ in 0..following {
        let byte = *rest.next()?;
        if byte & 0xc0 != 0x80 {
            return None;
        }
        character = character << 6 | u32::from(byte & 0x3f);
    }
    let smallest = 1 << (5 * following + 1).max(7);
    let is_surrogate = character >> 11 == 0xd800 >> 11;
    (smallest <= character && character <= 0x10_ffff && !is_surrogate).then_some(())
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
        assert_eq!(check_text(b"a\0b"), Err(ArgumentError::IllFormedText));
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
            assert_eq!(check_text(text), Err(ArgumentError::IllFormedText), "{text:x?}");
        }
    }

    #[test]
    fn length_is_counted_in_bytes() {
        assert_eq!(check_text(&[b'a'; 65_535]), Ok(()));
        assert_eq!(check_text(&[b'a'; 65_536]), Err(ArgumentError::FieldTooLong));
    }

    #[test]
    fn topic_names() {
        assert_eq!(check_topic_name(b"domeu/test"), Ok(()));
        assert_eq!(check_topic_name(b"/"), Ok(()));
        assert_eq!(check_topic_name(b""), Err(ArgumentError::EmptyTopic));
        assert_eq!(check_topic_name(b"domeu/#"), Err(ArgumentError::WildcardInTopic));
        assert_eq!(check_topic_name(b"domeu/+/x"), Err(ArgumentError::WildcardInTopic));
    }

    #[test]
    fn topic_filters() {
        for filter in ["domeu", "#", "+", "/", "domeu/#", "+/+/#", "a/+/b", "/+", "a//#"] {
            assert_eq!(check_topic_filter(filter.as_bytes()), Ok(()), "{filter}");
        }
        for filter in ["a#", "#/a", "a/#/b", "a+", "+a", "a/b+/c", "##", "++"] {
            assert_eq!(check_topic_filter(filter.as_bytes()), Err(ArgumentError::MisplacedWildcard), "{filter}");
        }
        assert_eq!(check_topic_filter(b""), Err(ArgumentError::EmptyTopic));
    }

    proptest! {
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
