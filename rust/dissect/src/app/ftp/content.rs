//! A data connection: one file, one way.

use crate::app::carried::Carried;
use crate::app::{Appetite, Asked, Context, Direction, Parser};

/// Reads one data connection.
#[derive(Default)]
pub struct DataConnection {
    asked: Option<Asked>,
    /// the direction of the file, and its bytes
    file: Option<(Direction, Carried)>,
    offset: u64,
    is_closed: bool,
}

impl Parser for DataConnection {
    fn told(&mut self, asked: Asked) {
        self.offset = asked.start;
        self.asked = Some(asked);
    }

    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let Some(asked) = self.asked.as_ref().filter(|asked| !asked.is_listing) else { return Appetite::Enough };
        let at = ctx.at;
        let (its, carried) = self.file.get_or_insert_with(|| (direction, Carried::new(at, "ftp", asked)));
        if *its != direction {
            return Appetite::Enough;
        }
        carried.write(ctx, self.offset, bytes);
        self.offset = self.offset.saturating_add(bytes.len() as u64);
        Appetite::More
    }

    fn gap(&mut self, _ctx: &mut Context<'_>, direction: Direction, missing_bytes: u64) -> Appetite {
        if self.file.as_ref().is_none_or(|(its, _)| *its == direction) {
            self.offset = self.offset.saturating_add(missing_bytes);
        }
        Appetite::More
    }

    fn closed(&mut self, _ctx: &mut Context<'_>, direction: Direction) {
        self.is_closed |= self.file.as_ref().is_some_and(|(its, _)| *its == direction);
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        if let Some((_, carried)) = self.file.take() {
            carried.finish(ctx, self.is_closed.then_some(self.offset));
        }
    }
}
