//! SquashFS of all versions and byte orders.
//!
//! Source: Linux, `fs/squashfs/squashfs_fs.h` and Documentation/filesystems/squashfs; older versions: squashfs-tools.

use super::{Format, Place};
use crate::bytes::{array, be16, be32, be64, le16, le32, le64};
use crate::part::{Category, Encryption, Part};

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format {
    name: "squashfs",
    category: Category::Filesystem,
    places: &[
        Place::Pattern(b"hsqs", 0),
        Place::Pattern(b"sqsh", 0),
        Place::Pattern(b"shsq", 0),
        Place::Pattern(b"qshs", 0),
    ],
    parse,
}];

const COMPRESSIONS: [&str; 7] = ["none", "gzip", "lzma", "lzo", "xz", "lz4", "zstd"];

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let magic = array::<4>(image, at)?;
    let big = matches!(&magic, b"sqsh" | b"qshs");
    let half = |offset| if big { be16(image, at + offset) } else { le16(image, at + offset) };
    let word = |offset| if big { be32(image, at + offset) } else { le32(image, at + offset) };
    let long = |offset| if big { be64(image, at + offset) } else { le64(image, at + offset) };
    let (major, minor, inodes) = (half(28)?, half(30)?, word(4)?);
    let (used, block, compression) = match major {
        4 => (long(40)?, word(12)?, Some(half(20)?)),
        3 => (long(63).filter(|used| *used < 1 << 40).or_else(|| long(63))?, word(51)?, None),
        1 | 2 => (u64::from(word(8)?), if major == 2 { word(51)? } else { u32::from(half(32)?) }, None),
        _ => return None,
    };
    if minor > 1 || inodes == 0 || !(96..=1 << 44).contains(&used) {
        return None;
    }
    if major == 4 {
        let log = half(22)?;
        if !(12..=20).contains(&log) || block != 1 << log || compression.is_some_and(|id| !(1..=6).contains(&id)) {
            return None;
        }
        // tables lie behind the header and inside the file system, or are absent
        for offset in [48, 64, 72] {
            let table = long(offset)?;
            if table != u64::MAX && (table < 96 || table > used) {
                return None;
            }
        }
    }
    // File systems are padded to 4096 bytes, which is theirs where the padding is there.
    let compression = compression.and_then(|id| COMPRESSIONS.get(usize::from(id)).copied());
    Some(
        Part::new("squashfs", Category::Filesystem, at)
            .length(used, image.len() - at)
            .field("version", format!("{major}.{minor}"))
            .field("byte_order", if big { "big" } else { "little" })
            .field("compression", compression)
            .field("inodes", inodes)
            .field("block_bytes", block)
            .field("modified_unix_s", if major == 4 { word(8) } else { None })
            .encryption(Encryption::No, "the superblock is readable")
            .opaque(),
    )
}
