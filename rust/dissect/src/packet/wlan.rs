//! 802.11 data frames (IEEE 802.11-2020, 9.2 and 9.3.2), bare or behind radiotap or PPI.

use super::{Cursor, Head, Mac, Network};
use crate::capture::LinkType;

/// Radiotap: version, pad, header length (little-endian), presence words, fields.
pub(super) fn radiotap(bytes: &[u8]) -> Head<'_> {
    let mut cursor = Cursor::new(bytes);
    let parsed = (|| {
        cursor.skip(2)?;
        let length = usize::from(cursor.u16_le()?);
        let pads = radiotap_flags(bytes).is_some_and(|flags| flags & FLAG_DATA_PAD != 0);
        Some((bytes.get(length..)?, pads))
    })();
    match parsed {
        Some((rest, pads)) => frame(rest, pads),
        None => Head::bare(None, None),
    }
}

/// Radiotap flag: the 802.11 header is padded to 32 bits.
const FLAG_DATA_PAD: u8 = 0x20;

/// The flags field, which only TSFT (8 bytes, aligned to 8) can precede.
fn radiotap_flags(bytes: &[u8]) -> Option<u8> {
    let mut words = Cursor::new(bytes.get(4..)?);
    let present = u32::from_le_bytes(words.array()?);
    let mut offset: usize = 8;
    let mut more = present;
    while more & (1 << 31) != 0 {
        more = u32::from_le_bytes(words.array()?);
        offset = offset.checked_add(4)?;
    }
    if present & 1 != 0 {
        offset = offset.checked_next_multiple_of(8)?.checked_add(8)?;
    }
    if present & 2 == 0 {
        return None;
    }
    bytes.get(offset).copied()
}

/// Per-packet information header: version, flags, length, link type (all little-endian), fields.
pub(super) fn per_packet(bytes: &[u8]) -> Head<'_> {
    let mut cursor = Cursor::new(bytes);
    let parsed = (|| {
        cursor.skip(2)?;
        let length = usize::from(cursor.u16_le()?);
        let link_type = cursor.u16_le()?;
        Some((bytes.get(length..)?, LinkType(link_type)))
    })();
    match parsed {
        Some((rest, LinkType::IEEE802_11)) => frame(rest, false),
        // a PPI inside a PPI does not exist: no recursion
        Some((rest, inner)) if inner != LinkType::PPI => super::head(inner, rest),
        _ => Head::bare(None, None),
    }
}

/// An 802.11 frame; `pads` says that its header is padded to 32 bits.
pub(super) fn frame(bytes: &[u8], pads: bool) -> Head<'_> {
    parse(bytes, pads).unwrap_or_else(|| Head::bare(None, None))
}

fn parse(bytes: &[u8], pads: bool) -> Option<Head<'_>> {
    let mut cursor = Cursor::new(bytes);
    let [kind, flags] = cursor.array()?;
    cursor.skip(2)?; // duration
    let first = cursor.mac()?;
    let (subtype, is_data) = (kind >> 4, kind & 0x0c == 0x08);
    if !is_data {
        let management = kind & 0x0c == 0;
        let second = if management { cursor.mac() } else { None };
        let mut head = Head::bare(second, Some(first));
        head.network = Network::WlanControl;
        return Some(head);
    }
    let (second, third) = (cursor.mac()?, cursor.mac()?);
    cursor.skip(2)?; // sequence control
    let (to_ds, from_ds) = (flags & 1 != 0, flags & 2 != 0);
    let (source, destination) = match (to_ds, from_ds) {
        (false, false) => (second, first),
        (false, true) => (third, first),
        (true, false) => (second, third),
        (true, true) => (cursor.mac()?, third),
    };
    let mut aggregated = false;
    if subtype & 8 != 0 {
        aggregated = cursor.u16_le()? & 0x80 != 0;
        if flags & 0x80 != 0 {
            cursor.skip(4)?; // HT control
        }
    }
    let mut head = Head::bare(Some(source), Some(destination));
    if pads {
        let read = bytes.len().checked_sub(cursor.remaining())?;
        cursor.skip(read.checked_next_multiple_of(4)?.checked_sub(read)?)?;
    }
    if subtype & 4 != 0 {
        head.network = Network::WlanControl; // (QoS) null: no body
    } else if flags & 0x40 != 0 {
        head.network = Network::WlanProtected;
    } else if aggregated {
        return Some(subframe(cursor.rest()).unwrap_or(head));
    } else {
        return Some(head.with_llc(cursor.rest()));
    }
    Some(head)
}

/// The first subframe of an A-MSDU: destination, source, length, LLC.
fn subframe(bytes: &[u8]) -> Option<Head<'_>> {
    let mut cursor = Cursor::new(bytes);
    let (destination, source): (Mac, Mac) = (cursor.mac()?, cursor.mac()?);
    let length = usize::from(cursor.u16()?);
    let body = cursor.rest();
    Some(Head::bare(Some(source), Some(destination)).with_llc(body.get(..length).unwrap_or(body)))
}
