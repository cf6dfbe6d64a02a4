//! Partition tables of ESP-IDF, and the digest of Secure Boot version 1 before a bootloader.
//!
//! Source: ESP-IDF Programming Guide, "Partition Tables" and "Secure Boot" (`bootloader-reflash-digest.bin`).

use super::{Format, Place};
use crate::bytes::{all, distinct, hex, le32, text, u8_at, upto, within};
use crate::digest::hash;
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};
use serde_json::{Value, json};

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format { name: "esp-partition-table", category: Category::Table, places: &[Place::Sector(&[0xaa, 0x50])], parse: table },
    Format { name: "esp-secure-boot-digest", category: Category::Firmware, places: &[Place::Sector(&[])], parse: digest },
];

const ENTRY: usize = 32;
/// A table has 3072 bytes.
const MAX_ENTRIES: usize = 96;
/// IV and digest before the bootloader.
const DIGEST: usize = 192;
/// Where the bootloader begins behind them.
const BOOTLOADER_AT: usize = 0x1000;
/// 128 random bytes take fewer different values than this less than once in 10^9 times.
const MIN_DISTINCT: usize = 70;

fn table(image: &[u8], at: usize) -> Option<Part> {
    let mut entries: Vec<Value> = Vec::new();
    let mut part = Part::new("esp-partition-table", Category::Table, at);
    let mut position = at;
    while entries.len() < MAX_ENTRIES {
        match upto(image, position, 2) {
            [0xaa, 0x50] => {
                let (offset, size) = (le32(image, position + 4)?, le32(image, position + 8)?);
                let label = text(image, position + 12, 16).filter(|label| !label.is_empty())?;
                if size == 0 || offset % 4096 != 0 {
                    return None;
                }
                let (kind, sub) = (u8_at(image, position + 2)?, u8_at(image, position + 3)?);
                entries.push(json!({"label": label, "type": kind, "subtype": sub, "offset": offset, "size": size,
                    "encrypted": u8_at(image, position + 28)? & 1 == 1}));
            }
            [0xeb, 0xeb] => {
                let stored = within(image, position + 16..position + 32)?.to_vec();
                let computed = hash("md5", within(image, at..position)?);
                part = part.check(Check::compare(CheckKind::Checksum, "MD5", at..position, Some(stored), computed));
                position += ENTRY;
                break;
            }
            _ => break,
        }
        position += ENTRY;
    }
    (!entries.is_empty()).then(|| {
        part.length((position - at) as u64, image.len() - at)
            .field("partitions", entries)
            .encryption(Encryption::No, "the table is readable")
    })
}

fn digest(image: &[u8], at: usize) -> Option<Part> {
    if at != 0 || u8_at(image, BOOTLOADER_AT)? != 0xe9 {
        return None;
    }
    let block = within(image, 0..DIGEST)?;
    if distinct(block.get(..128)?) < MIN_DISTINCT || !all(within(image, DIGEST..BOOTLOADER_AT)?, 0xff) {
        return None;
    }
    let check = Check::new(CheckKind::Mac, "Secure Boot V1 digest", BOOTLOADER_AT..image.len(), Verdict::PresentUnverifiable)
        .with("digest", hex(block.get(128..)?));
    Some(
        Part::new("esp-secure-boot-digest", Category::Firmware, 0)
            .length(image.len() as u64, image.len())
            .check(check)
            .encryption(Encryption::No, "a bootloader is readable behind it")
            .holds(BOOTLOADER_AT),
    )
}
