//! Realtek Ameba: AmebaZ (RTL8710B) update files and AmebaZ2 (RTL8720C) images.
//!
//! Source: Realtek AmebaZ and AmebaZ2 application notes (OTA); ltchiptool's description of both.

use super::{Format, Place};
use crate::bytes::{all, array, hex, le32, le_size, u8_at, within};
use crate::digest::{byte_sum, hash};
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};
use std::ops::Range;

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format {
        name: "ameba-z-ota",
        category: Category::Firmware,
        places: &[Place::Pattern(b"OTA1", 8), Place::Pattern(b"OTA2", 8)],
        parse: ota,
    },
    Format { name: "ameba-z", category: Category::Firmware, places: &[Place::Pattern(b"81958711", 0)], parse: part },
    Format { name: "ameba-z2", category: Category::Firmware, places: &[Place::Pattern(&PUBLIC_KEY, 32)], parse: z2 },
];

/// The first bytes of the public key that the family's images carry.
const PUBLIC_KEY: [u8; 8] = [0x68, 0x51, 0x3e, 0xf8, 0x3e, 0x39, 0x6b, 0x12];
const MAX_PARTS: u32 = 8;
/// Length of an entry as it says of itself.
const ENTRY: u32 = 0x18;

fn ota(image: &[u8], at: usize) -> Option<Part> {
    let (version, count) = (le32(image, at)?, le32(image, at + 4).filter(|count| (1..=MAX_PARTS).contains(count))?);
    let mut found = Part::new("ameba-z-ota", Category::Firmware, at)
        .field("chip", "RTL8710B")
        .field("version", format!("{version:#010x}"))
        .field("parts", count)
        .encryption(Encryption::No, "parts are readable");
    let mut end = at + 8 + count as usize * ENTRY as usize;
    for index in 0..count as usize {
        let entry = at + 8 + index * ENTRY as usize;
        if !matches!(&array::<4>(image, entry)?, b"OTA1" | b"OTA2") || le32(image, entry + 4)? != ENTRY {
            return None;
        }
        let (sum, length, offset) = (le32(image, entry + 8)?, le_size(image, entry + 12)?, le_size(image, entry + 16)?);
        let start = at.checked_add(offset)?;
        let range = start..start.checked_add(length)?;
        end = end.max(range.end);
        let computed = within(image, range.clone()).map(byte_sum);
        found = found.check(Check::compare(CheckKind::Checksum, "byte sum of part", range, Some(sum), computed)).holds(start);
    }
    Some(found.length((end - at) as u64, image.len() - at))
}

fn part(image: &[u8], at: usize) -> Option<Part> {
    let (length, address) = (le_size(image, at + 8)?, le32(image, at + 12)?);
    (length > 0 && all(within(image, at + 16..at + 32)?, 0xff)).then(|| {
        Part::new("ameba-z", Category::Firmware, at)
            .length(32 + length as u64, image.len() - at)
            .field("load_address", format!("{address:#010x}"))
            .encryption(Encryption::No, "the header is readable")
    })
}

/// Bytes before the first header: its hash, the family's public key, and five keys that are not used.
const KEYS: usize = 0xe0;
const HEADER: usize = 0x60;
const HASH: usize = 32;
const LAST: u32 = u32::MAX;

/// An update: a hash of the first header, keys, then images, each with a header and a hash behind it; then the sum of all bytes.
/// Where the family has a key, hashes are HMACs with it.
fn z2(image: &[u8], at: usize) -> Option<Part> {
    if !all(within(image, at + 64..at + KEYS)?, 0xff) {
        return None;
    }
    let mut part = Part::new("ameba-z2", Category::Firmware, at).field("chip", "RTL8720C");
    let first = at + KEYS;
    let stored = within(image, at..at + HASH)?;
    let plain = within(image, first..first + HEADER).and_then(|header| hash("sha256", header)).as_deref() == Some(stored);
    part = part.check(hashed(image, "header", first..first + HEADER, at, plain));
    let (mut position, mut kinds, mut encrypted, mut end) = (first, Vec::new(), false, first);
    for index in 0..MAX_PARTS {
        let (Some(length), Some(next)) = (le_size(image, position), le32(image, position + 4)) else {
            end = image.len() + 1;
            break;
        };
        kinds.push(u8_at(image, position + 8)?);
        encrypted |= u8_at(image, position + 9)? & 1 == 1;
        let data = (position + HEADER).checked_add(length)?;
        let covers = if index == 0 { at } else { position }..data;
        part = part.check(hashed(image, "image", covers, data, plain)).holds(position + HEADER);
        end = data.checked_add(HASH)?;
        if next == LAST || next == 0 {
            break;
        }
        position = position.checked_add(usize::try_from(next).ok()?)?;
    }
    // the last image is padded to 64 bytes, counted from the first one
    let padded = (end - at).checked_next_multiple_of(0x40)?.checked_add(at)?;
    if let (Some(sum), Some(bytes)) = (le32(image, padded), within(image, at..padded)) {
        let check = Check::compare(CheckKind::Checksum, "byte sum", at..padded, Some(sum), Some(byte_sum(bytes)));
        // images are also stored without their sum
        if check.verdict == Verdict::Valid || padded + 4 == image.len() {
            part = part.check(check);
            end = padded + 4;
        }
    }
    let state = if encrypted { Encryption::Yes } else { Encryption::No };
    Some(
        part.length((end - at) as u64, image.len() - at)
            .field("image_types", kinds)
            .encryption(state, "a flag of the image header"),
    )
}

/// A hash at `stored`: plain ones are compared, those with the family's key cannot be.
fn hashed(image: &[u8], what: &str, covers: Range<usize>, stored: usize, plain: bool) -> Check {
    let found = within(image, stored..stored.saturating_add(HASH));
    let told = found.map(hex).unwrap_or_default();
    if plain {
        let computed = within(image, covers.clone()).and_then(|bytes| hash("sha256", bytes));
        let name = format!("SHA-256 of {what}");
        return Check::compare(CheckKind::Hash, &name, covers, found.map(<[u8]>::to_vec), computed).with("stored", told);
    }
    let verdict = if found.is_some() { Verdict::PresentUnverifiable } else { Verdict::Truncated };
    Check::new(CheckKind::Mac, &format!("HMAC-SHA256 of {what} with a key of the family"), covers, verdict).with("stored", told)
}
