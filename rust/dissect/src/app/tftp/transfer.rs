//! The blocks of a TFTP transfer put together (RFC 1350; block size RFC 2348, transfer size RFC 2349).

use crate::app::carried::Carried;
use crate::app::{Asked, Context};

/// RFC 1350 5: where nothing else is agreed upon.
const BLOCK_BYTES: u64 = 512;
/// RFC 2348.
const MAX_BLOCK_BYTES: u64 = 65_464;

/// One transfer.
pub struct Transfer {
    asked: Asked,
    block_bytes: u64,
    /// number of the newest block, counted on beyond 65,535
    newest: u64,
    /// where the file ends
    length: Option<u64>,
    carried: Option<Carried>,
}

impl Transfer {
    /// A transfer that was asked for.
    pub fn new(asked: Asked) -> Self {
        Self { asked, block_bytes: BLOCK_BYTES, newest: 0, length: None, carried: None }
    }

    /// Whether all of it came.
    pub fn is_over(&self) -> bool {
        self.length.is_some_and(|length| self.carried.as_ref().is_some_and(|carried| carried.has_all(length)))
    }

    /// Takes the options that were agreed upon (RFC 2347).
    pub fn agreed(&mut self, options: &[String]) {
        if let Some(bytes) = option(options, "blksize").filter(|bytes| (8..=MAX_BLOCK_BYTES).contains(bytes)) {
            self.block_bytes = bytes;
        }
        self.asked.announced = option(options, "tsize").or(self.asked.announced);
    }

    /// Takes a block.
    pub fn block(&mut self, ctx: &mut Context<'_>, number: u16, bytes: &[u8]) {
        let size = bytes.len() as u64;
        if size > self.block_bytes {
            // the agreement was not captured
            match self.asked.block_bytes {
                Some(wanted) if size <= wanted => self.block_bytes = wanted,
                _ => return,
            }
        }
        let newest = self.newest;
        let ahead = number.wrapping_sub(u16::try_from(newest & 0xffff).unwrap_or(0));
        let index = if ahead < 0x8000 {
            newest.saturating_add(u64::from(ahead))
        } else {
            newest.saturating_sub(u64::from(ahead.wrapping_neg()))
        };
        let Some(before) = index.checked_sub(1) else { return };
        self.newest = newest.max(index);
        let offset = before.saturating_mul(self.block_bytes);
        let (at, asked) = (ctx.at, &self.asked);
        let carried = self.carried.get_or_insert_with(|| Carried::new(at, "tftp", asked));
        if let Some(bytes) = asked.announced {
            carried.announce(bytes);
        }
        carried.write(ctx, offset, bytes);
        if size < self.block_bytes && !ctx.is_cut {
            self.length = Some(offset.saturating_add(size));
        }
    }

    /// The transfer is over.
    pub fn finish(self, ctx: &mut Context<'_>) {
        if let Some(carried) = self.carried {
            carried.finish(ctx, self.length);
        }
    }
}

/// The number that an option has; its name in any case.
pub fn option(options: &[String], name: &str) -> Option<u64> {
    let mut pairs = options.chunks_exact(2);
    pairs.find_map(|pair| match pair {
        [key, value] if key.eq_ignore_ascii_case(name) => value.parse().ok(),
        _ => None,
    })
}
