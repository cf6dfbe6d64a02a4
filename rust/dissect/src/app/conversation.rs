//! What is known of a flow's application: asking the protocols, then one parser that reads it.

use self::answer::Answer;
use self::asking::ask;
use self::sample::Samples;
use self::waiting::Waiting;
use super::earlier::{Earliers, direction_of};
use super::{Appetite, Carrier, Context, Direction, Parser, Probe, Protocol};
use crate::stream::{Half, Piece};
use crate::weird::Weird;
use std::panic::{AssertUnwindSafe, catch_unwind};

mod answer;
mod asking;
mod coded;
mod sample;
mod signature;
mod unclaimed;
mod video;
mod waiting;

pub use sample::FlowContent;

/// Recognition state and parser of one flow.
pub struct Conversation {
    state: State,
    /// application and what told it
    pub label: Option<(&'static str, &'static str)>,
    probes: u8,
    /// who spoke last, and how often protocols are still asked when another begins to
    speaker: Option<Direction>,
    turns: u8,
    /// what the segment at hand acknowledges
    pub acknowledged: Option<u32>,
    /// the first bytes of a direction were those of no protocol here
    contradicted: bool,
    /// bytes of each direction that wait for recognition, and whether they begin the stream
    waiting: [Waiting; 2],
    from_start: [bool; 2],
    // TCP reassembly of each direction
    halves: [Half; 2],
    /// bytes of each direction that came before what is at hand
    offsets: [u64; 2],
    /// the datagram before in each direction, while nobody knows the flow
    earlier: Earliers,
    /// what the bytes that nobody claims look like
    samples: Samples,
    /// a direction that answers in another protocol than it was asked in
    answer: Option<Box<Answer>>,
}

enum State {
    Asking,
    Reading(&'static Protocol, Box<dyn Parser>),
    /// nobody knows it: its bytes are kept, as far as they are of use
    Unclaimed,
    Ignored,
}

impl Conversation {
    /// Reads a little of each part, so that it is near when it is needed.
    #[inline]
    pub fn fetch(&self) -> u64 {
        let [up, down] = &self.halves;
        let [bytes, _] = self.offsets;
        bytes ^ u64::from(up.is_read()) ^ u64::from(down.is_read()) ^ u64::from(self.probes)
    }

    /// A flow that nobody knows yet; `began`: its start was captured. `blind`: nobody is to know it.
    pub fn new(began: bool, blind: bool) -> Self {
        Self {
            state: if blind { State::Unclaimed } else { State::Asking },
            label: None,
            probes: 0,
            speaker: None,
            acknowledged: None,
            turns: if blind { 0 } else { asking::MAX_TURNS },
            contradicted: false,
            waiting: [Waiting::default(), Waiting::default()],
            from_start: [began; 2],
            halves: [Half::default(), Half::default()],
            offsets: [0; 2],
            earlier: Earliers::default(),
            samples: Samples::default(),
            answer: None,
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
            (State::Unclaimed, Piece::Data(bytes)) if !self.is_turn(direction) => {
                self.keep(ctx, direction, self.offset(direction), bytes);
            }
            (State::Unclaimed, Piece::Data(bytes)) => self.ask_turn(ctx, direction, bytes),
            (State::Unclaimed, Piece::Gap(_)) | (State::Ignored, _) => {}
        }
        let passed = match piece {
            Piece::Data(bytes) => {
                self.speaker = Some(direction);
                bytes.len() as u64
            }
            Piece::Gap(missing) => *missing,
            Piece::Again(..) | Piece::End => 0,
        };
        let offset = direction.of(&mut self.offsets);
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
        self.samples.finish(ctx.sink);
        self.guarded(ctx, |parser, ctx| parser.end(ctx));
        self.end_answer(ctx);
        self.ignore();
    }

    fn slot(&mut self, direction: Direction) -> &mut Waiting {
        direction.of(&mut self.waiting)
    }

    fn set_from_start(&mut self, direction: Direction, value: bool) {
        let [up, down] = &mut self.from_start;
        *(if direction == Direction::Up { up } else { down }) = value;
    }

    /// Reassembly of a direction.
    pub fn half(&mut self, direction: Direction) -> &mut Half {
        direction.of(&mut self.halves)
    }

    fn settle(&mut self, protocol: &'static Protocol, by: &'static str) {
        self.label = Some((protocol.name, by));
        self.samples.clear();
        self.state = State::Reading(protocol, (protocol.parser)());
    }

    fn read(&mut self, ctx: &mut Context<'_>, direction: Direction, piece: &Piece<'_>) {
        if self.read_answer(ctx, direction, piece) {
            return;
        }
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
        match (appetite, piece) {
            (Some(Appetite::Enough), _) => self.stop(direction),
            (Some(Appetite::Foreign), Piece::Data(bytes)) => self.ask_answer(ctx, direction, bytes),
            _ => {}
        }
    }

    /// Reads no more of a direction.
    fn stop(&mut self, direction: Direction) {
        self.half(direction).stop();
        if !self.halves.iter().any(Half::is_read) {
            self.ignore();
        }
    }

    /// Runs the parser, if there is one. A mistake of ours must cost one flow, not the run.
    fn guarded<R>(
        &mut self,
        ctx: &mut Context<'_>,
        run: impl FnOnce(&mut dyn Parser, &mut Context<'_>) -> R,
    ) -> Option<R> {
        let State::Reading(protocol, parser) = &mut self.state else { return None };
        let outcome = caught(ctx, protocol.name, parser.as_mut(), run);
        if !std::ptr::eq(ctx.protocol, protocol.name) {
            // it found what it only prepared the way for
            self.label = Some((ctx.protocol, "content"));
        }
        if outcome.is_none() {
            self.ignore();
        }
        outcome
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

/// Runs a parser under the name of its protocol; nothing where it fails.
fn caught<R>(
    ctx: &mut Context<'_>,
    protocol: &'static str,
    parser: &mut dyn Parser,
    run: impl FnOnce(&mut dyn Parser, &mut Context<'_>) -> R,
) -> Option<R> {
    ctx.protocol = protocol;
    let outcome = catch_unwind(AssertUnwindSafe(|| run(parser, ctx)));
    if outcome.is_err() {
        ctx.weird(Weird::ParserFault, None);
    }
    outcome.ok()
}
