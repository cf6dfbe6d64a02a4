//! Patches: differences to an older version, which is not in them.
//!
//! Sources: bsdiff 4.3 (`bspatch.c`), its variants in ENDSLEY/bsdiff, Chromium OS (BSDF2); RFC 3284 (VCDIFF); HDiffPatch;
//! AOSP imgdiff; zchunk's format document; Espressif's `esp_delta_ota` component. `PTCH` has no public description for IoT.

use super::{Format, Place};
use crate::bytes::{array, hex, le32, le64, u8_at, upto, within};
use crate::digest::hash;
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};
use super::compressed::bzip2_end;

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
    // The third block has no length: it ends where its stream does, and where no stream ends it is cut.
    let (there, rest) = ((image.len() - at) as u64, at.checked_add(usize::try_from(third).ok()?)?);
    let end = match bzip2_end(image, rest) {
        Some(end) if name == "bsdiff" => (end - at) as u64,
        None if name == "bsdiff" => there.max(third) + 1,
        _ => there.max(third + 1),
    };
    Some(part.length(end, image.len() - at))
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

/// Hashes of zchunk by their number, and the bytes that are stored of them.
const ZCHUNK_HASHES: [(&str, usize); 4] = [("sha1", 20), ("sha256", 32), ("sha512", 64), ("sha512", 16)];

/// Lead, header and data: the lead has a hash of itself and the header, the header has one of the data.
fn zchunk(image: &[u8], at: usize) -> Option<Part> {
    let mut position = at + 5;
    let kind = compressed_number(image, &mut position)?;
    let size = compressed_number(image, &mut position).filter(|size| *size > 0 && *size < 1 << 28)?;
    let (name, width) = *ZCHUNK_HASHES.get(usize::try_from(kind).ok()?)?;
    let start = position + width;
    let header = start..start.checked_add(usize::try_from(size).ok()?)?;
    if header.end > image.len() {
        let check = Check::new(CheckKind::Hash, &format!("{name} of header"), at..header.end, Verdict::Truncated);
        return Some(patch("zchunk", at).length((header.end - at) as u64, image.len() - at).check(check));
    }
    let stored = |at: usize| within(image, at..at + width).map(<[u8]>::to_vec);
    let hashed = |bytes: &[u8]| hash(name, bytes).map(|digest| digest.into_iter().take(width).collect::<Vec<_>>());
    let of_header = within(image, at..position).zip(within(image, header.clone()));
    let computed = of_header.and_then(|(lead, rest)| hashed(&[lead, rest].concat()));
    let data = zchunk_data(image.get(..header.end)?, start + width).and_then(|bytes| header.end.checked_add(usize::try_from(bytes).ok()?));
    let data = header.end..data.unwrap_or(image.len() + 1).max(header.end);
    let of_data = within(image, data.clone()).and_then(hashed);
    let part = patch("zchunk", at)
        .field("header_bytes", size)
        .length((data.end - at) as u64, image.len() - at)
        .check(Check::compare(CheckKind::Hash, &format!("{name} of header"), at..header.end, stored(position), computed));
    Some(part.check(Check::compare(CheckKind::Hash, &format!("{name} of data"), data, stored(start), of_data)))
}

/// Bytes of all chunks, by the index that follows flags and compression; optional elements and streams are not in use.
fn zchunk_data(image: &[u8], mut at: usize) -> Option<u64> {
    let flags = compressed_number(image, &mut at).filter(|flags| flags & 3 == 0)?;
    let (_compression, _index) = (compressed_number(image, &mut at)?, compressed_number(image, &mut at)?);
    let kind = compressed_number(image, &mut at)?;
    let (_, width) = *ZCHUNK_HASHES.get(usize::try_from(kind).ok()?)?;
    let mut total = 0_u64;
    // the dictionary is the first of them
    for _ in 0..compressed_number(image, &mut at)? {
        at = at.checked_add(if flags & 4 == 0 { width } else { 2 * width })?;
        total = total.checked_add(compressed_number(image, &mut at)?)?;
        compressed_number(image, &mut at)?;
    }
    Some(total)
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
