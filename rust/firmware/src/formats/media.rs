//! Pictures and documents, so that their bytes are not taken for something else.
//!
//! Sources: PNG specification (chunks with CRC-32), JFIF 1.02, GIF89a, RIFF, ISO 32000 (PDF).

use super::{Format, Place};
use crate::bytes::{array, be16, be32, be_size, le16, le_size, u8_at, upto, within};
use crate::digest::crc32;
use crate::part::{Category, Encryption, Part};

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format { name: "png", category: Category::Media, places: &[Place::Pattern(b"\x89PNG\r\n\x1a\n", 0)], parse: png },
    Format { name: "jpeg", category: Category::Media, places: &[Place::Pattern(&[0xff, 0xd8, 0xff], 0)], parse: jpeg },
    Format {
        name: "gif",
        category: Category::Media,
        places: &[Place::Pattern(b"GIF87a", 0), Place::Pattern(b"GIF89a", 0)],
        parse: gif,
    },
    Format { name: "riff", category: Category::Media, places: &[Place::Pattern(b"RIFF", 0)], parse: riff },
    Format { name: "pdf", category: Category::Media, places: &[Place::Pattern(b"%PDF-1.", 0)], parse: pdf },
];

const MAX_CHUNKS: usize = 100_000;

fn media(name: &'static str, at: usize) -> Part {
    Part::new(name, Category::Media, at).encryption(Encryption::No, "its header is readable").opaque()
}

fn png(image: &[u8], at: usize) -> Option<Part> {
    let mut position = at + 8;
    // the first chunk is IHDR, and every chunk has a CRC-32
    for index in 0..MAX_CHUNKS {
        let Some(len) = be_size(image, position) else { break };
        let end = position.checked_add(12)?.checked_add(len)?;
        let kind = array::<4>(image, position + 4)?;
        if index == 0 && (&kind != b"IHDR" || len != 13) {
            return None;
        }
        if within(image, position + 4..end - 4).map(crc32) != be32(image, end - 4) {
            break;
        }
        position = end;
        if &kind == b"IEND" {
            return Some(media("png", at).length((end - at) as u64, image.len() - at));
        }
    }
    (position > at + 8).then(|| media("png", at).length((position - at) as u64, image.len() - at).field("damaged", true))
}

fn jpeg(image: &[u8], at: usize) -> Option<Part> {
    let mut position = at + 2;
    for index in 0..MAX_CHUNKS {
        let (marker, kind) = (u8_at(image, position)?, u8_at(image, position + 1)?);
        if marker != 0xff || !matches!(kind, 0xc0..=0xfe) {
            return None;
        }
        if index == 0 {
            let named = upto(image, position + 4, 5);
            let known = matches!(named, b"JFIF\0" | b"Exif\0") || kind == 0xdb && be16(image, position + 2) == Some(67);
            if !known {
                return None;
            }
        }
        position = position.checked_add(2)?.checked_add(usize::from(be16(image, position + 2)?))?;
        if kind == 0xda {
            break;
        }
    }
    // entropy-coded bytes: FF is followed by 0 or a restart marker until the end marker
    let rest = image.get(position..)?;
    let end = rest.windows(2).position(|pair| pair == [0xff, 0xd9]).map(|found| position + found + 2);
    Some(match end {
        Some(end) => media("jpeg", at).length((end - at) as u64, image.len() - at),
        None => media("jpeg", at).length((image.len() + 1 - at) as u64, image.len() - at),
    })
}

fn gif(image: &[u8], at: usize) -> Option<Part> {
    let (width, height) = (le16(image, at + 6)?, le16(image, at + 8)?);
    let flags = u8_at(image, at + 10)?;
    let table = if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0_usize };
    let next = u8_at(image, at + 13 + table)?;
    (width > 0 && height > 0 && u8_at(image, at + 12)? == 0 && matches!(next, 0x21 | 0x2c)).then(|| media("gif", at))
}

fn riff(image: &[u8], at: usize) -> Option<Part> {
    let kind = array::<4>(image, at + 8)?;
    let (size, first) = (le_size(image, at + 4)?, le_size(image, at + 16)?);
    // Programs have these words in tables of magics: the first chunk must fit, and within something else all of it.
    let fits = first.checked_add(12)? <= size && (at == 0 || at.checked_add(size)?.checked_add(8)? <= image.len());
    (fits && matches!(&kind, b"WAVE" | b"WEBP" | b"AVI "))
        .then(|| media("riff", at).length(size as u64 + 8, image.len() - at).field("kind", String::from_utf8_lossy(&kind).trim_end()))
}

fn pdf(image: &[u8], at: usize) -> Option<Part> {
    let rest = image.get(at..)?;
    let last = match rest.windows(5).rposition(|window| window == b"%%EOF") {
        Some(last) => (last + 6).min(rest.len()),
        // without its end it is cut at the end of the file, or a word of a program
        None if at == 0 => rest.len() + 1,
        None => return None,
    };
    Some(media("pdf", at).length(last as u64, rest.len()))
}
