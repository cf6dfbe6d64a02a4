//! Beken's RBL container (BK7231 and relatives).
//!
//! Source: ltchiptool's description of RBL (RT-Thread OTA package).

use super::{Format, Place};
use crate::bytes::{le32, le_size, text, u8_at, within};
use crate::digest::{crc32, fnv1a};
use crate::part::{Category, Check, CheckKind, Encryption, Part};

/// Formats of this file.
pub const FORMATS: &[Format] =
    &[Format { name: "beken-rbl", category: Category::Firmware, places: &[Place::Pattern(b"RBL\0", 0)], parse }];

const HEADER: usize = 96;
const COMPRESSIONS: [&str; 4] = ["none", "gzip", "quicklz", "fastlz"];

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let (cipher, compression) = (u8_at(image, at + 4)?, u8_at(image, at + 5)?);
    let compression = COMPRESSIONS.get(usize::from(compression))?;
    let partition = text(image, at + 12, 16).filter(|name| !name.is_empty())?;
    let size = le_size(image, at + 88)?;
    if cipher > 2 || size == 0 {
        return None;
    }
    let data = at + HEADER..(at + HEADER).checked_add(size)?;
    let header = within(image, at..at + HEADER - 4).map(crc32);
    // the magic is the end of a word in tables of texts: a header whose sum is wrong must be padded as its maker does
    if header != le32(image, at + 92) && ![(at + 12, 16), (at + 28, 24), (at + 52, 24)].iter().all(|(field, len)| is_padded(image, *field, *len)) {
        return None;
    }
    let body = within(image, data.clone());
    let (encrypted, reason) = match cipher {
        0 => (Encryption::No, "the header says: none"),
        1 => (Encryption::No, "the header says: XOR, which is no encryption"),
        _ => (Encryption::Yes, "the header says: AES-256"),
    };
    let part = Part::new("beken-rbl", Category::Firmware, at)
        .length((HEADER + size) as u64, image.len() - at)
        .field("partition", partition)
        .field("version", text(image, at + 28, 24))
        .field("serial", text(image, at + 52, 24))
        .field("compression", *compression)
        .field("created_unix_s", le32(image, at + 8))
        .field("raw_bytes", le32(image, at + 84))
        .encryption(encrypted, reason)
        .check(Check::compare(CheckKind::Checksum, "CRC-32 of header", at..at + HEADER - 4, le32(image, at + 92), header))
        .check(Check::compare(CheckKind::Checksum, "CRC-32 of data", data, le32(image, at + 76), body.map(crc32)))
        .field("fnv1a", le32(image, at + 80))
        .field("fnv1a_of_stored_data_matches", body.map(|bytes| Some(fnv1a(bytes)) == le32(image, at + 80)));
    Some(if cipher == 0 && *compression == "none" { part.holds(at + HEADER) } else { part.opaque() })
}

/// Whether nothing but zeros follows the end of a text.
fn is_padded(image: &[u8], field: usize, len: usize) -> bool {
    within(image, field..field + len).is_some_and(|bytes| bytes.iter().skip_while(|byte| **byte != 0).all(|byte| *byte == 0))
}
