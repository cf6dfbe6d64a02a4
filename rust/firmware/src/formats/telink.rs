//! Images of Telink's chips for Bluetooth and Zigbee (TLSR825x, TLSR827x, TLSR9).
//!
//! Source: `tl_header_t` and the start-up code of Telink's Zigbee SDK, held against published files.

use super::{Format, Place};
use crate::bytes::{array, le_size, le16, le32, upto};
use crate::part::{Category, Check, CheckKind, Part};

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format {
    name: "telink",
    category: Category::Firmware,
    places: &[Place::Pattern(&MARKED, MARK), Place::Checked(&MAGIC, RISC_V_MAGIC)],
    parse,
}];

const MAGIC: [u8; 4] = *b"KNLT";
/// `TL_START_UP_FLAG` and the magic behind it, at offset 6 in images of the older core.
const MARKED: [u8; 6] = [0x5d, 0x02, b'K', b'N', b'L', b'T'];
const MARK: usize = 6;
/// Where images of the TLSR9, a RISC-V, have their magic.
const RISC_V_MAGIC: usize = 0x20;
/// Where both have the length of all, which the CRC ends.
const LENGTH: usize = 0x18;
/// Header of the shorter one, and the CRC.
const MIN_BYTES: usize = 36;
const CRC_BYTES: usize = 4;

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let is_marked = array(image, at + MARK)? == MARKED;
    let length = le_size(image, at + LENGTH).filter(|length| *length >= MIN_BYTES)?;
    let covered = at..at.checked_add(length - CRC_BYTES)?;
    // JAMCRC: the usual CRC-32 without its last inversion
    let computed = image.get(covered.clone()).map(|bytes| !crc32fast::hash(bytes));
    let check = Check::compare(CheckKind::Checksum, "CRC-32", covered.clone(), le32(image, covered.end), computed);
    let mut part = Part::new("telink", Category::Firmware, at).length(length as u64, image.len() - at).check(check);
    if is_marked {
        // only Zigbee's images have these
        if let Some(maker) = le16(image, at + 18).filter(|maker| *maker != 0) {
            part = part
                .field("manufacturer_code", maker)
                .field("image_type", le16(image, at + 20))
                .field("file_version", le32(image, at + 2));
        }
        return Some(part);
    }
    // Four letters are little: the CRC must be there, and right.
    let is_whole = upto(image, at + RISC_V_MAGIC, MAGIC.len()) == MAGIC && computed.is_some() && le32(image, covered.end) == computed;
    is_whole.then(|| part.field("core", "RISC-V"))
}

#[cfg(test)]
mod tests {
    use super::{LENGTH, MAGIC, RISC_V_MAGIC};
    use crate::search::search;
    use std::time::{Duration, Instant};

    const ROW_BYTES: usize = 64;

    #[test]
    fn a_file_of_magics_is_read_at_once() {
        let rows = 1u32 << 16;
        let row = |number: u32| {
            let length = (rows - number) * 64;
            let head = [&[0; LENGTH][..], &length.to_le_bytes(), &[0; RISC_V_MAGIC - LENGTH - 4], &MAGIC].concat();
            [&head[..], &vec![0; ROW_BYTES - head.len()]].concat()
        };
        let image: Vec<u8> = (0..rows).flat_map(row).collect();
        let begun = Instant::now();
        assert!(search(&image).parts.iter().all(|part| part.format != "telink"));
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
}
