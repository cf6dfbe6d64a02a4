//! Bursts of a flow: what was said without a longer silence, with the lengths of its first packets.
//!
//! Lengths and directions of packets are what encrypted traffic tells of what its user does: PingPong (Trimananda et al.,
//! Packet-Level Signatures for Smart Home Devices, NDSS 2020) pairs requests and answers by them.

use crate::flow::{Kind, SLOT_NS};
use crate::flow_table::Flow;
use crate::packet::tcp_flags;
use crate::parts::{Content, Parts};
use crate::record;
use crate::shard::Sighting;
use crate::sink::Sink;
use crate::tables::FlowId;

/// Silence that ends a burst. Of our choice: requests and answers that PingPong pairs lie within round trips of each other,
/// far below it; keep-alives and polls come more seldom (RFC 9293 3.8.4 allows none below two hours by default).
pub const SILENCE_NS: i64 = 1_000_000_000;
/// Packets whose lengths are kept: signatures "consist only of the lengths and directions of a few packets" (PingPong), and
/// a TLS handshake that comes before has at most ten.
const MAX_LENGTHS: usize = 16;
/// Rows of one flow in one quarter of an hour: one each 14 s; more are merged into one row and counted.
const MAX_ROWS_IN_SLOT: u32 = 64;
/// Rows of one shard in one quarter of an hour; with 16 shards one a second for each of nine devices. Beyond, a flow has
/// [`MIN_ROWS_IN_SLOT`], so that a network of thousands of flows does not become mostly bursts.
const MAX_SHARD_ROWS_IN_SLOT: u32 = 512;
/// Rows of one flow in one quarter of an hour that it has whatever the others do.
const MIN_ROWS_IN_SLOT: u32 = 1;
/// Packets with payload from which on a flow's only burst is a row: a request and its answer are told by `flows`.
const MIN_PACKETS: u64 = 3;

record! {
    /// Packets with payload of one flow, none more than 1 s after the one before. Duplicates at other capture points, and TCP payload that was sent before (retransmissions, keep-alives) are left out. A flow with one burst of one or two packets, the first of them from the originator, has no row. In a quarter of an hour with more than 64 bursts of a flow (or more than one, where there are thousands of others) the rest are one row, which counts them.
    pub struct BurstRow in "bursts" {
        /// Flow (see flows)
        flow: FlowId,
        /// Capture file of the first packet
        capture: u32,
        /// First packet, as Wireshark numbers it in that file
        frame: u64,
        /// Time of the first packet, UTC nanoseconds since 1970
        first_ns: i64,
        /// Time of the last packet, UTC nanoseconds since 1970
        last_ns: i64,
        /// Whether the first packet came from the originator
        starts_with_originator: bool,
        /// Packets with payload from the originator
        originator_packets: u64,
        /// Their transport payload bytes on the wire
        originator_payload_bytes: u64,
        /// Packets with payload from the responder
        responder_packets: u64,
        /// Their transport payload bytes on the wire
        responder_payload_bytes: u64,
        /// Transport payload lengths of the first 16 packets: positive from the originator, negative from the responder; empty where bursts were merged
        lengths: Vec<i64>,
        /// Time between each of those packets and the one before, microseconds; 0 for the first
        gaps_us: Vec<i64>,
        /// Bursts in this row: 1, or more where they were merged
        bursts: u64,
    }
}

/// A burst that goes on, or bursts that were merged.
#[derive(Debug)]
struct Burst {
    position: u64,
    first: (u32, u64),
    first_ns: i64,
    last_ns: i64,
    starts_upward: bool,
    /// a row of its own, with lengths
    is_row: bool,
    /// low to high, high to low
    packets: [u64; 2],
    bytes: [u64; 2],
    /// length, from the low end, microseconds since the packet before
    told: Vec<(u32, bool, u32)>,
    bursts: u64,
}

/// Rows of a shard in the quarter of an hour at hand.
#[derive(Debug, Default)]
pub struct BurstBudget {
    slot_ns: i64,
    rows: u32,
}

impl BurstBudget {
    /// Begins a new quarter of an hour where the time lies in another.
    fn turn_to(&mut self, slot_ns: i64) {
        if self.slot_ns != slot_ns {
            *self = Self { slot_ns, rows: 0 };
        }
    }
}

/// What is remembered of a flow's bursts.
#[derive(Debug, Default)]
pub struct Bursts {
    current: Option<Burst>,
    slot_ns: i64,
    rows_in_slot: u32,
    has_rows: bool,
    /// where the payload of each direction ended (TCP)
    ends: [Option<u32>; 2],
}

impl Bursts {
    /// Of a flow that was in memory before.
    pub fn of_returned() -> Self {
        Self { has_rows: true, ..Self::default() }
    }

    /// Reads a little of each part, so that it is near when it is needed.
    #[inline]
    pub fn fetch(&self) -> u64 {
        self.current.as_ref().map_or(0, |burst| burst.bursts ^ burst.position) ^ u64::from(self.rows_in_slot)
    }

    /// Whether TCP payload goes beyond what this direction sent before.
    fn is_new(&mut self, sequence: u32, length: u32, upward: bool) -> bool {
        let [up, down] = &mut self.ends;
        let known = if upward { up } else { down };
        let end = sequence.wrapping_add(length);
        let beyond = known.is_none_or(|before| end.wrapping_sub(before).cast_signed() > 0);
        if beyond {
            *known = Some(end);
        }
        beyond
    }
}

/// Takes a frame of a flow that is not the duplicate of another.
pub fn add(
    sink: &mut Sink,
    budget: &mut BurstBudget,
    flow: &mut Flow,
    seen: &Sighting,
    parts: &Parts<'_>,
    upward: bool,
) {
    if parts.payload_len == 0 || !matches!(parts.kind, Kind::Ip(_)) {
        return;
    }
    let bursts = flow.bursts.get_or_insert_default();
    if let Content::Tcp(tcp) = &parts.content {
        let sequence = tcp.sequence.wrapping_add(u32::from(tcp.flags & tcp_flags::SYN != 0));
        if !bursts.is_new(sequence, parts.payload_len, upward) {
            return;
        }
    }
    if let Some(burst) = &mut bursts.current {
        let goes_on = seen.time_ns.abs_diff(burst.last_ns) <= SILENCE_NS.unsigned_abs();
        let is_merged = !burst.is_row && (0..SLOT_NS).contains(&seen.time_ns.saturating_sub(bursts.slot_ns));
        if goes_on || is_merged {
            burst.bursts = burst.bursts.saturating_add(u64::from(!goes_on));
            burst.add(seen.time_ns, parts.payload_len, upward);
            return;
        }
    }
    if let Some(over) = bursts.current.take() {
        bursts.has_rows = true;
        write(sink, flow, &over);
    }
    let Some(bursts) = &mut flow.bursts else { return };
    let slot_ns = seen.time_ns.div_euclid(SLOT_NS).saturating_mul(SLOT_NS);
    budget.turn_to(slot_ns);
    if bursts.slot_ns != slot_ns {
        (bursts.slot_ns, bursts.rows_in_slot) = (slot_ns, 0);
    }
    let most = if budget.rows < MAX_SHARD_ROWS_IN_SLOT { MAX_ROWS_IN_SLOT } else { MIN_ROWS_IN_SLOT };
    let is_row = bursts.rows_in_slot < most;
    if is_row {
        bursts.rows_in_slot = bursts.rows_in_slot.saturating_add(1);
        // the first burst of a flow may stay alone, and is no row then
        budget.rows = budget.rows.saturating_add(u32::from(bursts.has_rows));
    }
    let mut burst = Burst::new(seen, upward, is_row);
    burst.add(seen.time_ns, parts.payload_len, upward);
    bursts.current = Some(burst);
}

/// Writes what is left of a flow that leaves memory.
pub fn end(sink: &mut Sink, flow: &mut Flow) {
    let Some(bursts) = flow.bursts.take() else { return };
    // `flows` cannot tell that the responder spoke first
    let is_told = |burst: &Burst| {
        burst.packets.iter().sum::<u64>() >= MIN_PACKETS || burst.starts_upward != flow.low_is_originator
    };
    if let Some(last) = bursts.current.filter(|last| bursts.has_rows || is_told(last)) {
        write(sink, flow, &last);
    }
}

fn write(sink: &mut Sink, flow: &Flow, burst: &Burst) {
    let low = flow.low_is_originator;
    let [up, down] = burst.packets;
    let [up_bytes, down_bytes] = burst.bytes;
    let (originator, responder) =
        if low { ((up, up_bytes), (down, down_bytes)) } else { ((down, down_bytes), (up, up_bytes)) };
    let signed = |length: u32, upward: bool| {
        if upward == low { i64::from(length) } else { i64::from(length).saturating_neg() }
    };
    sink.emit_at(
        burst.position,
        &BurstRow {
            flow: flow.id,
            capture: burst.first.0,
            frame: burst.first.1,
            first_ns: burst.first_ns,
            last_ns: burst.last_ns,
            starts_with_originator: burst.starts_upward == low,
            originator_packets: originator.0,
            originator_payload_bytes: originator.1,
            responder_packets: responder.0,
            responder_payload_bytes: responder.1,
            lengths: burst.told.iter().map(|(length, upward, _)| signed(*length, *upward)).collect(),
            gaps_us: burst.told.iter().map(|(_, _, gap)| i64::from(*gap)).collect(),
            bursts: burst.bursts,
        },
    );
}

impl Burst {
    fn new(seen: &Sighting, upward: bool, is_row: bool) -> Self {
        Self {
            position: seen.position,
            first: (seen.capture, seen.frame),
            first_ns: seen.time_ns,
            last_ns: seen.time_ns,
            starts_upward: upward,
            is_row,
            packets: [0; 2],
            bytes: [0; 2],
            told: Vec::new(),
            bursts: 1,
        }
    }

    fn add(&mut self, time_ns: i64, length: u32, upward: bool) {
        let ([up, down], [up_bytes, down_bytes]) = (&mut self.packets, &mut self.bytes);
        let (packets, bytes) = if upward { (up, up_bytes) } else { (down, down_bytes) };
        *packets = packets.saturating_add(1);
        *bytes = bytes.saturating_add(u64::from(length));
        if self.is_row && self.told.len() < MAX_LENGTHS {
            let gap_us = time_ns.saturating_sub(self.last_ns).max(0).checked_div(1000).unwrap_or(0);
            self.told.push((length, upward, u32::try_from(gap_us).unwrap_or(u32::MAX)));
        }
        self.first_ns = self.first_ns.min(time_ns);
        self.last_ns = self.last_ns.max(time_ns);
    }
}
