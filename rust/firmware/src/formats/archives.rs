//! Containers of files: cpio, tar, zip, 7z, RAR, ar.
//!
//! Sources: Linux, Documentation/driver-api/early-userspace/buffer-format; POSIX.1 (ustar); PKWARE APPNOTE 6.3; 7-Zip
//! `7zFormat.txt`; RAR technote.

use super::{Format, Place};
use crate::bytes::{all, array, le16, le32, le64, le_size, text, u8_at, upto, within};
use crate::digest::{byte_sum, crc32};
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};
use memchr::memmem;
use std::ops::Range;

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format {
        name: "cpio",
        category: Category::Archive,
        places: &[Place::Pattern(b"070701", 0), Place::Pattern(b"070702", 0)],
        parse: cpio,
    },
    Format { name: "tar", category: Category::Archive, places: &[Place::Pattern(b"ustar", 257)], parse: tar },
    Format { name: "zip", category: Category::Archive, places: &[Place::Pattern(b"PK\x03\x04", 0)], parse: zip },
    Format { name: "7z", category: Category::Archive, places: &[Place::Pattern(b"7z\xbc\xaf\x27\x1c", 0)], parse: seven },
    Format { name: "rar", category: Category::Archive, places: &[Place::Pattern(b"Rar!\x1a\x07", 0)], parse: rar },
];

const MAX_FILES: usize = 100_000;
/// File names in results.
pub const MAX_NAMES: usize = 50;

fn archive(name: &'static str, at: usize) -> Part {
    Part::new(name, Category::Archive, at).encryption(Encryption::No, "names are readable")
}

/// A file of a cpio archive.
pub struct CpioEntry {
    /// its name
    pub name: String,
    /// where its content is
    pub data: Range<usize>,
}

/// Files of a cpio archive (newc), one past its end, and whether it is whole.
pub fn cpio_entries(image: &[u8], at: usize) -> Option<(Vec<CpioEntry>, usize, bool)> {
    let (mut position, mut entries) = (at, Vec::new());
    while entries.len() < MAX_FILES {
        let header = upto(image, position, 110);
        if header.len() < 110 {
            break;
        }
        let number = |index: usize| {
            let digits = std::str::from_utf8(header.get(6 + index * 8..14 + index * 8)?).ok()?;
            usize::from_str_radix(digits, 16).ok()
        };
        if !header.starts_with(b"07070") || !matches!(header.get(5)?, b'1' | b'2') {
            return (!entries.is_empty()).then_some((entries, position, false));
        }
        let (size, name_len) = (number(6)?, number(11).filter(|len| (1..=4096).contains(len))?);
        let data = (position + 110 + name_len - at).checked_next_multiple_of(4)?.checked_add(at)?;
        let Some(name) = text(image, position + 110, name_len) else {
            if position + 110 + name_len > image.len() { break };
            return None;
        };
        let end = data.checked_add(size)?;
        position = (end - at).checked_next_multiple_of(4)?.checked_add(at)?;
        if name == "TRAILER!!!" {
            return Some((entries, position.min(image.len().max(end)), true));
        }
        entries.push(CpioEntry { name, data: data..end });
        if position > image.len() {
            break;
        }
    }
    (!entries.is_empty()).then_some((entries, position, false))
}

fn cpio(image: &[u8], at: usize) -> Option<Part> {
    let (entries, end, whole) = cpio_entries(image, at)?;
    let names: Vec<_> = entries.iter().take(MAX_NAMES).map(|entry| entry.name.clone()).collect();
    let mut part = archive("cpio", at).length((end - at) as u64, image.len() - at).field("files", entries.len()).field("names", names);
    part.truncated |= !whole;
    Some(part)
}

fn octal(bytes: &[u8], at: usize, len: usize) -> Option<usize> {
    let digits = text(bytes, at, len)?;
    usize::from_str_radix(digits.trim(), 8).ok()
}

fn tar(image: &[u8], at: usize) -> Option<Part> {
    let (mut position, mut names, mut files) = (at, Vec::new(), 0_usize);
    while files < MAX_FILES {
        let Some(header) = within(image, position..position + 512) else { break };
        if all(header, 0) {
            position += 1024;
            break;
        }
        let mut blank = header.to_vec();
        blank.get_mut(148..156)?.fill(b' ');
        if octal(header, 148, 8) != Some(byte_sum(&blank) as usize) {
            break;
        }
        let size = octal(header, 124, 12)?;
        if names.len() < MAX_NAMES {
            names.extend(text(header, 0, 100));
        }
        files += 1;
        position = position.checked_add(512)?.checked_add(size.checked_next_multiple_of(512)?)?;
    }
    (files > 0).then(|| {
        archive("tar", at).length((position - at) as u64, image.len() - at).field("files", files).field("names", names)
    })
}

/// From the first local header to the end of the central directory that leads back to it.
fn zip(image: &[u8], at: usize) -> Option<Part> {
    let (version, method) = (le16(image, at + 4)? & 0xff, le16(image, at + 8)?);
    let name_len = usize::from(le16(image, at + 26)?);
    let name = text(image, at + 30, name_len).filter(|name| !name.is_empty())?;
    let flags = le16(image, at + 6)?;
    if version > 63 || !matches!(method, 0 | 8 | 9 | 12 | 14 | 93 | 95 | 98 | 99) {
        return None;
    }
    let part = archive("zip", at).field("first_name", name).opaque();
    let part = if flags & 1 == 1 { part.encryption(Encryption::Yes, "a flag of the first file") } else { part };
    let mut position = at;
    while let Some(found) = find(image, position, b"PK\x05\x06") {
        position = found + 4;
        let (entries, size, offset) = (le16(image, found + 10)?, le_size(image, found + 12)?, le_size(image, found + 16)?);
        let comment = usize::from(le16(image, found + 20)?);
        if found.checked_sub(size).and_then(|directory| directory.checked_sub(offset)) != Some(at) {
            continue;
        }
        let mut part = part.field("files", entries).length((found + 22 + comment - at) as u64, image.len() - at);
        part = jar_signed(part, image, at..found + 22 + comment, comment);
        return Some(part);
    }
    // without its directory it is cut: what follows is taken for its
    Some(part.length((image.len() - at + 22) as u64, image.len() - at))
}

/// Android's signed update packages: PKCS #7 in the comment, which ends in its sizes (`ff ff` between them).
fn jar_signed(part: Part, image: &[u8], whole: Range<usize>, comment: usize) -> Part {
    let part = if find(upto(image, whole.start, whole.len()), 0, b"META-INF/com/android/otacert").is_some() {
        part.field("kind", "Android update package")
    } else {
        part
    };
    let marked = comment >= 6 && le16(image, whole.end.saturating_sub(4)) == Some(0xffff);
    let from_end = le16(image, whole.end.saturating_sub(6)).map_or(0, usize::from);
    let start = whole.end.saturating_sub(from_end);
    if !marked || from_end <= 6 || u8_at(image, start) != Some(0x30) {
        return part;
    }
    let covers = whole.start..whole.end - comment - 2;
    let check = Check::new(CheckKind::Signature, "PKCS #7 in the comment", covers, Verdict::PresentUnverifiable);
    part.check(check.with("scheme", "cms").with("signature_at", start).with("signature_end", whole.end - 6))
}

fn find(image: &[u8], from: usize, pattern: &[u8]) -> Option<usize> {
    memmem::find(image.get(from..)?, pattern).map(|found| from + found)
}

fn seven(image: &[u8], at: usize) -> Option<Part> {
    let (offset, size) = (le64(image, at + 12)?, le64(image, at + 20)?);
    let stored = le32(image, at + 8)?;
    let valid = within(image, at + 12..at + 32).map(crc32) == Some(stored);
    let length = offset.checked_add(size)?.checked_add(32)?;
    valid.then(|| archive("7z", at).length(length, image.len() - at).opaque())
}

/// Its marker stands in every program that unpacks it: the header behind it must have its CRC.
fn rar(image: &[u8], at: usize) -> Option<Part> {
    let version = match array::<2>(image, at + 6)? {
        [0, _] if rar4_header(image, at + 7)? => "4",
        [1, 0] if rar5_header(image, at + 8)? => "5",
        _ => return None,
    };
    Some(archive("rar", at).field("version", version).opaque())
}

/// The main header of version 4: the low half of a CRC-32, its type, flags, and its size.
fn rar4_header(image: &[u8], at: usize) -> Option<bool> {
    let size = usize::from(le16(image, at + 5)?);
    let header = within(image, at + 2..at + size)?;
    Some(u8_at(image, at + 2)? == 0x73 && le16(image, at)? == crc32(header).to_le_bytes().first_chunk().map_or(0, |low| u16::from_le_bytes(*low)))
}

/// The first header of version 5: a CRC-32, then its size in groups of seven bits, of which one is enough here.
fn rar5_header(image: &[u8], at: usize) -> Option<bool> {
    let size = usize::from(u8_at(image, at + 4).filter(|size| *size < 0x80)?);
    Some(le32(image, at)? == crc32(within(image, at + 4..at + 5 + size)?))
}
