//! An answer in another protocol than the question: HTTP asked of a server that speaks SSH.

use super::{Conversation, State, asking::ask, caught};
use crate::app::{Appetite, Carrier, Context, Direction, Parser, Probe};
use crate::stream::Piece;

/// Who reads the direction that answers.
pub struct Answer {
    direction: Direction,
    protocol: &'static str,
    parser: Box<dyn Parser>,
}

impl Conversation {
    /// Looks for the protocol of a direction whose first bytes the flow's own does not know. It then names the flow: what
    /// serves there is told by the server.
    pub(super) fn ask_answer(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) {
        let begins = self.offset(direction) == 0 && self.from_start.get(direction.index()).copied().unwrap_or(false);
        if !begins || self.answer.is_some() {
            return;
        }
        let probe = Probe { carrier: Carrier::Tcp, at: &ctx.at, bytes, from_start: true, before: None };
        let asked = if let State::Reading(protocol, _) = &self.state { protocol.name } else { "" };
        if let Some(protocol) = ask(&probe).0.filter(|protocol| protocol.name != asked) {
            self.label = Some((protocol.name, "content"));
            self.answer = Some(Box::new(Answer { direction, protocol: protocol.name, parser: (protocol.parser)() }));
            self.read_answer(ctx, direction, &Piece::Data(bytes));
        }
    }

    /// Reads a piece of such an answer; false where it is none.
    pub(super) fn read_answer(&mut self, ctx: &mut Context<'_>, direction: Direction, piece: &Piece<'_>) -> bool {
        let Some(answer) = self.answer.as_deref_mut().filter(|answer| answer.direction == direction) else {
            return false;
        };
        let appetite = caught(ctx, answer.protocol, answer.parser.as_mut(), |parser, ctx| match piece {
            Piece::Data(bytes) => parser.data(ctx, direction, bytes),
            Piece::Gap(missing) => parser.gap(ctx, direction, *missing),
            Piece::Again(..) | Piece::End => Appetite::More,
        });
        if !matches!(appetite, Some(Appetite::More)) {
            self.stop(direction);
        }
        true
    }

    /// The connection ended.
    pub(super) fn end_answer(&mut self, ctx: &mut Context<'_>) {
        if let Some(mut answer) = self.answer.take() {
            caught(ctx, answer.protocol, answer.parser.as_mut(), |parser, ctx| parser.end(ctx));
        }
    }
}
