//! Link layers: tags, lengths and unusual numbers.
#![allow(clippy::indexing_slicing)]

use super::*;

/// IPv4 and UDP from 10.0.0.1:1 to 10.0.0.2:2, without payload.
const UDP: [u8; 28] = [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 0, 8, 0, 0];
const OUTER: [u8; 12] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];

/// Source's last octet and the IP protocol of an Ethernet frame: MACs, `tags`, UDP, padding.
fn decoded(tags: &[u8]) -> Option<(u8, u8, usize)> {
    let bytes = [&OUTER[..], tags, &UDP[..], &[0; 8]].concat();
    let head = head(LinkType::ETHERNET, &bytes);
    let Network::Ip(ip) = head.network else { return None };
    Some((head.source?.0[5], ip.protocol, ip.payload.len()))
}

#[test]
fn tags_of_switches_are_passed() {
    let cases: &[(&str, &[u8], u8)] = &[
        ("untagged", &[0x08, 0x00], 1),
        ("two VLANs", &[0x88, 0xa8, 0, 5, 0x81, 0x00, 0, 6, 0x08, 0x00], 1),
        ("MPLS multicast", &[0x88, 0x48, 0, 0, 0x11, 64], 1),
        ("security group", &[0x89, 0x09, 1, 1, 0, 1, 0, 2, 0x08, 0x00], 1),
        ("port extension", &[0x89, 0x3f, 0x10, 0, 0, 0xd3, 0, 0, 0x08, 0x00], 1),
        ("virtual interface", &[0x89, 0x26, 0, 0, 0, 1, 0x08, 0x00], 1),
        ("service chain", &[0x89, 0x4f, 0, 2, 2, 1, 0, 0, 1, 2], 1),
        ("provider backbone", &[0x88, 0xe7, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 8, 8, 8, 8, 8, 8, 0x08, 0x00], 1),
        ("fabric: the host's MACs count", &[0x89, 0x03, 0, 0, 9, 9, 9, 9, 9, 9, 8, 8, 8, 8, 8, 8, 0x08, 0x00], 8),
        ("PPPoE", &[0x88, 0x64, 0x11, 0, 0, 1, 0, 30, 0x00, 0x21], 1),
    ];
    for (what, tags, mac) in cases {
        assert_eq!(decoded(tags), Some((*mac, 17, 8)), "{what}");
    }
}

#[test]
fn padding_behind_an_802_3_length_is_no_packet() {
    // 8 bytes of LLC and SNAP, then nothing: what follows is padding
    assert_eq!(decoded(&[0, 8, 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00]), None);
    assert_eq!(decoded(&[0, 36, 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00]), Some((1, 17, 8)));
}

#[test]
fn loopback_and_ppp_find_ip_behind_unusual_numbers() {
    let ip_of = |link_type, start: &[u8]| {
        let bytes = [start, &UDP[..]].concat();
        matches!(head(link_type, &bytes).network, Network::Ip(_))
    };
    assert!(ip_of(LinkType::NULL, &[2, 0, 0, 0]));
    assert!(ip_of(LinkType::NULL, &[0x0f, 0, 0x08, 0x00]));
    assert!(!ip_of(LinkType::NULL, &[0x0f, 0, 0, 0]));
    assert!(ip_of(LinkType::PPP, &[0xff, 3, 0x02, 0x81, 0x18, 0x96, 1, 1]));
}

#[test]
fn an_authentication_header_is_passed() {
    let mut bytes = [&[0x08, 0x00][..], &UDP[..20], &[17, 4], &[0; 22], &UDP[20..]].concat();
    bytes[2 + 9] = 51; // protocol
    bytes[2 + 3] = 52; // total length
    let bytes = [&OUTER[..], &bytes].concat();
    let Network::Ip(ip) = head(LinkType::ETHERNET, &bytes).network else { unreachable!() };
    assert_eq!((ip.protocol, ip.payload_len), (17, 8));
}
