//! Marvell 88MW30x images (Xiaomi among others).
//!
//! Source: the image layout of Marvell's EZ-Connect SDK (`axf2firmware`), held against published files.

use super::{Format, Place};
use crate::bytes::{array, le32, le_size, within};
use crate::part::{Category, Check, CheckKind, Encryption, Part};

/// Formats of this file.
pub const FORMATS: &[Format] =
    &[Format { name: "marvell-mw300", category: Category::Firmware, places: &[Place::Pattern(b"MRVL", 0)], parse }];

/// Second magic.
const MAGIC: u32 = 0x2e9c_f17b;
/// The SDK writes at most this many segments: the table ends at 0xC8.
const MAX_SEGMENTS: u32 = 9;

/// CRC-32 that starts with 0 and is not inverted in the end.
fn crc(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(u32::MAX);
    hasher.update(bytes);
    !hasher.finalize()
}

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let count = le32(image, at + 12).filter(|count| (1..=MAX_SEGMENTS).contains(count))?;
    if le32(image, at + 4)? != MAGIC {
        return None;
    }
    let mut part = Part::new("marvell-mw300", Category::Firmware, at)
        .field("chip", "88MW30x")
        .field("created_unix_s", le32(image, at + 8))
        .field("segments", count)
        .field("entry", le32(image, at + 16).map(|entry| format!("{entry:#010x}")))
        .encryption(Encryption::No, "segments are readable");
    let mut end = at + 20 + count as usize * 20;
    for index in 0..count as usize {
        let entry = at + 20 + index * 20;
        if array::<4>(image, entry)? != [2, 0, 0, 0] {
            return None;
        }
        let (offset, length) = (le_size(image, entry + 4)?, le_size(image, entry + 8)?);
        let start = at.checked_add(offset)?;
        let range = start..start.checked_add(length)?;
        end = end.max(range.end);
        let computed = within(image, range.clone()).map(crc);
        part = part.check(Check::compare(CheckKind::Checksum, "CRC-32 of segment", range, le32(image, entry + 16), computed));
    }
    Some(part.length((end - at) as u64, image.len() - at))
}
