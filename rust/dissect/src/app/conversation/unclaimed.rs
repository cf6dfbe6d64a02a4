//! What becomes of bytes that no protocol claims.

use super::{Conversation, State};
use crate::app::{Context, Direction};
use crate::stream::Half;

impl Conversation {
    /// Keeps bytes that nobody claims; a direction of which enough is kept is read no more.
    pub(super) fn keep(&mut self, ctx: &mut Context<'_>, direction: Direction, offset: u64, bytes: &[u8]) {
        if !self.half(direction).is_read() {
            return;
        }
        let is_sampled = self.samples.add(ctx.sink, &ctx.at, direction, bytes, offset > 0);
        if !ctx.payload(None, offset, bytes) && !is_sampled {
            self.half(direction).stop();
            if matches!(self.state, State::Unclaimed) && !self.halves.iter().any(Half::is_read) {
                self.ignore();
            }
        }
    }

    /// What waited for recognition in a direction belongs to nobody; it ends `after` bytes behind what was counted.
    pub(super) fn leave_unclaimed(&mut self, ctx: &mut Context<'_>, direction: Direction, after: usize) {
        let now = ctx.at;
        let stretches = self.slot(direction).take(now);
        let length: usize = stretches.iter().map(|(_, bytes)| bytes.len()).sum();
        let end = self.offset(direction).saturating_add(after as u64);
        let mut offset = end.saturating_sub(length as u64);
        for (at, bytes) in stretches {
            ctx.at = at;
            self.keep(ctx, direction, offset, &bytes);
            offset = offset.saturating_add(bytes.len() as u64);
        }
        ctx.at = now;
    }

    /// Nobody knows the stream, of which `after` bytes of a direction are at hand.
    pub(super) fn give_up(&mut self, ctx: &mut Context<'_>, direction: Direction, after: usize) {
        self.state = State::Unclaimed;
        self.leave_unclaimed(ctx, direction, after);
        self.leave_unclaimed(ctx, direction.reversed(), 0);
    }
}
