//! Read-only and disk file systems: cramfs, romfs, ext, EROFS, FAT.
//!
//! Sources: Linux, `include/uapi/linux/cramfs_fs.h`, Documentation/filesystems/romfs, `fs/ext4/ext4.h`, `fs/erofs/erofs_fs.h`.

use super::{Format, Place};
use crate::bytes::{array, be32, be_size, hex, le16, le32, le64, le_size, text, u8_at, within};
use crate::part::{Category, Check, CheckKind, Encryption, Part};

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format {
        name: "cramfs",
        category: Category::Filesystem,
        places: &[Place::Pattern(b"Compressed ROMFS", 16)],
        parse: cramfs,
    },
    Format { name: "romfs", category: Category::Filesystem, places: &[Place::Pattern(b"-rom1fs-", 0)], parse: romfs },
    Format { name: "ext", category: Category::Filesystem, places: &[Place::Sector(&[])], parse: ext },
    Format {
        name: "erofs",
        category: Category::Filesystem,
        places: &[Place::Pattern(&[0xe2, 0xe1, 0xf5, 0xe0], 1024)],
        parse: erofs,
    },
    Format { name: "mbr", category: Category::Table, places: &[Place::Sector(&[])], parse: mbr },
];

fn readable(part: Part) -> Part {
    part.encryption(Encryption::No, "its header is readable")
}

fn cramfs(image: &[u8], at: usize) -> Option<Part> {
    let big = array(image, at)? == [0x28, 0xcd, 0x3d, 0x45];
    if !big && array(image, at)? != [0x45, 0x3d, 0xcd, 0x28] {
        return None;
    }
    let word = |offset| if big { be32(image, at + offset) } else { le32(image, at + offset) };
    let (size, stored) = (word(4)? as usize, word(32)?);
    let end = at.checked_add(size)?;
    // The CRC-32 is computed with its own field zero.
    let computed = within(image, at..end).map(|bytes| {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(bytes.get(..32).unwrap_or_default());
        hasher.update(&[0; 4]);
        hasher.update(bytes.get(36..).unwrap_or_default());
        hasher.finalize()
    });
    (size >= 76).then(|| {
        readable(Part::new("cramfs", Category::Filesystem, at))
            .length(size as u64, image.len() - at)
            .field("byte_order", if big { "big" } else { "little" })
            .field("name", text(image, at + 48, 16))
            .check(Check::compare(CheckKind::Checksum, "CRC-32", at..end, Some(stored), computed))
            .opaque()
    })
}

fn romfs(image: &[u8], at: usize) -> Option<Part> {
    let size = be_size(image, at + 8).filter(|size| *size >= 32)?;
    let name = text(image, at + 16, 16);
    // The first 512 bytes, as big-endian words, add up to zero.
    let covered = size.min(512);
    let sum = within(image, at..at + covered)
        .map(|bytes| bytes.chunks_exact(4).filter_map(|word| be32(word, 0)).fold(0_u32, u32::wrapping_add));
    // The magic is text that programs and lists of magics have too: only the sum makes it a file system.
    if sum != Some(0) {
        return None;
    }
    Some(
        readable(Part::new("romfs", Category::Filesystem, at))
            .length(size as u64, image.len() - at)
            .field("name", name)
            .check(Check::compare(CheckKind::Checksum, "word sum of 512 bytes", at..at + covered, Some(0), sum)),
    )
}

fn ext(image: &[u8], at: usize) -> Option<Part> {
    let block = at + 1024;
    if le16(image, block + 56)? != 0xef53 {
        return None;
    }
    let (inodes, blocks, log) = (le32(image, block)?, le32(image, block + 4)?, le32(image, block + 24)?);
    let (state, errors, per_group) = (le16(image, block + 58)?, le16(image, block + 60)?, le32(image, block + 32)?);
    if inodes == 0 || blocks == 0 || log > 6 || state > 7 || !(1..=3).contains(&errors) || per_group == 0 {
        return None;
    }
    let extents = le32(image, block + 96)? & 0x40 != 0;
    let journal = le32(image, block + 92)? & 4 != 0;
    Some(
        readable(Part::new("ext", Category::Filesystem, at))
            .length(u64::from(blocks) << (10 + log), image.len() - at)
            .field("version", if extents { "ext4" } else if journal { "ext3" } else { "ext2" })
            .field("label", text(image, block + 120, 16).filter(|label| !label.is_empty()))
            .field("uuid", within(image, block + 104..block + 120).map(hex)),
    )
}

fn erofs(image: &[u8], at: usize) -> Option<Part> {
    let block = at + 1024;
    let (bits, blocks) = (u8_at(image, block + 12)?, le_size(image, block + 36)?);
    let inodes = le64(image, block + 16)?;
    if !(9..=16).contains(&bits) || blocks == 0 || inodes == 0 || inodes > 1 << 40 {
        return None;
    }
    Some(
        readable(Part::new("erofs", Category::Filesystem, at))
            .length((blocks as u64) << bits, image.len() - at)
            .field("name", text(image, block + 64, 16))
            .opaque(),
    )
}

/// A partition table in the first sector: signature, and entries that lie behind one another.
fn mbr(image: &[u8], at: usize) -> Option<Part> {
    if at != 0 || le16(image, 510)? != 0xaa55 {
        return None;
    }
    let mut partitions = Vec::new();
    for entry in (446..510).step_by(16) {
        let (status, kind) = (u8_at(image, entry)?, u8_at(image, entry + 4)?);
        let (first, count) = (le32(image, entry + 8)?, le32(image, entry + 12)?);
        if status & 0x7f != 0 {
            return None;
        }
        if kind != 0 {
            if count == 0 || first == 0 {
                return None;
            }
            partitions.push(serde_json::json!({"type": kind, "offset": u64::from(first) * 512, "bytes": u64::from(count) * 512}));
        }
    }
    (!partitions.is_empty()).then(|| {
        readable(Part::new("mbr", Category::Table, 0)).length(512, image.len()).field("partitions", partitions)
    })
}
