//! Frames of one shard: flows, fragments, duplicates and conversations. A shard is the set of all frames between
//! certain pairs of addresses; the number of shards is fixed, so that threads cannot change results.

use crate::app::{Budget, Context, Conversation};
use crate::arp::Arp;
use crate::at::At;
use crate::batch::Taken;
use crate::bursts::{self, BurstBudget, Bursts};
use crate::capture::{LinkType, Overlap};
use crate::community_id::community_id;
use crate::duplicates::Duplicates;
use crate::eapol::Eapol;
use crate::flow::{FlowKey, Kind, Segment};
use crate::flow_rows::Passage;
use crate::flow_table::{Departed, Flow, FlowTable};
use crate::fragments::{Fragments, Outcome};
use crate::group::{self, Membership};
use crate::icmp::Icmp;
use crate::lldp::Lldp;
use crate::originator::sender_is_originator;
use crate::packet::{Network, head, ipv4_ends, passed, protocol, tcp_flags};
use crate::parts::{Content, Parts};
use crate::sink::Sink;
use crate::stream::Memory;
use crate::tcp;
use crate::weird::Weird;

/// Number of shards.
pub const SHARDS: u64 = 16;

/// What a shard is told of a frame beside its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    /// place in the walk over all captures
    pub position: u64,
    /// capture file
    pub capture: u32,
    /// number in that file
    pub frame: u64,
    /// interface in that file
    pub interface: u32,
    /// UTC nanoseconds
    pub time_ns: i64,
    /// bytes on the wire
    pub original_len: u32,
    /// whether the capture could hold it twice (several interfaces, overlapping files)
    pub overlap: Overlap,
}

/// What can be said of a frame before those before it are read.
struct Known<'a> {
    parts: Parts<'a>,
    /// what is wrong with it
    fault: Option<Weird>,
    key: FlowKey,
    /// from the low to the high end
    upward: bool,
    hash: u64,
    /// where its flow may be
    likely: Option<usize>,
}

impl<'a> Known<'a> {
    #[inline]
    fn new(table: &FlowTable, (parts, fault): (Parts<'a>, Option<Weird>)) -> Self {
        let (key, upward) = parts.key();
        let hash = table.hash(&key);
        Self { parts, fault, key, upward, hash, likely: table.likely(hash) }
    }
}

/// State of one shard.
#[derive(Default)]
pub struct Shard {
    table: FlowTable,
    fragments: Fragments,
    duplicates: Duplicates,
    budget: Budget,
    reassembly: Memory,
    bursts: BurstBudget,
}

impl Shard {
    /// Takes frames, in their order; at most [`GROUP`](crate::batch::GROUP) at a time is best.
    pub fn frames(&mut self, sink: &mut Sink, group: &[Taken<'_>]) {
        let mut known: Vec<Option<Known<'_>>> = Vec::with_capacity(group.len());
        known
            .extend(group.iter().map(|taken| Parts::of_whole(&taken.head).map(|parts| Known::new(&self.table, parts))));
        self.table.fetch(known.iter().flatten().filter_map(|known| known.likely));
        for (taken, known) in group.iter().zip(&known) {
            self.frame(sink, taken, known.as_ref());
        }
    }

    fn frame(&mut self, sink: &mut Sink, taken: &Taken<'_>, known: Option<&Known<'_>>) {
        let Taken { seen, head, .. } = taken;
        sink.begin(seen.position);
        let repeats = self.repeats(taken);
        let (whole, made);
        let known = match (known, &head.network) {
            (Some(known), _) => known,
            (None, network) => {
                let parts = match network {
                    Network::Ip(ip) => match self.fragments.add(ip) {
                        Outcome::Whole(payload) => {
                            whole = payload;
                            Parts::of_ip(ip, &whole, u32::try_from(whole.len()).unwrap_or(u32::MAX))
                        }
                        Outcome::First => Parts::of_ip(ip, ip.payload, ip.payload_len),
                        Outcome::Waiting => (Parts::of_fragment(ip), None),
                        Outcome::Bad(fault) => (Parts::of_fragment(ip), Some(fault)),
                    },
                    _ => (Parts::of_link(head), None),
                };
                made = Known::new(&self.table, parts);
                &made
            }
        };
        let Known { parts, fault, upward, .. } = known;
        let upward = *upward;
        let macs = if upward { (head.source, head.destination) } else { (head.destination, head.source) };
        let fresh = || Segment::new(seen, macs, head.vlan);
        let index = self.find(sink, known, seen.time_ns, &fresh);
        let Some(flow) = self.table.at(index) else { return };
        flow.count(sink, seen, Passage { macs, vlan: head.vlan, upward, repeats }, parts);
        if !repeats {
            bursts::add(sink, &mut self.bursts, flow, seen, parts, upward);
        }
        let at = parts.at(seen, head, flow.id, repeats);
        for (fault, layer) in [(head.weird, "link"), (*fault, "ip")] {
            if let Some(fault) = fault {
                sink.weird(&at, fault, layer, None);
            }
        }
        read(sink, (&self.budget, &self.reassembly), flow, parts, upward, at);
    }

    /// Whether the capture holds the frame from another place already.
    fn repeats(&mut self, taken: &Taken<'_>) -> bool {
        let Taken { seen, link_type, head, bytes } = taken;
        let passed = passed(*link_type, bytes);
        if seen.overlap == Overlap::None && passed.is_none() {
            return false;
        }
        let is_cut = u32::try_from(bytes.len()).is_ok_and(|captured| captured < seen.original_len);
        let (device, constant) = passed.map_or((0, [*bytes, &[]]), |passed| (passed.device, passed.constant));
        let identity = self.duplicates.identity(constant, seen.original_len, is_cut, head);
        self.duplicates.is_repeated(identity, seen.time_ns, (seen.capture, seen.interface, device), seen.overlap)
    }

    /// The place of the frame's flow, which is made where there is none.
    fn find(&mut self, sink: &mut Sink, known: &Known<'_>, time_ns: i64, fresh: &dyn Fn() -> Segment) -> usize {
        let Known { parts, key, upward, hash, likely, .. } = known;
        let (upward, hash) = (*upward, *hash);
        if let Some((index, flow)) = self.table.find(key, hash, *likely) {
            if let Content::Tcp(segment) = &parts.content
                && tcp::is_another_connection(flow, segment, upward)
            {
                let next = Flow::new(*key, first_seen(key, parts, upward, time_ns), fresh());
                let mut before = std::mem::replace(flow, next);
                leave(sink, (&self.budget, &self.reassembly), &mut before);
                name(flow, parts);
            }
            return index;
        }
        let starts = parts.tcp_flags().is_some_and(|flags| flags & tcp_flags::SYN != 0);
        let known = self.table.departed(hash).filter(|_| !starts);
        let about = known.unwrap_or_else(|| first_seen(key, parts, upward, time_ns));
        let mut flow = Flow::new(*key, about, fresh());
        flow.bursts = known.map(|_| Box::new(Bursts::of_returned()));
        if known.is_none() {
            name(&mut flow, parts);
            if self.table.has_forgotten() && !starts {
                flow.began = None;
            }
        }
        let (index, leaving) = self.table.insert(flow, hash);
        if let Some(mut leaving) = leaving {
            leave(sink, (&self.budget, &self.reassembly), &mut leaving);
        }
        index
    }

    /// Ends all flows.
    pub fn finish(&mut self, sink: &mut Sink) {
        let mut flows = self.table.drain();
        flows.sort_by_key(|flow| flow.segment.position);
        for flow in &mut flows {
            // a place that no other flow has, so that the order of rows does not depend on threads
            sink.begin_end(flow.segment.position);
            leave(sink, (&self.budget, &self.reassembly), flow);
        }
    }
}

/// What the first packet of a flow tells of it.
fn first_seen(key: &FlowKey, parts: &Parts<'_>, upward: bool, time_ns: i64) -> Departed {
    let flags = parts.tcp_flags();
    let (sender, originator_known_by) = sender_is_originator(parts.source, parts.destination, flags);
    Departed {
        id: key.id(time_ns),
        low_is_originator: sender == upward,
        originator_known_by,
        began: flags.map(|flags| flags & tcp_flags::SYN != 0),
        label: None,
    }
}

/// Gives a new flow its Community ID.
fn name(flow: &mut Flow, parts: &Parts<'_>) {
    let icmp = if let Content::Icmp([kind, code, ..]) = parts.content { Some((*kind, *code)) } else { None };
    flow.community_id = community_id(parts.kind, parts.source, parts.destination, icmp);
}

/// Gives the content to whoever reads it.
fn read(sink: &mut Sink, memory: (&Budget, &Memory), flow: &mut Flow, parts: &Parts<'_>, upward: bool, at: At) {
    let (budget, _) = memory;
    match parts.content {
        Content::Tcp(segment) => tcp::read(sink, memory, flow, &segment, upward, at),
        Content::Datagram(bytes, is_cut) => {
            let talk = flow.conversation.get_or_insert_with(|| Box::new(Conversation::new(true, sink.blind)));
            if talk.is_reading() {
                talk.datagram(&mut Context { at, is_cut, budget, sink, protocol: "udp" }, bytes);
            }
        }
        Content::Icmp(bytes) => {
            Icmp::read(sink, at, bytes);
            if parts.kind == Kind::Ip(protocol::ICMPV6) && bytes.first().is_some_and(|kind| group::is_mld(*kind)) {
                Membership::read(sink, at, bytes, true);
            }
        }
        Content::Igmp(bytes) => Membership::read(sink, at, bytes, false),
        Content::Arp(bytes) => Arp::read(sink, at, bytes),
        Content::Eapol(bytes) => Eapol::read(sink, at, bytes),
        Content::Lldp(bytes) => Lldp::read(sink, at, bytes),
        Content::None => {}
    }
}

/// Ends a flow's conversation and writes what is left of it.
fn leave(sink: &mut Sink, memory: (&Budget, &Memory), flow: &mut Flow) {
    tcp::end(sink, memory, flow);
    bursts::end(sink, flow);
    flow.write(sink);
}

/// The shard that owns a frame: by its unordered address pair, since later fragments have no ports and ICMP errors,
/// FTP data or media belong to other tuples of the same hosts; by its MACs without IP.
#[inline]
pub fn owner(link_type: LinkType, bytes: &[u8]) -> u64 {
    // the walk asks this of all frames: most tell it without being decoded
    if link_type == LinkType::ETHERNET
        && let Some((source, destination)) = ipv4_ends(bytes)
    {
        return spread(u64::from(source), u64::from(destination));
    }
    let head = head(link_type, bytes);
    match &head.network {
        Network::Ip(ip) => spread(fold(ip.source), fold(ip.destination)),
        _ => {
            let of = |mac: Option<crate::packet::Mac>| {
                mac.map_or(0, |mac| mac.0.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte)))
            };
            spread(of(head.source), of(head.destination))
        }
    }
}

/// One of the shards, the same for (a, b) and (b, a).
#[inline]
fn spread(a: u64, b: u64) -> u64 {
    let spread = (a ^ b).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(a.wrapping_add(b));
    (spread ^ spread >> 32 ^ spread >> 16).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60
}

#[inline]
fn fold(address: std::net::IpAddr) -> u64 {
    match address {
        std::net::IpAddr::V4(v4) => u64::from(u32::from(v4)),
        std::net::IpAddr::V6(v6) => {
            let bits = u128::from(v6);
            #[allow(clippy::cast_possible_truncation)] // folding both halves is the purpose
            let folded = (bits >> 64) as u64 ^ bits as u64;
            folded
        }
    }
}
