//! Tuya's UG container: one file (BK7231, big-endian sums) or several (ESP8266).
//!
//! Source: the layout of published update files; ltchiptool's description of UG. Integrity is told out of band: the
//! update answer carries an HMAC-SHA256 of the file's hash.

use super::{Format, Place};
use crate::bytes::{array, be32, be_size, text, within};
use crate::digest::byte_sum;
use crate::part::{Category, Check, CheckKind, Part};

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format {
    name: "tuya-ug",
    category: Category::Firmware,
    places: &[Place::Pattern(&START, 0)],
    parse,
}];

const START: [u8; 4] = [0x55, 0xaa, 0x55, 0xaa];
const END: [u8; 4] = [0xaa, 0x55, 0xaa, 0x55];
const MAX_FILES: u32 = 16;

fn parse(image: &[u8], at: usize) -> Option<Part> {
    single(image, at).or_else(|| several(image, at))
}

fn single(image: &[u8], at: usize) -> Option<Part> {
    let version = text(image, at + 4, 12).filter(|version| !version.is_empty())?;
    let (length, sum, head) = (be_size(image, at + 16)?, be32(image, at + 20)?, be32(image, at + 24)?);
    if array(image, at + 28)? != END || length == 0 {
        return None;
    }
    let body = at + 32..(at + 32).checked_add(length)?;
    let computed_head = within(image, at..at + 24).map(byte_sum);
    Some(
        Part::new("tuya-ug", Category::Firmware, at)
            .length(32 + length as u64, image.len() - at)
            .field("version", version)
            .field("files", 1)
            .check(Check::compare(CheckKind::Checksum, "byte sum of header", at..at + 24, Some(head), computed_head))
            .check(Check::compare(
                CheckKind::Checksum,
                "byte sum of body",
                body.clone(),
                Some(sum),
                within(image, body).map(byte_sum),
            ))
            .holds(at + 32),
    )
}

fn several(image: &[u8], at: usize) -> Option<Part> {
    let version = text(image, at + 4, 11).filter(|version| !version.is_empty())?;
    let count = be32(image, at + 15).filter(|count| (1..=MAX_FILES).contains(count))?;
    let sums = at + 19 + count as usize * 12;
    if array(image, sums + 4)? != END {
        return None;
    }
    let mut part = Part::new("tuya-ug", Category::Firmware, at).field("version", version).field("files", count);
    let head = within(image, at..sums).map(byte_sum);
    part = part.check(Check::compare(CheckKind::Checksum, "byte sum of header", at..sums, be32(image, sums), head));
    let mut end = sums + 8;
    for index in 0..count as usize {
        let entry = at + 19 + index * 12;
        let (offset, length, sum) = (be_size(image, entry)?, be_size(image, entry + 4)?, be32(image, entry + 8)?);
        let start = at.checked_add(offset)?;
        let file = start..start.checked_add(length)?;
        if offset < sums + 8 - at || length == 0 {
            return None;
        }
        end = end.max(file.end);
        let computed = within(image, file.clone()).map(byte_sum);
        part = part.check(Check::compare(CheckKind::Checksum, "byte sum of file", file, Some(sum), computed)).holds(start);
    }
    Some(part.length((end - at) as u64, image.len() - at))
}
