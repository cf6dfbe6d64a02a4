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

/// PPPoE without Ethernet (LINKTYPE_PPP_ETHER): version/type, code, session, length.
pub(super) fn over_ethernet(bytes: &[u8]) -> Head<'_> {
    let mut cursor = Cursor::new(bytes);
    let head = Head::bare(None, None);
    match cursor.skip(6) {
        Some(()) => with_protocol(head, cursor.rest()),
        None => head,
    }
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
        _ => {
            head.network = Network::Other(super::ethertype::PPPOE_SESSION, rest);
            head
        }
    }
}
