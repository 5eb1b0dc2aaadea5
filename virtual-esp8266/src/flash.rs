//! The flash's contents, in a file.
//!
//! QEMU's flash has always 4 MiB. How much of it the board has, says the firmware image's header, where esptool writes it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Size of the file.
const FILE_SIZE: usize = 4 << 20;
const SECTOR: usize = 4096;
const ERASED: u8 = 0xff;
/// Byte of the image's header with the flash's size in its upper half (esptool: "Firmware Image Format").
const SIZE_AT: usize = 3;

/// How much flash the board has, as the image's header counts it.
#[derive(Clone, Copy)]
pub struct Size(u8);

impl Size {
    /// The same in bytes.
    pub fn bytes(self) -> u32 {
        if self.0 == 0 { 512 << 10 } else { 1 << 20 << (self.0 - 2) }
    }
}

/// Reads a size from the command line.
pub fn parse_size(text: &str) -> Result<Size, String> {
    match text {
        "512K" => Ok(Size(0)),
        "1M" => Ok(Size(2)),
        "2M" => Ok(Size(3)),
        "4M" => Ok(Size(4)),
        _ => Err("flash comes in 512K, 1M, 2M and 4M".into()),
    }
}

/// Makes sure that the file is a flash of the right size, with this firmware in it. What lies behind the firmware, such as
/// the file system, is kept.
pub fn prepare(file: &Path, firmware: Option<&Path>, size: Size) -> Result<()> {
    let old = match fs::read(file) {
        Ok(contents) => contents,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    ensure!(old.len() <= FILE_SIZE, "{} is no flash: it has more than 4 MiB", file.display());
    let mut flash = old.clone();
    flash.resize(FILE_SIZE, ERASED);
    if let Some(path) = firmware {
        let image = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        esp8266_image::check(&image, size.bytes() as usize)
            .with_context(|| format!("{} cannot be flashed", path.display()))?;
        flash[..image.len().next_multiple_of(SECTOR)].fill(ERASED);
        flash[..image.len()].copy_from_slice(&image);
        flash[SIZE_AT] = size.0 << 4 | flash[SIZE_AT] & 0xf;
    }
    if flash != old {
        fs::write(file, flash).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_firmware_keeps_what_lies_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let (flash, firmware) = (folder.path().join("flash.img"), folder.path().join("firmware.bin"));
        // Header, a segment of four bytes for 0x40100000, and their checksum
        let image = [
            [0xe9, 1, 0, 0x0f, 0, 0, 0x10, 0x40, 0, 0, 0x10, 0x40, 4, 0, 0, 0],
            [7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xef ^ 7],
        ]
        .concat();
        fs::write(&firmware, &image).unwrap();
        let mut contents = vec![0; FILE_SIZE];
        contents[SECTOR] = 42;
        fs::write(&flash, contents).unwrap();
        prepare(&flash, Some(&firmware), parse_size("2M").unwrap()).unwrap();
        let contents = fs::read(&flash).unwrap();
        assert_eq!(contents[..4], [0xe9, 1, 0, 0x3f]);
        assert_eq!(contents[4..image.len()], image[4..]);
        assert_eq!(contents[image.len()], ERASED);
        assert_eq!(contents[SECTOR], 42);
    }

    #[test]
    fn a_file_that_is_no_image_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (flash, firmware) = (folder.path().join("flash.img"), folder.path().join("firmware.bin"));
        fs::write(&firmware, "#!/bin/sh\n").unwrap();
        assert!(prepare(&flash, Some(&firmware), parse_size("4M").unwrap()).is_err());
        assert!(!flash.exists());
    }
}
