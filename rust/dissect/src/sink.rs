//! Where facts of one thread gather, each with its place in the walk.

use crate::at::At;
use crate::tables::{Record, Sheets};
use crate::weird::{Weird, WeirdCount, WeirdRow};
use rustc_hash::FxHashMap;

/// Rows of `weirds` kept of one kind in one shard; a flood of oddities must not become a flood of rows.
const MAX_WEIRD_ROWS: u64 = 1000;

/// Where records of flows' ends begin behind those of a frame: more than any frame has.
const END_OF_FLOW: u64 = 1 << 32;

/// Collects records of the frame at hand.
#[derive(Default)]
pub struct Sink {
    /// what was collected
    pub sheets: Sheets,
    position: u64,
    sub: u64,
    shard: u64,
    weirds: FxHashMap<(u64, Weird), u64>,
}

impl Sink {
    /// Says which frame (by its position in the walk) and shard the next records belong to.
    pub fn begin(&mut self, position: u64, shard: u64) {
        self.position = position;
        self.shard = shard;
        self.sub = 0;
    }

    /// Says that the next records are those of a flow's end, after all others of the frame at this position.
    pub fn begin_end(&mut self, position: u64, shard: u64) {
        self.begin(position, shard);
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
        let count = self.weirds.entry((self.shard, kind)).or_insert(0);
        *count = count.wrapping_add(1);
        if *count <= MAX_WEIRD_ROWS {
            self.emit(&WeirdRow { at: *at, kind: kind.name(), protocol, detail });
        }
    }

    /// Adds the totals of the oddities; called once, at the end.
    pub fn finish(&mut self) {
        let mut counts: Vec<_> = self.weirds.drain().collect();
        counts.sort_unstable();
        for ((shard, kind), count) in counts {
            self.sheets.push((shard, kind as u64), &WeirdCount { kind: kind.name(), count });
        }
    }
}
