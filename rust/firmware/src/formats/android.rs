//! Android's update payload (`CrAU`), Android sparse images and boot images.
//!
//! Sources: AOSP `system/update_engine/update_metadata.proto` and `payload_metadata.cc`; `system/core/libsparse`;
//! `system/tools/mkbootimg`.

use super::{Format, Place};
use crate::bytes::{array, be32, be64, le16, le32, le_size, text, within};
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format { name: "android-payload", category: Category::Firmware, places: &[Place::Pattern(b"CrAU", 0)], parse },
    Format {
        name: "android-sparse",
        category: Category::Filesystem,
        places: &[Place::Pattern(&[0x3a, 0xff, 0x26, 0xed, 1, 0], 0)],
        parse: sparse,
    },
    Format { name: "android-boot", category: Category::Firmware, places: &[Place::Pattern(b"ANDROID!", 0)], parse: boot },
];

/// Fields of the manifest's protobuf.
const SIGNATURES_OFFSET: u64 = 4;
const SIGNATURES_SIZE: u64 = 5;

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Numbers of the manifest's top level.
fn numbers(manifest: &[u8]) -> Option<Vec<(u64, u64)>> {
    let (mut at, mut found) = (0, Vec::new());
    while at < manifest.len() {
        let key = varint(manifest, &mut at)?;
        match key & 7 {
            0 => {
                let value = varint(manifest, &mut at)?;
                found.push((key >> 3, value));
            }
            1 => at += 8,
            2 => {
                let len = usize::try_from(varint(manifest, &mut at)?).ok()?;
                at = at.checked_add(len)?;
            }
            5 => at += 4,
            _ => return None,
        }
    }
    Some(found)
}

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let version = be64(image, at + 4).filter(|version| (1..=2).contains(version))?;
    let manifest = usize::try_from(be64(image, at + 12)?).ok().filter(|size| *size > 0 && *size < 1 << 28)?;
    let (metadata, header) = if version == 2 { (be32(image, at + 20)? as usize, 24) } else { (0, 20) };
    let body = at + header + manifest;
    let mut part = Part::new("android-payload", Category::Firmware, at)
        .field("version", version)
        .encryption(Encryption::No, "the manifest is readable")
        .opaque();
    let blobs = body + metadata;
    let Some(bytes) = within(image, at + header..body) else {
        let check = Check::new(CheckKind::Signature, "payload signature", at..body, Verdict::Truncated);
        return Some(part.length((blobs - at) as u64, image.len() - at).check(check));
    };
    let fields = numbers(bytes)?;
    let number = |wanted| fields.iter().find(|(field, _)| *field == wanted).and_then(|(_, value)| usize::try_from(*value).ok());
    if metadata > 0 {
        let verdict = if blobs <= image.len() { Verdict::PresentUnverifiable } else { Verdict::Truncated };
        let check = Check::new(CheckKind::Signature, "metadata signature", at..body, verdict);
        part = part.check(check.with("scheme", "rsa-sha256"));
    }
    let mut end = image.len();
    if let (Some(offset), Some(size)) = (number(SIGNATURES_OFFSET), number(SIGNATURES_SIZE)) {
        let start = blobs.checked_add(offset)?;
        end = start.checked_add(size)?;
        let verdict = if end <= image.len() { Verdict::PresentUnverifiable } else { Verdict::Truncated };
        let check = Check::new(CheckKind::Signature, "payload signature", at..start, verdict);
        part = part.check(check.with("scheme", "rsa-sha256"));
    }
    Some(part.length((end.max(blobs) - at) as u64, image.len() - at))
}

fn sparse(image: &[u8], at: usize) -> Option<Part> {
    let (header, chunk, block) = (le16(image, at + 8)?, le16(image, at + 10)?, le32(image, at + 12)?);
    (header >= 28 && chunk >= 12 && block > 0 && block % 4 == 0).then(|| {
        Part::new("android-sparse", Category::Filesystem, at)
            .length(chunks_end(image, at + usize::from(header), usize::from(chunk), le32(image, at + 20)) - at as u64, image.len() - at)
            .field("block_bytes", block)
            .field("blocks", le32(image, at + 16))
            .encryption(Encryption::No, "the header is readable")
    })
}

/// Where the chunks end, each of which tells its whole length; where they are not there, the end is beyond the image.
fn chunks_end(image: &[u8], first: usize, least: usize, count: Option<u32>) -> u64 {
    let mut position = first;
    for _ in 0..count.unwrap_or(0) {
        let len = le_size(image, position.saturating_add(8)).unwrap_or(0).max(least);
        position = position.saturating_add(len);
        if position > image.len() {
            break;
        }
    }
    position as u64
}

fn boot(image: &[u8], at: usize) -> Option<Part> {
    let page = le_size(image, at + 36).filter(|page| page.is_power_of_two() && (2048..=65536).contains(page))?;
    let kernel = le_size(image, at + 8).filter(|size| *size > 0)?;
    let ramdisk = le_size(image, at + 16)?;
    let length = page.checked_add(kernel.checked_next_multiple_of(page)?)?.checked_add(ramdisk.checked_next_multiple_of(page)?)?;
    array::<8>(image, at)?;
    Some(
        Part::new("android-boot", Category::Firmware, at)
            .length(length as u64, image.len() - at)
            .field("name", text(image, at + 48, 16))
            .field("command_line", text(image, at + 64, 512))
            .encryption(Encryption::No, "the header is readable")
            .holds(at + page),
    )
}
