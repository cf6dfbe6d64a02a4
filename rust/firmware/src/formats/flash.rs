//! File systems of raw flash: JFFS2, UBI and UBIFS; each claimed once for a row of its blocks.
//!
//! Sources: Linux, `include/uapi/linux/jffs2.h`; `drivers/mtd/ubi/ubi-media.h`, `fs/ubifs/ubifs-media.h`.

use super::{Format, Place};
use crate::bytes::{array, be16, be32, be64, le_size, le16, le32, u8_at, upto, within};
use crate::part::{Category, Encryption, Part};

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format {
        name: "jffs2",
        category: Category::Filesystem,
        places: &[
            Place::Pattern(&[0x85, 0x19, 0x01, 0xe0], 0),
            Place::Pattern(&[0x85, 0x19, 0x02, 0xe0], 0),
            Place::Pattern(&[0x85, 0x19, 0x03, 0x20], 0),
            Place::Pattern(&[0x85, 0x19, 0x01, 0xc0], 0),
            Place::Pattern(&[0x85, 0x19, 0x02, 0xc0], 0),
            Place::Pattern(&[0x85, 0x19, 0x03, 0x00], 0),
            Place::Pattern(&[0x19, 0x85, 0xe0, 0x01], 0),
            Place::Pattern(&[0x19, 0x85, 0xe0, 0x02], 0),
            Place::Pattern(&[0x19, 0x85, 0x20, 0x03], 0),
            Place::Pattern(&[0x19, 0x85, 0xc0, 0x01], 0),
            Place::Pattern(&[0x19, 0x85, 0xc0, 0x02], 0),
            Place::Pattern(&[0x19, 0x85, 0x00, 0x03], 0),
        ],
        parse: jffs2,
    },
    Format { name: "ubi", category: Category::Filesystem, places: &[Place::Pattern(b"UBI#\x01", 0)], parse: ubi },
    Format { name: "ubifs", category: Category::Filesystem, places: &[Place::Pattern(&UBIFS, 0)], parse: ubifs },
];

/// Every node of UBIFS begins so (`fs/ubifs/ubifs-media.h`).
const UBIFS: [u8; 4] = [0x31, 0x18, 0x10, 0x06];
/// The node that is first.
const SUPERBLOCK: u8 = 6;
/// Its length.
const SUPERBLOCK_BYTES: usize = 4096;

/// CRC-32 as Linux's `crc32(0, ...)`: starts with zero, is not inverted.
fn crc_from_zero(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(u32::MAX);
    hasher.update(bytes);
    !hasher.finalize()
}

/// CRC-32 as `crc32(~0, ...)` without a last inversion.
fn crc_not_inverted(bytes: &[u8]) -> u32 {
    !crc32fast::hash(bytes)
}

/// Largest erase block that a file system is looked for in.
const MAX_ERASE_BLOCK: usize = 1 << 20;

/// `JFFS2_NODE_ACCURATE`: a node that became obsolete loses this bit of its type on the flash, and keeps the CRC that was made with it
/// (`fs/jffs2/nodemgmt.c`).
const ACCURATE: u8 = 0x20;

fn node(image: &[u8], at: usize, big: bool) -> Option<usize> {
    let magic = if big { be16(image, at) } else { le16(image, at) }?;
    let len = if big { be32(image, at + 4) } else { le32(image, at + 4) }?;
    let stored = if big { be32(image, at + 8) } else { le32(image, at + 8) }?;
    let mut header: [u8; 8] = array(image, at)?;
    *header.get_mut(if big { 2 } else { 3 })? |= ACCURATE;
    (magic == 0x1985 && len >= 12 && crc_from_zero(&header) == stored).then_some(len as usize)
}

fn jffs2(image: &[u8], at: usize) -> Option<Part> {
    let big = array(image, at)? == [0x19_u8, 0x85];
    let (mut position, mut nodes, mut end) = (at, 0_u64, at);
    while position < image.len() {
        if let Some(len) = node(image, position, big) {
            nodes += 1;
            position = position.checked_add(len)?.checked_next_multiple_of(4)?;
            end = position;
            continue;
        }
        // what is left of an erase block is erased or dirty: go on with the next node
        let gap = upto(image, position, MAX_ERASE_BLOCK);
        let magic: [u8; 2] = if big { [0x19, 0x85] } else { [0x85, 0x19] };
        let erased = gap.iter().take_while(|byte| **byte == 0xff).count() & !3;
        match gap.get(erased..erased + 2) {
            Some(found) if erased > 0 && found == magic && node(image, position + erased, big).is_some() => position += erased,
            _ => break,
        }
    }
    // Four nodes with right CRCs: one may be a file about JFFS2.
    (nodes >= 4).then(|| {
        Part::new("jffs2", Category::Filesystem, at)
            .length((end - at) as u64, image.len() - at)
            .field("byte_order", if big { "big" } else { "little" })
            .field("nodes", nodes)
            .encryption(Encryption::No, "nodes are readable")
            .opaque()
    })
}

fn header(image: &[u8], at: usize) -> Option<(u32, u32)> {
    let bytes = within(image, at..at + 60)?;
    (bytes.starts_with(b"UBI#") && crc_not_inverted(bytes) == be32(image, at + 60)?)
        .then_some((be32(image, at + 16)?, be32(image, at + 20)?))
}

fn ubi(image: &[u8], at: usize) -> Option<Part> {
    let (volume, data) = header(image, at)?;
    u8_at(image, at + 5)?;
    be64(image, at + 8)?;
    // Erase blocks have one size, a power of two: the smallest at which the next header is.
    let block = (12..=21).map(|log| 1_usize << log).find(|size| header(image, at + size).is_some());
    let (mut blocks, mut end) = (1_u64, block.unwrap_or(MAX_ERASE_BLOCK));
    if let Some(size) = block {
        let mut position = at + size;
        while header(image, position).is_some() {
            blocks += 1;
            position += size;
        }
        end = position - at;
    }
    Some(
        Part::new("ubi", Category::Filesystem, at)
            .length(end.min(image.len() - at) as u64, image.len() - at)
            .field("erase_block_bytes", block)
            .field("blocks", blocks)
            .field("volume_header_offset", volume)
            .field("data_offset", data)
            .encryption(Encryption::No, "headers are readable"),
    )
}

/// A volume by its superblock, whose CRC must be right.
fn ubifs(image: &[u8], at: usize) -> Option<Part> {
    let len = le_size(image, at + 16).filter(|len| *len == SUPERBLOCK_BYTES)?;
    if u8_at(image, at + 20)? != SUPERBLOCK || le32(image, at + 4)? != crc_not_inverted(within(image, at + 8..at + len)?) {
        return None;
    }
    let (block, blocks) = (le_size(image, at + 36)?, le_size(image, at + 40)?);
    Some(
        Part::new("ubifs", Category::Filesystem, at)
            .length(block.checked_mul(blocks)? as u64, image.len() - at)
            .field("erase_block_bytes", block)
            .field("blocks", blocks)
            .encryption(Encryption::No, "the superblock is readable"),
    )
}
