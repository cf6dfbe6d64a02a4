//! One STUN message: header and attributes (RFC 8489 5 and 14, RFC 8656 18).

use crate::app::text;
use crate::packet::Cursor;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// RFC 8489 5.
pub const HEADER_BYTES: usize = 20;
/// RFC 8489 5.
pub(super) const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// Types of RFC 3489 11.1: binding and shared secret, as request, response and error.
const CLASSIC_TYPES: [u16; 6] = [0x0001, 0x0101, 0x0111, 0x0002, 0x0102, 0x0112];

/// What a message says.
#[derive(Debug, Default)]
pub struct Message {
    pub class: &'static str,
    pub method: u16,
    pub transaction_id: String,
    pub mapped: Option<(IpAddr, u16)>,
    pub xor_mapped: Option<(IpAddr, u16)>,
    pub relayed: Option<(IpAddr, u16)>,
    pub peer: Option<(IpAddr, u16)>,
    pub username: Option<String>,
    pub realm: Option<String>,
    pub software: Option<String>,
    pub error_code: Option<u16>,
    pub is_signed: bool,
}

fn body_len(bytes: &[u8]) -> Option<usize> {
    bytes.get(2..4).and_then(|length| length.first_chunk::<2>()).map(|length| usize::from(u16::from_be_bytes(*length)))
}

/// Whether bytes begin with a header that has the magic cookie.
pub fn begins(bytes: &[u8]) -> bool {
    has_cookie(bytes) && body_len(bytes).is_some_and(|length| length % 4 == 0)
}

fn has_cookie(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0..=3)) && bytes.get(4..8) == Some(&COOKIE)
}

/// Whether a datagram is a message with the magic cookie.
pub fn is_modern(bytes: &[u8]) -> bool {
    // some implementations pad the datagram; none sends less than it announces unless it was cut. Others do not pad
    // attributes: then the length fits exactly
    let fits = body_len(bytes).and_then(|length| length.checked_add(HEADER_BYTES)) == Some(bytes.len());
    (begins(bytes) || (fits && has_cookie(bytes))) && bytes.len() >= HEADER_BYTES
}

/// Whether a datagram is a message of RFC 3489: its length fits, and attributes that RFC knows fill it exactly.
pub fn is_classic(bytes: &[u8], on_its_port: bool) -> bool {
    let Some(kind) = bytes.first_chunk::<2>().map(|kind| u16::from_be_bytes(*kind)) else { return false };
    if !CLASSIC_TYPES.contains(&kind) || body_len(bytes).and_then(|length| length.checked_add(HEADER_BYTES)) != Some(bytes.len()) {
        return false;
    }
    let mut body = Cursor::new(bytes.get(HEADER_BYTES..).unwrap_or_default());
    let mut attributes = 0u32;
    while body.remaining() > 0 {
        let (Some(kind), Some(length)) = (body.u16(), body.u16()) else { return false };
        let is_known = on_its_port || matches!(kind, 0x0001..=0x000b | 0x0020 | 0x8020..=0x8023);
        if !is_known || body.skip(usize::from(length)).is_none() {
            return false;
        }
        attributes = attributes.saturating_add(1);
    }
    attributes > 0 || on_its_port
}

/// Whether a length of two bytes goes before the message (RFC 4571, which ICE uses over TCP).
pub fn is_framed(bytes: &[u8]) -> bool {
    !begins(bytes) && bytes.get(2..).is_some_and(begins)
}

/// Bytes of the message at the start of a stream, as soon as they can be told: STUN or TURN's channel data (RFC 8656 12.5).
pub fn framed_len(bytes: &[u8]) -> Option<usize> {
    let length = body_len(bytes)?;
    match bytes.first()? {
        0..=3 => length.checked_add(HEADER_BYTES),
        64..=79 => length.checked_next_multiple_of(4)?.checked_add(4),
        // not a message: the caller stops at the first byte
        _ => Some(1),
    }
}

impl Message {
    /// Reads a message; attributes that are cut are left out.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let (kind, length) = (cursor.u16()?, usize::from(cursor.u16()?));
        let id: [u8; 16] = cursor.array()?;
        if kind & 0xc000 != 0 {
            return None;
        }
        let has_cookie = id.starts_with(&COOKIE);
        let mut message = Self {
            class: match (kind >> 7 & 2) | (kind >> 4 & 1) {
                0 => "request",
                1 => "indication",
                2 => "success",
                _ => "error",
            },
            method: (kind & 0xf) | (kind >> 1 & 0x70) | (kind >> 2 & 0xf80),
            transaction_id: text::hex(if has_cookie { id.get(4..).unwrap_or_default() } else { &id }),
            ..Self::default()
        };
        let body = cursor.rest();
        let mut body = Cursor::new(body.get(..length).unwrap_or(body));
        while let (Some(kind), Some(length)) = (body.u16(), body.u16()) {
            let length = usize::from(length);
            let Some(value) = body.take(length) else { break };
            message.attribute(kind, value, &id);
            let _padding = body.skip(length.wrapping_neg() % 4);
        }
        Some(message)
    }

    fn attribute(&mut self, kind: u16, value: &[u8], id: &[u8; 16]) {
        match kind {
            0x0001 => self.mapped = address(value, &[0; 16]),
            // 0x8020 was its number before RFC 5389
            0x0020 | 0x8020 => self.xor_mapped = address(value, id),
            0x0016 => self.relayed = address(value, id),
            0x0012 => self.peer = self.peer.or_else(|| address(value, id)),
            0x0006 => self.username = text::padded(value),
            0x0014 => self.realm = text::padded(value),
            0x8022 => self.software = text::padded(value),
            0x0009 => {
                self.error_code = value.get(2..4).and_then(|code| code.first_chunk::<2>()).map(|[hundreds, rest]| {
                    u16::from(hundreds & 7).saturating_mul(100).saturating_add(u16::from(*rest))
                });
            }
            0x0008 | 0x001c => self.is_signed = true,
            _ => {}
        }
    }
}

/// Address attribute (RFC 8489 14.1 and 14.2); `mask` is cookie and transaction id, or zero.
fn address(value: &[u8], mask: &[u8; 16]) -> Option<(IpAddr, u16)> {
    let mut cursor = Cursor::new(value);
    let (_, family, port) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let [high, low, ..] = *mask;
    let port = port ^ u16::from_be_bytes([high, low]);
    let address = match family {
        1 => {
            let mut octets: [u8; 4] = cursor.array()?;
            octets.iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
            IpAddr::V4(Ipv4Addr::from(octets))
        }
        2 => {
            let mut octets: [u8; 16] = cursor.array()?;
            octets.iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some((address, port))
}
