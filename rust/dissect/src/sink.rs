//! Where facts of one shard gather, each with its place in the walk.

use crate::app::{Expectation, Expected};
use crate::at::At;
use crate::digests::Digests;
use crate::payloads::Payloads;
use crate::spool::{Place, Spool};
use crate::tables::{Record, Sheets};
use crate::weird::{Weird, WeirdCount, WeirdRow};
use rustc_hash::FxHashMap;
use std::path::PathBuf;

/// Rows of `weirds` kept of one kind in one shard; a flood of oddities must not become a flood of rows.
const MAX_WEIRD_ROWS: u64 = 1000;

/// Where records of flows' ends begin behind those of a frame: more than any frame has.
const END_OF_FLOW: u64 = 1 << 32;

/// Collects records of the frame at hand.
#[derive(Default)]
pub struct Sink {
    /// what was collected
    pub sheets: Sheets,
    /// no flow is to be recognised
    pub blind: bool,
    /// what is known of contents that came before
    pub digests: Digests,
    position: u64,
    sub: u64,
    shard: u64,
    weirds: FxHashMap<Weird, u64>,
    payloads: Payloads,
    spool: Spool,
    expected: Expected,
}

impl Sink {
    /// Of a shard, with a folder for contents; none: they are not kept. `blind`: no flow is to be recognised.
    pub fn new(shard: u64, spool: Option<PathBuf>, blind: bool) -> Self {
        Self { spool: Spool::new(shard, spool), shard, blind, ..Self::default() }
    }

    /// Keeps bytes of a content of the flow at hand, of which they may be the whole; gives how many were kept. `place` is
    /// where it lies, none before its first bytes, and where there is no folder or no room.
    pub fn spool(&mut self, place: &mut Option<Place>, offset: u64, bytes: &[u8], is_whole: bool) -> usize {
        if place.is_none() && is_whole {
            *place = self.spool.short(bytes);
            return place.as_ref().map_or(0, |_| bytes.len());
        }
        if place.is_none() {
            *place = self.spool.file();
        }
        place.as_ref().map_or(0, |place| self.spool.write(place, offset, bytes))
    }

    /// Waits for a conversation.
    pub fn expect(&mut self, next: Expectation) {
        self.expected.add(next);
    }

    /// What was said of the conversation with these ends.
    pub fn expected(&mut self, at: &At) -> Option<Expectation> {
        self.expected.take(at)
    }

    /// Says which frame (by its position in the walk) the next records belong to.
    pub fn begin(&mut self, position: u64) {
        self.position = position;
        self.sub = 0;
    }

    /// Says that the next records are those of a flow's end, after all others of the frame at this position.
    pub fn begin_end(&mut self, position: u64) {
        self.begin(position);
        self.sub = END_OF_FLOW;
    }

    /// Adds a record of the frame at hand.
    pub fn emit<R: Record>(&mut self, record: &R) {
        self.sub = self.sub.wrapping_add(1);
        self.sheets.push((self.position, self.sub), record);
    }

    /// Adds a record that belongs to an earlier position.
    pub fn emit_at<R: Record>(&mut self, position: u64, record: &R) {
        self.sheets.push((position, 0), record);
    }

    /// Notes an oddity.
    pub fn weird(&mut self, at: &At, kind: Weird, protocol: &'static str, detail: Option<String>) {
        let count = self.weirds.entry(kind).or_insert(0);
        *count = count.wrapping_add(1);
        if *count <= MAX_WEIRD_ROWS {
            self.emit(&WeirdRow { at: *at, kind: kind.name(), protocol, detail });
        }
    }

    /// Keeps payload of the frame at hand for whoever searches it; false where more of this sender in this flow is of no
    /// use. `offset` is the place of the first byte in its stream or message.
    pub fn payload(
        &mut self,
        at: &At,
        carrier: &'static str,
        subject: Option<&str>,
        offset: u64,
        bytes: &[u8],
    ) -> bool {
        let wanted = self.payloads.add(self.position, at, carrier, subject, offset, bytes);
        if self.payloads.is_full() {
            for (position, row) in self.payloads.drain() {
                self.sub = self.sub.wrapping_add(1);
                self.sheets.push((position, self.sub), &row);
            }
        }
        wanted
    }

    /// Adds what waits, and the totals of oddities and of payload left out; called once, at the end.
    ///
    /// # Errors
    /// when contents could not be kept that rows tell of
    pub fn finish(&mut self) -> std::io::Result<()> {
        for (sub, (position, row)) in self.payloads.drain().enumerate() {
            self.sheets.push((position, sub as u64), &row);
        }
        for (sub, row) in self.payloads.omitted().into_iter().enumerate() {
            self.sheets.push((self.shard, sub as u64), &row);
        }
        let mut counts: Vec<_> = self.weirds.drain().collect();
        counts.sort_unstable();
        for (kind, count) in counts {
            self.sheets.push((self.shard, kind as u64), &WeirdCount { kind: kind.name(), count });
        }
        self.spool.finish()
    }
}
