//! The whole way: capture files in, tables out. Frames are read shard by shard; their facts meet every so many frames and are
//! written in the order of the walk.

use crate::captures::{CaptureRow, FaultRow, IndexRow, InterfaceRow};
use crate::crew::Crew;
use crate::flow::SegmentRow;
use crate::shard::SHARDS;
use crate::tables::{Record, TableError, TableSpec, TableWriter};
use crate::walk::Walk;
use crate::weird::{WeirdCount, WeirdRow};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};

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

/// Threads at most where nobody says how many: one at a time walks, which takes a sixth of all time, and each takes some 20 MiB.
const MAX_UNASKED_THREADS: usize = 8;

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
        0 => std::thread::available_parallelism().map_or(1, usize::from).min(MAX_UNASKED_THREADS),
        n => n,
    };
    let threads = if options.only_captures { 1 } else { threads.clamp(1, usize::try_from(SHARDS).unwrap_or(1)) };
    let writer = TableWriter::new(out, &tables())?;
    let crew = Crew::new(threads, writer, Walk::new(paths, options, progress), options);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let crew = &crew;
            scope.spawn(move || crew.work(thread));
        }
    });
    crew.finish()
}
