//! Tells whether a file is a firmware image that the ESP8266's boot ROM starts.
//!
//! To be asked before the file is written to flash, which erases what was there. The image's format: esptool's
//! documentation, "Firmware Image Format", ESP8266. What MicroPython adds to it: `makeimg.py` of its ESP8266 port.

use std::fmt;
use std::ops::Range;

/// First byte of an image.
const MAGIC: u8 = 0xe9;
/// First byte of an image that the boot ROM does not start, but Espressif's boot loader does.
const LOADER_MAGIC: u8 = 0xea;
const HEADER_SIZE: usize = 8;
const SEGMENT_HEADER_SIZE: usize = 8;
const CHECKSUM_START: u8 = 0xef;
/// The checksum is the last byte of so many.
const ALIGNMENT: usize = 16;
/// What the boot ROM can load: RAM for data, below its own, and RAM for code.
const RAM: [Range<u32>; 2] = [0x3ffe_8000..0x3fff_c000, 0x4010_0000..0x4010_8000];

/// MicroPython pads its image with 0xff to this place, at which its whole size stands.
const MICROPYTHON_SIZE_AT: usize = 0x8ffc;
/// At least so much padding, or else it is another firmware.
const MICROPYTHON_PADDING: usize = 16;
/// An MD5 ends MicroPython's image. It is not counted by the size.
const MD5_SIZE: usize = 16;

/// Why a file is no firmware for the ESP8266.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It begins with another byte than an image.
    NoImage {
        /// That byte; `None` for an empty file.
        first: Option<u8>,
    },
    /// It needs Espressif's boot loader.
    NeedsBootLoader,
    /// It has no segments.
    Empty,
    /// A segment is for an address where the ESP8266 has no RAM.
    OtherChip {
        /// Which one, from 1.
        segment: u8,
        /// That address.
        address: u32,
    },
    /// It ends before its time.
    Incomplete {
        /// Bytes it has.
        size: usize,
        /// Bytes it should have, or more.
        wanted: usize,
    },
    /// Its contents and its checksum do not agree.
    Checksum {
        /// The checksum that its contents have.
        contents: u8,
        /// The checksum that stands in it.
        stated: u8,
    },
    /// The flash is smaller.
    TooLarge {
        /// Bytes it has.
        size: usize,
        /// Bytes of flash.
        flash: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Fault::NoImage { first: None } => write!(f, "it is empty"),
            Fault::NoImage { first: Some(first) } => {
                write!(f, "it is no firmware image: it begins with 0x{first:02x}, an image with 0x{MAGIC:02x}")
            }
            Fault::NeedsBootLoader => {
                write!(f, "it is an image for Espressif's boot loader (0x{LOADER_MAGIC:02x}), not for the boot ROM")
            }
            Fault::Empty => write!(f, "it is damaged: it has no segments"),
            Fault::OtherChip { segment, address } => write!(
                f,
                "it is for another chip, or damaged: segment {segment} is for 0x{address:08x}, where the ESP8266 has no RAM"
            ),
            Fault::Incomplete { size, wanted } => {
                write!(f, "it is not complete: it has {size} bytes, and should have {wanted}")
            }
            Fault::Checksum { contents, stated } => {
                write!(f, "it is damaged: its checksum is 0x{contents:02x}, not 0x{stated:02x}")
            }
            Fault::TooLarge { size, flash } => write!(f, "it has {size} bytes, and the flash {flash}"),
        }
    }
}

impl std::error::Error for Fault {}

/// Whether an ESP8266 with so many bytes of flash starts this image from the beginning of its flash.
pub fn check(image: &[u8], flash: usize) -> Result<(), Fault> {
    let incomplete = |wanted| Fault::Incomplete { size: image.len(), wanted };
    match image.first() {
        Some(&MAGIC) => {}
        Some(&LOADER_MAGIC) => return Err(Fault::NeedsBootLoader),
        first => return Err(Fault::NoImage { first: first.copied() }),
    }
    if image.len() > flash {
        return Err(Fault::TooLarge { size: image.len(), flash });
    }
    let segments = *image.get(1).ok_or(incomplete(HEADER_SIZE))?;
    if segments == 0 {
        return Err(Fault::Empty);
    }
    let mut at = HEADER_SIZE;
    let mut contents = CHECKSUM_START;
    for segment in 1..=segments {
        let header_end = at + SEGMENT_HEADER_SIZE;
        let address = word(image, at).ok_or(incomplete(header_end))?;
        let size = word(image, at + 4).ok_or(incomplete(header_end))?;
        let end = address.checked_add(size);
        if !end.is_some_and(|end| RAM.iter().any(|ram| ram.start <= address && end <= ram.end)) {
            return Err(Fault::OtherChip { segment, address });
        }
        at = header_end + size as usize;
        let data = image.get(header_end..at).ok_or(incomplete(at))?;
        contents = data.iter().fold(contents, |sum, byte| sum ^ byte);
    }
    let checksum_at = at | (ALIGNMENT - 1);
    let stated = *image.get(checksum_at).ok_or(incomplete(checksum_at + 1))?;
    if contents != stated {
        return Err(Fault::Checksum { contents, stated });
    }
    match micropython_size(image) {
        Some(wanted) if image.len() < wanted => Err(incomplete(wanted)),
        _ => Ok(()),
    }
}

/// How large the image is as a whole, when it is MicroPython's.
fn micropython_size(image: &[u8]) -> Option<usize> {
    let padding = image.get(MICROPYTHON_SIZE_AT - MICROPYTHON_PADDING..MICROPYTHON_SIZE_AT)?;
    let size = word(image, MICROPYTHON_SIZE_AT)? as usize;
    (padding.iter().all(|&byte| byte == 0xff) && size > MICROPYTHON_SIZE_AT).then_some(size.saturating_add(MD5_SIZE))
}

fn word(image: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(image.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLASH: usize = 1 << 20;

    /// An image with these segments, as esptool makes it.
    fn image(segments: &[(u32, &[u8])]) -> Vec<u8> {
        let mut image = vec![MAGIC, segments.len() as u8, 0, 0x20];
        image.extend(0x4010_0000_u32.to_le_bytes());
        let mut checksum = CHECKSUM_START;
        for (address, data) in segments {
            image.extend(address.to_le_bytes());
            image.extend((data.len() as u32).to_le_bytes());
            image.extend(*data);
            checksum = data.iter().fold(checksum, |sum, byte| sum ^ byte);
        }
        image.resize(image.len() | (ALIGNMENT - 1), 0);
        image.push(checksum);
        image
    }

    fn good() -> Vec<u8> {
        image(&[(0x4010_0000, &[1, 2, 3, 4]), (0x3ffe_8000, &[5, 6, 7, 8])])
    }

    /// The same as MicroPython's, with so many bytes of code for flash.
    fn micropython(code: usize) -> Vec<u8> {
        let mut image = good();
        image.resize(MICROPYTHON_SIZE_AT, 0xff);
        image.extend(((MICROPYTHON_SIZE_AT + 4 + code) as u32).to_le_bytes());
        image.resize(image.len() + code + MD5_SIZE, 0);
        image
    }

    #[test]
    fn a_good_image_is_good() {
        assert_eq!(check(&good(), FLASH), Ok(()));
        assert_eq!(check(&micropython(1000), FLASH), Ok(()));
    }

    #[test]
    fn another_file_is_no_image() {
        assert_eq!(check(b"\x7fELF", FLASH), Err(Fault::NoImage { first: Some(0x7f) }));
        assert_eq!(check(b"", FLASH), Err(Fault::NoImage { first: None }));
        assert_eq!(check(&[LOADER_MAGIC, 4], FLASH), Err(Fault::NeedsBootLoader));
        assert_eq!(check(&[MAGIC, 0], FLASH), Err(Fault::Empty));
    }

    #[test]
    fn an_image_of_another_chip_is_refused() {
        // An ESP32's: after the same eight bytes come pins and the number of the chip.
        let mut esp32 = vec![MAGIC, 2, 2, 0x20, 0, 0, 8, 0x40];
        esp32.extend([0xee, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        esp32.resize(4096, 0);
        assert_eq!(check(&esp32, FLASH), Err(Fault::OtherChip { segment: 1, address: 0xee }));
        let flash = image(&[(0x4010_0000, &[0; 4]), (0x4020_1010, &[0; 4])]);
        assert_eq!(check(&flash, FLASH), Err(Fault::OtherChip { segment: 2, address: 0x4020_1010 }));
    }

    #[test]
    fn a_segment_must_fit_into_its_ram() {
        let large = vec![0; 0x8004];
        let fault = check(&image(&[(0x4010_0000, &large)]), FLASH);
        assert_eq!(fault, Err(Fault::OtherChip { segment: 1, address: 0x4010_0000 }));
        let fault = check(&image(&[(0xffff_fffc, &[0; 8])]), FLASH);
        assert_eq!(fault, Err(Fault::OtherChip { segment: 1, address: 0xffff_fffc }));
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let mut image = good();
        image[HEADER_SIZE + SEGMENT_HEADER_SIZE] ^= 0x40;
        let stated = *image.last().unwrap();
        assert_eq!(check(&image, FLASH), Err(Fault::Checksum { contents: stated ^ 0x40, stated }));
    }

    #[test]
    fn a_cut_image_is_not_complete() {
        let image = good();
        for size in 1..image.len() {
            assert!(matches!(check(&image[..size], FLASH), Err(Fault::Incomplete { size: has, .. }) if has == size));
        }
        let image = micropython(1000);
        let wanted = image.len();
        assert_eq!(check(&image[..wanted - 1], FLASH), Err(Fault::Incomplete { size: wanted - 1, wanted }));
        assert_eq!(check(&[image.as_slice(), &[0xff; 9]].concat(), FLASH), Ok(()), "padding does no harm");
    }

    #[test]
    fn an_image_larger_than_the_flash_is_refused() {
        let image = good();
        assert_eq!(check(&image, image.len()), Ok(()));
        assert_eq!(check(&image, 16), Err(Fault::TooLarge { size: image.len(), flash: 16 }));
    }
}
