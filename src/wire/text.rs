//! What the specification allows in strings, topic names and topic filters (MQTT 3.1.1, 1.5.3 and 4.7).
//!
//! The check of UTF-8 is written out, since the one in `core` brings a table, and tables cost the ESP8266 static RAM.

use super::FIELD_MAX;
use crate::ArgumentError;

/// Checks a UTF-8 encoded string: its length, its encoding (MQTT-1.5.3-1) and that it holds no U+0000 (MQTT-1.5.3-2).
/// It may be empty.
pub fn check_text(text: &[u8]) -> Result<(), ArgumentError> {
    if text.len() > FIELD_MAX {
        return Err(ArgumentError::FieldTooLong);
    }
    let mut rest = text.iter().copied();
    while let Some(first) = rest.next() {
        // How many bytes must follow, and between which bounds the next of them must lie:
        // the bounds rule out overlong forms, surrogates and what lies beyond U+10FFFF (RFC 3629, 4).
        let (following, low, high) = match first {
            0x01..=0x7f => continue,
            0xc2..=0xdf => (1, 0x80, 0xbf),
            0xe0 => (2, 0xa0, 0xbf),
            0xed => (2, 0x80, 0x9f),
            0xe1..=0xef => (2, 0x80, 0xbf),
            0xf0 => (3, 0x90, 0xbf),
            0xf4 => (3, 0x80, 0x8f),
            0xf1..=0xf3 => (3, 0x80, 0xbf),
            _ => return Err(ArgumentError::IllFormedText),
        };
        let (mut low, mut high) = (low, high);
        for _ in 0..following {
            match rest.next() {
                Some(byte) if byte >= low && byte <= high => (low, high) = (0x80, 0xbf),
                _ => return Err(ArgumentError::IllFormedText),
            }
        }
    }
    Ok(())
}

/// Checks a topic name: a string of at least one character (MQTT-4.7.3-1) without wildcards (MQTT-3.3.2-2).
pub fn check_topic_name(topic: &[u8]) -> Result<(), ArgumentError> {
    if topic.is_empty() {
        return Err(ArgumentError::EmptyTopic);
    }
    check_text(topic)?;
    if topic.iter().any(|&byte| byte == b'+' || byte == b'#') {
        return Err(ArgumentError::WildcardInTopic);
    }
    Ok(())
}

/// Checks a topic filter: `+` fills a whole level (MQTT-4.7.1-3), `#` a whole last level (MQTT-4.7.1-2).
pub fn check_topic_filter(filter: &[u8]) -> Result<(), ArgumentError> {
    if filter.is_empty() {
        return Err(ArgumentError::EmptyTopic);
    }
    check_text(filter)?;
    let mut before = b'/';
    let mut bytes = filter.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let starts_level = before == b'/';
        let well_placed = match (byte, bytes.peek()) {
            (b'#', after) => starts_level && after.is_none(),
            (b'+', after) => starts_level && matches!(after, None | Some(b'/')),
            _ => true,
        };
        if !well_placed {
            return Err(ArgumentError::MisplacedWildcard);
        }
        before = byte;
    }
    Ok(())
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
