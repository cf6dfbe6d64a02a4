//! What is known of a flow's application: asking the protocols, then one parser that reads it.

use super::earlier::{Earliers, direction_of};
use super::{Appetite, Buffer, Carrier, Context, Direction, PROTOCOLS, Parser, Probe, Protocol, Verdict, by_port};
use crate::stream::{Half, Piece};
use crate::weird::Weird;
use std::panic::{AssertUnwindSafe, catch_unwind};

mod unclaimed;

/// Messages or stretches of bytes that are offered to the protocols before a flow stays unknown.
const MAX_PROBES: u8 = 8;
/// The same for datagrams: media sessions try their paths (STUN) before the first DTLS message.
const MAX_DATAGRAM_PROBES: u8 = 32;
/// Bytes of one direction kept while protocols answer "maybe".
const MAX_PROBE_BYTES: usize = 4096;

/// Recognition state and parser of one flow.
pub struct Conversation {
    state: State,
    /// application and what told it
    pub label: Option<(&'static str, &'static str)>,
    probes: u8,
    /// the first bytes of a direction were those of no protocol here
    contradicted: bool,
    /// bytes of each direction that wait for recognition, and whether they begin the stream
    waiting: [Buffer; 2],
    from_start: [bool; 2],
    // TCP reassembly of each direction
    halves: [Half; 2],
    /// bytes of each direction that came before what is at hand
    offsets: [u64; 2],
    /// the datagram before in each direction, while nobody knows the flow
    earlier: Earliers,
}

enum State {
    Asking,
    Reading(&'static Protocol, Box<dyn Parser>),
    /// nobody knows it: its bytes are kept, as far as they are of use
    Unclaimed,
    Ignored,
}

impl Conversation {
    /// A flow that nobody knows yet; `began`: its start was captured.
    pub fn new(began: bool) -> Self {
        Self {
            state: State::Asking,
            label: None,
            probes: 0,
            contradicted: false,
            waiting: [Buffer::default(), Buffer::default()],
            from_start: [began; 2],
            halves: [Half::default(), Half::default()],
            offsets: [0; 2],
            earlier: Earliers::default(),
        }
    }

    /// Whether bytes are still of interest.
    pub fn is_reading(&self) -> bool {
        !matches!(self.state, State::Ignored)
    }

    /// Takes a datagram.
    pub fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        if let State::Asking = self.state
            && !bytes.is_empty()
            && !self.is_expected(ctx)
        {
            let before = self.earlier.before(&ctx.at);
            let probe = Probe { carrier: Carrier::Udp, at: &ctx.at, bytes, from_start: true, before };
            match ask(&probe).0 {
                Some(protocol) => {
                    self.settle(protocol, "content");
                    self.give_earlier(ctx);
                }
                None if self.is_hopeless(Carrier::Udp, ctx, ctx.is_cut) => {
                    self.state = State::Unclaimed;
                    self.earlier.take();
                }
                None => self.earlier.remember(ctx.at, bytes),
            }
        }
        if !matches!(self.state, State::Reading(..)) {
            self.keep(ctx, direction_of(&ctx.at), 0, bytes);
        }
        self.guarded(ctx, |parser, ctx| parser.datagram(ctx, bytes));
    }

    /// Gives the datagrams before to the parser that was found.
    fn give_earlier(&mut self, ctx: &mut Context<'_>) {
        let at = ctx.at;
        for before in self.earlier.take() {
            ctx.at = before.at;
            self.guarded(ctx, |parser, ctx| parser.earlier(ctx, before.head()));
        }
        ctx.at = at;
    }

    /// Takes what a direction of a TCP connection gives.
    pub fn piece(&mut self, ctx: &mut Context<'_>, direction: Direction, piece: &Piece<'_>) {
        if matches!((&self.state, piece), (State::Asking, Piece::Gap(_))) {
            self.is_expected(ctx);
        }
        match (&self.state, piece) {
            (State::Reading(..), _) => self.read(ctx, direction, piece),
            (_, Piece::Again(..) | Piece::End) => {}
            (State::Asking, Piece::Data(bytes)) => self.ask_stream(ctx, direction, bytes),
            (State::Asking, Piece::Gap(_)) => {
                // what follows begins anywhere in a message
                self.leave_unclaimed(ctx, direction, 0);
                self.set_from_start(direction, false);
            }
            (State::Unclaimed, Piece::Data(bytes)) => self.keep(ctx, direction, self.offset(direction), bytes),
            (State::Unclaimed, Piece::Gap(_)) | (State::Ignored, _) => {}
        }
        let passed = match piece {
            Piece::Data(bytes) => bytes.len() as u64,
            Piece::Gap(missing) => *missing,
            Piece::Again(..) | Piece::End => 0,
        };
        let [up, down] = &mut self.offsets;
        let offset = if direction == Direction::Up { up } else { down };
        *offset = offset.saturating_add(passed);
    }

    fn offset(&self, direction: Direction) -> u64 {
        self.offsets.get(direction.index()).copied().unwrap_or(0)
    }

    /// The connection ended.
    pub fn end(&mut self, ctx: &mut Context<'_>) {
        if matches!(self.state, State::Asking) {
            self.give_up(ctx, Direction::Up, 0);
        }
        self.guarded(ctx, |parser, ctx| parser.end(ctx));
        self.ignore();
    }

    fn slot(&mut self, direction: Direction) -> &mut Buffer {
        let [up, down] = &mut self.waiting;
        if direction == Direction::Up { up } else { down }
    }

    fn set_from_start(&mut self, direction: Direction, value: bool) {
        let [up, down] = &mut self.from_start;
        *(if direction == Direction::Up { up } else { down }) = value;
    }

    /// Reassembly of a direction.
    pub fn half(&mut self, direction: Direction) -> &mut Half {
        let [up, down] = &mut self.halves;
        if direction == Direction::Up { up } else { down }
    }

    /// Whether another conversation spoke of this one, which then is read as what was said.
    fn is_expected(&mut self, ctx: &mut Context<'_>) -> bool {
        let Some(next) = ctx.expected() else { return false };
        self.settle(next.protocol, "content");
        self.guarded(ctx, |parser, _| parser.told(next.asked));
        true
    }

    fn ask_stream(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) {
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
            // the other direction's bytes came first: a server's greeting before the client's first words
            for side in [direction.reversed(), direction] {
                let kept = self.slot(side).take();
                if !kept.is_empty() {
                    let at = ctx.at;
                    if side != direction {
                        ctx.at = at.reversed();
                    }
                    self.read(ctx, side, &Piece::Data(&kept));
                    ctx.at = at;
                }
            }
        } else {
            if !undecided {
                self.contradicted |= from_start;
                self.leave_unclaimed(ctx, direction, bytes.len());
                self.set_from_start(direction, false);
            }
            self.count_probe(ctx, direction, bytes.len());
        }
    }

    /// A stretch of a stream told nothing; after some of them nobody is asked any more.
    fn count_probe(&mut self, ctx: &mut Context<'_>, direction: Direction, after: usize) {
        if self.is_hopeless(Carrier::Tcp, ctx, !self.contradicted) {
            self.give_up(ctx, direction, after);
        }
    }

    /// Counts an unanswered probe; true when it is time to stop asking. `may_be`: what was read does not contradict the
    /// protocol of the port (the middle of a message, a cut datagram).
    fn is_hopeless(&mut self, carrier: Carrier, ctx: &Context<'_>, may_be: bool) -> bool {
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

    fn settle(&mut self, protocol: &'static Protocol, by: &'static str) {
        self.label = Some((protocol.name, by));
        self.state = State::Reading(protocol, (protocol.parser)());
    }

    fn read(&mut self, ctx: &mut Context<'_>, direction: Direction, piece: &Piece<'_>) {
        let appetite = self.guarded(ctx, |parser, ctx| match piece {
            Piece::Data(bytes) => parser.data(ctx, direction, bytes),
            Piece::Gap(missing) => parser.gap(ctx, direction, *missing),
            Piece::Again(back, bytes) => {
                parser.again(ctx, direction, *back, bytes);
                Appetite::More
            }
            Piece::End => {
                parser.closed(ctx, direction);
                Appetite::More
            }
        });
        if appetite == Some(Appetite::Enough) {
            self.half(direction).stop();
            if !self.halves.iter().any(Half::is_read) {
                self.ignore();
            }
        }
    }

    /// Runs the parser, if there is one. A mistake of ours must cost one flow, not the run.
    fn guarded<R>(
        &mut self,
        ctx: &mut Context<'_>,
        run: impl FnOnce(&mut dyn Parser, &mut Context<'_>) -> R,
    ) -> Option<R> {
        let State::Reading(protocol, parser) = &mut self.state else { return None };
        ctx.protocol = protocol.name;
        let outcome = catch_unwind(AssertUnwindSafe(|| run(parser.as_mut(), ctx)));
        if !std::ptr::eq(ctx.protocol, protocol.name) {
            // it found what it only prepared the way for
            self.label = Some((ctx.protocol, "content"));
        }
        if outcome.is_err() {
            ctx.weird(Weird::ParserFault, None);
            self.ignore();
        }
        outcome.ok()
    }

    fn ignore(&mut self) {
        self.state = State::Ignored;
        for buffer in &mut self.waiting {
            buffer.clear();
        }
        for half in &mut self.halves {
            half.stop();
        }
    }
}

/// The first protocol that says yes, and whether another could.
fn ask(probe: &Probe<'_>) -> (Option<&'static Protocol>, bool) {
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
