//! Hikvision and EZVIZ `.dav`: `SWKH`, plain or with the header XORed with a published key; `02KH`, which holds several of these; and
//! `03KH`, whose table and files are encrypted.
//!
//! Sources: hiktools and other published descriptions of the headers. Keys of `03KH` are a product's own.

use super::{Format, Place};
use crate::bytes::{le32, le_size, text, within};
use crate::digest::byte_sum;
use crate::part::{Category, Check, CheckKind, Encryption, Part};
use serde_json::json;

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format {
    name: "hikvision-dav",
    category: Category::Firmware,
    places: &[
        Place::Pattern(ONE, 0),
        Place::Pattern(&[0xe9, 0x9a, 0xf7, 0xb6], 0),
        Place::Pattern(&[0x8a, 0xff, 0xf7, 0xb6], 0),
        Place::Pattern(&[0x8a, 0xfe, 0xf7, 0xb6], 0),
    ],
    parse,
}];

/// Magics before they are XORed: one set of files, several of these, one that is encrypted.
const ONE: &[u8] = b"SWKH";
const SEVERAL: &[u8] = b"02KH";
const ENCRYPTED: &[u8] = b"03KH";
const KEY: [u8; 16] = [0xba, 0xcd, 0xbc, 0xfe, 0xd6, 0xca, 0xdd, 0xd3, 0xba, 0xb9, 0xa3, 0xab, 0xbf, 0xcb, 0xb5, 0xbe];
const MAX_HEADER: usize = 64 + 44 * MAX_FILES;
/// Entries of the encrypted kind are 64 bytes.
const MAX_ENCRYPTED: usize = 256 + 64 * MAX_FILES;
const MAX_FILES: usize = 64;
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
    let plain = raw.starts_with(ONE);
    let header = if plain { raw.to_vec() } else { decoded(raw) };
    let (sum, length, told) = (le32(&header, 4)?, le_size(&header, 8)?, le_size(&header, 12)?);
    let part = Part::new("hikvision-dav", Category::Firmware, at)
        .field("header", if plain { "plain" } else { "XOR with the published key" })
        .field("kind", text(&header, 0, 4));
    if header.starts_with(ENCRYPTED) {
        let possible = (FIRST_FILE..=MAX_ENCRYPTED).contains(&length) && (1..=MAX_FILES).contains(&told);
        return possible.then(|| {
            part.field("files", told)
                .encryption(Encryption::Yes, "03KH: its table and its files are encrypted with a key of the product")
                .opaque()
        });
    }
    // a container of several sets of files does not count them
    let several = header.starts_with(SEVERAL);
    let count = if several && told == 0 { length.checked_sub(FIRST_FILE)? / FILE } else { told };
    let table = FIRST_FILE + FILE * count.min(MAX_FILES);
    if !(1..=MAX_FILES).contains(&count) || length > MAX_HEADER || length < table {
        return None;
    }
    let covered = within(&header, 12..length).map(byte_sum);
    let mut part = part
        .field("files", count)
        .encryption(Encryption::Unknown, "the header says nothing; its own XOR is no encryption")
        .check(Check::compare(CheckKind::Checksum, "byte sum of header", at + 12..at + length, Some(sum), covered));
    if !several {
        for (index, name) in ["language", "device_class", "oem", "firmware_version"].into_iter().enumerate() {
            part = part.field(name, le32(&header, 16 + index * 4));
        }
    }
    let (mut names, mut end) = (Vec::new(), at + length);
    for index in 0..count {
        let entry = FIRST_FILE + index * FILE;
        let (Some(offset), Some(size)) = (le_size(&header, entry + 32), le_size(&header, entry + 36)) else { break };
        let name = text(&header, entry, 32)?;
        let start = at.checked_add(offset)?;
        let range = start..start.checked_add(size)?;
        let computed = within(image, range.clone()).map(byte_sum);
        end = end.max(range.end);
        names.push(json!({"name": name, "offset": start, "bytes": size}));
        let check = Check::compare(CheckKind::Checksum, "byte sum of file", range, le32(&header, entry + 40), computed);
        part = part.check(check.with("file", name)).holds(start);
    }
    Some(part.field("contents", names).length((end - at) as u64, image.len() - at))
}
