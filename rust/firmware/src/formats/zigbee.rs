//! Zigbee OTA files and what they carry: Silicon Labs GBL, and IKEA's wrapper.
//!
//! Sources: Zigbee Cluster Library, chapter 11 (OTA upgrade file format); Silicon Labs UG266 (GBL).

use super::{Format, Place};
use crate::bytes::{array, hex, le16, le32, le_size, text, u8_at, within};
use crate::digest::crc32;
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};
use serde_json::json;

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format { name: "ikea-ngis", category: Category::Firmware, places: &[Place::Pattern(b"NGIS", 0)], parse: ngis },
    Format {
        name: "zigbee-ota",
        category: Category::Firmware,
        places: &[Place::Pattern(&MAGIC, 0)],
        parse,
    },
    Format { name: "silabs-gbl", category: Category::Firmware, places: &[Place::Pattern(&GBL, 0)], parse: gbl },
];

const MAGIC: [u8; 4] = [0x1e, 0xf1, 0xee, 0x0b];
const GBL: [u8; 4] = [0xeb, 0x17, 0xa6, 0x03];
const MAX_ELEMENTS: usize = 64;
const MAX_TAGS: usize = 10_000;

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let (version, header, control) = (le16(image, at + 4)?, usize::from(le16(image, at + 6)?), le16(image, at + 8)?);
    let total = le_size(image, at + 52)?;
    let name = text(image, at + 20, 32);
    if version != 0x0100 || !(56..=69).contains(&header) || control > 7 || total <= header {
        return None;
    }
    let mut part = Part::new("zigbee-ota", Category::Firmware, at)
        .length(total as u64, image.len() - at)
        .field("manufacturer_code", le16(image, at + 10))
        .field("image_type", le16(image, at + 12))
        .field("file_version", le32(image, at + 14))
        .field("header_text", name)
        .encryption(Encryption::Unknown, "the format does not say");
    let mut elements = Vec::new();
    let (mut position, end) = (at + header, at.checked_add(total)?);
    while position < end && elements.len() < MAX_ELEMENTS {
        let (Some(tag), Some(len)) = (le16(image, position), le_size(image, position + 2)) else { break };
        let data = position + 6..(position + 6).checked_add(len)?;
        if data.end > end && (part.truncated || elements.is_empty()) {
            // a length that leaves the file: damaged, or no element at all
            part = part.field("element_beyond_end", true);
        }
        elements.push(json!({"tag": tag, "offset": position, "bytes": len}));
        let covers = at..position;
        part = match tag {
            0 => part.holds(data.start),
            1 => part.check(signature(image, covers, &data, "ECDSA signature (CBKE, sect163k1)")),
            5 => part.check(signature(image, covers, &data, "ECDSA signature (CBKE, sect283k1)")),
            3 => part.check(Check::new(CheckKind::Hash, "AES-MMO hash", covers, present(image, &data))),
            _ => part,
        };
        position = data.end;
    }
    if position != end && !part.truncated && !part.fields.contains_key("element_beyond_end") {
        part = part.field("elements_end_early", true);
    }
    Some(part.field("elements", elements))
}

fn present(image: &[u8], data: &std::ops::Range<usize>) -> Verdict {
    if within(image, data.clone()).is_some() { Verdict::PresentUnverifiable } else { Verdict::Truncated }
}

fn signature(image: &[u8], covers: std::ops::Range<usize>, data: &std::ops::Range<usize>, name: &str) -> Check {
    let check = Check::new(CheckKind::Signature, name, covers, present(image, data)).with("scheme", name);
    match within(image, data.clone()) {
        Some(bytes) => check
            .with("signer", hex(bytes.get(..8).unwrap_or_default()))
            .with("signature", hex(bytes.get(8..).unwrap_or_default())),
        None => check,
    }
}

/// IKEA's wrapper: lengths in its header lead to the update file.
fn ngis(image: &[u8], at: usize) -> Option<Part> {
    let (start, length) = (le_size(image, at + 16)?, le_size(image, at + 20)?);
    let inner = at.checked_add(start)?;
    if array::<4>(image, inner)? != MAGIC {
        return None;
    }
    let behind = inner.checked_add(length)?;
    let part = Part::new("ikea-ngis", Category::Firmware, at)
        .length((image.len().max(behind) - at) as u64, image.len() - at)
        .encryption(Encryption::Unknown, "the format does not say")
        .holds(inner);
    Some(if image.len() > behind + 32 {
        let check = Check::new(CheckKind::Signature, "IKEA signature", inner..behind, Verdict::PresentUnverifiable);
        part.check(check.with("scheme", "unknown").with("signature_at", behind))
    } else {
        part
    })
}

/// GBL version 3: tags, each with its length; the end tag holds a CRC-32 of all before.
fn gbl(image: &[u8], at: usize) -> Option<Part> {
    if le32(image, at + 4)? != 8 || u8_at(image, at + 11)? != 3 {
        return None;
    }
    let kind = le32(image, at + 12)?;
    let mut part = Part::new("silabs-gbl", Category::Firmware, at)
        .field("signed_flag", kind & 0x100 != 0)
        .encryption(
            if kind & 1 != 0 { Encryption::Yes } else { Encryption::No },
            "the type in the header tag",
        );
    let mut position = at;
    for _ in 0..MAX_TAGS {
        let (Some(tag), Some(len)) = (le32(image, position), le_size(image, position + 4)) else { break };
        let end = (position + 8).checked_add(len)?;
        match tag {
            0xf70a_0af7 => {
                let check = Check::new(CheckKind::Signature, "ECDSA P-256", at..position, present(image, &(position + 8..end)));
                let check = check.with("scheme", "ecdsa-p256-sha256");
                part = part.check(match within(image, position + 8..end) {
                    Some(bytes) => check.with("signature", hex(bytes)),
                    None => check,
                });
            }
            0xfc04_04fc => {
                let stored = le32(image, position + 8);
                let computed = within(image, at..position + 8).map(crc32);
                let check = Check::compare(CheckKind::Checksum, "CRC-32", at..position + 8, stored, computed);
                return Some(part.length((end - at) as u64, image.len() - at).check(check));
            }
            0xf40a_0af4 => part = part.field("application_version", le32(image, position + 12)),
            _ => {}
        }
        position = end;
    }
    let check = Check::new(CheckKind::Checksum, "CRC-32", at..position, Verdict::Truncated);
    Some(part.length((position.max(image.len() + 1) - at) as u64, image.len() - at).check(check))
}
