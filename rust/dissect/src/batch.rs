//! Frames of one thread between two meetings, shard by shard. Read in the order of the walk, each frame would find its flow
//! in far memory; read together, a shard's flows stay near, and those of several frames are fetched at the same time.

use crate::capture::LinkType;
use crate::packet::{Head, head};
use crate::shard::{Shard, Sighting};
use crate::sink::Sink;

/// Frames whose flows are fetched at a time: some more than the ten or so fetches that a core has under way, and few enough
/// to stay in the nearest cache.
pub const GROUP: usize = 32;

/// A frame of a group.
pub struct Taken<'a> {
    /// where and when it was seen
    pub seen: Sighting,
    /// its link and network headers
    pub head: Head<'a>,
    /// its bytes
    pub bytes: &'a [u8],
}

struct Waiting {
    seen: Sighting,
    link_type: LinkType,
    start: usize,
    end: usize,
}

/// Frames that wait, by shard.
pub struct Batch {
    bytes: Vec<u8>,
    shards: Vec<Vec<Waiting>>,
}

impl Batch {
    /// For so many shards.
    pub fn new(shards: usize) -> Self {
        Self { bytes: Vec::new(), shards: (0..shards).map(|_| Vec::new()).collect() }
    }

    /// Adds a frame of a shard, by the shard's place in the list that [`Batch::read`] gets.
    #[inline]
    pub fn push(&mut self, shard: usize, seen: Sighting, link_type: LinkType, bytes: &[u8]) {
        let Some(waiting) = self.shards.get_mut(shard) else { return };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        waiting.push(Waiting { seen, link_type, start, end: self.bytes.len() });
    }

    /// Gives all frames to their shards.
    pub fn read(&mut self, shards: &mut [Shard], sink: &mut Sink) {
        for (waiting, shard) in self.shards.iter_mut().zip(shards) {
            let mut group = Vec::with_capacity(GROUP);
            for frames in waiting.chunks(GROUP) {
                group.extend(frames.iter().map(|frame| {
                    let bytes = self.bytes.get(frame.start..frame.end).unwrap_or_default();
                    Taken { seen: frame.seen, head: head(frame.link_type, bytes), bytes }
                }));
                shard.frames(sink, &group);
                group.clear();
            }
            waiting.clear();
        }
        self.bytes.clear();
    }
}
