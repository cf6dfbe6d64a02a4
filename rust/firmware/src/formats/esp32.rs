//! Images of the ESP32 family, with application descriptor, appended hash and Secure Boot signatures.
//!
//! Sources: Espressif, esptool documentation "Firmware Image Format"; ESP-IDF Programming Guide "App Image Format",
//! "Secure Boot" (version 1) and "Secure Boot V2".

use super::esp_signature::{version_1_block, version_2_blocks};
use super::{Format, Place};
use crate::bytes::{array, hex, le16, le32, le_size, text, u8_at, within};
use crate::digest::{hash, xor};
use crate::part::{Category, Check, CheckKind, Encryption, Part};

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format {
    name: "esp32",
    category: Category::Firmware,
    places: &[Place::Sector(&[0xe9]), Place::Pattern(&DESCRIPTOR, DESCRIPTOR_AT)],
    parse,
}];

/// The first bytes of `esp_app_desc_t`, which is the first data of the first segment.
const DESCRIPTOR: [u8; 4] = [0x32, 0x54, 0xcd, 0xab];
const DESCRIPTOR_AT: usize = HEADER + 8;
const HEADER: usize = 24;
const CHECKSUM_SEED: u8 = 0xef;
const MAX_SEGMENTS: u8 = 16;
const MAX_FLASH_MODE: u8 = 5;
/// Largest segment: the largest flash that the family maps.
const MAX_SEGMENT_BYTES: usize = 64 << 20;

/// Chips by the number in the header.
const CHIPS: &[(u16, &str)] = &[
    (0, "ESP32"),
    (2, "ESP32-S2"),
    (5, "ESP32-C3"),
    (9, "ESP32-S3"),
    (12, "ESP32-C2"),
    (13, "ESP32-C6"),
    (16, "ESP32-H2"),
    (18, "ESP32-P4"),
    (20, "ESP32-C61"),
    (23, "ESP32-C5"),
    (25, "ESP32-H21"),
    (28, "ESP32-H4"),
    (31, "ESP32-E22"),
    (32, "ESP32-S31"),
];

/// Memory of the family lies here; a segment of padding has address 0.
fn is_address(address: u32) -> bool {
    matches!(address >> 24, 0x20..=0x60)
}

fn parse(image: &[u8], at: usize) -> Option<Part> {
    if u8_at(image, at)? != 0xe9 {
        return None;
    }
    let (count, mode, entry) = (u8_at(image, at + 1)?, u8_at(image, at + 2)?, le32(image, at + 4)?);
    let chip_id = le16(image, at + 12)?;
    let chip = CHIPS.iter().find(|(id, _)| *id == chip_id)?.1;
    let (hashed, reserved) = (u8_at(image, at + 23)?, array::<4>(image, at + 19)?);
    if !(1..=MAX_SEGMENTS).contains(&count) || mode > MAX_FLASH_MODE || hashed > 1 || reserved != [0; 4] {
        return None;
    }
    let mut part = Part::new("esp32", Category::Firmware, at)
        .field("chip", chip)
        .field("chip_id", chip_id)
        .field("segments", count)
        .field("entry", format!("{entry:#010x}"))
        .field("hash_appended", hashed == 1)
        .encryption(Encryption::No, "header and segments are readable");
    if array(image, at + DESCRIPTOR_AT) == Some(DESCRIPTOR) {
        part = descriptor(part, image, at + DESCRIPTOR_AT);
    } else if le_size(image, at + HEADER + 4).is_some_and(|len| len >= 80) && u8_at(image, at + DESCRIPTOR_AT) == Some(0x50) {
        part = bootloader(part, image, at + DESCRIPTOR_AT);
    }
    let (mut position, mut sum, mut whole, mut plausible) = (at + HEADER, CHECKSUM_SEED, true, is_address(entry));
    for _ in 0..count {
        let (Some(address), Some(len)) = (le32(image, position), le_size(image, position + 4)) else {
            whole = false;
            position = position.max(image.len()) + 8;
            break;
        };
        if len > MAX_SEGMENT_BYTES || len % 4 != 0 {
            return None;
        }
        plausible &= is_address(address) || address == 0;
        let end = position.checked_add(8)?.checked_add(len)?;
        let Some(data) = within(image, position + 8..end) else {
            whole = false;
            position = end;
            break;
        };
        sum ^= xor(data);
        position = end;
    }
    // counted from the image's own start, wherever it lies
    let body = at + ((position - at) | 15) + 1;
    let stored = if whole { u8_at(image, body - 1) } else { None };
    // Addresses outside the family's memory are believed only where the checksum is right.
    if !plausible && stored != Some(sum) {
        return None;
    }
    part = part.check(Check::compare(CheckKind::Checksum, "XOR of segments", at..position, stored, Some(sum)));
    let mut end = body;
    if hashed == 1 {
        let stored = if whole { within(image, body..body + 32).map(<[u8]>::to_vec) } else { None };
        let computed = within(image, at..body).and_then(|bytes| hash("sha256", bytes));
        part = part.check(Check::compare(CheckKind::Hash, "SHA-256 appended", at..body, stored, computed));
        end += 32;
    }
    if whole {
        let (signed, checks) = version_2_blocks(image, at, end)
            .or_else(|| version_1_block(image, at, end))
            .unwrap_or((end, Vec::new()));
        end = signed;
        part.checks.extend(checks);
    }
    Some(part.length((end - at) as u64, image.len() - at))
}

/// `esp_app_desc_t`.
fn descriptor(part: Part, image: &[u8], at: usize) -> Part {
    let said = |offset, len| text(image, at + offset, len).filter(|said| !said.is_empty());
    part.field("kind", "application")
        .field("secure_version", le32(image, at + 4))
        .field("version", said(16, 32))
        .field("project", said(48, 32))
        .field("built_time", said(80, 16))
        .field("built_date", said(96, 16))
        .field("sdk", said(112, 32).map(|version| format!("ESP-IDF {version}")))
        .field("elf_sha256", within(image, at + 144..at + 176).map(hex))
}

/// `esp_bootloader_desc_t`.
fn bootloader(part: Part, image: &[u8], at: usize) -> Part {
    let said = |offset, len| text(image, at + offset, len).filter(|said| !said.is_empty());
    match said(8, 32) {
        Some(version) => part
            .field("kind", "bootloader")
            .field("version", le32(image, at + 4))
            .field("sdk", format!("ESP-IDF {version}"))
            .field("built", said(40, 24)),
        None => part,
    }
}
