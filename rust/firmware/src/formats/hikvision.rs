//! Hikvision and EZVIZ `.dav`: plain or with the header XORed with a published key.
//!
//! Source: hiktools and other published descriptions of the header (`SWKH`). Newer files use other keys.

use super::{Format, Place};
use crate::bytes::{le32, text, within};
use crate::digest::byte_sum;
use crate::part::{Category, Check, CheckKind, Encryption, Part};
use serde_json::json;

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format {
    name: "hikvision-dav",
    category: Category::Firmware,
    places: &[Place::Pattern(b"SWKH", 0), Place::Pattern(&[0xe9, 0x9a, 0xf7, 0xb6], 0)],
    parse,
}];

/// "SWKH" read as a little-endian number.
const KEY: [u8; 16] = [0xba, 0xcd, 0xbc, 0xfe, 0xd6, 0xca, 0xdd, 0xd3, 0xba, 0xb9, 0xa3, 0xab, 0xbf, 0xcb, 0xb5, 0xbe];
const MAX_HEADER: usize = 64 + 44 * MAX_FILES as usize;
const MAX_FILES: u32 = 64;
const FIRST_FILE: usize = 64;
const FILE: usize = 44;

/// Byte `i` is XORed with `KEY[(i + i / 16) % 16]`.
fn decoded(bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .enumerate()
        .map(|(index, byte)| byte ^ KEY.get((index + (index >> 4)) & 15).copied().unwrap_or_default())
        .collect()
}

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let available = image.get(at..)?;
    let raw = available.get(..MAX_HEADER.min(available.len()))?;
    let plain = raw.starts_with(b"SWKH");
    let header = if plain { raw.to_vec() } else { decoded(raw) };
    let (sum, length, count) = (le32(&header, 4)?, le32(&header, 8)?, le32(&header, 12)?);
    let table = FIRST_FILE + FILE * count as usize;
    if !(1..=MAX_FILES).contains(&count) || length as usize > MAX_HEADER || (length as usize) < table {
        return None;
    }
    let length = length as usize;
    let covered = within(&header, 12..length).map(byte_sum);
    let mut part = Part::new("hikvision-dav", Category::Firmware, at)
        .field("header", if plain { "plain" } else { "XOR with the published key" })
        .field("files", count)
        .field("language", le32(&header, 16))
        .field("device_class", le32(&header, 20))
        .field("oem", le32(&header, 24))
        .field("firmware_version", le32(&header, 28))
        .encryption(Encryption::Unknown, "the header says nothing; its own XOR is no encryption")
        .check(Check::compare(CheckKind::Checksum, "byte sum of header", at + 12..at + length, Some(sum), covered));
    let (mut names, mut end) = (Vec::new(), at + length);
    for index in 0..count as usize {
        let entry = FIRST_FILE + index * FILE;
        let (Some(offset), Some(size)) = (le32(&header, entry + 32), le32(&header, entry + 36)) else { break };
        let name = text(&header, entry, 32)?;
        let start = at.checked_add(offset as usize)?;
        let range = start..start.checked_add(size as usize)?;
        let computed = within(image, range.clone()).map(byte_sum);
        end = end.max(range.end);
        names.push(json!({"name": name, "offset": start, "bytes": size}));
        let check = Check::compare(CheckKind::Checksum, "byte sum of file", range, le32(&header, entry + 40), computed);
        part = part.check(check.with("file", name)).holds(start);
    }
    Some(part.field("contents", names).length((end - at) as u64, image.len() - at))
}
