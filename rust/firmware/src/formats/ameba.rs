//! Realtek Ameba: AmebaZ (RTL8710B) update files and AmebaZ2 (RTL8720C) images.
//!
//! Source: Realtek AmebaZ and AmebaZ2 application notes (OTA); ltchiptool's description of both.

use super::{Format, Place};
use crate::bytes::{all, array, hex, le32, le_size, u8_at, within};
use crate::digest::{byte_sum, hash};
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};

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

/// 32 bytes of HMAC or hash over the key block, the family's public key and a second, empty one; then the image.
fn z2(image: &[u8], at: usize) -> Option<Part> {
    if !all(within(image, at + 64..at + 0xe0)?, 0xff) {
        return None;
    }
    let mut position = at + 0xe0;
    let (mut kinds, mut encrypted) = (Vec::new(), false);
    let mut end = position;
    for _ in 0..MAX_PARTS {
        let (Some(length), Some(next)) = (le_size(image, position), le32(image, position + 4)) else { break };
        kinds.push(u8_at(image, position + 8)?);
        encrypted |= u8_at(image, position + 9)? & 1 == 1;
        end = position.checked_add(length)?;
        if next == u32::MAX || next == 0 {
            break;
        }
        position = at.checked_add(usize::try_from(next).ok()?)?;
    }
    let stored = within(image, at..at + 32)?;
    let plain = within(image, at + 32..end).and_then(|bytes| hash("sha256", bytes)).as_deref() == Some(stored);
    let whole = end <= image.len();
    let check = if plain {
        Check::new(CheckKind::Hash, "SHA-256", at + 32..end, Verdict::Valid)
    } else {
        let verdict = if whole { Verdict::PresentUnverifiable } else { Verdict::Truncated };
        Check::new(CheckKind::Mac, "HMAC-SHA256 with a key of the family", at + 32..end, verdict)
    };
    let state = if encrypted { Encryption::Yes } else { Encryption::No };
    Some(
        Part::new("ameba-z2", Category::Firmware, at)
            .length((end - at) as u64, image.len() - at)
            .field("chip", "RTL8720C")
            .field("image_types", kinds)
            .check(check.with("stored", hex(stored)))
            .encryption(state, "a flag of the image header"),
    )
}
