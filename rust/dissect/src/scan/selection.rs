//! Which frames: clauses that must all hold, each over what a frame's headers tell.

use crate::capture::Frame;
use crate::flow::{Address, Endpoint, FlowKey, Kind};
use crate::flow_rows::layers;
use crate::packet::{Head, Mac, Network, head};
use crate::parts::Parts;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Times between which frames of one flow belong to it (a port can be used again), in UTC nanoseconds, both included.
pub type Spans = Vec<(i64, i64)>;

/// One condition; what it lists are alternatives.
#[derive(Clone, Debug)]
pub enum Clause {
    /// frame numbers by capture
    Frames(FxHashMap<u32, BTreeSet<u64>>),
    /// half-open time ranges, UTC nanoseconds
    Ranges(Vec<(i64, i64)>),
    /// sent or received by one of these MACs
    Macs(FxHashSet<Mac>),
    /// sent or received by one of these IP addresses (ARP: claimed or asked for)
    Hosts(FxHashSet<IpAddr>),
    /// of one of these flows, or of a network or transport layer with one of these names
    Protocols(FxHashMap<FlowKey, Spans>, FxHashSet<String>),
}

/// Clauses that must all hold.
#[derive(Clone, Debug, Default)]
pub struct Selection(pub Vec<Clause>);

/// One end of a flow as tables tell it.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// MAC, for flows without IP
    pub mac: Option<Mac>,
    /// address
    pub address: Option<IpAddr>,
    /// port
    pub port: Option<u16>,
}

/// The key of a flow from its row; `None` where the row is none of ours.
pub fn flow_key(network: &str, transport: Option<&str>, number: Option<u16>, a: Ends, b: Ends) -> Option<FlowKey> {
    let kind = match (network, transport) {
        ("ip" | "ipv6", Some("fragment")) => Kind::Fragment(u8::try_from(number?).ok()?),
        ("ip" | "ipv6", Some(_)) => Kind::Ip(u8::try_from(number?).ok()?),
        ("stp" | "llc", _) => Kind::Llc(u8::try_from(number?).ok()?),
        ("wlan", _) => Kind::WlanControl,
        ("wlan-protected", _) => Kind::WlanProtected,
        ("unknown", _) => Kind::Unknown,
        _ => Kind::EtherType(number?),
    };
    let end = |ends: Ends| Endpoint {
        address: ends.address.map_or(Address::Mac(ends.mac), Address::Ip),
        port: ends.port.unwrap_or(0),
    };
    Some(FlowKey::new(end(a), end(b), kind).0)
}

impl Selection {
    /// The frames that the selection names, where it names any.
    pub fn frames(&self) -> Option<&FxHashMap<u32, BTreeSet<u64>>> {
        self.0.iter().find_map(|clause| if let Clause::Frames(frames) = clause { Some(frames) } else { None })
    }

    /// Whether a frame belongs to the selection.
    pub fn takes(&self, capture: u32, frame: &Frame<'_>) -> bool {
        let mut decoded = None;
        self.0.iter().all(|clause| match clause {
            Clause::Frames(frames) => frames.get(&capture).is_some_and(|wanted| wanted.contains(&frame.number)),
            Clause::Ranges(ranges) => ranges.iter().any(|(from, to)| (*from..*to).contains(&frame.time_ns)),
            _ => {
                let head = decoded.get_or_insert_with(|| head(frame.link_type, frame.bytes));
                clause.takes(head, frame.time_ns)
            }
        })
    }
}

impl Clause {
    fn takes(&self, head: &Head<'_>, time_ns: i64) -> bool {
        match self {
            Self::Macs(macs) => [head.source, head.destination].into_iter().flatten().any(|mac| macs.contains(&mac)),
            Self::Hosts(hosts) => match &head.network {
                Network::Ip(ip) => hosts.contains(&ip.source) || hosts.contains(&ip.destination),
                Network::Arp(bytes) => arp_addresses(bytes).iter().flatten().any(|address| hosts.contains(address)),
                _ => false,
            },
            Self::Protocols(flows, names) => {
                let parts = match &head.network {
                    Network::Ip(ip) if ip.fragment.is_some() => Parts::of_fragment(ip),
                    Network::Ip(ip) => Parts::of_ip(ip, ip.payload, ip.payload_len).0,
                    _ => Parts::of_link(head),
                };
                let (key, _) = FlowKey::new(parts.source, parts.destination, parts.kind);
                let during = |spans: &Spans| spans.iter().any(|(from, to)| (*from..=*to).contains(&time_ns));
                if flows.get(&key).is_some_and(during) {
                    return true;
                }
                let (network, transport) = layers(key.kind, key.low);
                names.contains(&network) || transport.is_some_and(|name| names.contains(&name))
            }
            Self::Frames(_) | Self::Ranges(_) => true,
        }
    }
}

/// Sender's and target's IPv4 address of an ARP packet (RFC 826: at 14 and 24 for Ethernet and IPv4).
fn arp_addresses(bytes: &[u8]) -> [Option<IpAddr>; 2] {
    let at = |offset: usize| bytes.get(offset..).and_then(<[u8]>::first_chunk::<4>).map(|octets| IpAddr::from(*octets));
    [at(14), at(24)]
}
