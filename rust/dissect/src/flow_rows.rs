//! Counting frames into a flow's segments, and segments as rows.

use crate::flow::{Address, Endpoint, Kind, Segment, SegmentRow, Side, lookup_key};
use crate::flow_table::Flow;
use crate::packet::{Mac, ethertype};
use crate::parts::Parts;
use crate::shard::Sighting;
use crate::sink::Sink;
use std::net::IpAddr;

/// Pairs of MACs between which one flow is counted at a time; more mean hostile or broken input, and only cost rows.
const MAX_OPEN_SEGMENTS: usize = 8;

/// How a frame passed the capture point.
#[derive(Clone, Copy)]
pub struct Passage {
    /// MACs of the flow's low and high end
    pub macs: (Option<Mac>, Option<Mac>),
    /// outermost VLAN id
    pub vlan: Option<u16>,
    /// from the low to the high end
    pub upward: bool,
    /// the frame was seen before, at another vantage point
    pub repeats: bool,
}

impl Flow {
    /// Counts a frame.
    pub fn count(&mut self, sink: &mut Sink, seen: &Sighting, passage: Passage, parts: &Parts<'_>) {
        let Passage { macs, vlan, upward, repeats } = passage;
        if !self.segment.fits(seen.time_ns, macs.0, macs.1) {
            self.turn_to(sink, seen, macs, vlan);
        }
        let segment = &mut self.segment;
        segment.low_mac = segment.low_mac.or(macs.0);
        segment.high_mac = segment.high_mac.or(macs.1);
        segment.last = (seen.capture, seen.frame);
        segment.first_ns = segment.first_ns.min(seen.time_ns);
        segment.last_ns = segment.last_ns.max(seen.time_ns);
        let [up, down] = &mut segment.sides;
        let side = if upward { up } else { down };
        side.add(seen.original_len, parts, repeats);
    }

    /// Makes the segment of these MACs the one at hand; segments of another slot are finished.
    fn turn_to(&mut self, sink: &mut Sink, seen: &Sighting, macs: (Option<Mac>, Option<Mac>), vlan: Option<u16>) {
        if !self.segment.covers(seen.time_ns) || self.others.len() >= MAX_OPEN_SEGMENTS {
            self.write(sink);
            self.segment = Segment::new(seen, macs, vlan);
        } else if let Some(other) = self.others.iter_mut().find(|other| other.fits(seen.time_ns, macs.0, macs.1)) {
            std::mem::swap(&mut self.segment, other);
        } else {
            self.others.push(std::mem::replace(&mut self.segment, Segment::new(seen, macs, vlan)));
        }
    }

    /// Writes all segments of the flow.
    pub fn write(&mut self, sink: &mut Sink) {
        let community_id = self.community_id.take();
        for segment in std::mem::take(&mut self.others) {
            self.write_segment(sink, &segment, community_id.clone());
        }
        self.write_segment(sink, &self.segment, community_id);
    }

    fn write_segment(&self, sink: &mut Sink, segment: &Segment, community_id: Option<String>) {
        let label = self.label.or(self.conversation.as_ref().and_then(|talk| talk.label));
        let (network, transport) = layers(self.key.kind, self.key.low);
        let [up, down] = segment.sides;
        let low = (self.key.low, segment.low_mac, up);
        let high = (self.key.high, segment.high_mac, down);
        let (originator, responder) = if self.low_is_originator { (low, high) } else { (high, low) };
        let has_ports = matches!(transport.as_deref(), Some("tcp" | "udp" | "sctp"));
        let port = |end: Endpoint| has_ports.then_some(end.port);
        let ip = |end: Endpoint| -> Option<IpAddr> { if let Address::Ip(ip) = end.address { Some(ip) } else { None } };
        sink.emit_at(
            segment.position,
            &SegmentRow {
                flow: self.id,
                slot_ns: segment.slot_ns,
                capture: segment.first.0,
                frame: segment.first.1,
                last_capture: segment.last.0,
                last_frame: segment.last.1,
                first_ns: segment.first_ns,
                last_ns: segment.last_ns,
                vlan: segment.vlan,
                network,
                transport,
                protocol_number: number(self.key.kind),
                originator_mac: originator.1,
                originator: ip(originator.0),
                originator_port: port(originator.0),
                originator_key: ip(originator.0).map(lookup_key),
                responder_mac: responder.1,
                responder: ip(responder.0),
                responder_port: port(responder.0),
                responder_key: ip(responder.0).map(lookup_key),
                originator_known_by: self.originator_known_by,
                began_in_capture: self.began,
                application: label.map(|label| label.0),
                recognised_by: label.map(|label| label.1),
                community_id,
                originator_packets: originator.2.packets,
                originator_bytes: originator.2.bytes,
                originator_payload_bytes: originator.2.payload_bytes,
                originator_duplicate_packets: originator.2.duplicate_packets,
                originator_duplicate_bytes: originator.2.duplicate_bytes,
                originator_tcp_flags: originator.2.tcp_flags,
                responder_packets: responder.2.packets,
                responder_bytes: responder.2.bytes,
                responder_payload_bytes: responder.2.payload_bytes,
                responder_duplicate_packets: responder.2.duplicate_packets,
                responder_duplicate_bytes: responder.2.duplicate_bytes,
                responder_tcp_flags: responder.2.tcp_flags,
            },
        );
    }
}

impl Side {
    fn add(&mut self, original_len: u32, parts: &Parts<'_>, repeats: bool) {
        let bytes = u64::from(original_len);
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(bytes);
        self.payload_bytes = self.payload_bytes.wrapping_add(u64::from(parts.payload_len));
        self.tcp_flags |= parts.tcp_flags().unwrap_or(0);
        if repeats {
            self.duplicate_packets = self.duplicate_packets.wrapping_add(1);
            self.duplicate_bytes = self.duplicate_bytes.wrapping_add(bytes);
        }
    }
}

/// IP protocol number, EtherType or LLC service access point.
fn number(kind: Kind) -> Option<u16> {
    match kind {
        Kind::Ip(number) | Kind::Fragment(number) | Kind::Llc(number) => Some(u16::from(number)),
        Kind::EtherType(number) => Some(number),
        Kind::WlanControl | Kind::WlanProtected | Kind::Unknown => None,
    }
}

/// Names of network and transport layer; an unknown number stands as `0x88b5` or `ip-proto-99`.
pub fn layers(kind: Kind, low: Endpoint) -> (String, Option<String>) {
    let ip = || if matches!(low.address, Address::Ip(IpAddr::V6(_))) { "ipv6" } else { "ip" }.to_owned();
    match kind {
        Kind::Ip(number) => {
            let name = match number {
                1 => "icmp",
                2 => "igmp",
                4 => "ipip",
                6 => "tcp",
                17 => "udp",
                41 => "6in4",
                47 => "gre",
                50 => "esp",
                51 => "ah",
                58 => "icmpv6",
                89 => "ospf",
                103 => "pim",
                112 => "vrrp",
                132 => "sctp",
                _ => return (ip(), Some(format!("ip-proto-{number}"))),
            };
            (ip(), Some(name.to_owned()))
        }
        Kind::Fragment(_) => (ip(), Some("fragment".to_owned())),
        Kind::EtherType(number) => {
            let name = ethertype::name(number).map_or_else(|| format!("0x{number:04x}"), str::to_owned);
            (name, None)
        }
        Kind::Llc(0x42) => ("stp".to_owned(), None),
        Kind::Llc(_) => ("llc".to_owned(), None),
        Kind::WlanControl => ("wlan".to_owned(), None),
        Kind::WlanProtected => ("wlan-protected".to_owned(), None),
        Kind::Unknown => ("unknown".to_owned(), None),
    }
}
