//! A frame as a flow sees it: ends, kind and content.

use crate::at::{At, End};
use crate::flow::{Address, Endpoint, FlowKey, Kind};
use crate::packet::{Head, Ip, Network, Tcp, Transport, ethertype, transport};
use crate::shard::Sighting;
use crate::tables::FlowId;
use crate::weird::Weird;

/// Ends and content of a frame.
pub struct Parts<'a> {
    /// who sent it
    pub source: Endpoint,
    /// who it was sent to
    pub destination: Endpoint,
    /// what it is
    pub kind: Kind,
    /// what a parser can read
    pub content: Content<'a>,
    /// transport payload bytes on the wire
    pub payload_len: u32,
}

/// What a parser can read of a frame.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// a TCP segment
    Tcp(Tcp<'a>),
    /// a UDP payload as far as captured, and whether bytes are missing
    Datagram(&'a [u8], bool),
    /// ICMP or ICMPv6 from its type on
    Icmp(&'a [u8]),
    /// IGMP from its type on
    Igmp(&'a [u8]),
    /// ARP from its hardware type on
    Arp(&'a [u8]),
    /// EAPOL from its version on
    Eapol(&'a [u8]),
    /// LLDP from its first element on
    Lldp(&'a [u8]),
    /// nothing
    None,
}

impl<'a> Parts<'a> {
    /// Parts of a frame whose ends are its MACs.
    pub fn of_link(head: &Head<'a>) -> Self {
        let (kind, content) = match &head.network {
            Network::Arp(bytes) => (Kind::EtherType(ethertype::ARP), Content::Arp(bytes)),
            Network::Other(number @ ethertype::EAPOL, bytes) => (Kind::EtherType(*number), Content::Eapol(bytes)),
            Network::Other(number @ ethertype::LLDP, bytes) => (Kind::EtherType(*number), Content::Lldp(bytes)),
            Network::Other(number, _) => (Kind::EtherType(*number), Content::None),
            Network::Llc(dsap) => (Kind::Llc(*dsap), Content::None),
            Network::WlanControl => (Kind::WlanControl, Content::None),
            Network::WlanProtected => (Kind::WlanProtected, Content::None),
            Network::Ip(_) | Network::None => (Kind::Unknown, Content::None),
        };
        let end = |mac| Endpoint { address: Address::Mac(mac), port: 0 };
        Self { source: end(head.source), destination: end(head.destination), kind, content, payload_len: 0 }
    }

    /// Parts of a frame that is no fragment, and what is wrong with it.
    pub fn of_whole(head: &Head<'a>) -> Option<(Self, Option<Weird>)> {
        match &head.network {
            Network::Ip(ip) if ip.fragment.is_some() => None,
            Network::Ip(ip) => Some(Self::of_ip(ip, ip.payload, ip.payload_len)),
            _ => Some((Self::of_link(head), None)),
        }
    }

    /// The flow's key, and whether the frame goes from its low to its high end.
    #[inline]
    pub fn key(&self) -> (FlowKey, bool) {
        FlowKey::new(self.source, self.destination, self.kind)
    }

    /// Parts of a fragment that does not complete its datagram.
    pub fn of_fragment(ip: &Ip<'a>) -> Self {
        Self::of_addresses(ip, Kind::Fragment(ip.protocol), ip.payload_len)
    }

    /// Parts of a packet with its whole payload, and what is wrong with it.
    pub fn of_ip(ip: &Ip<'_>, payload: &'a [u8], payload_len: u32) -> (Self, Option<Weird>) {
        let mut parts = Self::of_addresses(ip, Kind::Ip(ip.protocol), payload_len);
        let (decoded, weird) = transport(ip.protocol, payload, payload_len);
        match decoded {
            Transport::Tcp(tcp) => {
                parts.with_ports(tcp.source_port, tcp.destination_port, tcp.payload_len);
                parts.content = Content::Tcp(tcp);
            }
            Transport::Udp(udp) => {
                parts.with_ports(udp.source_port, udp.destination_port, udp.payload_len);
                let is_cut = usize::try_from(udp.payload_len).is_ok_and(|length| length > udp.payload.len());
                parts.content = Content::Datagram(udp.payload, is_cut);
            }
            Transport::Icmp(bytes) => parts.content = Content::Icmp(bytes),
            Transport::Igmp(bytes) => parts.content = Content::Igmp(bytes),
            Transport::Other => {}
        }
        (parts, weird)
    }

    fn of_addresses(ip: &Ip<'_>, kind: Kind, payload_len: u32) -> Self {
        let end = |address| Endpoint { address: Address::Ip(address), port: 0 };
        Self { source: end(ip.source), destination: end(ip.destination), kind, content: Content::None, payload_len }
    }

    fn with_ports(&mut self, source: u16, destination: u16, payload_len: u32) {
        self.source.port = source;
        self.destination.port = destination;
        self.payload_len = payload_len;
    }

    /// TCP flags, where it is TCP.
    pub fn tcp_flags(&self) -> Option<u8> {
        if let Content::Tcp(tcp) = &self.content { Some(tcp.flags) } else { None }
    }

    /// Where and between whom the frame was seen.
    pub fn at(&self, seen: &Sighting, head: &Head<'_>, flow: FlowId, is_repeated: bool) -> At {
        let has_ports = matches!(self.content, Content::Tcp(_) | Content::Datagram(..));
        let end = |endpoint: Endpoint, mac| End {
            mac,
            address: endpoint.address.ip(),
            port: has_ports.then_some(endpoint.port),
        };
        At {
            capture: seen.capture,
            frame: seen.frame,
            time_ns: seen.time_ns,
            flow,
            source: end(self.source, head.source),
            destination: end(self.destination, head.destination),
            is_repeated,
        }
    }
}
