//! PPP: in HDLC-like framing (RFC 1662), over Ethernet (RFC 2516), with or without compressed fields.

use super::{Cursor, Head, Network};

/// A PPP frame, with or without address and control field.
pub(super) fn frame(bytes: &[u8]) -> Head<'_> {
    let bytes = match bytes {
        [0xff, 0x03, rest @ ..] => rest,
        // Cisco HDLC uses EtherTypes behind its own two bytes (RFC 1547 4.3.1)
        [0x0f | 0x8f, 0x00, high, low, rest @ ..] => {
            return Head::bare(None, None).with_ethertype(u16::from_be_bytes([*high, *low]), rest);
        }
        _ => bytes,
    };
    with_protocol(Head::bare(None, None), bytes)
}

/// PPPoE without Ethernet (LINKTYPE_PPP_ETHER).
pub(super) fn over_ethernet(bytes: &[u8]) -> Head<'_> {
    let head = Head::bare(None, None);
    match session(bytes) {
        Some(packet) => with_protocol(head, packet),
        None => head,
    }
}

/// The PPP packet of a PPPoE session frame: version/type, code, session id, length (RFC 2516 4); padding is left out.
pub(super) fn session(bytes: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(4)?;
    let length = usize::from(cursor.u16()?);
    Some(cursor.rest().get(..length).unwrap_or(cursor.rest()))
}

/// Sets the network layer from a PPP protocol number; an odd first byte is a compressed number (RFC 1661 6.5).
pub(super) fn with_protocol<'a>(mut head: Head<'a>, bytes: &'a [u8]) -> Head<'a> {
    let (protocol, rest) = match bytes {
        [low, rest @ ..] if low & 1 == 1 => (u16::from(*low), rest),
        [high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]), rest),
        _ => return head,
    };
    match protocol {
        0x0021 | 0x0057 => head.with_ip(rest),
        // MPLS unicast and multicast (RFC 3032 4.3)
        0x0281 | 0x0283 => head.with_ethertype(super::ethertype::MPLS, rest),
        _ => {
            head.network = Network::Other(super::ethertype::PPPOE_SESSION, rest);
            head
        }
    }
}
