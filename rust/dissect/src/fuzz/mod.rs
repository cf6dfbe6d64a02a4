//! Layers of the dissector as a fuzzer sees them: any bytes in, no panic, no hang, bounded memory. Part of tests and of builds with `--cfg fuzzing`
//! (`rust/fuzz`, which holds one program a layer) only.
//!
//! Beside `readers`, an input is a byte that chooses and a script: steps of a control byte, a length of two bytes and so many bytes.

mod handshakes;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod seeds;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

pub use handshakes::handshakes;

use crate::app::{Appetite, Budget, Carrier, Context, Direction, PROTOCOLS, Parser, Probe, Protocol, http};
use crate::arp::Arp;
use crate::at::{At, End};
use crate::batch::Taken;
use crate::capture::{LinkType, Overlap, Reader};
use crate::eapol::Eapol;
use crate::group::Membership;
use crate::icmp::Icmp;
use crate::lldp::Lldp;
use crate::packet::{Cursor, Network, head, transport};
use crate::shard::{Shard, Sighting};
use crate::sink::Sink;
use crate::tables::FlowId;

/// What reads an input.
pub type Layer = fn(&[u8]);

/// Every layer with the name of its program.
pub const LAYERS: [(&str, Layer); 7] = [
    ("readers", readers),
    ("packets", packets),
    ("frames", frames),
    ("datagrams", datagrams),
    ("streams", streams),
    ("http", web),
    ("handshakes", handshakes),
];

/// Link types that have a decoder, the rest are one.
const LINK_TYPES: [LinkType; 12] = [
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::NULL,
    LinkType::LOOP,
    LinkType::PPP,
    LinkType::PPP_ETHER,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::IEEE802_11,
    LinkType::IEEE802_11_RADIOTAP,
    LinkType::PRISM,
    LinkType::C_HDLC,
];
/// A second between steps would end nothing; half a minute ends what waits for others.
const STEP_NS: i64 = 500_000_000;

/// A step of a script.
struct Step<'a> {
    control: u8,
    /// as the script says, which may be more than it has bytes
    length: u16,
    bytes: &'a [u8],
}

fn steps(script: &[u8]) -> impl Iterator<Item = Step<'_>> {
    let mut cursor = Cursor::new(script);
    std::iter::from_fn(move || {
        let (control, length) = (cursor.u8()?, cursor.u16()?);
        let bytes = cursor.take(usize::from(length).min(cursor.remaining()))?;
        Some(Step { control, length, bytes })
    })
}

fn place(direction: Direction, ports: [u16; 2]) -> At {
    let end = |last, port| End { mac: None, address: Some([192, 0, 2, last].into()), port: Some(port) };
    let [low, high] = ports;
    let (source, destination) = match direction {
        Direction::Up => (end(1, low), end(2, high)),
        Direction::Down => (end(2, high), end(1, low)),
    };
    At { capture: 0, frame: 1, time_ns: 0, flow: FlowId(1), source, destination, is_repeated: false }
}

fn direction(control: u8) -> Direction {
    if control & 1 == 0 { Direction::Up } else { Direction::Down }
}

/// Gives a script to a parser of this protocol, in the manner of the flow table.
fn drive(
    protocol: &'static Protocol,
    script: &[u8],
    mut step: impl FnMut(&mut dyn Parser, &mut Context<'_>, Direction, &Step<'_>),
) {
    let (mut sink, budget, mut parser) = (Sink::default(), Budget::default(), (protocol.parser)());
    let port = protocol.tcp_ports.iter().chain(protocol.udp_ports).next().copied().unwrap_or(9);
    let mut context = |direction, is_cut, act: &mut dyn FnMut(&mut dyn Parser, &mut Context<'_>)| {
        let at = place(direction, [40_000, port]);
        let mut ctx = Context { at, is_cut, budget: &budget, sink: &mut sink, protocol: protocol.name };
        act(parser.as_mut(), &mut ctx);
    };
    for one in steps(script) {
        let direction = direction(one.control);
        context(direction, one.control & 2 != 0, &mut |parser, ctx| step(parser, ctx, direction, &one));
    }
    context(Direction::Up, false, &mut |parser, ctx| parser.end(ctx));
    assert!(sink.finish().is_ok());
}

fn datagrams_of(protocol: &'static Protocol, script: &[u8]) {
    drive(protocol, script, |parser, ctx, _, step| {
        let at = ctx.at;
        let probe = Probe { carrier: Carrier::Udp, at: &at, bytes: step.bytes, from_start: true, before: None };
        let _ = (protocol.probe)(&probe);
        parser.datagram(ctx, step.bytes);
    });
}

fn stream_of(protocol: &'static Protocol, script: &[u8]) {
    let mut wants = [true; 2];
    drive(protocol, script, |parser, ctx, direction, step| {
        let at = ctx.at;
        let probe = Probe { carrier: Carrier::Tcp, at: &at, bytes: step.bytes, from_start: true, before: None };
        let _ = (protocol.probe)(&probe);
        let wants = direction.of(&mut wants);
        if !*wants {
            return;
        }
        let appetite = match step.control >> 2 & 7 {
            1 => parser.gap(ctx, direction, u64::from(step.length)),
            2 => {
                parser.again(ctx, direction, u64::from(step.length), step.bytes);
                Appetite::More
            }
            3 => {
                parser.closed(ctx, direction);
                Appetite::Enough
            }
            _ => parser.data(ctx, direction, step.bytes),
        };
        *wants = appetite != Appetite::Enough;
    });
}

/// A capture file, of any format and compression.
pub fn readers(bytes: &[u8]) {
    let path = std::env::temp_dir().join(format!("idletalk-fuzz-{}", std::process::id()));
    if std::fs::write(&path, bytes).is_ok()
        && let Ok(mut reader) = Reader::open(&path)
    {
        while reader.next().is_some() {}
    }
    let _ = std::fs::remove_file(&path);
}

/// A frame of a link type, its network and transport headers, and what lies on the link.
pub fn packets(input: &[u8]) {
    let Some((choice, bytes)) = input.split_first() else { return };
    let mut sink = Sink::default();
    let at = place(Direction::Up, [1, 2]);
    match head(link_type(*choice), bytes).network {
        Network::Ip(ip) => drop(transport(ip.protocol, ip.payload, ip.payload_len)),
        Network::Arp(bytes) => Arp::read(&mut sink, at, bytes),
        _ => {}
    }
    Eapol::read(&mut sink, at, bytes);
    Lldp::read(&mut sink, at, bytes);
    Icmp::read(&mut sink, at, bytes);
    for is_v6 in [false, true] {
        Membership::read(&mut sink, at, bytes, is_v6);
    }
}

fn link_type(choice: u8) -> LinkType {
    let place = usize::from(choice).checked_rem(LINK_TYPES.len().saturating_add(1)).unwrap_or(0);
    LINK_TYPES.get(place).copied().unwrap_or(LinkType(u16::from(choice)))
}

/// Frames of a shard: fragments, copies, flows, reassembly of TCP, and whoever claims what is in them.
pub fn frames(input: &[u8]) {
    let Some((choice, script)) = input.split_first() else { return };
    let (mut sink, mut shard) = (Sink::default(), Shard::default());
    let mut time_ns = 0i64;
    for (position, step) in (1u64..).zip(steps(script)) {
        time_ns = time_ns.saturating_add(i64::from(step.control >> 4).saturating_mul(STEP_NS));
        let overlap = if step.control & 2 == 0 { Overlap::None } else { Overlap::Here };
        // a frame that the snap length cut was longer
        let cut = if step.control & 4 == 0 { 0 } else { 1000 };
        let seen = Sighting {
            position,
            capture: u32::from(step.control & 1),
            frame: position,
            interface: 0,
            time_ns,
            original_len: u32::try_from(step.bytes.len()).unwrap_or(u32::MAX).saturating_add(cut),
            overlap,
        };
        let link_type = link_type(*choice);
        shard.frames(&mut sink, &[Taken { seen, link_type, head: head(link_type, step.bytes), bytes: step.bytes }]);
    }
    shard.finish(&mut sink);
    assert!(sink.finish().is_ok());
}

fn chosen(choice: u8) -> Option<&'static Protocol> {
    PROTOCOLS.get(usize::from(choice).checked_rem(PROTOCOLS.len())?).copied()
}

/// Datagrams of any protocol.
pub fn datagrams(input: &[u8]) {
    if let Some((choice, script)) = input.split_first()
        && let Some(protocol) = chosen(*choice)
    {
        datagrams_of(protocol, script);
    }
}

/// Bytes of both directions of a connection of any protocol, in order, with gaps.
pub fn streams(input: &[u8]) {
    if let Some((choice, script)) = input.split_first()
        && let Some(protocol) = chosen(*choice)
    {
        stream_of(protocol, script);
    }
}

/// The same of HTTP/1 and HTTP/2: heads, bodies, their encodings, WebSocket.
pub fn web(input: &[u8]) {
    if let Some((choice, script)) = input.split_first() {
        stream_of(if choice & 1 == 0 { &http::PROTOCOL } else { &http::h2::PROTOCOL }, script);
    }
}
