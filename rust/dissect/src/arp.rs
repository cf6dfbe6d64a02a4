//! ARP (RFC 826): who claims or asks for which address.

use crate::at::At;
use crate::packet::{Cursor, Mac};
use crate::record;
use crate::sink::Sink;
use crate::weird::Weird;
use std::net::{IpAddr, Ipv4Addr};

record! {
    /// An ARP packet for IPv4 over Ethernet (RFC 826, RFC 5227 for probes and announcements).
    pub struct Arp in "arp" at {
        /// 1 request, 2 reply; 3 and 4 reverse ARP
        operation: u16,
        /// MAC that the sender claims
        sender_mac: Mac,
        /// IPv4 address that the sender claims; 0.0.0.0 in a probe
        sender: IpAddr,
        /// MAC of the target (zero in a request)
        target_mac: Mac,
        /// IPv4 address that is asked for or answered to
        target: IpAddr,
    }
}

impl Arp {
    /// Reads a packet from its hardware type on.
    pub fn read(sink: &mut Sink, at: At, bytes: &[u8]) {
        match Self::parse(at, bytes) {
            Some(arp) => sink.emit(&arp),
            None => sink.weird(&at, Weird::BadMessage, "arp", None),
        }
    }

    fn parse(at: At, bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let ([_, _], protocol, lengths) = (cursor.array::<2>()?, cursor.u16()?, cursor.array::<2>()?);
        if protocol != crate::packet::ethertype::IPV4 || lengths != [6, 4] {
            return None;
        }
        let operation = cursor.u16()?;
        let address = |cursor: &mut Cursor<'_>| cursor.array::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
        let (sender_mac, sender) = (cursor.mac()?, address(&mut cursor)?);
        let (target_mac, target) = (cursor.mac()?, address(&mut cursor)?);
        Some(Self { at, operation, sender_mac, sender, target_mac, target })
    }
}
