//! Linux cooked captures: the header that the kernel gives where an interface has none, or where all are captured at once.

use super::{Cursor, Head, Mac};
use crate::capture::LinkType;

/// ARPHRD_NETLINK: the protocol field is then no EtherType (LINKTYPE_LINUX_SLL).
const ARPHRD_NETLINK: u16 = 824;

pub(super) fn head(bytes: &[u8]) -> Head<'_> {
    let mut cursor = Cursor::new(bytes);
    let parse = |cursor: &mut Cursor<'_>| {
        Some((cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.array::<8>()?, cursor.u16()?))
    };
    match parse(&mut cursor) {
        Some((_, hardware, length, address, protocol)) => payload(hardware, length, address, protocol, cursor.rest()),
        None => Head::bare(None, None),
    }
}

pub(super) fn head_v2(bytes: &[u8]) -> Head<'_> {
    let mut cursor = Cursor::new(bytes);
    let parse = |cursor: &mut Cursor<'_>| {
        let protocol = cursor.u16()?;
        cursor.skip(6)?; // reserved, interface index
        let hardware = cursor.u16()?;
        let _packet_type = cursor.u8()?;
        Some((protocol, hardware, u16::from(cursor.u8()?), cursor.array::<8>()?))
    };
    match parse(&mut cursor) {
        Some((protocol, hardware, length, address)) => payload(hardware, length, address, protocol, cursor.rest()),
        None => Head::bare(None, None),
    }
}

fn payload(hardware: u16, length: u16, address: [u8; 8], protocol: u16, rest: &[u8]) -> Head<'_> {
    let [a, b, c, d, e, f, ..] = address;
    let head = Head::bare((length == 6).then_some(Mac([a, b, c, d, e, f])), None);
    match protocol {
        _ if hardware == ARPHRD_NETLINK => head,
        4 => head.with_llc(rest),
        0..=1500 => head,
        _ => head.with_ethertype(protocol, rest),
    }
}

/// PACKET_OUTGOING: the frame left the machine.
const OUTGOING: u8 = 4;

/// Where on the capturing machine a frame passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed<'a> {
    /// the interface, as far as the header tells it, and whether the frame came in or left: never 0
    pub device: u64,
    /// bytes that are the same wherever it passes
    pub constant: [&'a [u8]; 2],
}

/// What a cooked header tells of where its frame passed; none for other links.
pub fn passed(link_type: LinkType, bytes: &[u8]) -> Option<Passed<'_>> {
    match (link_type, bytes) {
        // protocol, reserved, interface index, hardware, packet type; then the address
        (LinkType::LINUX_SLL2, [_, _, _, _, a, b, c, d, _, _, kind, rest @ ..]) => {
            let index = u64::from(u32::from_be_bytes([*a, *b, *c, *d]));
            let constant = [bytes.get(..2).unwrap_or_default(), rest];
            Some(Passed { device: device(index, *kind), constant })
        }
        // packet type, hardware; then the address and the protocol
        (LinkType::LINUX_SLL, [_, kind, _, _, rest @ ..]) => {
            Some(Passed { device: device(0, *kind), constant: [rest, &[]] })
        }
        _ => None,
    }
}

fn device(index: u64, kind: u8) -> u64 {
    index.saturating_add(1).saturating_mul(2).saturating_add(u64::from(kind == OUTGOING))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: [u8; 8] = [2, 0, 0, 0, 0, 2, 0, 0];

    fn v2(index: u8, kind: u8) -> Vec<u8> {
        [&[8, 0, 0, 0, 0, 0, 0, index, 0, 1, kind, 6][..], &ADDRESS, b"packet"].concat()
    }

    #[test]
    fn the_same_frame_differs_in_where_it_passed_alone() {
        let [wireless, bridge, left] = [v2(3, 0), v2(5, 0), v2(2, 4)];
        let all = [&wireless, &bridge, &left].map(|bytes| passed(LinkType::LINUX_SLL2, bytes));
        assert_eq!(all.map(|one| one.map(|one| one.constant)), [all[0].map(|one| one.constant); 3]);
        assert_eq!(all.map(|one| one.map(|one| one.device)), [Some(8), Some(12), Some(7)]);
    }

    #[test]
    fn version_1_tells_only_whether_it_left() {
        let v1 = |kind| [&[0, kind, 0, 1, 0, 6][..], &ADDRESS, b"\x08\x00packet"].concat();
        let devices = [v1(0), v1(1), v1(4)].map(|bytes| passed(LinkType::LINUX_SLL, &bytes).map(|one| one.device));
        assert_eq!(devices, [Some(2), Some(2), Some(3)]);
        assert_eq!(passed(LinkType::LINUX_SLL, &[0, 4, 0]), None);
        assert_eq!(passed(LinkType::ETHERNET, &v1(0)), None);
    }
}
