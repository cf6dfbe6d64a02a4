//! Link layers: Ethernet (802.1Q, QinQ, PPPoE, MPLS), Linux cooked, raw IP, null/loopback, PPP, 802.11.

use super::{Cursor, Head, Mac, Network, cooked, ethertype, ip, ppp, wlan};
use crate::capture::LinkType;
use crate::weird::Weird;

/// Most tags (VLAN, PPPoE, MPLS) passed before the network layer: a bound against hostile nesting,
/// above anything that switches make (QinQ is two).
const MAX_TAGS: usize = 8;

impl<'a> Head<'a> {
    /// A head whose network layer is not known.
    pub(super) fn bare(source: Option<Mac>, destination: Option<Mac>) -> Self {
        Self { source, destination, vlan: None, network: Network::None, weird: None }
    }

    /// Sets the network layer from an EtherType and what follows, walking through tags.
    pub(super) fn with_ethertype(mut self, mut number: u16, mut bytes: &'a [u8]) -> Self {
        for _ in 0..MAX_TAGS {
            let mut cursor = Cursor::new(bytes);
            match number {
                ethertype::IPV4 | ethertype::IPV6 => return self.with_ip(bytes),
                ethertype::VLAN | ethertype::QINQ | ethertype::QINQ_OLD => {
                    let (Some(tag), Some(next)) = (cursor.u16(), cursor.u16()) else { break };
                    self.vlan = self.vlan.or(Some(tag & 0x0fff));
                    number = next;
                }
                ethertype::MPLS | ethertype::MPLS_MULTICAST => {
                    // label stack entry: bit 8 is "bottom of stack" (RFC 3032 2.1)
                    while let Some(entry) = cursor.u32() {
                        if entry & 0x100 != 0 {
                            break;
                        }
                    }
                    return self.with_ip_by_version(cursor.rest());
                }
                ethertype::PPPOE_SESSION => {
                    return match ppp::session(bytes) {
                        Some(packet) => ppp::with_protocol(self, packet),
                        None => self,
                    };
                }
                ethertype::ARP | ethertype::RARP => {
                    self.network = Network::Arp(bytes);
                    return self;
                }
                // IEEE 802.3 clause 3.2.6: up to 1500 it is a length, and LLC follows (then padding)
                0..=1500 => return self.with_llc(bytes.get(..usize::from(number)).unwrap_or(bytes)),
                _ => match self.tag(number, &mut cursor) {
                    Some(next) => number = next,
                    None => {
                        self.network = Network::Other(number, bytes);
                        return self;
                    }
                },
            }
            bytes = cursor.rest();
        }
        self.weird = Some(Weird::TooManyTags);
        self
    }

    /// Passes a tag of switches in large networks; gives the EtherType behind it. `None` where `number` is no such tag.
    fn tag(&mut self, number: u16, cursor: &mut Cursor<'a>) -> Option<u16> {
        match number {
            ethertype::CISCO_METADATA => {
                // version, length of the options in 4 bytes (TrustSec security group tag)
                cursor.skip(1)?;
                let length = usize::from(cursor.u8()?);
                cursor.skip(length.checked_mul(4)?)?;
            }
            // E-TAG: priority, ingress and egress identifiers (IEEE 802.1BR clause 7.5)
            ethertype::PORT_EXTENSION => cursor.skip(6)?,
            // VN-Tag: direction, pointer, virtual interfaces (Cisco; the proposal before 802.1BR)
            ethertype::VIRTUAL_NIC_TAG => cursor.skip(4)?,
            // I-TAG: flags and service (4 bytes), customer's destination and source (IEEE 802.1Q clause 9.7)
            ethertype::PROVIDER_BACKBONE => cursor.skip(16)?,
            ethertype::FABRIC_PATH => {
                // forwarding tag and time to live, then the host's whole Ethernet frame: the outer MACs are switches
                cursor.skip(2)?;
                self.destination = Some(cursor.mac()?);
                self.source = Some(cursor.mac()?);
            }
            ethertype::SERVICE_HEADER => {
                // RFC 8300 2.2: low 6 bits of the second byte are the length in 4 bytes, the fourth is the protocol
                let [_, length, _, protocol] = cursor.array()?;
                cursor.skip((usize::from(length & 0x3f) * 4).checked_sub(4)?)?;
                return match protocol {
                    1 => Some(ethertype::IPV4),
                    2 => Some(ethertype::IPV6),
                    _ => None,
                };
            }
            _ => return None,
        }
        cursor.u16()
    }

    /// Sets the network layer from 802.2 LLC (RFC 1042 SNAP carries an EtherType).
    pub(super) fn with_llc(mut self, bytes: &'a [u8]) -> Self {
        match bytes {
            [0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8, high, low, rest @ ..] => {
                let number = u16::from_be_bytes([*high, *low]);
                if number > 1500 { self.with_ethertype(number, rest) } else { self }
            }
            [0xaa, 0xaa, ..] => {
                self.network = Network::Llc(0xaa);
                self
            }
            [dsap, _, ..] => {
                self.network = Network::Llc(*dsap);
                self
            }
            _ => self,
        }
    }

    /// Sets the network layer from an IP header.
    pub(super) fn with_ip(mut self, bytes: &'a [u8]) -> Self {
        match ip::parse(bytes) {
            Ok((ip, weird)) => {
                self.network = Network::Ip(ip);
                self.weird = weird;
            }
            Err(weird) => {
                let number = if bytes.first().is_some_and(|b| b >> 4 == 6) { ethertype::IPV6 } else { ethertype::IPV4 };
                self.network = Network::Other(number, bytes);
                self.weird = Some(weird);
            }
        }
        self
    }

    /// Sets the network layer when only the version nibble tells whether it is IP.
    pub(super) fn with_ip_by_version(self, bytes: &'a [u8]) -> Self {
        match bytes.first().map(|byte| byte >> 4) {
            Some(4 | 6) => self.with_ip(bytes),
            _ => self,
        }
    }
}

/// Decodes link and network layer of a frame.
pub fn head(link_type: LinkType, bytes: &[u8]) -> Head<'_> {
    match link_type {
        LinkType::ETHERNET => ethernet(bytes),
        LinkType::RAW | LinkType::RAW_DLT_12 | LinkType::RAW_DLT_14 | LinkType::IPV4 | LinkType::IPV6 => {
            Head::bare(None, None).with_ip_by_version(bytes)
        }
        LinkType::NULL | LinkType::LOOP => loopback(bytes),
        LinkType::LINUX_SLL => cooked::head(bytes),
        LinkType::LINUX_SLL2 => cooked::head_v2(bytes),
        LinkType::PPP | LinkType::PPP_HDLC => ppp::frame(bytes),
        LinkType::PPP_ETHER => ppp::over_ethernet(bytes),
        LinkType::IEEE802_11 => wlan::frame(bytes, false),
        LinkType::IEEE802_11_RADIOTAP => wlan::radiotap(bytes),
        LinkType::PPI => wlan::per_packet(bytes),
        _ => Head::bare(None, None),
    }
}

/// Sender and receiver of an IPv4 packet right behind an Ethernet header, as [`head`] finds them; none where anything is
/// otherwise.
#[inline]
pub fn ipv4_ends(frame: &[u8]) -> Option<(u32, u32)> {
    let header = frame.get(12..)?.first_chunk::<22>()?;
    let [t0, t1, first, _, _, _, _, _, _, _, _, _, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *header;
    let is_plain = u16::from_be_bytes([t0, t1]) == ethertype::IPV4 && matches!(first, 0x45..=0x4f);
    is_plain.then(|| (u32::from_be_bytes([s0, s1, s2, s3]), u32::from_be_bytes([d0, d1, d2, d3])))
}

#[inline]
fn ethernet(bytes: &[u8]) -> Head<'_> {
    let mut cursor = Cursor::new(bytes);
    let (Some(destination), Some(source), Some(number)) = (cursor.mac(), cursor.mac(), cursor.u16()) else {
        let mut head = Head::bare(None, None);
        head.weird = Some(Weird::TruncatedLink);
        return head;
    };
    Head::bare(Some(source), Some(destination)).with_ethertype(number, cursor.rest())
}

/// BSD loopback: a 4-byte address family in the byte order of the machine that captured.
fn loopback(bytes: &[u8]) -> Head<'_> {
    let mut cursor = Cursor::new(bytes);
    let head = Head::bare(None, None);
    let Some(family) = cursor.u32() else { return head };
    // AF_INET is 2 everywhere, AF_INET6 differs (24 NetBSD/OpenBSD, 28 FreeBSD, 30 macOS, 10 Linux, 23 Windows)
    match family.min(family.swap_bytes()) {
        2 | 10 | 23 | 24 | 28 | 30 => head.with_ip_by_version(cursor.rest()),
        // some writers put an EtherType into the second half, as Cisco HDLC does
        _ => match family.to_be_bytes() {
            [_, _, 0x08, 0x00] | [_, _, 0x86, 0xdd] => head.with_ip_by_version(cursor.rest()),
            _ => head,
        },
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
