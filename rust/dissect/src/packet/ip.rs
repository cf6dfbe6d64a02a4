//! IPv4 (RFC 791) and IPv6 with extension headers (RFC 8200).

use super::Cursor;
use crate::weird::Weird;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most extension headers followed: RFC 8200 4.1 lists seven, each at most once (destination options twice).
const MAX_EXTENSIONS: usize = 10;

/// A fragment's place in its datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fragment {
    /// identification: 16 bits in IPv4, 32 in IPv6
    pub id: u32,
    /// where its payload begins, in bytes
    pub offset: u32,
    /// whether more fragments follow
    pub more: bool,
}

/// An IP packet.
#[derive(Clone, Debug)]
pub struct Ip<'a> {
    /// sender
    pub source: IpAddr,
    /// receiver
    pub destination: IpAddr,
    /// protocol number of the payload (behind extension headers)
    pub protocol: u8,
    /// set when the packet is a fragment
    pub fragment: Option<Fragment>,
    /// payload as far as captured
    pub payload: &'a [u8],
    /// payload bytes on the wire, as the header says
    pub payload_len: u32,
}

/// Reads an IP header by its version nibble; a packet with a fault that leaves addresses readable comes with it.
pub(super) fn parse(bytes: &[u8]) -> Result<(Ip<'_>, Option<Weird>), Weird> {
    match bytes.first().map(|byte| byte >> 4) {
        Some(4) => v4(bytes),
        Some(6) => v6(bytes).ok_or(Weird::TruncatedNetwork),
        Some(_) => Err(Weird::BadIpVersion),
        None => Err(Weird::TruncatedNetwork),
    }
}

#[inline]
fn v4(bytes: &[u8]) -> Result<(Ip<'_>, Option<Weird>), Weird> {
    let Some(header) = bytes.first_chunk::<20>() else { return Err(Weird::TruncatedNetwork) };
    let [first, _, l0, l1, i0, i1, f0, f1, _ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *header;
    let header_len = usize::from(first & 0x0f) * 4;
    if header_len < 20 {
        return Err(Weird::BadIpHeaderLength);
    }
    let total = usize::from(u16::from_be_bytes([l0, l1]));
    let mut weird = None;
    // 0 where the sender's network card splits the packet (TCP segmentation offload): all that is there
    let end = if total == 0 { bytes.len() } else { total };
    let claimed = end.saturating_sub(header_len);
    if end < header_len {
        weird = Some(Weird::BadIpLength);
    }
    let captured_end = end.min(bytes.len());
    let payload = bytes.get(header_len.min(captured_end)..captured_end).unwrap_or_default();
    let flags = u16::from_be_bytes([f0, f1]);
    let (more, offset) = (flags & 0x2000 != 0, u32::from(flags & 0x1fff) * 8);
    let fragment =
        (more || offset != 0).then(|| Fragment { id: u32::from(u16::from_be_bytes([i0, i1])), offset, more });
    let (mut protocol, mut payload, mut claimed) = (protocol, payload, claimed);
    let mut cursor = Cursor::new(payload);
    if protocol == AUTHENTICATION
        && fragment.is_none()
        && let Some((next, len, _)) = extension(protocol, &mut cursor)
    {
        (protocol, payload, claimed) = (next, cursor.rest(), claimed.saturating_sub(len));
    }
    Ok((
        Ip {
            source: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
            destination: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
            protocol,
            fragment,
            payload,
            payload_len: u32::try_from(claimed).unwrap_or(u32::MAX),
        },
        weird,
    ))
}

fn v6(bytes: &[u8]) -> Option<(Ip<'_>, Option<Weird>)> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(4)?;
    let length = usize::from(cursor.u16()?);
    let mut next = cursor.u8()?;
    cursor.skip(1)?;
    let source = IpAddr::V6(Ipv6Addr::from(cursor.array::<16>()?));
    let destination = IpAddr::V6(Ipv6Addr::from(cursor.array::<16>()?));
    let body = cursor.rest();
    // 0: a jumbogram (RFC 2675) or segmentation offload
    let claimed = if length == 0 { body.len() } else { length };
    let mut cursor = Cursor::new(body.get(..claimed).unwrap_or(body));
    let mut left = claimed;
    let mut fragment = None;
    let mut weird = None;
    for _ in 0..MAX_EXTENSIONS {
        let before = cursor;
        let Some((following, len, part)) = extension(next, &mut cursor) else {
            cursor = before;
            break;
        };
        fragment = fragment.or(part);
        left = left.saturating_sub(len);
        next = following;
        if part.is_some_and(|part| part.offset > 0) {
            break; // the rest belongs to the middle of a payload
        }
    }
    if matches!(next, HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION_OPTIONS) {
        weird = Some(Weird::BadIpExtension);
    }
    let payload_len = u32::try_from(left).unwrap_or(u32::MAX);
    // an "atomic" fragment (RFC 6946) is whole
    let fragment = fragment.filter(|part| part.more || part.offset > 0);
    Some((Ip { source, destination, protocol: next, fragment, payload: cursor.rest(), payload_len }, weird))
}

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;

/// Reads one extension header: (next header, its length in bytes, fragment); `None` where `kind` is none or it is cut.
fn extension(kind: u8, cursor: &mut Cursor<'_>) -> Option<(u8, usize, Option<Fragment>)> {
    match kind {
        HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | AUTHENTICATION => {
            let [next, length] = cursor.array()?;
            // 8-octet units beyond the first 8; AH (RFC 4302 2.2): 4-octet units beyond the first 2
            let len =
                if kind == AUTHENTICATION { (usize::from(length) + 2) * 4 } else { (usize::from(length) + 1) * 8 };
            cursor.skip(len.checked_sub(2)?)?;
            Some((next, len, None))
        }
        FRAGMENT => {
            let [next, _] = cursor.array()?;
            let place = cursor.u16()?;
            let id = cursor.u32()?;
            Some((next, 8, Some(Fragment { id, offset: u32::from(place & !7), more: place & 1 != 0 })))
        }
        _ => None,
    }
}
