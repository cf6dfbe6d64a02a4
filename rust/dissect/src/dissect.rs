//! The whole way: capture files in, tables out. Each thread walks all files and keeps the frames of its shards; these are read, and their facts meet,
//! every so many frames and are written in the order of the walk.

use crate::batch::Batch;
use crate::capture::{Step, Timeline};
use crate::captures::{self, CaptureRow, FaultRow, IndexRow, InterfaceRow};
use crate::collector::Collector;
use crate::flow::SegmentRow;
use crate::shard::{SHARDS, Shard, Sighting, owner};
use crate::sink::Sink;
use crate::tables::{Record, TableError, TableSpec, TableWriter};
use crate::weird::{WeirdCount, WeirdRow};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes of frames between two meetings of the threads; bounds the rows held in memory, since a row comes from at least
/// a dozen bytes (a record of a DNS answer). Counted over all frames, so that it is the same for any number of threads.
const EPOCH_BYTES: u64 = 4 << 20;
/// What a frame counts beside its bytes: it can make rows without a payload.
const FRAME_OVERHEAD_BYTES: u64 = 128;
/// Frames between two entries of the frame index, and between two looks at the clock of progress.
const INDEX_FRAMES: u64 = 8192;

/// What to read and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// threads; 0 for as many as there are processors
    pub threads: usize,
    /// half-open time ranges in UTC nanoseconds to which frames are limited; none: all
    pub ranges: Vec<(i64, i64)>,
    /// only the tables about the files themselves
    pub only_captures: bool,
    /// existing folder for contents that were carried (HTTP bodies); none: they are not kept
    pub spool: Option<PathBuf>,
    /// read every flow as one that nobody knows: measures what byte statistics say where the truth is known
    pub blind: bool,
}

/// What a watcher can see and say while threads work.
#[derive(Debug, Default)]
pub struct Progress {
    /// bytes walked
    pub bytes: AtomicU64,
    /// frames walked
    pub frames: AtomicU64,
    /// set to stop early
    pub cancelled: AtomicBool,
}

/// Every table that a run writes.
pub fn tables() -> Vec<&'static TableSpec> {
    let own = [
        CaptureRow::SPEC,
        InterfaceRow::SPEC,
        FaultRow::SPEC,
        IndexRow::SPEC,
        SegmentRow::SPEC,
        crate::bursts::BurstRow::SPEC,
        crate::arp::Arp::SPEC,
        crate::icmp::Icmp::SPEC,
        crate::group::Membership::SPEC,
        crate::eapol::Eapol::SPEC,
        crate::lldp::Lldp::SPEC,
        WeirdRow::SPEC,
        WeirdCount::SPEC,
        crate::payloads::PayloadRow::SPEC,
        crate::payloads::OmittedRow::SPEC,
        crate::app::FileContent::SPEC,
        crate::app::FlowContent::SPEC,
    ];
    own.into_iter().chain(crate::app::PROTOCOLS.iter().flat_map(|protocol| protocol.tables.iter().copied())).collect()
}

/// Reads captures and writes `TABLE.parquet` for each table into the folder `out`, which exists; gives rows by table.
/// A file that cannot be read is a row of `captures` that says so.
///
/// # Errors
/// when a table cannot be written
pub fn dissect(
    paths: &[PathBuf],
    out: &Path,
    options: &Options,
    progress: &Progress,
) -> Result<Vec<(&'static str, i64)>, TableError> {
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let threads = if options.only_captures { 1 } else { threads.clamp(1, usize::try_from(SHARDS).unwrap_or(1)) };
    let collector = Collector::new(threads, TableWriter::new(out, &tables())?);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let collector = &collector;
            scope.spawn(move || Walk::new(thread, threads, options, progress, collector).run(paths));
        }
    });
    collector.finish()
}

/// One thread's walk.
struct Walk<'a> {
    thread: u64,
    threads: u64,
    options: &'a Options,
    progress: &'a Progress,
    collector: &'a Collector,
    shards: Vec<Shard>,
    batch: Batch,
    sink: Sink,
}

impl<'a> Walk<'a> {
    fn new(
        thread: usize,
        threads: usize,
        options: &'a Options,
        progress: &'a Progress,
        collector: &'a Collector,
    ) -> Self {
        let (thread, threads) = (thread as u64, threads as u64);
        let shards: Vec<Shard> = (0..SHARDS).filter(|shard| shard % threads == thread).map(Shard::new).collect();
        let batch = Batch::new(shards.len());
        let sink = Sink::new(options.spool.clone(), options.blind);
        Self { thread, threads, options, progress, collector, shards, batch, sink }
    }

    fn run(mut self, paths: &[PathBuf]) {
        let mut timeline = Timeline::new(paths.to_vec());
        let mut position = 0u64;
        let (mut epoch, mut weight) = (0u64, 0u64);
        let mut walked_bytes = 0u64;
        let mut latest: Vec<i64> = Vec::new();
        while let Some(Step { capture, frame, overlap }) = timeline.next() {
            position = position.wrapping_add(1);
            let leads = self.thread == 0;
            if leads {
                walked_bytes = walked_bytes.wrapping_add(frame.bytes.len() as u64 + 16);
            }
            let (time_ns, frame_bytes) = (frame.time_ns, frame.bytes.len() as u64);
            let counts = self.options.ranges.is_empty()
                || self.options.ranges.iter().any(|(from, to)| (*from..*to).contains(&time_ns));
            if counts && !self.options.only_captures {
                let owner = owner(frame.link_type, frame.bytes);
                if owner % self.threads == self.thread {
                    let seen = Sighting {
                        position,
                        capture,
                        frame: frame.number,
                        interface: frame.interface,
                        time_ns,
                        original_len: frame.original_len,
                        overlap,
                    };
                    let shard = usize::try_from(owner / self.threads).unwrap_or(0);
                    self.batch.push(shard, seen, frame.link_type, frame.bytes);
                }
            }
            if leads {
                let number = frame.number;
                let slot = usize::try_from(capture).unwrap_or(0);
                if latest.len() <= slot {
                    latest.resize(slot.saturating_add(1), i64::MIN);
                }
                if number % INDEX_FRAMES == 1
                    && let Some(mark) = timeline.mark()
                {
                    self.sink.begin(position, u64::MAX);
                    self.sink.emit(&IndexRow {
                        capture,
                        frame: number,
                        offset: mark.offset,
                        described_to: mark.described_to,
                        time_ns: mark.time_ns,
                        latest_before_ns: latest.get(slot).copied().unwrap_or(i64::MIN),
                    });
                }
                if let Some(latest) = latest.get_mut(slot) {
                    *latest = time_ns.max(*latest);
                }
            }
            if position.is_multiple_of(INDEX_FRAMES) {
                if leads {
                    self.progress.bytes.store(walked_bytes, Ordering::Relaxed);
                    self.progress.frames.store(position, Ordering::Relaxed);
                }
                if self.progress.cancelled.load(Ordering::Relaxed) {
                    return self.collector.fail(TableError::cancelled());
                }
            }
            weight = weight.saturating_add(frame_bytes).saturating_add(FRAME_OVERHEAD_BYTES);
            if weight >= EPOCH_BYTES {
                weight = 0;
                self.batch.read(&mut self.shards, &mut self.sink);
                epoch = epoch.wrapping_add(1);
                if !self.collector.submit(epoch, &mut self.sink) {
                    return;
                }
            }
        }
        self.finish(&timeline, position, epoch.wrapping_add(1));
    }

    fn finish(mut self, timeline: &Timeline, position: u64, epoch: u64) {
        self.batch.read(&mut self.shards, &mut self.sink);
        for mut shard in std::mem::take(&mut self.shards) {
            shard.finish(&mut self.sink);
        }
        if let Err(error) = self.sink.finish() {
            return self.collector.fail(TableError::from_io(&error));
        }
        if self.thread == 0 {
            self.sink.begin(0, u64::MAX);
            for (capture, state) in (0u32..).zip(timeline.captures()) {
                captures::emit(&mut self.sink, capture, state.path, state.summary);
            }
            self.progress.frames.store(position, Ordering::Relaxed);
        }
        self.collector.submit(epoch, &mut self.sink);
    }
}
