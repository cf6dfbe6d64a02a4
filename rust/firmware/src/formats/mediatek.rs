//! MediaTek MT76x7 update files, and the tail of certificates and a signature that Xiaomi's firmware puts behind some.
//!
//! Source: MediaTek LinkIt SDK, firmware update over the air (package tool); tails as seen in published files.

use super::{Format, Place};
use crate::bytes::{le32, le_size, within};
use crate::part::{Category, Encryption, Part};
use serde_json::json;

/// Formats of this file.
pub const FORMATS: &[Format] =
    &[Format { name: "mediatek-mmm", category: Category::Firmware, places: &[Place::Pattern(b"MMM\0", 0)], parse }];

/// Bytes of a header with its table, as its tool writes it.
const HEADER: usize = 0x9c;
const MAX_SECTIONS: u32 = 4;
/// First bytes of an LZMA stream as its tool writes it.
const LZMA: [u8; 5] = [0x5d, 0, 0, 0x40, 0];

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let count = le32(image, at + 4).filter(|count| (1..=MAX_SECTIONS).contains(count))?;
    let compressed = within(image, at + HEADER..at + HEADER + 5)? == LZMA;
    if !compressed {
        return None;
    }
    let sections: Vec<_> = (0..count as usize)
        .filter_map(|index| {
            let entry = at + 8 + index * 36;
            Some(json!({"flash_address": le32(image, entry)?, "bytes": le_size(image, entry + 4)?}))
        })
        .collect();
    Some(
        Part::new("mediatek-mmm", Category::Firmware, at)
            .field("chip", "MT76x7")
            .field("sections", sections)
            .encryption(Encryption::No, "the first section is an LZMA stream")
            .holds(at + HEADER),
    )
}
