//! A frame's bytes to addresses, transport and payload: lax, keeps what it could read.
//!
//! Two steps, since each thread looks at every frame but owns only some: [`head`] finds link and network
//! addresses (enough to know the owner), [`transport`] the rest.

mod cooked;
mod cursor;
mod ip;
mod link;
mod mac;
mod ppp;
#[cfg(test)]
#[allow(clippy::panic)]
mod tests;
mod transport;
mod wlan;

pub use cooked::{Passed, passed};
pub use cursor::Cursor;
pub use ip::{Fragment, Ip};
pub use link::{head, ipv4_ends};
pub use mac::Mac;
pub use transport::{Tcp, Transport, Udp, protocol, tcp_flags, transport};

use crate::weird::Weird;

/// EtherType numbers that the decoder knows (IEEE 802 numbers, IANA).
pub mod ethertype {
    #![allow(missing_docs)]
    pub const IPV4: u16 = 0x0800;
    pub const ARP: u16 = 0x0806;
    pub const RARP: u16 = 0x8035;
    pub const VLAN: u16 = 0x8100;
    pub const IPV6: u16 = 0x86dd;
    pub const MPLS: u16 = 0x8847;
    pub const MPLS_MULTICAST: u16 = 0x8848;
    pub const PPPOE_DISCOVERY: u16 = 0x8863;
    pub const PPPOE_SESSION: u16 = 0x8864;
    pub const EAPOL: u16 = 0x888e;
    pub const QINQ: u16 = 0x88a8;
    pub const LLDP: u16 = 0x88cc;
    pub const QINQ_OLD: u16 = 0x9100;
    pub const PROVIDER_BACKBONE: u16 = 0x88e7;
    pub const FABRIC_PATH: u16 = 0x8903;
    pub const VIRTUAL_NIC_TAG: u16 = 0x8926;
    pub const CISCO_METADATA: u16 = 0x8909;
    pub const PORT_EXTENSION: u16 = 0x893f;
    pub const SERVICE_HEADER: u16 = 0x894f;

    /// Short name of an EtherType, `None` for one that is not in the list.
    pub fn name(number: u16) -> Option<&'static str> {
        Some(match number {
            IPV4 => "ip",
            ARP => "arp",
            RARP => "rarp",
            IPV6 => "ipv6",
            MPLS => "mpls",
            PPPOE_DISCOVERY => "pppoe-discovery",
            PPPOE_SESSION => "pppoe",
            EAPOL => "eapol",
            LLDP => "lldp",
            0x8809 => "slow-protocols",
            0x890d => "802.11-tdls",
            0x893a => "ieee1905",
            0x8899 => "realtek",
            0x887b => "homeplug",
            0x88e1 => "homeplug-av",
            0x88f7 => "ptp",
            0x9000 => "loopback",
            0x8912 => "mediaxtream",
            _ => return None,
        })
    }
}

/// What lies above the link.
#[derive(Clone, Debug)]
pub enum Network<'a> {
    /// IPv4 or IPv6
    Ip(Ip<'a>),
    /// ARP or RARP, from its hardware type on
    Arp(&'a [u8]),
    /// another EtherType, with what follows it
    Other(u16, &'a [u8]),
    /// 802.2 LLC that carries no EtherType: its destination service access point
    Llc(u8),
    /// 802.11 management or control
    WlanControl,
    /// 802.11 data that is encrypted on the air
    WlanProtected,
    /// a link type that is not decoded, or too few bytes
    None,
}

/// Link and network part of a frame.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// sender's MAC, where the link tells one
    pub source: Option<Mac>,
    /// receiver's MAC, where the link tells one
    pub destination: Option<Mac>,
    /// outermost VLAN id
    pub vlan: Option<u16>,
    /// what the frame carries
    pub network: Network<'a>,
    /// what was wrong with it
    pub weird: Option<Weird>,
}
