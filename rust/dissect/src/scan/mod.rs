//! Back to the frames: those of a selection are counted, named and written to a capture file, each with its origin.

mod output;
mod parts;
mod selection;

pub use parts::{Part, cut};
pub use selection::{Clause, Ends, Selection, flow_key};

use crate::capture::{Frame, Mark, Reader, Step, Summary, Timeline, WriteError};
use crate::dissect::Progress;
use output::Output;
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Frames between two looks at the watcher.
const TICK_FRAMES: u64 = 8192;

/// A capture file of an analysis.
#[derive(Clone, Debug)]
pub struct Source {
    /// its index there
    pub capture: u32,
    /// where it is
    pub path: PathBuf,
    /// its name in comments: as the user gave it
    pub name: String,
    /// places from which it can be read, in order (the table `frame_index`)
    pub marks: Vec<Mark>,
}

/// Where selected frames go.
#[derive(Clone, Debug)]
pub struct Target {
    /// file to be written; none: only count
    pub path: Option<PathBuf>,
    /// pcap instead of pcapng; true for nanoseconds
    pub pcap: Option<bool>,
    /// most frames written; all are counted
    pub max_frames: u64,
    /// name and version of the program, for the file's header
    pub application: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// frames of the selection
    pub selected: u64,
    /// (capture, frame) of those written, in the order of the file
    pub written: Vec<(u32, u64)>,
}

/// Why a scan did not come to its end.
#[derive(Debug)]
pub enum ScanError {
    /// the output cannot be written or does not fit its format
    Write(WriteError),
    /// the watcher stopped it
    Cancelled,
}

impl std::fmt::Display for ScanError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Write(error) => write!(f, "{error}"),
            Self::Cancelled => f.write_str("stopped before the end"),
        }
    }
}

impl<E: Into<WriteError>> From<E> for ScanError {
    fn from(error: E) -> Self {
        Self::Write(error.into())
    }
}

/// Walks the sources and takes the frames of the selection. Where it names frames, only their surroundings are read;
/// else all files are, as one capture in time order.
///
/// # Errors
/// when the output cannot be written or the watcher stops the scan
pub fn scan(
    sources: &[Source],
    selection: &Selection,
    target: &Target,
    progress: &Progress,
) -> Result<Found, ScanError> {
    let mut output = Output::new(target)?;
    let mut found = Found::default();
    let mut take = |source: &Source, frame: &Frame<'_>, summary: &Summary| -> Result<(), ScanError> {
        found.selected = found.selected.wrapping_add(1);
        if (found.written.len() as u64) < target.max_frames {
            output.write(source, frame, summary)?;
            found.written.push((source.capture, frame.number));
        }
        Ok(())
    };
    if let Some(frames) = selection.frames() {
        for source in sources {
            let Some(wanted) = frames.get(&source.capture) else { continue };
            read_near(source, wanted, |frame, summary| {
                if selection.takes(source.capture, frame) { take(source, frame, summary) } else { Ok(()) }
            })?;
        }
    } else {
        let by_path: FxHashMap<&Path, &Source> = sources.iter().map(|source| (source.path.as_path(), source)).collect();
        let mut timeline = Timeline::new(sources.iter().map(|source| source.path.clone()).collect());
        let order: Vec<Option<&Source>> =
            timeline.captures().iter().map(|state| by_path.get(state.path).copied()).collect();
        let mut walked = 0u64;
        while let Some(Step { capture, frame, .. }) = timeline.next() {
            walked = walked.wrapping_add(1);
            if walked.is_multiple_of(TICK_FRAMES) {
                progress.frames.store(walked, Ordering::Relaxed);
                if progress.cancelled.load(Ordering::Relaxed) {
                    return Err(ScanError::Cancelled);
                }
            }
            let Some(Some(source)) = order.get(usize::try_from(capture).unwrap_or(usize::MAX)) else { continue };
            if selection.takes(source.capture, &frame) {
                let Some(summary) = timeline.summary_at_hand() else { continue };
                if let Some(frame) = timeline.current() {
                    take(source, &frame, summary)?;
                }
            }
        }
    }
    output.finish()?;
    Ok(found)
}

/// Reads the wanted frames of a file, starting at the last mark before each.
fn read_near(
    source: &Source,
    wanted: &std::collections::BTreeSet<u64>,
    mut take: impl FnMut(&Frame<'_>, &Summary) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let mut reader: Option<Reader> = None;
    let mut next_number = 0;
    for number in wanted {
        let place = source.marks.partition_point(|mark| mark.number <= *number);
        let mark = place.checked_sub(1).and_then(|index| source.marks.get(index));
        let jumps = reader.is_none() || mark.is_some_and(|mark| mark.number > next_number);
        if jumps {
            // a file that has gone or changed since the analysis gives nothing
            reader = match mark {
                Some(mark) => Reader::resume(&source.path, mark).ok(),
                None => Reader::open(&source.path).ok(),
            };
        }
        let Some(reader) = &mut reader else { return Ok(()) };
        while reader.next().is_some() {
            let Some(frame) = reader.current() else { break };
            next_number = frame.number.wrapping_add(1);
            if frame.number >= *number {
                take(&frame, reader.summary())?;
                break;
            }
        }
    }
    Ok(())
}
