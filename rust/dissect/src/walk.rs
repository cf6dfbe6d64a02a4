//! The walk over all captures in the order of time. One thread walks at a time; which one does not matter.

use crate::batch::Batch;
use crate::capture::{Step, Timeline};
use crate::captures::{self, IndexRow};
use crate::dissect::{Options, Progress};
use crate::shard::{Sighting, owner};
use crate::sink::Sink;
use crate::tables::Sheets;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Bytes of frames between two meetings; bounds the rows held in memory, since a row comes from at least a dozen bytes (a
/// record of a DNS answer). Counted over all frames, so that it is the same for any number of threads.
const EPOCH_BYTES: u64 = 4 << 20;
/// What a frame counts beside its bytes: it can make rows without a payload.
const FRAME_OVERHEAD_BYTES: u64 = 128;
/// Frames between two entries of the frame index, and between two looks at the clock of progress.
const INDEX_FRAMES: u64 = 8192;

/// Where a walk is after some frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Walked {
    /// there may be more
    On,
    /// that were the last ones
    Over,
    /// somebody does not want to wait for the end
    Cancelled,
}

/// A walk over captures.
pub struct Walk<'a> {
    options: &'a Options,
    progress: &'a Progress,
    timeline: Timeline,
    position: u64,
    bytes: u64,
    /// latest time of each capture
    latest: Vec<i64>,
    /// takes rows about the captures themselves
    sink: Sink,
}

impl<'a> Walk<'a> {
    /// Before the first frame.
    pub fn new(paths: &[PathBuf], options: &'a Options, progress: &'a Progress) -> Self {
        let timeline = Timeline::new(paths.to_vec());
        Self { options, progress, timeline, position: 0, bytes: 0, latest: Vec::new(), sink: Sink::default() }
    }

    /// Rows about the captures since somebody asked.
    pub fn sheets(&mut self) -> &mut Sheets {
        &mut self.sink.sheets
    }

    /// Adds frames to a batch until they are enough for a meeting.
    pub fn fill(&mut self, batch: &mut Batch) -> Walked {
        let mut weight = 0u64;
        while let Some(Step { capture, frame, overlap }) = self.timeline.next() {
            self.position = self.position.wrapping_add(1);
            let (position, time_ns, frame_bytes) = (self.position, frame.time_ns, frame.bytes.len() as u64);
            self.bytes = self.bytes.wrapping_add(frame_bytes + 16);
            let counts = self.options.ranges.is_empty()
                || self.options.ranges.iter().any(|(from, to)| (*from..*to).contains(&time_ns));
            if counts && !self.options.only_captures {
                let seen = Sighting {
                    position,
                    capture,
                    frame: frame.number,
                    interface: frame.interface,
                    time_ns,
                    original_len: frame.original_len,
                    overlap,
                };
                batch.push(owner(frame.link_type, frame.bytes), seen, frame.link_type, frame.bytes);
            }
            let number = frame.number;
            self.index(capture, number, time_ns);
            if position.is_multiple_of(INDEX_FRAMES) {
                self.progress.bytes.store(self.bytes, Ordering::Relaxed);
                self.progress.frames.store(position, Ordering::Relaxed);
                if self.progress.cancelled.load(Ordering::Relaxed) {
                    return Walked::Cancelled;
                }
            }
            weight = weight.saturating_add(frame_bytes).saturating_add(FRAME_OVERHEAD_BYTES);
            if weight >= EPOCH_BYTES {
                return Walked::On;
            }
        }
        self.sink.begin(0);
        for (capture, state) in (0u32..).zip(self.timeline.captures()) {
            captures::emit(&mut self.sink, capture, state.path, state.summary);
        }
        self.progress.frames.store(self.position, Ordering::Relaxed);
        Walked::Over
    }

    /// Notes the place of a frame now and then.
    #[inline]
    fn index(&mut self, capture: u32, frame: u64, time_ns: i64) {
        let slot = usize::try_from(capture).unwrap_or(0);
        if self.latest.len() <= slot {
            self.latest.resize(slot.saturating_add(1), i64::MIN);
        }
        let Some(latest) = self.latest.get_mut(slot) else { return };
        if frame % INDEX_FRAMES == 1
            && let Some(mark) = self.timeline.mark()
        {
            self.sink.begin(self.position);
            self.sink.emit(&IndexRow {
                capture,
                frame,
                offset: mark.offset,
                described_to: mark.described_to,
                time_ns: mark.time_ns,
                latest_before_ns: *latest,
            });
        }
        *latest = time_ns.max(*latest);
    }
}
