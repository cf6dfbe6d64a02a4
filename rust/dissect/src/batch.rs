//! Frames between two meetings, shard by shard. Read in the order of the walk, each frame would find its flow
//! in far memory; read together, a shard's flows stay near, and those of several frames are fetched at the same time.

use crate::capture::LinkType;
use crate::packet::{Head, head};
use crate::shard::{SHARDS, Shard, Sighting};
use crate::sink::Sink;

/// Frames whose flows are fetched at a time: some more than the ten or so fetches that a core has under way, and few enough
/// to stay in the nearest cache.
pub const GROUP: usize = 32;

/// Room that a shard keeps beside twice what it had, in bytes of frames and in frames: some times what is its part of an even
/// meeting, so that it need not be asked for again and again.
const SPARE_BYTES: usize = 512 << 10;
const SPARE_FRAMES: usize = 4096;

/// A frame of a group.
pub struct Taken<'a> {
    /// where and when it was seen
    pub seen: Sighting,
    /// what its bytes begin with
    pub link_type: LinkType,
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
pub struct Queue {
    bytes: Vec<u8>,
    frames: Vec<Waiting>,
}

/// Frames that wait, by shard.
pub struct Batch {
    shards: Vec<Queue>,
}

impl Default for Batch {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Queue::default()).collect() }
    }
}

impl Batch {
    /// Adds a frame of a shard.
    #[inline]
    pub fn push(&mut self, shard: u64, seen: Sighting, link_type: LinkType, bytes: &[u8]) {
        let queue = usize::try_from(shard).ok().and_then(|shard| self.shards.get_mut(shard));
        let Some(queue) = queue else { return };
        queue.bytes.extend_from_slice(bytes);
        queue.frames.push(Waiting { seen, link_type, end: queue.bytes.len() });
    }

    /// Shards with frames, or `all` of them.
    pub fn waiting(&self, all: bool) -> Vec<usize> {
        let queues = self.shards.iter().enumerate();
        queues.filter(|(_, queue)| all || !queue.frames.is_empty()).map(|(shard, _)| shard).collect()
    }

    /// Bytes of a shard's frames.
    pub fn bytes(&self, shard: usize) -> usize {
        self.shards.get(shard).map_or(0, |queue| queue.bytes.len())
    }

    /// Takes the frames of a shard out.
    pub fn take(&mut self, shard: usize) -> Queue {
        self.shards.get_mut(shard).map(std::mem::take).unwrap_or_default()
    }

    /// Gives the room of a shard's frames back.
    pub fn put(&mut self, shard: usize, queue: Queue) {
        if let Some(slot) = self.shards.get_mut(shard) {
            *slot = queue;
        }
    }
}

impl Queue {
    /// Gives all frames to their shard.
    pub fn read(&self, shard: &mut Shard, sink: &mut Sink) {
        let mut group = Vec::with_capacity(GROUP);
        let mut start = 0;
        for frames in self.frames.chunks(GROUP) {
            group.extend(frames.iter().map(|frame| {
                let bytes = self.bytes.get(start..frame.end).unwrap_or_default();
                start = frame.end;
                Taken { seen: frame.seen, link_type: frame.link_type, head: head(frame.link_type, bytes), bytes }
            }));
            shard.frames(sink, &group);
            group.clear();
        }
    }

    /// Drops all frames; room for twice as many stays, since another shard may have nearly all of them each time.
    pub fn clear(&mut self) {
        let (bytes, frames) = (self.bytes.len(), self.frames.len());
        self.bytes.clear();
        self.bytes.shrink_to(bytes.saturating_mul(2).saturating_add(SPARE_BYTES));
        self.frames.clear();
        self.frames.shrink_to(frames.saturating_mul(2).saturating_add(SPARE_FRAMES));
    }
}
