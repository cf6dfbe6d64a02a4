//! Frames of one thread between two meetings, shard by shard. Read in the order of the walk, each frame would find its flow
//! in far memory; read together, a shard's flows stay near, and those of several frames are fetched at the same time.

use crate::capture::LinkType;
use crate::packet::{Head, head};
use crate::shard::{Shard, Sighting};
use crate::sink::Sink;

/// Frames whose flows are fetched at a time: some more than the ten or so fetches that a core has under way, and few enough
/// to stay in the nearest cache.
pub const GROUP: usize = 32;

/// Room that a shard keeps from one meeting to the next, in bytes of frames and in frames: twice an even share. Of all shards
/// 8 MiB; another one may have nearly all frames each time.
const KEPT_BYTES: usize = 512 << 10;
const KEPT_FRAMES: usize = 4096;

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
    /// behind its last byte; it begins where the one before ends
    end: usize,
}

/// Frames of one shard, one after another: read from far memory as they lie there, the next ones are on their way already.
#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    frames: Vec<Waiting>,
}

/// Frames that wait, by shard.
pub struct Batch {
    shards: Vec<Queue>,
}

impl Batch {
    /// For so many shards.
    pub fn new(shards: usize) -> Self {
        Self { shards: (0..shards).map(|_| Queue::default()).collect() }
    }

    /// Adds a frame of a shard, by the shard's place in the list that [`Batch::read`] gets.
    #[inline]
    pub fn push(&mut self, shard: usize, seen: Sighting, link_type: LinkType, bytes: &[u8]) {
        let Some(queue) = self.shards.get_mut(shard) else { return };
        queue.bytes.extend_from_slice(bytes);
        queue.frames.push(Waiting { seen, link_type, end: queue.bytes.len() });
    }

    /// Gives all frames to their shards.
    pub fn read(&mut self, shards: &mut [Shard], sink: &mut Sink) {
        for (queue, shard) in self.shards.iter_mut().zip(shards) {
            let mut group = Vec::with_capacity(GROUP);
            let mut start = 0;
            for frames in queue.frames.chunks(GROUP) {
                group.extend(frames.iter().map(|frame| {
                    let bytes = queue.bytes.get(start..frame.end).unwrap_or_default();
                    start = frame.end;
                    Taken { seen: frame.seen, head: head(frame.link_type, bytes), bytes }
                }));
                shard.frames(sink, &group);
                group.clear();
            }
            queue.clear();
        }
    }
}

impl Queue {
    /// Drops all frames; room for an ordinary share of them stays.
    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.frames.clear();
        self.frames.shrink_to(KEPT_FRAMES);
    }
}
