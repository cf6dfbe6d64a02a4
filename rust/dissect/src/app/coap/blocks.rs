//! Contents that come block by block (RFC 7959), put together.

use super::{Message, option};
use crate::app::carried::Carried;
use crate::app::{Asked, Context};

/// Requests of one flow that wait for their answers.
const MAX_ASKED: usize = 16;
/// Contents of one flow that go on at a time.
const MAX_OPEN: usize = 8;

/// A request: token, message id, what it asks for.
struct Waiting {
    token: Vec<u8>,
    id: u16,
    asked: Asked,
}

/// A content that goes on.
struct Open {
    asked: Asked,
    length: Option<u64>,
    carried: Carried,
}

/// The contents of one flow.
#[derive(Default)]
pub struct Blocks {
    waiting: Vec<Waiting>,
    open: Vec<Open>,
}

impl Blocks {
    /// Takes a message.
    pub fn message(&mut self, ctx: &mut Context<'_>, message: &Message<'_>) {
        let is_request = (1..=7).contains(&message.code);
        if is_request {
            let path = message.texts(option::URI_PATH, "/").map(|path| format!("/{path}"));
            let query = message.texts(option::URI_QUERY, "&").map(|query| format!("?{query}")).unwrap_or_default();
            let place = Some((ctx.at.capture, ctx.at.frame, ctx.at.time_ns));
            let asked = Asked { target: path.map(|path| path + &query), place, ..Asked::default() };
            self.block(ctx, message, option::BLOCK1, Asked { is_write: true, ..asked.clone() });
            if message.code == GET {
                if self.waiting.len() >= MAX_ASKED {
                    self.waiting.remove(0);
                }
                self.waiting.push(Waiting { token: message.token.to_vec(), id: message.id, asked });
            }
        } else if message.code == CONTENT {
            // an answer apart has the token, one in an acknowledgement the id too (RFC 7252 5.3.2)
            let is_its = |one: &Waiting| one.token == message.token && (message.kind != "ack" || one.id == message.id);
            let place = self.waiting.iter().position(is_its);
            let asked = place.map(|place| self.waiting.remove(place).asked).unwrap_or_default();
            self.block(ctx, message, option::BLOCK2, asked);
        }
    }

    /// Takes the block that an option tells, if it is one of several.
    fn block(&mut self, ctx: &mut Context<'_>, message: &Message<'_>, number: u16, asked: Asked) {
        let (Some(index), Some(more), Some(size)) = message.block(number) else { return };
        if (index == 0 && !more) || message.payload.is_empty() {
            return;
        }
        let same = |one: &Open| one.asked.target == asked.target && one.asked.is_write == asked.is_write;
        let place = match self.open.iter().position(same) {
            // from the first block again: another time
            Some(place) if index == 0 && self.open.get(place).is_some_and(|one| one.length.is_some()) => {
                let before = self.open.remove(place);
                before.carried.finish(ctx, before.length);
                None
            }
            place => place,
        };
        let place = place.unwrap_or_else(|| {
            if self.open.len() >= MAX_OPEN {
                let oldest = self.open.remove(0);
                oldest.carried.finish(ctx, oldest.length);
            }
            self.open.push(Open { carried: Carried::new(ctx.at, "coap", &asked), asked, length: None });
            self.open.len().saturating_sub(1)
        });
        let Some(one) = self.open.get_mut(place) else { return };
        let told = if number == option::BLOCK1 { option::SIZE1 } else { option::SIZE2 };
        if let Some(bytes) = message.number(told) {
            one.carried.announce(u64::from(bytes));
        }
        let offset = u64::from(index).saturating_mul(u64::from(size));
        one.carried.write(ctx, offset, message.payload);
        if !more && !ctx.is_cut {
            one.length = Some(offset.saturating_add(message.payload.len() as u64));
        }
    }

    /// The flow is over.
    pub fn finish(&mut self, ctx: &mut Context<'_>) {
        for one in self.open.drain(..) {
            one.carried.finish(ctx, one.length);
        }
    }
}

/// 0.01
const GET: u8 = 1;
/// 2.05
const CONTENT: u8 = 2 << 5 | 5;
