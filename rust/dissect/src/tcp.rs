//! TCP connections of a flow: which segments belong to one connection, and its two streams.

use crate::app::{Budget, Context, Conversation, Direction};
use crate::at::At;
use crate::flow_table::Flow;
use crate::packet::{Tcp, tcp_flags};
use crate::sink::Sink;
use crate::stream::{Half, Memory, Piece};
use crate::weird::Weird;

/// Whether a segment begins another connection between the same ends.
///
/// As Wireshark tells (packet-tcp.c, "port numbers reused"): a SYN with another sequence number than the first segment
/// of its direction. A SYN-ACK alone begins none, and the same SYN again is one that was sent again.
pub fn is_another_connection(flow: &Flow, tcp: &Tcp<'_>, upward: bool) -> bool {
    if tcp.flags & (tcp_flags::SYN | tcp_flags::ACK) != tcp_flags::SYN {
        return false;
    }
    let [up, down] = flow.bases;
    if upward { up } else { down }.is_some_and(|base| base != tcp.sequence)
}

/// Takes a segment of a flow.
pub fn read(
    sink: &mut Sink,
    (budget, memory): (&Budget, &Memory),
    flow: &mut Flow,
    tcp: &Tcp<'_>,
    upward: bool,
    at: At,
) {
    let [up, down] = &mut flow.bases;
    let (base, other) = if upward { (up, down) } else { (down, up) };
    if base.is_none() {
        let is_syn = tcp.flags & tcp_flags::SYN != 0;
        *base = Some(if is_syn { tcp.sequence } else { tcp.sequence.wrapping_sub(1) });
    }
    // what is acknowledged tells where the other side stands: one past its SYN, at the earliest
    if other.is_none() && tcp.flags & tcp_flags::ACK != 0 {
        *other = Some(tcp.acknowledgement.wrapping_sub(1));
    }
    let ends = tcp.flags & (tcp_flags::FIN | tcp_flags::RST) != 0;
    flow.is_closing |= ends;
    if flow.conversation.is_none() && flow.label.is_none() {
        flow.conversation = Some(Box::new(Conversation::new(flow.began == Some(true), sink.blind)));
    }
    let Some(talk) = &mut flow.conversation else { return };
    let direction = if upward { Direction::Up } else { Direction::Down };
    if talk.is_reading() {
        let mut ctx = Context { at, is_cut: false, budget, sink, protocol: "tcp" };
        talk.acknowledged = (tcp.flags & tcp_flags::ACK != 0).then_some(tcp.acknowledgement);
        if talk.half(direction).is_touched_by(tcp) {
            with_half(talk, direction, &mut ctx, |half, deliver| half.segment(memory, tcp, deliver));
        }
        if tcp.flags & tcp_flags::ACK != 0 && talk.half(direction.reversed()).waits() {
            ctx.at = at.reversed();
            with_half(talk, direction.reversed(), &mut ctx, |half, deliver| {
                half.acknowledged(memory, tcp.acknowledgement, deliver)
            });
        }
    }
    if !talk.is_reading() {
        flow.label = talk.label;
        if flow.label.is_some() {
            flow.conversation = None;
        }
    }
}

/// Runs a half of the connection and gives its pieces to the conversation.
fn with_half(
    talk: &mut Conversation,
    direction: Direction,
    ctx: &mut Context<'_>,
    run: impl FnOnce(&mut Half, &mut dyn FnMut(Piece<'_>)),
) {
    // the half is taken out while it runs, since the conversation that owns it reads what it gives
    let mut half = std::mem::take(talk.half(direction));
    run(&mut half, &mut |piece| talk.piece(ctx, direction, &piece));
    note(ctx, &mut half);
    let stopped = !talk.half(direction).is_read();
    if stopped {
        half.stop();
    }
    *talk.half(direction) = half;
}

/// Says what was odd in a direction.
fn note(ctx: &mut Context<'_>, half: &mut Half) {
    let Some(odd) = half.take_oddities() else { return };
    let protocol = std::mem::replace(&mut ctx.protocol, "tcp");
    if odd.is_full {
        ctx.weird(Weird::TcpReorderLimit, None);
    }
    for (kind, bytes) in [(Weird::TcpGap, odd.missing_bytes), (Weird::TcpConflict, odd.different_bytes)] {
        if bytes > 0 {
            ctx.weird(kind, Some(format!("{bytes} bytes")));
        }
    }
    ctx.protocol = protocol;
}

/// The connection leaves memory: what waits beyond holes is given, then the end.
pub fn end(sink: &mut Sink, (budget, memory): (&Budget, &Memory), flow: &mut Flow) {
    let Some(mut talk) = flow.conversation.take() else { return };
    if talk.is_reading() {
        let (low, high) = (flow.end(true), flow.end(false));
        let last = &flow.segment;
        let at = At {
            capture: last.last.0,
            frame: last.last.1,
            time_ns: last.last_ns,
            flow: flow.id,
            source: low,
            destination: high,
            is_repeated: false,
        };
        let mut ctx = Context { at, is_cut: false, budget, sink, protocol: "tcp" };
        for direction in [Direction::Up, Direction::Down] {
            with_half(&mut talk, direction, &mut ctx, |half, deliver| half.finish(memory, deliver));
            ctx.at = ctx.at.reversed();
        }
        talk.end(&mut ctx);
    }
    flow.label = flow.label.or(talk.label);
}
