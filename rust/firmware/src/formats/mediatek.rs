//! MediaTek MT76x7 and MT25x3 update files: a table of images, each with a SHA-1 behind it, and one over the table.
//!
//! Source: MediaTek LinkIt SDK, firmware update over the air (the boot loader's `bl_fota.h` and the later `fota_format.h`).

use super::{Format, Place};
use crate::bytes::{all, array, hex, le32, le_size, within};
use crate::digest::hash;
use crate::part::{Category, Check, CheckKind, Encryption, Part};
use serde_json::json;
use std::ops::Range;

/// Formats of this file.
pub const FORMATS: &[Format] =
    &[Format { name: "mediatek-mmm", category: Category::Firmware, places: &[Place::Pattern(b"MMM", 0)], parse }];

/// Entries of the largest table: the boot loader takes 4, the later library 16.
const MAX_ENTRIES: usize = 16;
const HEAD: usize = 8;
const ENTRY: usize = 32;
const SHA1: usize = 20;

/// Entries that the table has room for: the first image follows the table's hash.
fn room(first: usize) -> Option<usize> {
    let table = first.checked_sub(HEAD + SHA1)?;
    Some(table / ENTRY).filter(|entries| table % ENTRY == 0 && (1..=MAX_ENTRIES).contains(entries))
}

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let (count, room) = (le_size(image, at + 4)?, room(le_size(image, at + HEAD)?)?);
    let table = at..at + HEAD + room * ENTRY;
    let unused = within(image, at + HEAD + count.min(room) * ENTRY..table.end)?;
    if count == 0 || count > room || !(all(unused, 0) || all(unused, 0xff)) {
        return None;
    }
    let mut part = Part::new("mediatek-mmm", Category::Firmware, at)
        .field("chip", "MT76x7 or MT25x3")
        .field("header_version", image.get(at + 3).copied())
        .encryption(Encryption::Unknown, "the format does not say")
        .check(sha1(image, "table", table.clone(), table.end));
    let (mut images, mut end, mut compressed) = (Vec::new(), table.end + SHA1, true);
    for index in 0..count {
        let entry = at + HEAD + index * ENTRY;
        let [offset, address, length, partition, signature, signature_bytes, lzma] =
            words(image, entry).filter(|words| words[6] <= 1)?;
        // an entry without a place is passed over by what reads it
        if offset == 0 {
            continue;
        }
        let start = at.checked_add(offset as usize)?;
        let bytes = start..start.checked_add(length as usize)?;
        if length == 0 || start < table.end + SHA1 {
            return None;
        }
        // the boot loader reads the hash where the table says, the later library behind the image
        let stored = if signature_bytes as usize == SHA1 { at.checked_add(signature as usize)? } else { bytes.end };
        end = end.max(bytes.end.checked_add(SHA1)?).max(stored.checked_add(SHA1)?);
        images.push(json!({
            "offset": start, "bytes": length, "flash_address": format!("{address:#010x}"), "partition_bytes": partition,
            "compressed": lzma == 1,
        }));
        compressed &= lzma == 1;
        part = part.check(sha1(image, "image", bytes, stored)).holds(start);
    }
    if compressed {
        part = part.encryption(Encryption::No, "the table says that its images are LZMA streams");
    }
    Some(part.field("images", images).length((end - at) as u64, image.len() - at))
}

fn words(image: &[u8], at: usize) -> Option<[u32; 7]> {
    let mut found = [0; 7];
    for (index, word) in found.iter_mut().enumerate() {
        *word = le32(image, at + index * 4)?;
    }
    Some(found)
}

fn sha1(image: &[u8], what: &str, covers: Range<usize>, stored: usize) -> Check {
    let found = array::<SHA1>(image, stored).map(|hash| hash.to_vec());
    let told = found.as_deref().map(hex).unwrap_or_default();
    let computed = within(image, covers.clone()).and_then(|bytes| hash("sha1", bytes));
    Check::compare(CheckKind::Hash, &format!("SHA-1 of {what}"), covers, found, computed).with("stored", told)
}
