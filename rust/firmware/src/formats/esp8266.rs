//! Images of the ESP8266: version 1 (`E9`) and the over-the-air version 2 (`EA 04`, "user1" and "user2").
//!
//! Source: Espressif, esptool documentation "Firmware Image Format"; ESP8266 SDK Getting Started Guide (user1, user2).

use super::{Format, Place};
use crate::bytes::{align, le32, le_size, u8_at, within};
use crate::digest::{crc32, xor};
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};
use serde_json::json;

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format { name: "esp8266", category: Category::Firmware, places: &[Place::Sector(&[0xe9])], parse: version_1 },
    Format {
        name: "esp8266-ota",
        category: Category::Firmware,
        places: &[Place::Sector(&[0xea, 4]), Place::Pattern(&[0xea, 4, 0, 1, 4, 0, 0x10, 0x40], 0)],
        parse: version_2,
    },
];

/// The checksum starts with this value and takes in every byte of every segment.
const CHECKSUM_SEED: u8 = 0xef;
/// Segments that the boot ROM takes.
const MAX_SEGMENTS: u8 = 16;
/// Flash modes: QIO, QOUT, DIO, DOUT, fast read, slow read.
const MAX_FLASH_MODE: u8 = 5;
/// Largest segment: more than the chip can map.
const MAX_SEGMENT_BYTES: usize = 4 << 20;
/// Entry points lie in instruction RAM or in mapped flash.
const ENTRIES: std::ops::Range<u32> = 0x4010_0000..0x4030_0000;

fn is_segment_address(address: u32) -> bool {
    matches!(address, 0x3ffe_8000..0x4000_0000 | 0x4010_0000..0x4014_0000 | 0x4020_0000..0x4030_0000)
}

struct Walked {
    end: usize,
    sum: u8,
    whole: bool,
}

/// Segments one after the other; none where one cannot be.
fn segments(image: &[u8], mut at: usize, count: u8, may_be: impl Fn(u32) -> bool) -> Option<Walked> {
    let mut sum = CHECKSUM_SEED;
    for index in 0..count {
        let (Some(address), Some(len)) = (le32(image, at), le_size(image, at.checked_add(4)?)) else {
            return (index > 0).then_some(Walked { end: at, sum, whole: false });
        };
        if !may_be(address) || len == 0 || len > MAX_SEGMENT_BYTES || len % 4 != 0 {
            return None;
        }
        let end = at.checked_add(8)?.checked_add(len)?;
        let Some(data) = within(image, at + 8..end) else {
            return Some(Walked { end, sum, whole: false });
        };
        sum ^= xor(data);
        at = end;
    }
    Some(Walked { end: at, sum, whole: true })
}

fn checked(part: Part, image: &[u8], start: usize, walked: &Walked) -> Part {
    // counted from the part's own start, wherever it lies
    let footer = part.offset + ((walked.end - part.offset) | 15);
    let stored = if walked.whole { u8_at(image, footer) } else { None };
    part.check(Check::compare(CheckKind::Checksum, "XOR of segments", start..walked.end, stored, Some(walked.sum)))
}

fn header(image: &[u8], at: usize) -> Option<(u8, u32)> {
    let (count, mode, entry) = (u8_at(image, at + 1)?, u8_at(image, at + 2)?, le32(image, at + 4)?);
    ((1..=MAX_SEGMENTS).contains(&count) && mode <= MAX_FLASH_MODE && ENTRIES.contains(&entry)).then_some((count, entry))
}

fn version_1(image: &[u8], at: usize) -> Option<Part> {
    let (count, entry) = header(image, at)?;
    le32(image, at + 8).filter(|address| is_segment_address(*address))?;
    let walked = segments(image, at + 8, count, is_segment_address)?;
    let length = align(walked.end + 1 - at, 16)?;
    let part = Part::new("esp8266", Category::Firmware, at)
        .length(length as u64, image.len() - at)
        .field("chip", "ESP8266")
        .field("segments", count)
        .field("entry", format!("{entry:#010x}"))
        .encryption(Encryption::No, "segments and checksum are readable");
    Some(checked(part, image, at, &walked))
}

/// `EA 04`, a segment of mapped flash with address 0, then a version 1 image without magic of its own, then a CRC-32.
fn version_2(image: &[u8], at: usize) -> Option<Part> {
    let (_, entry) = header(image, at).filter(|(count, _)| *count == 4)?;
    let (address, irom) = (le32(image, at + 8)?, le_size(image, at + 12)?);
    if address != 0 || irom == 0 || irom > MAX_SEGMENT_BYTES {
        return None;
    }
    let second = (at + 16).checked_add(irom)?;
    let part = Part::new("esp8266-ota", Category::Firmware, at)
        .field("chip", "ESP8266")
        .field("entry", format!("{entry:#010x}"))
        .field("slots", "user1 or user2: the two slots alternate")
        .encryption(Encryption::No, "segments and checksum are readable");
    let Some(0xe9) = u8_at(image, second) else {
        return (second >= image.len()).then(|| {
            part.length((second + 16 - at) as u64, image.len() - at)
                .check(Check::new(CheckKind::Checksum, "CRC-32", at..second, Verdict::Truncated))
        });
    };
    let (count, _) = header(image, second)?;
    let walked = segments(image, second + 8, count, is_segment_address)?;
    let body = at + align(walked.end + 1 - at, 16)?;
    let stored = if walked.whole { le32(image, body) } else { None };
    let computed = within(image, at..body).map(|bytes| match crc32(bytes) {
        crc if crc & 0x8000_0000 != 0 => !crc,
        crc => crc + 1,
    });
    let part = checked(part.length((body + 4 - at) as u64, image.len() - at), image, second, &walked)
        .field("segments", count)
        .check(Check::compare(CheckKind::Checksum, "CRC-32", at..body, stored, computed));
    let trailer = image.len().saturating_sub(body + 4);
    Some(if at == 0 && (1..=16).contains(&trailer) { part.field("trailer_bytes", json!(trailer)) } else { part })
}
