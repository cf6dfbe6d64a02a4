//! Patches: differences to an older version, which is not in them.
//!
//! Sources: bsdiff 4.3 (`bspatch.c`), its variants in ENDSLEY/bsdiff, Chromium OS (BSDF2); RFC 3284 (VCDIFF); HDiffPatch;
//! AOSP imgdiff; zchunk's format document; Espressif's `esp_delta_ota` component. `PTCH` has no public description for IoT.

use super::{Format, Place};
use crate::bytes::{array, hex, le32, le64, u8_at, upto, within};
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format { name: "bsdiff", category: Category::Patch, places: &[Place::Pattern(b"BSDIFF40", 0)], parse: bsdiff },
    Format { name: "bsdiff2", category: Category::Patch, places: &[Place::Pattern(b"BSDF2", 0)], parse: bsdiff },
    Format { name: "bsdiff-endsley", category: Category::Patch, places: &[Place::Pattern(b"ENDSLEY/BSDIFF43", 0)], parse: endsley },
    Format { name: "vcdiff", category: Category::Patch, places: &[Place::Sector(&[0xd6, 0xc3, 0xc4])], parse: vcdiff },
    Format { name: "hdiffpatch", category: Category::Patch, places: &[Place::Pattern(b"HDIFF13&", 0), Place::Pattern(b"HDIFFSF20&", 0)], parse: hdiff },
    Format { name: "imgdiff", category: Category::Patch, places: &[Place::Pattern(b"IMGDIFF2", 0)], parse: imgdiff },
    Format { name: "zchunk", category: Category::Patch, places: &[Place::Pattern(b"\0ZCK1", 0)], parse: zchunk },
    Format { name: "esp-delta", category: Category::Patch, places: &[Place::Pattern(&[0x10, 0xde, 0xcd, 0xfc], 0)], parse: esp_delta },
    Format { name: "ptch", category: Category::Patch, places: &[Place::Sector(b"PTCH")], parse: ptch },
];

/// Largest new file that a patch is believed to make.
const MAX_NEW: u64 = 1 << 34;

fn patch(name: &'static str, at: usize) -> Part {
    Part::new(name, Category::Patch, at)
        .field("needs", "the version that it starts from, which is not in it")
        .encryption(Encryption::No, "its header is readable")
        .opaque()
}

/// Control block, difference block, new bytes: each compressed.
fn bsdiff(image: &[u8], at: usize) -> Option<Part> {
    let (control, difference, new) = (le64(image, at + 8)?, le64(image, at + 16)?, le64(image, at + 24)?);
    let name = if array(image, at)? == *b"BSDIFF40" { "bsdiff" } else { "bsdiff2" };
    let third = control.checked_add(difference)?.checked_add(32)?;
    if new > MAX_NEW || third > MAX_NEW || control == 0 {
        return None;
    }
    let first = upto(image, at + 32, 3);
    if name == "bsdiff" && first.len() == 3 && first != b"BZh" {
        return None;
    }
    let part = patch(name, at).field("new_bytes", new).field("extra_block_offset", third);
    // The third block has no length: what is there goes to the image's end.
    let end = (image.len() - at) as u64;
    Some(part.length(end.max(third + 1), image.len() - at))
}

fn endsley(image: &[u8], at: usize) -> Option<Part> {
    let new = le64(image, at + 16).filter(|new| *new <= MAX_NEW)?;
    Some(patch("bsdiff-endsley", at).field("new_bytes", new).length((image.len() - at) as u64, image.len() - at))
}

fn vcdiff(image: &[u8], at: usize) -> Option<Part> {
    let (version, indicator) = (u8_at(image, at + 3)?, u8_at(image, at + 4)?);
    let by = match version {
        0 => "RFC 3284",
        b'S' => "SDCH",
        _ => return None,
    };
    // The indicator has three flags (the third is xdelta3's), and a first window follows with at most three more.
    (at == 0 && indicator <= 7).then(|| {
        patch("vcdiff", at).field("variant", by).length((image.len() - at) as u64, image.len() - at)
    })
}

fn hdiff(image: &[u8], at: usize) -> Option<Part> {
    let head = upto(image, at, 32);
    let named = head.iter().position(|byte| *byte == 0)?;
    let compression = std::str::from_utf8(head.get(..named)?).ok()?.split_once('&')?.1.to_owned();
    compression.chars().all(|c| c.is_ascii_alphanumeric()).then(|| {
        patch("hdiffpatch", at).field("compression", compression).length((image.len() - at) as u64, image.len() - at)
    })
}

fn imgdiff(image: &[u8], at: usize) -> Option<Part> {
    let chunks = le32(image, at + 8).filter(|chunks| (1..100_000).contains(chunks))?;
    (le32(image, at + 12)? <= 3).then(|| patch("imgdiff", at).field("chunks", chunks))
}

/// Numbers of zchunk have their last byte marked by its highest bit.
fn compressed_number(image: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = u8_at(image, *at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 != 0 {
            return Some(value);
        }
    }
    None
}

fn zchunk(image: &[u8], at: usize) -> Option<Part> {
    let mut position = at + 5;
    let kind = compressed_number(image, &mut position).filter(|kind| *kind <= 3)?;
    let header = compressed_number(image, &mut position).filter(|size| *size > 0 && *size < 1 << 28)?;
    let name = ["sha1", "sha256", "sha512", "sha512"].get(usize::try_from(kind).ok()?)?;
    let check = Check::new(CheckKind::Hash, name, at..position, Verdict::PresentUnverifiable);
    Some(patch("zchunk", at).field("header_bytes", header).check(check))
}

/// 64 bytes of header: magic, SHA-256 of the version that it starts from, zeros.
fn esp_delta(image: &[u8], at: usize) -> Option<Part> {
    let base = within(image, at + 4..at + 36)?;
    let reserved = within(image, at + 36..at + 64)?;
    reserved.iter().all(|byte| *byte == 0).then(|| {
        patch("esp-delta", at)
            .field("base_sha256", hex(base))
            .length((image.len() - at) as u64, image.len() - at)
    })
}

/// Only where it begins the image and the number behind it can be a size: what it means is not public.
fn ptch(image: &[u8], at: usize) -> Option<Part> {
    let size = le32(image, at + 4)?;
    let swapped = size.swap_bytes();
    let plausible = |size: u32| size > 8 && u64::from(size) < MAX_NEW && size as usize <= image.len().saturating_mul(64);
    (at == 0 && (plausible(size) || plausible(swapped))).then(|| {
        let mut part = patch("ptch", at).field("kind", "patch container, type unconfirmed");
        part.encrypted = Encryption::Unknown;
        part.encrypted_reason = "the format is not public".to_owned();
        part.length((image.len() - at) as u64, image.len() - at)
    })
}
