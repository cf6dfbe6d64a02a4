use super::{Head, Mac, Network, Transport, head, transport};
use crate::app::testing::hex;
use crate::capture::LinkType;
use proptest::prelude::*;
use std::net::IpAddr;

/// 192.168.1.2:5000 to 192.168.1.1:53 over UDP with the payload "hi".
const PACKET: &str = "4500001e 00000000 40110000 c0a80102 c0a80101  1388 0035 000a 0000 6869";

fn frame(link: &str) -> Vec<u8> {
    hex(&format!("{link} {PACKET}"))
}

/// Ports and payload of the packet, where the head leads to it.
fn datagram(head: &Head<'_>) -> Option<(u16, u16, Vec<u8>)> {
    let Network::Ip(ip) = &head.network else { return None };
    match transport(ip.protocol, ip.payload, ip.payload_len).0 {
        Transport::Udp(udp) => Some((udp.source_port, udp.destination_port, udp.payload.to_vec())),
        _ => None,
    }
}

fn mac(last: u8) -> Option<Mac> {
    Some(Mac([2, 0, 0, 0, 0, last]))
}

#[test]
fn every_link_type_leads_to_the_packet() {
    let macs = "020000000001 020000000002";
    let cases = [
        ("Ethernet", LinkType::ETHERNET, format!("{macs} 0800"), mac(2), mac(1)),
        ("802.1Q", LinkType::ETHERNET, format!("{macs} 8100 0007 0800"), mac(2), mac(1)),
        ("QinQ", LinkType::ETHERNET, format!("{macs} 88a8 0005 8100 0007 0800"), mac(2), mac(1)),
        ("PPPoE", LinkType::ETHERNET, format!("{macs} 8864 1100 0001 0020 0021"), mac(2), mac(1)),
        ("MPLS", LinkType::ETHERNET, format!("{macs} 8847 00010040 00011140"), mac(2), mac(1)),
        ("LLC/SNAP", LinkType::ETHERNET, format!("{macs} 0026 aaaa03 000000 0800"), mac(2), mac(1)),
        ("raw IP", LinkType::RAW, String::new(), None, None),
        ("null, little-endian", LinkType::NULL, "02000000".into(), None, None),
        ("loopback, big-endian", LinkType::LOOP, "00000002".into(), None, None),
        ("PPP", LinkType::PPP, "ff03 0021".into(), None, None),
        ("PPP, compressed protocol", LinkType::PPP, "21".into(), None, None),
        ("Linux cooked", LinkType::LINUX_SLL, "0000 0001 0006 020000000002 0000 0800".into(), mac(2), None),
        ("Linux cooked v2", LinkType::LINUX_SLL2, "0800 0000 00000003 0001 00 06 020000000002 0000".into(), mac(2), None),
        ("802.11 to the access point", LinkType::IEEE802_11,
            "0801 0000 020000000009 020000000002 020000000001 0000 aaaa03 000000 0800".into(), mac(2), mac(1)),
        ("802.11 from it, QoS", LinkType::IEEE802_11,
            "8802 0000 020000000001 020000000009 020000000002 0000 0000 aaaa03 000000 0800".into(), mac(2), mac(1)),
        ("radiotap with padding", LinkType::IEEE802_11_RADIOTAP,
            "00 00 0900 02000000 20  8801 0000 020000000009 020000000002 020000000001 0000 0000 0000 aaaa03 000000 0800".into(), mac(2), mac(1)),
    ];
    for (name, link_type, link, source, destination) in cases {
        let bytes = frame(&link);
        let head = head(link_type, &bytes);
        assert_eq!(datagram(&head), Some((5000, 53, b"hi".to_vec())), "{name}");
        assert_eq!((head.source, head.destination), (source, destination), "{name}");
    }
}

#[test]
fn the_outermost_vlan_is_told() {
    let bytes = frame("020000000001 020000000002 88a8 0005 8100 0007 0800");
    assert_eq!(head(LinkType::ETHERNET, &bytes).vlan, Some(5));
}

#[test]
fn padding_of_short_frames_is_no_payload() {
    let mut bytes = frame("020000000001 020000000002 0800");
    bytes.extend([0; 18]);
    assert_eq!(datagram(&head(LinkType::ETHERNET, &bytes)), Some((5000, 53, b"hi".to_vec())));
}

#[test]
fn extension_headers_of_ipv6_are_passed() {
    let bytes = hex("
        60000000 0022 00 40                                             # 34 bytes, hop-by-hop next
        20010db8000000000000000000000001 20010db8000000000000000000000002
        3c 00 010400000000                                              # hop-by-hop, then destination options
        2c 00 010400000000                                              # destination options, then fragment
        11 00 0000 00000007                                             # atomic fragment, then UDP
        1388 0035 000a 0000 6869
    ");
    let head = head(LinkType::RAW, &bytes);
    assert_eq!(datagram(&head), Some((5000, 53, b"hi".to_vec())));
    let Network::Ip(ip) = &head.network else { panic!("is IP") };
    assert_eq!(ip.fragment, None);
    assert_eq!(ip.source, "2001:db8::1".parse::<IpAddr>().unwrap_or(IpAddr::from([0, 0, 0, 0])));
}

#[test]
fn a_segment_larger_than_its_header_says_is_all_there_with_offload() {
    let mut bytes = frame("020000000001 020000000002 0800");
    // total length 0: the sender's network card would have split it
    for place in [16, 17] {
        if let Some(byte) = bytes.get_mut(place) {
            *byte = 0;
        }
    }
    assert_eq!(datagram(&head(LinkType::ETHERNET, &bytes)), Some((5000, 53, b"hi".to_vec())));
}

#[test]
fn encrypted_wlan_data_is_said_to_be_that() {
    let bytes = hex("0841 0000 020000000009 020000000002 020000000001 0000 0011223344556677");
    assert!(matches!(head(LinkType::IEEE802_11, &bytes).network, Network::WlanProtected));
}

#[test]
fn tags_without_end_are_given_up() {
    let bytes = hex(&format!("020000000001 020000000002 {}", "8100 0001 ".repeat(50)));
    assert!(head(LinkType::ETHERNET, &bytes).weird.is_some());
}

proptest! {
    #[test]
    fn any_frame_of_any_link_type_is_survived(link_type in 0u16..300, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let head = head(LinkType(link_type), &bytes);
        let _ = datagram(&head);
    }

    #[test]
    fn a_packet_cut_anywhere_is_survived(cut in 0usize..60) {
        let bytes = frame("020000000001 020000000002 8100 0007 0800");
        let _ = datagram(&head(LinkType::ETHERNET, bytes.get(..cut).unwrap_or(&bytes)));
    }
}
