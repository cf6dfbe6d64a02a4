//! Headers of QUIC packets (RFC 9000 17, RFC 8999).

use super::keys::{V2, is_known};
use crate::packet::Cursor;

/// Longest connection id of the versions read (RFC 9000 17.2).
const MAX_ID_BYTES: u8 = 20;

/// What a long header says the packet is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// begins the handshake
    Initial,
    /// data before the server has answered
    ZeroRtt,
    /// the encrypted rest of the handshake
    Handshake,
    /// the server asks to begin again with a token
    Retry,
    /// the server names the versions that it speaks
    VersionNegotiation,
}

/// A packet with a long header.
#[derive(Clone, Copy, Debug)]
pub struct Long<'a> {
    /// type
    pub kind: Kind,
    /// version
    pub version: u32,
    /// destination's connection id
    pub destination_id: &'a [u8],
    /// source's connection id
    pub source_id: &'a [u8],
    /// Initial: its token
    pub token: &'a [u8],
    /// the whole packet
    pub bytes: &'a [u8],
    /// where its packet number begins
    pub number_at: usize,
    /// what follows the fields above in a Retry or a version negotiation
    pub rest: &'a [u8],
}

/// A variable-length integer (RFC 9000 16).
pub fn varint(cursor: &mut Cursor<'_>) -> Option<u64> {
    let first = cursor.u8()?;
    let more = (1u32 << (first >> 6)).saturating_sub(1);
    let mut value = u64::from(first & 0x3f);
    for _ in 0..more {
        value = value << 8 | u64::from(cursor.u8()?);
    }
    Some(value)
}

/// As many bytes as a variable-length integer says.
pub fn counted<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(varint(cursor)?).ok()?;
    cursor.take(length)
}

fn id<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = cursor.u8().filter(|length| *length <= MAX_ID_BYTES)?;
    cursor.take(usize::from(length))
}

impl<'a> Long<'a> {
    /// Reads a packet with a long header at the start of these bytes, and gives what follows it in the datagram.
    ///
    /// `None` where it is none of a version that is known. A packet that the capture cut ends where the bytes end.
    pub fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut cursor = Cursor::new(bytes);
        let first = cursor.u8().filter(|first| first & 0x80 != 0)?;
        let version = cursor.u32()?;
        let (destination_id, source_id) = (id(&mut cursor)?, id(&mut cursor)?);
        let mut long = Self { kind: Kind::VersionNegotiation, version, destination_id, source_id, token: &[], bytes, number_at: 0, rest: &[] };
        if version == 0 {
            long.rest = cursor.rest();
            let is_list = !long.rest.is_empty() && long.rest.len().is_multiple_of(4);
            return is_list.then_some((long, &[]));
        }
        if !is_known(version) {
            return None;
        }
        let number = first >> 4 & 3;
        // RFC 9369 3.2: version 2 counts from another start
        let number = if version == V2 { number.wrapping_sub(1) & 3 } else { number };
        long.kind = match number {
            0 => Kind::Initial,
            1 => Kind::ZeroRtt,
            2 => Kind::Handshake,
            _ => Kind::Retry,
        };
        if long.kind == Kind::Retry {
            long.rest = cursor.rest();
            return Some((long, &[]));
        }
        if long.kind == Kind::Initial {
            long.token = counted(&mut cursor)?;
        }
        let length = usize::try_from(varint(&mut cursor)?).ok()?;
        long.number_at = bytes.len().checked_sub(cursor.remaining())?;
        let (whole, rest) = bytes.split_at_checked(long.number_at.checked_add(length)?).unwrap_or((bytes, &[]));
        long.bytes = whole;
        Some((long, rest))
    }

    /// The versions that a version negotiation names.
    pub fn versions(&self) -> Vec<u32> {
        let mut cursor = Cursor::new(self.rest);
        std::iter::from_fn(|| cursor.u32()).collect()
    }
}
