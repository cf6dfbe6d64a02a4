//! Zigbee OTA files, and IKEA's wrapper around them.
//!
//! Sources: Zigbee Cluster Library, chapter 11 (OTA upgrade file format); the wrapper as zigpy reads it.

use super::{Format, Place};
use crate::bytes::{hex, le16, le32, le_size, text, within};
use crate::digest::hash;
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
];

const MAGIC: [u8; 4] = [0x1e, 0xf1, 0xee, 0x0b];
const MAX_ELEMENTS: usize = 64;
/// Hashes in IKEA's table: at 16 KiB a block more than any Zigbee chip holds.
const MAX_BLOCKS: usize = 4096;
const SHA256: usize = 32;

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

/// IKEA's wrapper: a table of hashes of blocks, the update file, and a signature (zigpy reads it the same way).
fn ngis(image: &[u8], at: usize) -> Option<Part> {
    let (start, length, signature) = (le_size(image, at + 16)?, le_size(image, at + 20)?, le_size(image, at + 24)?);
    let (block, blocks) = (le_size(image, at + 32)?, le_size(image, at + 36)?);
    if start != 40 + SHA256 * blocks.min(MAX_BLOCKS) || block == 0 || blocks != length.div_ceil(block) || signature < start + length {
        return None;
    }
    let (inner, behind) = (at + start, at.checked_add(signature)?);
    let mut part = Part::new("ikea-ngis", Category::Firmware, at).encryption(Encryption::Unknown, "the format does not say");
    for index in 0..blocks {
        let begin = inner.checked_add(index.checked_mul(block)?)?;
        let covers = begin..begin.checked_add(block)?.min(inner.checked_add(length)?);
        let stored = within(image, at + 40 + index * SHA256..at + 40 + (index + 1) * SHA256).map(<[u8]>::to_vec);
        let computed = within(image, covers.clone()).and_then(|bytes| hash("sha256", bytes));
        part = part.check(Check::compare(CheckKind::Hash, "SHA-256 of a block", covers, stored, computed));
    }
    let verdict = if image.len() > behind { Verdict::PresentUnverifiable } else { Verdict::Truncated };
    let check = Check::new(CheckKind::Signature, "IKEA signature", at..behind, verdict).with("signature_at", behind);
    // nothing in the wrapper says how long the signature is: it is what follows
    Some(part.check(check).length((image.len().max(behind + 1) - at) as u64, image.len() - at).holds(inner))
}
