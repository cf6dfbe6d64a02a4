//! Asking the protocols whose a flow is.

use super::Conversation;
use crate::app::{Carrier, Context, Direction, PROTOCOLS, Probe, Protocol, Verdict, by_port};
use crate::stream::Piece;

/// Messages or stretches of bytes that are offered to the protocols before a flow stays unknown.
const MAX_PROBES: u8 = 8;
/// The same for datagrams: media sessions try their paths (STUN) before the first DTLS message.
const MAX_DATAGRAM_PROBES: u8 = 32;
/// Times that protocols are asked of a stream that nobody knew, as another end begins to speak.
pub(super) const MAX_TURNS: u8 = 32;
/// Bytes of one direction kept while protocols answer "maybe".
const MAX_PROBE_BYTES: usize = 4096;

impl Conversation {
    /// Whether another conversation spoke of this one, which then is read as what was said.
    pub(super) fn is_expected(&mut self, ctx: &mut Context<'_>) -> bool {
        let Some(next) = ctx.expected() else { return false };
        self.settle(next.protocol, "content");
        self.guarded(ctx, |parser, _| parser.told(next.asked));
        true
    }

    pub(super) fn ask_stream(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) {
        if self.is_expected(ctx) {
            self.read(ctx, direction, &Piece::Data(bytes));
            return;
        }
        let from_start = self.from_start.get(direction.index()).copied().unwrap_or(false);
        let limit = MAX_PROBE_BYTES.max(bytes.len());
        if self.slot(direction).bytes().len().saturating_add(bytes.len()) > limit {
            self.leave_unclaimed(ctx, direction, 0);
            self.keep(ctx, direction, self.offset(direction), bytes);
            self.set_from_start(direction, false);
            self.count_probe(ctx, direction, bytes.len());
            return;
        }
        if !self.slot(direction).push(bytes, limit, ctx.budget) {
            self.set_from_start(direction, false);
            self.count_probe(ctx, direction, bytes.len());
            return;
        }
        let probe =
            Probe { carrier: Carrier::Tcp, at: &ctx.at, bytes: self.slot(direction).bytes(), from_start, before: None };
        let (found, undecided) = ask(&probe);
        if let Some(protocol) = found {
            self.settle(protocol, "content");
            self.give_waiting(ctx, direction);
        } else {
            if undecided {
                let at = ctx.at;
                self.slot(direction).mark(at);
            } else {
                self.contradicted |= from_start;
                self.leave_unclaimed(ctx, direction, bytes.len());
                self.set_from_start(direction, false);
            }
            self.count_probe(ctx, direction, bytes.len());
        }
    }

    /// Gives the parser what waited, in the order of the frames that brought it; the last of this direction is at hand.
    fn give_waiting(&mut self, ctx: &mut Context<'_>, direction: Direction) {
        let now = ctx.at;
        let sides = [direction.reversed(), direction].map(|side| (side, self.slot(side).take(now)));
        let mut waited: Vec<_> = sides
            .into_iter()
            .flat_map(|(side, stretches)| stretches.into_iter().map(move |stretch| (side, stretch)))
            .collect();
        waited.sort_by_key(|(_, (at, _))| (at.capture, at.frame));
        for (side, (at, bytes)) in waited {
            ctx.at = at;
            self.read(ctx, side, &Piece::Data(&bytes));
        }
        ctx.at = now;
    }

    /// A stretch of a stream told nothing; after some of them nobody is asked any more.
    pub(super) fn count_probe(&mut self, ctx: &mut Context<'_>, direction: Direction, after: usize) {
        if self.is_hopeless(Carrier::Tcp, ctx, !self.contradicted) {
            self.give_up(ctx, direction, after);
        }
    }

    /// Whether a message may begin in a stream that nobody knew: another end begins to speak. Where the stream's start was captured and
    /// told no protocol, none follows.
    pub(super) fn is_turn(&self, direction: Direction) -> bool {
        let [up, down] = &self.halves;
        let is_alone = !(up.is_read() && down.is_read());
        self.turns > 0 && !self.contradicted && (is_alone || self.speaker != Some(direction))
    }

    /// Asks whose such a message is. What came before were the middles of others (a download under way as the capture began).
    pub(super) fn ask_turn(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) {
        self.turns = self.turns.saturating_sub(1);
        let probe = Probe { carrier: Carrier::Tcp, at: &ctx.at, bytes, from_start: false, before: None };
        if let Some(protocol) = ask(&probe).0 {
            self.settle(protocol, "content");
            let (other, acknowledged) = (direction.reversed(), self.acknowledged);
            let passed = self.half(other).resume(acknowledged);
            let offset = other.of(&mut self.offsets);
            *offset = offset.saturating_add(passed);
            self.read(ctx, direction, &Piece::Data(bytes));
        } else {
            self.keep(ctx, direction, self.offset(direction), bytes);
        }
    }

    /// Counts an unanswered probe; true when it is time to stop asking. `may_be`: what was read does not contradict the
    /// protocol of the port (the middle of a message, a cut datagram).
    pub(super) fn is_hopeless(&mut self, carrier: Carrier, ctx: &Context<'_>, may_be: bool) -> bool {
        self.probes = self.probes.saturating_add(1);
        let usual = by_port(carrier, ctx.at.destination.port, ctx.at.source.port);
        if may_be && self.label.is_none() {
            self.label = usual.map(|protocol| (protocol.name, "port"));
        }
        // datagrams on a protocol's port: each may be cut or odd, and the next one readable
        let may_come = carrier == Carrier::Udp && usual.is_some();
        let limit = if carrier == Carrier::Udp { MAX_DATAGRAM_PROBES } else { MAX_PROBES };
        self.probes >= limit && !may_come
    }
}

/// The first protocol that says yes, and whether another could.
pub(super) fn ask(probe: &Probe<'_>) -> (Option<&'static Protocol>, bool) {
    let mut undecided = false;
    for protocol in PROTOCOLS {
        match (protocol.probe)(probe) {
            Verdict::Yes => return (Some(protocol), undecided),
            Verdict::Maybe => undecided = true,
            Verdict::No => {}
        }
    }
    (None, undecided)
}
