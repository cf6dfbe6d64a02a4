//! YAFFS1 and YAFFS2 as written to flash or by `mkyaffs2image`: chunks of a page and its spare bytes, without any magic.
//!
//! An object begins with a chunk that describes it, and a file's data follows it; claimed is a row of such descriptions that lie
//! where the one before says. Source: YAFFS, `yaffs_guts.h` (`yaffs_obj_hdr`).

use super::{Format, Place};
use crate::bytes::{be16, be32, le16, le32, within};
use crate::part::{Category, Encryption, Part};
use std::cmp::Reverse;

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format {
    name: "yaffs",
    category: Category::Filesystem,
    places: &[
        // a file, a link or a directory in the root directory, in both byte orders; the name's sum is no longer used
        Place::Pattern(&[1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff], 0),
        Place::Pattern(&[2, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff], 0),
        Place::Pattern(&[3, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff], 0),
        Place::Pattern(&[0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff], 0),
        Place::Pattern(&[0, 0, 0, 2, 0, 0, 0, 1, 0xff, 0xff], 0),
        Place::Pattern(&[0, 0, 0, 3, 0, 0, 0, 1, 0xff, 0xff], 0),
    ],
    parse,
}];

/// Bytes of a page and of what lies behind it: YAFFS1, then YAFFS2 on usual NAND, and images without spare bytes.
const GEOMETRIES: &[(usize, usize)] = &[
    (512, 16),
    (1024, 32),
    (2048, 64),
    (2048, 128),
    (4096, 128),
    (4096, 224),
    (4096, 256),
    (8192, 256),
    (8192, 512),
    (16384, 512),
    (2048, 0),
    (4096, 0),
];
const NAME: usize = 10;
const MAX_NAME: usize = 256;
const MODE: usize = 268;
const SIZE: usize = 292;
const FILE: u32 = 1;
const HARD_LINK: u32 = 4;
/// Fewer descriptions in a row are chance.
const MIN_OBJECTS: usize = 2;
/// Chunks that are no description and may come before the next: a block, as a flash in use has old ones.
const MAX_SKIPPED: usize = 64;

/// What a chunk that describes an object says: the bytes of the file that follow it.
fn described(image: &[u8], at: usize, big: bool) -> Option<usize> {
    let word = |offset: usize| if big { be32(image, at.checked_add(offset)?) } else { le32(image, at.checked_add(offset)?) };
    let (kind, parent, mode) = (word(0)?, word(4)?, word(MODE)?);
    let sum = if big { be16(image, at + 8)? } else { le16(image, at + 8)? };
    let name = within(image, at + NAME..at + NAME + MAX_NAME)?;
    let name = name.get(..name.iter().position(|byte| *byte == 0)?)?;
    let name = std::str::from_utf8(name).ok()?;
    // the file's type stands in its mode too (stat(2))
    let fits = match kind {
        FILE => mode & 0xf000 == 0x8000,
        2 => mode & 0xf000 == 0xa000,
        3 => mode & 0xf000 == 0x4000,
        HARD_LINK => true,
        5 => matches!(mode & 0xf000, 0x1000 | 0x2000 | 0x6000 | 0xc000),
        _ => false,
    };
    // the root directory alone has no name
    let named = if name.is_empty() { kind == 3 && parent == 1 } else { !name.chars().any(|c| c == '/' || c.is_control()) };
    let possible = fits && named && sum == 0xffff && parent != 0 && (mode >> 16 == 0 || kind == HARD_LINK);
    possible.then(|| if kind == FILE { word(SIZE).filter(|size| *size != u32::MAX).unwrap_or(0) as usize } else { 0 })
}

struct Row {
    objects: usize,
    /// chunks that were none of theirs
    skipped: usize,
    end: usize,
}

/// Objects in a row.
fn row(image: &[u8], at: usize, big: bool, page: usize, spare: usize) -> Row {
    let stride = page + spare;
    let (mut found, mut next) = (Row { objects: 0, skipped: 0, end: at }, at);
    'objects: loop {
        for skipped in 0..=MAX_SKIPPED {
            let here = next.saturating_add(skipped * stride);
            if let Some(bytes) = described(image, here, big) {
                found.objects += 1;
                found.skipped += skipped;
                next = here.saturating_add(bytes.div_ceil(page).saturating_add(1).saturating_mul(stride));
                found.end = next;
                continue 'objects;
            }
            if here >= image.len() {
                break;
            }
        }
        return found;
    }
}

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let big = image.get(at) == Some(&0);
    described(image, at, big)?;
    let rows = GEOMETRIES.iter().map(|(page, spare)| (row(image, at, big, *page, *spare), page, spare));
    // chunks of 528 bytes also lead to whatever lies at multiples of 2112: then there is much between
    let (found, page, spare) = rows.max_by_key(|(found, ..)| (found.objects, Reverse(found.skipped)))?;
    (found.objects >= MIN_OBJECTS).then(|| {
        Part::new("yaffs", Category::Filesystem, at)
            .length((found.end - at) as u64, image.len() - at)
            .field("byte_order", if big { "big" } else { "little" })
            .field("page_bytes", *page)
            .field("spare_bytes", *spare)
            .field("objects", found.objects)
            .encryption(Encryption::No, "names and modes are readable")
    })
}
