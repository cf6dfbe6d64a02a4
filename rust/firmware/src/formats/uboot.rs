//! U-Boot's legacy image.
//!
//! Source: U-Boot, `include/image.h` (struct legacy_img_hdr), documentation "Legacy image format".

use super::{Format, Place};
use crate::bytes::{be32, be_size, text, u8_at, within};
use crate::digest::crc32;
use crate::part::{Category, Check, CheckKind, Encryption, Part};

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format {
    name: "uimage",
    category: Category::Firmware,
    places: &[Place::Pattern(&[0x27, 0x05, 0x19, 0x56], 0)],
    parse,
}];

const HEADER: usize = 64;
const COMPRESSIONS: [&str; 7] = ["none", "gzip", "bzip2", "lzma", "lzo", "lz4", "zstd"];
const TYPES: [&str; 9] =
    ["invalid", "standalone", "kernel", "ramdisk", "multi", "firmware", "script", "filesystem", "device tree"];
const SYSTEMS: &[(u8, &str)] = &[(5, "Linux"), (14, "VxWorks"), (17, "U-Boot"), (18, "RTEMS"), (0, "invalid")];
const ARCHITECTURES: &[(u8, &str)] =
    &[(2, "ARM"), (3, "x86"), (5, "MIPS"), (6, "MIPS64"), (7, "PowerPC"), (10, "SuperH"), (22, "AArch64"), (24, "x86-64"), (26, "RISC-V")];
/// Above every number that U-Boot knows in these fields.
const MAX_NUMBER: u8 = 64;

fn named(table: &[(u8, &str)], number: u8) -> String {
    table.iter().find(|(known, _)| *known == number).map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let (stored, size) = (be32(image, at + 4)?, be_size(image, at + 12)?);
    let (system, architecture) = (u8_at(image, at + 28)?, u8_at(image, at + 29)?);
    let (kind, compression) = (u8_at(image, at + 30)?, u8_at(image, at + 31)?);
    let mut header = within(image, at..at + HEADER)?.to_vec();
    header.get_mut(4..8)?.fill(0);
    let valid = crc32(&header) == stored;
    let name = text(image, at + 32, 32);
    // A header whose own CRC is wrong is still one where every field is what U-Boot knows and the name is text.
    let plausible = system < MAX_NUMBER && architecture < MAX_NUMBER && kind > 0 && kind < MAX_NUMBER && compression < 7;
    if size == 0 || !(valid || plausible && name.is_some()) {
        return None;
    }
    let data = at + HEADER..(at + HEADER).checked_add(size)?;
    let computed = within(image, data.clone()).map(crc32);
    let compressed = COMPRESSIONS.get(usize::from(compression)).copied().unwrap_or("unknown");
    Some(
        Part::new("uimage", Category::Firmware, at)
            .length((HEADER + size) as u64, image.len() - at)
            .field("name", name)
            .field("created_unix_s", be32(image, at + 8))
            .field("load_address", be32(image, at + 16).map(|address| format!("{address:#010x}")))
            .field("entry", be32(image, at + 20).map(|address| format!("{address:#010x}")))
            .field("os", named(SYSTEMS, system))
            .field("architecture", named(ARCHITECTURES, architecture))
            .field("type", TYPES.get(usize::from(kind)).copied().map_or_else(|| kind.to_string(), str::to_owned))
            .field("compression", compressed)
            .encryption(Encryption::No, "the header names the compression")
            .check(Check::compare(CheckKind::Checksum, "CRC-32 of header", at..at + HEADER, Some(stored), Some(crc32(&header))))
            .check(Check::compare(CheckKind::Checksum, "CRC-32 of data", data, be32(image, at + 24), computed))
            .holds(at + HEADER),
    )
}
