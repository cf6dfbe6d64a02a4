//! Community ID version 1: a flow hash that Zeek, Suricata and ntopng print too.
//!
//! Source: github.com/corelight/community-id-spec. Base64 of SHA-1 over seed, ends in order, protocol and ports.

use crate::flow::{Endpoint, Kind};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};
use std::net::IpAddr;

/// ICMP types that form request and reply, with the "port" that the specification gives the other side.
const ICMP_PAIRS: &[(u16, u16)] =
    &[(8, 0), (0, 8), (13, 14), (14, 13), (15, 16), (16, 15), (17, 18), (18, 17), (10, 9), (9, 10)];
/// The same for ICMPv6.
const ICMPV6_PAIRS: &[(u16, u16)] = &[
    (128, 129),
    (129, 128),
    (133, 134),
    (134, 133),
    (135, 136),
    (136, 135),
    (130, 131),
    (131, 130),
    (144, 145),
    (145, 144),
];

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// The id of a flow, `None` where it has no IP. `icmp` is type and code of its first message from `source`.
pub fn community_id(kind: Kind, source: Endpoint, destination: Endpoint, icmp: Option<(u8, u8)>) -> Option<String> {
    let Kind::Ip(protocol) = kind else { return None };
    let (source_ip, destination_ip) = (source.address.ip()?, destination.address.ip()?);
    let mut ports = match protocol {
        6 | 17 | 132 => Some((source.port, destination.port)),
        _ => None,
    };
    let mut one_way = false;
    if let Some((kind, code)) = icmp {
        let pairs = if protocol == 58 { ICMPV6_PAIRS } else { ICMP_PAIRS };
        let kind = u16::from(kind);
        let other = pairs.iter().find(|(from, _)| *from == kind).map(|(_, to)| *to);
        one_way = other.is_none();
        ports = Some((kind, other.unwrap_or(u16::from(code))));
    }
    let mut ends = ((octets(source_ip), ports.map(|p| p.0)), (octets(destination_ip), ports.map(|p| p.1)));
    if !one_way && ends.1 < ends.0 {
        std::mem::swap(&mut ends.0, &mut ends.1);
    }
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    hash.update(&ends.0.0);
    hash.update(&ends.1.0);
    hash.update([protocol, 0]);
    if let (Some(a), Some(b)) = (ends.0.1, ends.1.1) {
        hash.update(a.to_be_bytes());
        hash.update(b.to_be_bytes());
    }
    Some(format!("1:{}", STANDARD.encode(hash.finalize())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Address;

    fn end(address: &str, port: u16) -> Endpoint {
        Endpoint { address: Address::Ip(address.parse().unwrap_or(IpAddr::from([0, 0, 0, 0]))), port }
    }

    /// The examples of the specification's README and of its baseline results.
    #[test]
    fn agrees_with_the_specification() {
        let id = community_id(Kind::Ip(6), end("128.232.110.120", 34855), end("66.35.250.204", 80), None);
        assert_eq!(id.as_deref(), Some("1:LQU9qZlK+B5F3KDmev6m5PMibrg="));
        let id = community_id(Kind::Ip(17), end("192.168.1.52", 54585), end("8.8.8.8", 53), None);
        assert_eq!(id.as_deref(), Some("1:d/FP5EW3wiY1vCndhwleRRKHowQ="));
        let id = community_id(Kind::Ip(1), end("192.168.0.89", 0), end("192.168.0.1", 0), Some((8, 0)));
        assert_eq!(id.as_deref(), Some("1:X0snYXpgwiv9TZtqg64sgzUn6Dk="));
    }

    #[test]
    fn is_the_same_both_ways() {
        let (a, b) = (end("10.0.0.1", 5), end("10.0.0.2", 4));
        assert_eq!(community_id(Kind::Ip(17), a, b, None), community_id(Kind::Ip(17), b, a, None));
    }
}
