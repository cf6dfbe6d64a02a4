//! Compressed streams: gzip, zlib's kin, xz, LZMA, LZ4, Zstandard, bzip2. Each is decoded or walked before it is claimed.
//!
//! Sources: RFC 1952, the .xz file format 1.2, the LZ4 frame format 1.6, RFC 8878, LZMA SDK (`lzma.txt`).

use super::{Format, Place};
use crate::bytes::{array, le16, le32, le64, le_size, text, u8_at, upto, within};
use crate::digest::crc32;
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};
use memchr::memmem;
use std::io::Read;

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format { name: "gzip", category: Category::Compressed, places: &[Place::Pattern(&[0x1f, 0x8b, 8], 0)], parse: gzip },
    Format {
        name: "xz",
        category: Category::Compressed,
        places: &[Place::Pattern(&[0xfd, b'7', b'z', b'X', b'Z', 0], 0)],
        parse: xz,
    },
    Format {
        name: "lzma",
        category: Category::Compressed,
        // the usual properties, and dictionaries of 64 KiB and more, then those that small chips have room for
        places: &[
            Place::Pattern(&[0x5d, 0, 0], 0),
            Place::Pattern(&[0x5d, 0, 0x10, 0, 0], 0),
            Place::Pattern(&[0x5d, 0, 0x20, 0, 0], 0),
            Place::Pattern(&[0x5d, 0, 0x40, 0, 0], 0),
            Place::Pattern(&[0x5d, 0, 0x80, 0, 0], 0),
        ],
        parse: lzma,
    },
    Format { name: "lz4", category: Category::Compressed, places: &[Place::Pattern(&[0x04, 0x22, 0x4d, 0x18], 0)], parse: lz4 },
    Format { name: "zstd", category: Category::Compressed, places: &[Place::Pattern(&[0x28, 0xb5, 0x2f, 0xfd], 0)], parse: zstd },
    Format { name: "bzip2", category: Category::Compressed, places: &[Place::Pattern(b"1AY&SY", 4)], parse: bzip2 },
];

/// Decoded bytes of one stream that are looked at: a decompression bomb costs no more.
const MAX_DECODED: u64 = 64 << 20;
/// Input of a stream without check of its own that must decode before it is believed.
const PROBE: usize = 64 << 10;
/// Blocks of one frame that are walked.
const MAX_BLOCKS: usize = 1 << 20;

fn compressed(name: &'static str, at: usize) -> Part {
    Part::new(name, Category::Compressed, at).encryption(Encryption::No, "it decompresses").opaque()
}

fn gzip(image: &[u8], at: usize) -> Option<Part> {
    let (flags, name_at) = (u8_at(image, at + 3)?, at + 10);
    if flags & 0xe0 != 0 || !matches!(u8_at(image, at + 8)?, 0 | 2 | 4) {
        return None;
    }
    let named = (flags & 0x0c == 0x08).then(|| upto(image, name_at, 256));
    let name = named.and_then(|bytes| text(bytes, 0, bytes.len())).filter(|name| !name.is_empty());
    let mut decoder = flate2::bufread::GzDecoder::new(image.get(at..)?);
    let (mut buffer, mut decoded) = (vec![0; 64 << 10], 0_u64);
    let mut part = compressed("gzip", at).field("name", name).field("modified_unix_s", le32(image, at + 4).filter(|time| *time > 0));
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => {
                let used = decoder.get_ref().as_ptr() as usize - image.as_ptr() as usize - at;
                let check = Check::new(CheckKind::Checksum, "CRC-32 of content", at..at + used, Verdict::Valid);
                return Some(part.length(used as u64, image.len() - at).field("decoded_bytes", decoded).check(check));
            }
            Ok(count) => decoded += count as u64,
            Err(_) => {
                // A few decoded bytes happen in random data; a kilobyte does not.
                let read_all = decoder.get_ref().is_empty();
                let verdict = if read_all { Verdict::Truncated } else { Verdict::Invalid };
                part.truncated = read_all;
                let check = Check::new(CheckKind::Checksum, "CRC-32 of content", at..image.len(), verdict);
                return (decoded >= 1024).then(|| part.field("decoded_bytes_before_fault", decoded).check(check));
            }
        }
        if decoded > MAX_DECODED {
            return Some(part.field("decoded_bytes_at_least", decoded));
        }
    }
}

fn xz(image: &[u8], at: usize) -> Option<Part> {
    let flags = array::<2>(image, at + 6)?;
    if crc32(&flags) != le32(image, at + 8)? || flags[0] != 0 {
        return None;
    }
    let part = compressed("xz", at).field("check", flags[1] & 15);
    // The footer ends in "YZ", behind the same flags and a CRC-32 of them and of the index' size.
    let mut position = at + 12;
    while let Some(found) = image.get(position..).and_then(|rest| memmem::find(rest, b"YZ")) {
        let end = position + found + 2;
        position = end;
        let Some(footer) = end.checked_sub(12) else { continue };
        if (end - at).is_multiple_of(4)
            && array::<2>(image, footer + 8) == Some(flags)
            && within(image, footer + 4..footer + 10).map(crc32) == le32(image, footer)
        {
            return Some(part.length((end - at) as u64, image.len() - at));
        }
    }
    Some(part.length((image.len() + 1 - at) as u64, image.len() - at))
}

/// The LZMA-alone header has no magic: dictionary and size must make sense, and the first of it must decode.
fn lzma(image: &[u8], at: usize) -> Option<Part> {
    let (dictionary, size) = (le32(image, at + 1)?, le64(image, at + 5)?);
    let known = size != u64::MAX;
    if !(dictionary.is_power_of_two() && (1 << 12..=1 << 27).contains(&dictionary)) || u8_at(image, at + 13)? != 0 || known && !(64..1 << 31).contains(&size) {
        return None;
    }
    let probe = upto(image, at, PROBE);
    let whole_given = probe.len() < PROBE;
    let (mut decoded, left) = lzma_decoded(probe);
    // the decoder wants nothing behind a stream's end marker: what came up to there is asked alone
    if decoded.is_err() && left > 0 && lzma_decoded(probe.get(..probe.len() - left)?).0.is_ok() {
        decoded = Ok(());
    }
    let part = compressed("lzma", at).field("dictionary_bytes", dictionary).field("decoded_bytes", known.then_some(size));
    match decoded {
        Ok(()) => Some(part.length((probe.len() - left) as u64, image.len() - at)),
        // all of the probe was good: the stream is longer than it, or the image ends in it
        Err(lzma_rs::error::Error::IoError(_)) if left == 0 => {
            let mut part = part;
            part.truncated = whole_given;
            (!whole_given || probe.len() > 1024).then_some(part)
        }
        Err(_) => None,
    }
}

/// What came of decoding, and the bytes that were not read.
fn lzma_decoded(mut bytes: &[u8]) -> (Result<(), lzma_rs::error::Error>, usize) {
    let options = lzma_rs::decompress::Options {
        memlimit: Some(MAX_DECODED as usize),
        ..lzma_rs::decompress::Options::default()
    };
    let decoded = lzma_rs::lzma_decompress_with_options(&mut bytes, &mut Vec::new(), &options);
    (decoded, bytes.len())
}

fn lz4(image: &[u8], at: usize) -> Option<Part> {
    let (flags, block) = (u8_at(image, at + 4)?, u8_at(image, at + 5)?);
    if flags >> 6 != 1 || flags & 2 != 0 || block & 0x8f != 0 || block >> 4 < 4 {
        return None;
    }
    let mut position = at + 7 + if flags & 8 != 0 { 8 } else { 0 } + if flags & 1 != 0 { 4 } else { 0 };
    let limit = 1_usize << (8 + 2 * usize::from(block >> 4));
    for _ in 0..MAX_BLOCKS {
        let Some(size) = le_size(image, position) else { break };
        position += 4;
        if size == 0 {
            let end = position + if flags & 4 != 0 { 4 } else { 0 };
            return Some(compressed("lz4", at).length((end - at) as u64, image.len() - at));
        }
        let size = size & 0x7fff_ffff;
        if size > limit {
            return None;
        }
        position += size + if flags & 16 != 0 { 4 } else { 0 };
    }
    Some(compressed("lz4", at).length((position.max(image.len()) + 4 - at) as u64, image.len() - at))
}

fn zstd(image: &[u8], at: usize) -> Option<Part> {
    let descriptor = u8_at(image, at + 4)?;
    if descriptor & 8 != 0 {
        return None;
    }
    let single = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4].get(usize::from(descriptor & 3)).copied()?;
    let size = match descriptor >> 6 {
        0 => usize::from(single),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    // what needs a dictionary cannot be decoded here
    let (mut position, mut probed) = (at + 5 + usize::from(!single) + dictionary + size, dictionary > 0);
    for _ in 0..MAX_BLOCKS {
        let (Some(low), Some(high)) = (le16(image, position), u8_at(image, position + 2)) else { break };
        let header = usize::from(low) | usize::from(high) << 16;
        let length = if header >> 1 & 3 == 1 { 1 } else { header >> 3 };
        if header >> 1 & 3 == 3 || header >> 3 > 128 << 10 || !probed && !is_zstd(image, at) {
            return None;
        }
        probed = true;
        position += 3 + length;
        if header & 1 == 1 {
            let end = position + if descriptor & 4 != 0 { 4 } else { 0 };
            return Some(compressed("zstd", at).length((end - at) as u64, image.len() - at));
        }
    }
    Some(compressed("zstd", at).length((position.max(image.len()) + 4 - at) as u64, image.len() - at))
}

/// Whether the first of a frame decodes: chains of block headers happen by chance.
fn is_zstd(image: &[u8], at: usize) -> bool {
    let probe = upto(image, at, 4 * PROBE);
    let mut buffer = vec![0; 4096];
    let Ok(mut decoder) = zstd::stream::read::Decoder::with_buffer(probe) else { return false };
    match decoder.read(&mut buffer) {
        // a frame of nothing is not worth a claim
        Ok(count) => count > 0,
        // the first block needs all of its bytes
        Err(error) => error.kind() == std::io::ErrorKind::UnexpectedEof,
    }
}

/// The last 48 bits before its CRC are the square root of pi, at any bit.
const BZIP2_END: u64 = 0x1772_4538_5090;

fn bzip2(image: &[u8], at: usize) -> Option<Part> {
    let head = array::<4>(image, at)?;
    if !head.starts_with(b"BZh") || !(b'1'..=b'9').contains(&head[3]) {
        return None;
    }
    let mut window = 0_u64;
    for (index, byte) in image.get(at + 10..)?.iter().enumerate() {
        window = window << 8 | u64::from(*byte);
        for shift in 0..8 {
            if (window >> shift) & 0xffff_ffff_ffff == BZIP2_END {
                // 32 bits of CRC follow, then zeros to a byte's end: `shift` bits of this byte are the CRC's already
                let end = at + 10 + index + 1 + 4;
                return Some(compressed("bzip2", at).length((end - at) as u64, image.len() - at));
            }
        }
    }
    // its end is not there: all that follows is taken for its, so that it is walked over once
    Some(compressed("bzip2", at).length((image.len() + 1 - at) as u64, image.len() - at))
}
