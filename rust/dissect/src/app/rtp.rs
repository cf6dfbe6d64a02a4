//! RTP (RFC 3550): one row for each stream and sender. A header has no magic, so a flow is RTP only when a datagram
//! continues the one before.

use super::{Carrier, Context, Parser, Probe, Protocol, Verdict, rtcp};
use crate::at::At;
use crate::packet::Cursor;
use crate::record;
use crate::tables::Record;

record! {
    /// A stream of RTP packets of one sender, counted. Rows of a stream whose flow left memory add up.
    pub struct RtpStream in "rtp_streams" at {
        /// Synchronisation source: the sender's number of the stream
        ssrc: u32,
        /// Payload types in the order of their first packet, at most eight (RFC 3551: 0 and 8 telephone audio, 26 JPEG; from 96 on dynamic)
        payload_types: Vec<u16>,
        /// Packets
        packets: u64,
        /// Bytes behind the fixed header, padding and extensions included
        bytes: u64,
        /// Packets from the lowest to the highest sequence number; less `packets` is what was lost (RFC 3550 A.3)
        expected_packets: u64,
        /// First sequence number
        first_sequence: u16,
        /// Capture file of the last packet
        last_capture: u32,
        /// Its frame
        last_frame: u64,
        /// Its time, UTC nanoseconds since 1970
        last_ns: i64,
    }
}

/// RTP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "rtp",
    tcp_ports: &[],
    udp_ports: &[],
    probe,
    parser: || Box::new(RtpParser::default()),
    tables: &[RtpStream::SPEC],
};

/// Fixed header (RFC 3550 5.1).
const HEADER_BYTES: usize = 12;
/// Packets that may be missing between two that tell a stream (RFC 3550 A.1 takes two in sequence).
const MAX_STEP: u16 = 8;
/// Ticks between two such packets: two seconds of the fastest usual clock, 90 kHz (RFC 3551).
const MAX_TICKS: u32 = 180_000;
/// Streams told apart in one flow.
const MAX_STREAMS: usize = 32;
/// Payload types told of one stream.
const MAX_TYPES: usize = 8;
/// Step of sequence numbers that is a new beginning (RFC 3550 A.1, MAX_DROPOUT).
const MAX_DROPOUT: u16 = 3000;

/// Fixed header.
#[derive(Clone, Copy)]
struct Header {
    payload_type: u8,
    sequence: u16,
    ticks: u32,
    ssrc: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let (first, second) = (cursor.u8()?, cursor.u8()?);
        let (sequence, ticks, ssrc) = (cursor.u16()?, cursor.u32()?, cursor.u32()?);
        (first >> 6 == 2).then_some(Self { payload_type: second & 0x7f, sequence, ticks, ssrc })
    }

    /// Types that RFC 3551 6 assigns to media, or leaves to be agreed upon.
    fn is_media(self) -> bool {
        matches!(self.payload_type, 0..=18 | 25..=34 | 96..=127)
    }

    fn follows(self, before: Self) -> bool {
        self.ssrc == before.ssrc
            && self.ssrc != 0
            && (1..=MAX_STEP).contains(&self.sequence.wrapping_sub(before.sequence))
            // pictures may come before those that they are made from
            && (self.ticks.wrapping_sub(before.ticks) <= MAX_TICKS || before.ticks.wrapping_sub(self.ticks) <= MAX_TICKS)
    }
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let (Carrier::Udp, Some(before)) = (probe.carrier, probe.before) else { return Verdict::No };
    let (Some(now), Some(before)) = (Header::read(probe.bytes), Header::read(before)) else { return Verdict::No };
    // a length where the sequence number would be: BACnet/IP has it there
    if usize::from(now.sequence) == probe.bytes.len() {
        return Verdict::No;
    }
    if now.is_media() && before.is_media() && now.follows(before) && probe.bytes.len() > HEADER_BYTES { Verdict::Yes } else { Verdict::No }
}

#[derive(Default)]
struct RtpParser {
    media: Media,
}

impl Parser for RtpParser {
    fn earlier(&mut self, ctx: &mut Context<'_>, head: &[u8]) {
        self.datagram(ctx, head);
    }

    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        if rtcp::is_control(bytes) { rtcp::read(ctx, bytes) } else { self.media.packet(ctx, bytes) }
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        self.media.end(ctx);
    }
}

/// Streams of one flow.
#[derive(Default)]
pub struct Media {
    streams: Vec<Stream>,
}

struct Stream {
    at: At,
    last: At,
    types: Vec<u16>,
    ssrc: u32,
    packets: u64,
    bytes: u64,
    first: u16,
    /// highest sequence number
    highest: u16,
    /// numbers from the first to the highest one
    span: u64,
    /// numbers before the first one that came late
    early: u64,
}

impl Media {
    /// Counts a packet; what is no RTP is passed over.
    pub fn packet(&mut self, ctx: &Context<'_>, bytes: &[u8]) {
        let Some(header) = Header::read(bytes) else { return };
        let size = bytes.len().saturating_sub(HEADER_BYTES) as u64;
        let known = self.streams.iter_mut().find(|stream| stream.ssrc == header.ssrc && stream.at.source == ctx.at.source);
        if let Some(stream) = known {
            stream.add(&ctx.at, header, size);
        } else if self.streams.len() < MAX_STREAMS {
            self.streams.push(Stream {
                at: ctx.at,
                last: ctx.at,
                types: vec![u16::from(header.payload_type)],
                ssrc: header.ssrc,
                packets: 1,
                bytes: size,
                first: header.sequence,
                highest: header.sequence,
                span: 1,
                early: 0,
            });
        }
    }

    /// Writes the streams.
    pub fn end(&mut self, ctx: &mut Context<'_>) {
        for stream in std::mem::take(&mut self.streams) {
            ctx.emit(&RtpStream {
                at: stream.at,
                ssrc: stream.ssrc,
                payload_types: stream.types,
                packets: stream.packets,
                bytes: stream.bytes,
                expected_packets: stream.span.saturating_add(stream.early),
                first_sequence: stream.first,
                last_capture: stream.last.capture,
                last_frame: stream.last.frame,
                last_ns: stream.last.time_ns,
            });
        }
    }
}

impl Stream {
    fn add(&mut self, at: &At, header: Header, size: u64) {
        self.packets = self.packets.saturating_add(1);
        self.bytes = self.bytes.saturating_add(size);
        self.last = *at;
        let kind = u16::from(header.payload_type);
        if self.types.len() < MAX_TYPES && !self.types.contains(&kind) {
            self.types.push(kind);
        }
        let ahead = header.sequence.wrapping_sub(self.highest);
        let behind = self.highest.wrapping_sub(header.sequence);
        if (1..=MAX_DROPOUT).contains(&ahead) {
            self.span = self.span.saturating_add(u64::from(ahead));
            self.highest = header.sequence;
        } else if behind > MAX_DROPOUT && ahead > 0 {
            // the sender began anew
            self.span = self.span.saturating_add(1);
            self.highest = header.sequence;
        } else if u64::from(behind) >= self.span.saturating_add(self.early) {
            self.early = u64::from(behind).saturating_add(1).saturating_sub(self.span);
        }
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, datagrams, hex};
    use proptest::prelude::*;

    /// Version 2; type 96; sequence, ticks, source; two bytes of media.
    fn packet(sequence: u16, ticks: u32, ssrc: u32) -> Vec<u8> {
        hex(&format!("80 60 {sequence:04x} {ticks:08x} {ssrc:08x} abcd"))
    }

    fn probed(bytes: &[u8], before: Option<&[u8]>) -> Verdict {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(1, 2), bytes, from_start: true, before })
    }

    #[test]
    fn only_a_datagram_that_continues_another_is_rtp() {
        let (first, second) = (packet(65_535, 10, 7), packet(0, 170, 7));
        assert_eq!(probed(&first, None), Verdict::No);
        assert_eq!(probed(&second, Some(&first)), Verdict::Yes);
        assert_eq!(probed(&first, Some(&first)), Verdict::No);
        assert_eq!(probed(&packet(0, 170, 8), Some(&first)), Verdict::No);
        assert_eq!(probed(&packet(900, 170, 7), Some(&first)), Verdict::No);
        assert_eq!(probed(&packet(0, 9_000_000, 7), Some(&first)), Verdict::No);
    }

    #[test]
    fn a_length_is_no_sequence_number() {
        // BACnet/IP: unicast, 17 bytes; version, control, a request
        let bacnet = |length: u8| hex(&format!("81 0a 00{length:02x} 01 04 0005 01 0c 0c 02 3f ff ff 19 4d"));
        assert_eq!(probed(&bacnet(17), Some(&bacnet(16))), Verdict::No);
    }

    #[test]
    fn lost_late_and_doubled_packets_are_told() {
        // 3 is lost, 2 comes late, 4 twice
        let packets: Vec<_> = [1u16, 4, 2, 4, 5].iter().map(|n| packet(*n, 0, 7)).collect();
        let rows = datagrams(&PROTOCOL, &packets.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!([&rows[0].1["packets"], &rows[0].1["expected_packets"], &rows[0].1["bytes"]], ["5", "5", "10"]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40), sequences in proptest::collection::vec(any::<u16>(), 0..20)) {
            let _ = probed(&bytes, Some(&bytes));
            let packets: Vec<_> = sequences.iter().map(|n| packet(*n, 0, 7)).collect();
            let rows = datagrams(&PROTOCOL, &packets.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(rows.len(), usize::from(!sequences.is_empty()));
        }
    }
}
