//! IGMP versions 1 to 3 (RFC 1112, 2236, 3376) and MLD versions 1 and 2 (RFC 2710, RFC 3810): who wants which group.

use crate::at::At;
use crate::packet::Cursor;
use crate::record;
use crate::sink::Sink;
use crate::weird::Weird;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

record! {
    /// What a host or router says about a multicast group: one row for each group of a message.
    pub struct Membership in "group_memberships" at {
        /// igmp or mld
        protocol: &'static str,
        /// query, report or leave
        kind: &'static str,
        /// Version of the protocol that the message is of; null in a query that could be of several
        version: Option<u8>,
        /// The group; null in a query about all
        group_address: Option<IpAddr>,
        /// Kind of a record in reports of IGMP 3 and MLD 2 (RFC 3376 4.2.12): 1 and 3 only from these sources, 2 and 4 all but these sources, 5 and 6 changes
        record_type: Option<u8>,
        /// Sources that the record names
        sources: Option<u16>,
    }
}

/// Records read of one message.
const MAX_RECORDS: u16 = 256;

/// Whether an ICMPv6 type is MLD (RFC 2710 3, RFC 3810 5.2).
pub fn is_mld(kind: u8) -> bool {
    matches!(kind, 130..=132 | 143)
}

impl Membership {
    /// Reads IGMP, or MLD, from its type on.
    pub fn read(sink: &mut Sink, at: At, bytes: &[u8], is_v6: bool) {
        let protocol = if is_v6 { "mld" } else { "igmp" };
        match Self::parse(at, bytes, is_v6) {
            Some(rows) => rows.iter().for_each(|row| sink.emit(row)),
            None => sink.weird(&at, Weird::BadMessage, protocol, None),
        }
    }

    fn parse(at: At, bytes: &[u8], is_v6: bool) -> Option<Vec<Self>> {
        let mut cursor = Cursor::new(bytes);
        let (number, code) = (cursor.u8()?, cursor.u8()?);
        cursor.skip(2)?;
        let (kind, version) = match (is_v6, number) {
            (false, 0x11) => (
                "query",
                if bytes.len() >= 12 {
                    Some(3)
                } else if code == 0 {
                    Some(1)
                } else {
                    Some(2)
                },
            ),
            (false, 0x12) => ("report", Some(1)),
            (false, 0x16) => ("report", Some(2)),
            (false, 0x17) => ("leave", Some(2)),
            (false, 0x22) => ("report", Some(3)),
            (true, 130) => ("query", if bytes.len() >= 28 { Some(2) } else { Some(1) }),
            (true, 131) => ("report", Some(1)),
            (true, 132) => ("leave", Some(1)),
            (true, 143) => ("report", Some(2)),
            // DVMRP, PIM version 1, traceroute: no memberships
            _ => return Some(Vec::new()),
        };
        let protocol = if is_v6 { "mld" } else { "igmp" };
        let row = Self { at, protocol, kind, version, group_address: None, record_type: None, sources: None };
        if !matches!(number, 0x22 | 143) {
            if is_v6 {
                cursor.skip(4)?;
            }
            let group = address(&mut cursor, is_v6)?;
            return Some(vec![Self { group_address: (!group.is_unspecified()).then_some(group), ..row }]);
        }
        cursor.skip(2)?;
        let mut rows = Vec::new();
        for _ in 0..cursor.u16()?.min(MAX_RECORDS) {
            match row.record(&mut cursor, is_v6) {
                Some(record) => rows.push(record),
                // a frame that is cut tells those before
                None if !rows.is_empty() => break,
                None => return None,
            }
        }
        Some(rows)
    }

    /// One record of a report: type, length of what is extra, sources, group, sources and extra.
    fn record(&self, cursor: &mut Cursor<'_>, is_v6: bool) -> Option<Self> {
        let (record_type, extra, sources) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
        let group = address(cursor, is_v6)?;
        let address_bytes = if is_v6 { 16 } else { 4 };
        let rest = usize::from(sources).saturating_mul(address_bytes).saturating_add(usize::from(extra) * 4);
        let _cut = cursor.skip(rest);
        Some(Self {
            group_address: Some(group),
            record_type: Some(record_type),
            sources: Some(sources),
            ..self.clone()
        })
    }
}

fn address(cursor: &mut Cursor<'_>, is_v6: bool) -> Option<IpAddr> {
    if is_v6 {
        cursor.array::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))
    } else {
        cursor.array::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(octets)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::Membership;
    use crate::app::testing::{at, hex};
    use proptest::prelude::*;

    #[test]
    fn reports_of_all_versions_tell_their_groups() {
        let second = Membership::parse(at(0, 0), &hex("16 00 0000 efff fffa"), false).unwrap();
        assert_eq!(
            (second[0].kind, second[0].version, second[0].group_address.unwrap().to_string()),
            ("report", Some(2), "239.255.255.250".to_owned())
        );
        let third = hex("22 00 0000 0000 0002     # two records
            04 00 0000 e00000fb                   # to all but no source: 224.0.0.251
            03 00 0001 efc00001 0a000001          # to one source only");
        let rows = Membership::parse(at(0, 0), &third, false).unwrap();
        assert_eq!((rows.len(), rows[1].record_type, rows[1].sources), (2, Some(3), Some(1)));
        let mld = hex("8f 00 0000 0000 0001 04 00 0000 ff0200000000000000000000000000fb");
        assert_eq!(Membership::parse(at(0, 0), &mld, true).unwrap()[0].group_address.unwrap().to_string(), "ff02::fb");
    }

    #[test]
    fn a_query_about_all_names_no_group() {
        let rows = Membership::parse(at(0, 0), &hex("11 64 0000 00000000"), false).unwrap();
        assert_eq!((rows[0].kind, rows[0].version, rows[0].group_address), ("query", Some(2), None));
        assert!(Membership::parse(at(0, 0), &hex("22 00 0000 0000 0002 04"), false).is_none());
        // cut behind the first record of two
        let cut = Membership::parse(at(0, 0), &hex("22 00 0000 0000 0002 04 00 0000 e00000fb 04"), false).unwrap();
        assert_eq!(cut.len(), 1);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(kind in any::<u8>(), bytes in proptest::collection::vec(any::<u8>(), 0..60), is_v6 in any::<bool>()) {
            let _ = Membership::parse(at(0, 0), &[&[kind], bytes.as_slice()].concat(), is_v6);
        }
    }
}
