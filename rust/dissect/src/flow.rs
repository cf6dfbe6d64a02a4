//! Biflows: both directions of a conversation (RFC 5103), kept as segments that can be merged.
//!
//! A segment counts the frames of one flow in one quarter of an hour between one pair of MACs: volumes by device,
//! hour, protocol and peer are sums over segments, in any time zone.

pub use crate::flow_key::FlowKey;
use crate::packet::Mac;
use crate::record;
use crate::shard::Sighting;
use crate::tables::{FlowId, KeyValue};
use std::net::IpAddr;

/// Length of a segment's time slot. All time zones in use differ from UTC by a multiple of a quarter of an hour
/// (tz database), so local hours are sums of whole slots.
pub const SLOT_NS: i64 = 900_000_000_000;

/// What a flow's packets have in common beside their ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Kind {
    /// IP with this protocol number (and ports, where it has them)
    Ip(u8),
    /// fragments that could not be put together, or wait for others
    Fragment(u8),
    /// another EtherType between two MACs
    EtherType(u16),
    /// 802.2 LLC with this destination service access point
    Llc(u8),
    /// 802.11 management, control and null frames
    WlanControl,
    /// 802.11 data encrypted on the air
    WlanProtected,
    /// frames of a link type that is not decoded
    Unknown,
}

/// One end of a flow: an IP address or a MAC, and a port (0 where there is none).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Endpoint {
    /// address
    pub address: Address,
    /// port
    pub port: u16,
}

/// Address of an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Address {
    /// IP address
    Ip(IpAddr),
    /// MAC, or none where the link tells none
    Mac(Option<Mac>),
}

impl Address {
    /// The IP address, where it is one.
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(ip),
            Self::Mac(_) => None,
        }
    }
}

/// Key under which look-up tables sort an address: an IPv4 address as a number, or the upper 64 bits of an IPv6 one. Behind the
/// prefixes of NAT64 (64:ff9b::/96, RFC 6052 2.1) and of mapped addresses (RFC 4291 2.5.5.2) it is that of the IPv4 address inside.
pub fn lookup_key(address: IpAddr) -> KeyValue {
    match address {
        IpAddr::V4(v4) => KeyValue(u64::from(u32::from(v4))),
        IpAddr::V6(v6) => match v6.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0, 0xffff, high, low] => {
                KeyValue(u64::from(high) << 16 | u64::from(low))
            }
            [a, b, c, d, ..] => KeyValue([a, b, c, d].iter().fold(0, |key, part| key << 16 | u64::from(*part))),
        },
    }
}

/// Counters of one direction.
#[derive(Clone, Copy, Default, Debug)]
pub struct Side {
    /// frames
    pub packets: u64,
    /// frame bytes on the wire
    pub bytes: u64,
    /// transport payload bytes on the wire
    pub payload_bytes: u64,
    /// frames among them that repeat one seen at another vantage point
    pub duplicate_packets: u64,
    /// their bytes
    pub duplicate_bytes: u64,
    /// TCP flags seen (union)
    pub tcp_flags: u8,
}

/// Counters of a flow in one slot between one pair of MACs. Index 0 of `sides` is low to high.
#[derive(Clone, Debug)]
pub struct Segment {
    /// start of the slot
    pub slot_ns: i64,
    /// MAC of the low end
    pub low_mac: Option<Mac>,
    /// MAC of the high end
    pub high_mac: Option<Mac>,
    /// VLAN id first seen
    pub vlan: Option<u16>,
    /// counters by direction
    pub sides: [Side; 2],
    /// place of the first frame in the walk
    pub position: u64,
    /// capture and number of the first frame
    pub first: (u32, u64),
    /// capture and number of the last frame
    pub last: (u32, u64),
    /// earliest time
    pub first_ns: i64,
    /// latest time
    pub last_ns: i64,
}

impl Segment {
    /// A segment that begins with this frame, which is not counted yet. `macs` are those of the low and the high end.
    pub fn new(seen: &Sighting, macs: (Option<Mac>, Option<Mac>), vlan: Option<u16>) -> Self {
        Self {
            slot_ns: slot(seen.time_ns),
            low_mac: macs.0,
            high_mac: macs.1,
            vlan,
            sides: [Side::default(); 2],
            position: seen.position,
            first: (seen.capture, seen.frame),
            last: (seen.capture, seen.frame),
            first_ns: seen.time_ns,
            last_ns: seen.time_ns,
        }
    }

    /// Whether a packet between these MACs belongs here: an unknown one (Linux cooked tells only the sender) fits any.
    /// Packets of links without MACs are apart: that the MACs at another link are theirs is a judgement.
    #[inline]
    pub fn fits(&self, time_ns: i64, low: Option<Mac>, high: Option<Mac>) -> bool {
        let same = |a: Option<Mac>, b: Option<Mac>| a == b || a.is_none() || b.is_none();
        let is_bare = self.low_mac.is_none() && self.high_mac.is_none();
        let alike = is_bare == (low.is_none() && high.is_none());
        self.covers(time_ns) && alike && same(self.low_mac, low) && same(self.high_mac, high)
    }

    /// Whether a time lies in the slot.
    #[inline]
    pub fn covers(&self, time_ns: i64) -> bool {
        (0..SLOT_NS).contains(&time_ns.saturating_sub(self.slot_ns))
    }
}

/// Start of the slot that a time lies in.
fn slot(time_ns: i64) -> i64 {
    time_ns.div_euclid(SLOT_NS).saturating_mul(SLOT_NS)
}

record! {
    /// Frames of one flow in one quarter of an hour between one pair of MACs, or without any. Every frame of the capture is counted in exactly one row. The originator is the side that opened the conversation, as far as seen (`originator_known_by`).
    pub struct SegmentRow in "flow_segments" {
        /// Flow id: derived from the ends, the protocol and the first time
        flow: FlowId,
        /// Start of the quarter of an hour, UTC nanoseconds since 1970
        slot_ns: i64,
        /// Capture file of the first frame (see captures)
        capture: u32,
        /// First frame, as Wireshark numbers it in that file
        frame: u64,
        /// Capture file of the last frame
        last_capture: u32,
        /// Last frame in that file
        last_frame: u64,
        /// Earliest time, UTC nanoseconds since 1970
        first_ns: i64,
        /// Latest time, UTC nanoseconds since 1970
        last_ns: i64,
        /// VLAN id (802.1Q) of the first frame
        vlan: Option<u16>,
        /// ip, ipv6, arp, ... : the network layer
        network: String,
        /// tcp, udp, icmp, ... : the transport; `fragment` for pieces of datagrams
        transport: Option<String>,
        /// IP protocol number, EtherType or LLC service access point
        protocol_number: Option<u16>,
        /// Originator's MAC
        originator_mac: Option<Mac>,
        /// Originator's IP address
        originator: Option<IpAddr>,
        /// Originator's port
        originator_port: Option<u16>,
        /// Originator's address as a key of look-up tables
        originator_key: Option<KeyValue>,
        /// Responder's MAC
        responder_mac: Option<Mac>,
        /// Responder's IP address
        responder: Option<IpAddr>,
        /// Responder's port
        responder_port: Option<u16>,
        /// Responder's address as a key of look-up tables
        responder_key: Option<KeyValue>,
        /// What told who opened the conversation: syn, group (multicast receiver), ports, scope (private to public), first (packet seen)
        originator_known_by: &'static str,
        /// Whether the start of the conversation was captured (TCP: its SYN); null where the protocol has none
        began_in_capture: Option<bool>,
        /// Application protocol; null while unknown
        application: Option<&'static str>,
        /// What told the application: content or port
        recognised_by: Option<&'static str>,
        /// Community ID v1 of the flow (corelight/community-id-spec); null without IP
        community_id: Option<String>,
        /// Frames from the originator
        originator_packets: u64,
        /// Frame bytes on the wire from the originator
        originator_bytes: u64,
        /// Transport payload bytes on the wire from the originator
        originator_payload_bytes: u64,
        /// Frames from the originator that repeat one seen at another interface or in another file
        originator_duplicate_packets: u64,
        /// Bytes of those frames
        originator_duplicate_bytes: u64,
        /// TCP flags from the originator, or-ed (RFC 9293)
        originator_tcp_flags: u8,
        /// Frames from the responder
        responder_packets: u64,
        /// Frame bytes on the wire from the responder
        responder_bytes: u64,
        /// Transport payload bytes on the wire from the responder
        responder_payload_bytes: u64,
        /// Frames from the responder that repeat one seen at another interface or in another file
        responder_duplicate_packets: u64,
        /// Bytes of those frames
        responder_duplicate_bytes: u64,
        /// TCP flags from the responder, or-ed (RFC 9293)
        responder_tcp_flags: u8,
    }
}
