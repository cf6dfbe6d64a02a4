//! RTCP (RFC 3550 6): reports about streams, and who sends them.

use super::{Carrier, Context, Parser, Probe, Protocol, Verdict, text};
use crate::packet::Cursor;
use crate::record;
use crate::tables::Record;

record! {
    /// A datagram of RTCP packets. Of SRTCP only the first packet's head is readable.
    pub struct Rtcp in "rtcp" at {
        /// Types of its packets, as far as readable: 200 sender report, 201 receiver report, 202 description, 203 goodbye, 204 application, 205 and 206 feedback
        types: Vec<u16>,
        /// Source that sends the first packet
        ssrc: Option<u32>,
        /// Canonical name of a source (CNAME)
        cname: Option<String>,
        /// Tool that the source names
        tool: Option<String>,
    }
}

/// RTCP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "rtcp",
    tcp_ports: &[],
    udp_ports: &[],
    probe,
    parser: || Box::new(RtcpParser),
    tables: &[Rtcp::SPEC],
};

/// Bytes of a report block, a sender's part and the head with the source (RFC 3550 6.4).
const BLOCK_WORDS: usize = 6;
/// Packets read of one datagram.
const MAX_PACKETS: usize = 32;

/// The first packet of a datagram: its count, type and words behind the head.
fn first(bytes: &[u8]) -> Option<(u8, u8, usize)> {
    let mut cursor = Cursor::new(bytes);
    let (first, kind, words) = (cursor.u8()?, cursor.u8()?, usize::from(cursor.u16()?));
    (first >> 6 == 2).then_some((first & 31, kind, words))
}

/// Whether a datagram of a media flow is RTCP and not RTP (RFC 5761 4).
pub fn is_control(bytes: &[u8]) -> bool {
    first(bytes).is_some_and(|(_, kind, _)| (192..=223).contains(&kind))
}

/// A compound datagram: a report whose length is exactly that of its blocks, then other packets to its very end.
fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Udp || !matches!(probe.bytes, [0x80..=0xbf, 200 | 201, ..]) {
        return Verdict::No;
    }
    let Some((count, kind, words)) = first(probe.bytes) else { return Verdict::No };
    let own = if kind == 200 { 6 } else { 1 };
    if words != usize::from(count).saturating_mul(BLOCK_WORDS).saturating_add(own) {
        return Verdict::No;
    }
    let (mut rest, mut packets) = (probe.bytes, 0u32);
    while !rest.is_empty() {
        let Some((_, 200..=207, words)) = first(rest) else { return Verdict::No };
        let Some(behind) = words.checked_add(1).and_then(|words| rest.get(words.checked_mul(4)?..)) else { return Verdict::No };
        (rest, packets) = (behind, packets.saturating_add(1));
    }
    if packets > 1 || count > 0 || kind == 200 { Verdict::Yes } else { Verdict::No }
}

struct RtcpParser;

impl Parser for RtcpParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        if is_control(bytes) {
            read(ctx, bytes);
        }
    }
}

/// Adds the row of a datagram.
pub fn read(ctx: &mut Context<'_>, bytes: &[u8]) {
    let mut row = Rtcp { at: ctx.at, types: Vec::new(), ssrc: None, cname: None, tool: None };
    let mut rest = bytes;
    while let Some((_, kind @ 192..=223, words)) = first(rest) {
        row.types.push(u16::from(kind));
        let end = words.saturating_add(1).saturating_mul(4).min(rest.len());
        let (packet, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        let mut body = Cursor::new(packet.get(4..).unwrap_or_default());
        let source = body.u32();
        row.ssrc = row.ssrc.or(source);
        if kind == 202 {
            describe(&mut row, &mut body);
        }
        rest = behind;
        if row.types.len() >= MAX_PACKETS {
            break;
        }
    }
    ctx.emit(&row);
}

/// Items of the first chunk (RFC 3550 6.5).
fn describe(row: &mut Rtcp, body: &mut Cursor<'_>) {
    while let (Some(kind @ 1..), Some(length)) = (body.u8(), body.u8()) {
        let Some(value) = body.take(usize::from(length)) else { return };
        match kind {
            1 => row.cname = text::padded(value),
            6 => row.tool = text::padded(value),
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, datagrams, hex};
    use proptest::prelude::*;

    const COMPOUND: &str = "80c9 0001 01020304                # receiver report without blocks
        81ca 0003 01020304 01 04 61406200 0000                  # description: CNAME a@b, end";

    fn probed(bytes: &[u8]) -> Verdict {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(1, 2), bytes, from_start: true, before: None })
    }

    #[test]
    fn a_compound_datagram_tells_its_source() {
        assert_eq!(probed(&hex(COMPOUND)), Verdict::Yes);
        let row = &datagrams(&PROTOCOL, &[&hex(COMPOUND)])[0].1;
        assert_eq!([&row["types"], &row["ssrc"], &row["cname"]], ["201 202", "16909060", "a@b"]);
    }

    #[test]
    fn a_length_that_does_not_fit_is_not_believed() {
        assert_eq!(probed(&hex("80c9 0001 01020304")), Verdict::No);
        assert_eq!(probed(&hex("80c9 0002 01020304 00000000")), Verdict::No);
        assert_eq!(probed(&hex(COMPOUND)[..20]), Verdict::No);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), place in 0usize..24, byte in any::<u8>()) {
            let _ = probed(&bytes);
            let mut changed = hex(COMPOUND);
            if let Some(old) = changed.get_mut(place) { *old = byte; }
            let _ = probed(&changed);
            datagrams(&PROTOCOL, &[&bytes, &changed]);
        }
    }
}
