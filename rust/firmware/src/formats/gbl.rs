//! Silicon Labs GBL: version 3 (series 1 and 2), and version 4 (series 3), whose tags hold one another.
//!
//! Sources: Silicon Labs UG266 (GBL), and for version 4 the tags as pygbl names them.

use super::{Format, Place};
use crate::bytes::{array, hex, le32, le_size, u8_at, within};
use crate::digest::{crc32, hash};
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};
use serde_json::json;
use std::ops::Range;

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format {
        name: "silabs-gbl",
        category: Category::Firmware,
        places: &[Place::Pattern(&[0xeb, 0x17, 0xa6, 0x03], 0)],
        parse: version_3,
    },
    Format {
        name: "silabs-gbl4",
        category: Category::Firmware,
        places: &[Place::Pattern(&[0xeb, 0x17, 0xa6, 0x84], 0)],
        parse: version_4,
    },
];

const APPLICATION: u32 = 0xf40a_0af4;
const SIGNATURE: u32 = 0xf70a_0af7;
const CERTIFICATE: u32 = 0xf30b_0bf3;
const END: u32 = 0xfc04_04fc;
const MAX_TAGS: usize = 10_000;
/// A certificate: version and flags, public key, version, and the signature of these.
const CERTIFICATE_BYTES: usize = 136;
const CERTIFICATE_SIGNED: usize = 72;

/// Tags, each with its length; the end tag holds a CRC-32 of all before, a signature covers all before itself.
fn version_3(image: &[u8], at: usize) -> Option<Part> {
    if le32(image, at + 4)? != 8 || u8_at(image, at + 11)? != 3 {
        return None;
    }
    let kind = le32(image, at + 12)?;
    let mut part = Part::new("silabs-gbl", Category::Firmware, at).field("signed_flag", kind & 0x100 != 0).encryption(
        if kind & 1 != 0 { Encryption::Yes } else { Encryption::No },
        "the type in the header tag",
    );
    let (mut position, mut public_key) = (at, None);
    for _ in 0..MAX_TAGS {
        let (Some(tag), Some(len)) = (le32(image, position), le_size(image, position + 4)) else { break };
        let content = position + 8..(position + 8).checked_add(len)?;
        match tag {
            APPLICATION => part = part.field("application_version", le32(image, content.start + 4)),
            CERTIFICATE => {
                public_key = within(image, content.start + 4..content.start + 68).map(hex);
                part = part.check(certificate(image, content.clone()));
            }
            SIGNATURE => part = part.check(signature(image, at..position, content.clone(), public_key.as_deref())),
            END => {
                let computed = within(image, at..content.start).map(crc32);
                let stored = le32(image, content.start);
                let check = Check::compare(CheckKind::Checksum, "CRC-32", at..content.start, stored, computed);
                return Some(part.length((content.end - at) as u64, image.len() - at).check(check));
            }
            _ => {}
        }
        position = content.end;
    }
    let check = Check::new(CheckKind::Checksum, "CRC-32", at..position, Verdict::Truncated);
    Some(part.length((position.max(image.len() + 1) - at) as u64, image.len() - at).check(check))
}

/// ECDSA over what is covered, by the key of a certificate in the same image where there is one.
fn signature(image: &[u8], covers: Range<usize>, stored: Range<usize>, public_key: Option<&str>) -> Check {
    let digest = within(image, covers.clone()).and_then(|bytes| hash("sha256", bytes));
    let verdict = if stored.end <= image.len() { Verdict::PresentUnverifiable } else { Verdict::Truncated };
    let check = Check::new(CheckKind::Signature, "ECDSA P-256", covers, verdict).with("scheme", "ecdsa-p256");
    let check = match (within(image, stored), digest) {
        (Some(bytes), Some(digest)) => check.with("signature", hex(bytes)).with("digest", hex(&digest)),
        _ => check,
    };
    match public_key {
        Some(key) => check.with("public_key", key),
        None => check,
    }
}

/// The certificate's own signature, by a key that the device has.
fn certificate(image: &[u8], content: Range<usize>) -> Check {
    let signed = content.start..content.start + CERTIFICATE_SIGNED;
    let mut check = signature(image, signed, content.start + CERTIFICATE_SIGNED..content.start + CERTIFICATE_BYTES, None);
    check.name = "ECDSA P-256 of the certificate".to_owned();
    check
}

const MANIFEST: u32 = 0xaa01_012a;
const MANIFEST_INFO: u32 = 0x2b03_032b;
const BUNDLE_VERSION: u32 = 0x2b04_042b;
const MANIFEST_SIGNATURE: u32 = 0x2b02_022b;
const UPDATE_PROCESS: u32 = 0xab06_062b;
const PAD: u32 = 0xee01_01ee;

/// One tag that holds all others, first of them the manifest.
fn version_4(image: &[u8], at: usize) -> Option<Part> {
    let length = le_size(image, at + 4)?;
    let end = (at + 8).checked_add(length)?;
    if array::<4>(image, at + 8)? != MANIFEST.to_le_bytes() {
        return None;
    }
    let part = Part::new("silabs-gbl4", Category::Firmware, at)
        .length(8 + length as u64, image.len() - at)
        .encryption(Encryption::Unknown, "the manifest does not say");
    let (mut part, mut left, mut sections) = (part, MAX_TAGS, Vec::new());
    let mut open: Vec<_> = std::iter::once(at + 8..end).collect();
    while let Some(range) = open.pop() {
        let mut position = range.start;
        while position < range.end {
            left = left.checked_sub(1)?;
            let (Some(tag), Some(len)) = (le32(image, position), le_size(image, position + 4)) else { break };
            let content = position + 8..(position + 8).checked_add(len).filter(|next| *next <= range.end)?;
            match tag {
                MANIFEST | UPDATE_PROCESS => open.push(content.clone()),
                MANIFEST_INFO => part = features(part, le32(image, content.start + 4)),
                BUNDLE_VERSION => part = part.field("bundle_version", le32(image, content.start + 16)),
                MANIFEST_SIGNATURE => {
                    let verdict = if content.end <= image.len() { Verdict::PresentUnverifiable } else { Verdict::Truncated };
                    let check = Check::new(CheckKind::Signature, "signature of the manifest", at + 8..position, verdict);
                    part = part.check(check.with("scheme", "of the manifest: what it covers is not published"));
                }
                PAD => {}
                _ => sections.push(json!({"tag": format!("{tag:#010x}"), "offset": position, "bytes": len})),
            }
            position = content.end;
        }
    }
    Some(part.field("tags", sections))
}

fn features(part: Part, flags: Option<u32>) -> Part {
    let Some(flags) = flags else { return part };
    part.field("signed_flag", flags & 4 != 0)
        .encryption(if flags & 2 != 0 { Encryption::Yes } else { Encryption::No }, "the features in the manifest")
}
