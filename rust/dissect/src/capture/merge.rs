//! Several capture files as one capture in time order, as mergecap makes it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use super::input::BUFFER_BYTES;
use crate::duplicates::DUPLICATE_WINDOW_NS;

use super::{CaptureError, Frame, Mark, Reader, Summary};

/// Bytes read of a file to learn when it begins: a first frame and its headers.
const PEEK_BUFFER_BYTES: usize = 16 * 1024;
/// Files open at once up to which each has the full buffer; beyond, buffers shrink so that the sum
/// stays near 32 of them (8 MiB).
const FULL_BUFFERS: usize = 32;
/// Smallest buffer of an open file.
const MIN_BUFFER_BYTES: usize = 16 * 1024;

/// One file of a [`Timeline`].
enum State {
    /// Not opened yet, but for a look at its first frame.
    Waiting(Summary),
    Open(Box<Reader>),
    Finished(Summary),
    Failed(CaptureError),
}

struct Member {
    path: PathBuf,
    first_ns: Option<i64>,
    state: State,
}

/// What is known of one file of a [`Timeline`].
#[derive(Clone, Copy, Debug)]
pub struct CaptureState<'a> {
    /// The file.
    pub path: &'a Path,
    /// Time of its first frame; None without frames, and for a file that cannot be read.
    pub first_ns: Option<i64>,
    /// True once the file was read to its end, or to damage that ended it.
    pub finished: bool,
    /// Its summary so far (of a file whose turn has not come: of its first frame), or why it could
    /// not be opened.
    pub summary: Result<&'a Summary, &'a CaptureError>,
}

/// A step of the walk over a [`Timeline`].
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Index of the file in [`Timeline::captures`].
    pub capture: u32,
    /// The frame.
    pub frame: Frame<'a>,
    /// Whether another file or interface could hold the same frame.
    pub overlap: Overlap,
}

/// Whether several files or interfaces show the same time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overlap {
    /// No: this frame has no copy.
    None,
    /// Another file begins within the window of copies; whether the two overlap is not known yet.
    Ahead,
    /// Files overlap here, or this one has several interfaces.
    Here,
}

/// Order of frames: time, then the file's place.
type Key = (i64, u32);

/// Capture files merged by time. Files are opened when the time of their first frame comes and
/// closed at their end, so that a month of hourly files needs one or two descriptors. Within a file
/// frames keep their order, even where time runs backwards; a frame without a time has that of the
/// one before it. On equal times the file that comes first in the list goes first.
pub struct Timeline {
    members: Vec<Member>,
    /// Next member to open; all from here on wait.
    next_waiting: usize,
    /// The files, other than the one at hand, that are open: the keys of their current frames.
    others: BinaryHeap<Reverse<Key>>,
    /// The file that the last frame came from.
    at_hand: Option<u32>,
    /// The file at hand stays so while its key is not above this one.
    limit: Option<Key>,
    /// Until then frames can be copies of those of another file.
    overlap_until_ns: i64,
}

impl Timeline {
    /// Looks at the first frame of each file and puts the files into the order of these, ties by
    /// path; files without frames and those that cannot be read come last.
    pub fn new(files: Vec<PathBuf>) -> Timeline {
        let mut members: Vec<Member> = files.into_iter().map(peek).collect();
        members.sort_by(|a, b| {
            let none_last = |member: &Member| (member.first_ns.is_none(), member.first_ns);
            none_last(a).cmp(&none_last(b)).then_with(|| a.path.cmp(&b.path))
        });
        let mut timeline = Timeline {
            members,
            next_waiting: 0,
            others: BinaryHeap::new(),
            at_hand: None,
            limit: None,
            overlap_until_ns: i64::MIN,
        };
        timeline.limit = timeline.first_other();
        timeline
    }

    /// The next frame in time, and the index of its file in [`Timeline::captures`].
    #[inline]
    #[allow(clippy::should_implement_trait)] // an Iterator cannot lend from itself
    pub fn next(&mut self) -> Option<Step<'_>> {
        let capture = match self.stay() {
            Some(capture) => capture,
            None => self.switch()?,
        };
        let State::Open(reader) = &self.members.get(capture as usize)?.state else {
            return None;
        };
        let frame = reader.current()?;
        if !self.others.is_empty() {
            self.overlap_until_ns = frame.time_ns.saturating_add(DUPLICATE_WINDOW_NS);
        }
        let reach_ns = frame.time_ns.saturating_add(DUPLICATE_WINDOW_NS);
        let overlap = if frame.time_ns <= self.overlap_until_ns || reader.summary().interfaces.len() > 1 {
            Overlap::Here
        } else if self.limit.is_some_and(|(start_ns, _)| start_ns <= reach_ns) {
            Overlap::Ahead
        } else {
            Overlap::None
        };
        Some(Step { capture, frame, overlap })
    }

    /// Advances the file at hand: Some while its next frame is before all others.
    #[inline]
    fn stay(&mut self) -> Option<u32> {
        let capture = self.at_hand?;
        let member = self.members.get_mut(capture as usize)?;
        let State::Open(reader) = &mut member.state else {
            return None;
        };
        if !reader.advance() {
            self.finish(capture);
            return None;
        }
        let key = (reader.time_ns(), capture);
        if self.limit.is_none_or(|limit| key < limit) {
            return Some(capture);
        }
        self.others.push(Reverse(key));
        self.at_hand = None;
        None
    }

    /// Takes the file whose frame is next, opening it where it waited.
    #[cold]
    fn switch(&mut self) -> Option<u32> {
        loop {
            let waiting = self.waiting_key();
            let open = self.others.peek().map(|Reverse(key)| *key);
            match (open, waiting) {
                (None, None) => return None,
                (Some(open), waiting) if waiting.is_none_or(|waiting| open < waiting) => {
                    self.others.pop();
                    self.at_hand = Some(open.1);
                    self.limit = self.first_other();
                    return Some(open.1);
                }
                _ => self.open_waiting(),
            }
        }
    }

    /// Opens the next waiting file and puts its first frame among the others.
    fn open_waiting(&mut self) {
        let index = self.next_waiting;
        self.next_waiting = index.saturating_add(1);
        let open = self.others.len().saturating_add(1);
        let share = BUFFER_BYTES.saturating_mul(FULL_BUFFERS) / open.max(FULL_BUFFERS);
        let Some(member) = self.members.get_mut(index) else {
            return;
        };
        if !matches!(member.state, State::Waiting(_)) {
            return;
        }
        match Reader::open_buffered(&member.path, share.max(MIN_BUFFER_BYTES)) {
            Err(error) => member.state = State::Failed(error),
            Ok(mut reader) => {
                if reader.advance() {
                    self.others.push(Reverse((reader.time_ns(), capture_index(index))));
                    member.state = State::Open(Box::new(reader));
                } else {
                    member.state = State::Finished(reader.summary().clone());
                }
            }
        }
    }

    /// Closes a file at its end.
    #[cold]
    fn finish(&mut self, capture: u32) {
        self.at_hand = None;
        if let Some(member) = self.members.get_mut(capture as usize)
            && let State::Open(reader) = &member.state
        {
            member.state = State::Finished(reader.summary().clone());
        }
    }

    /// Key of the first frame of the next file to open.
    fn waiting_key(&self) -> Option<Key> {
        let member = self.members.get(self.next_waiting)?;
        Some((member.first_ns?, capture_index(self.next_waiting)))
    }

    /// The smallest key of all files but the one at hand.
    fn first_other(&self) -> Option<Key> {
        let open = self.others.peek().map(|Reverse(key)| *key);
        open.into_iter().chain(self.waiting_key()).min()
    }

    /// The frame that [`Timeline::next`] gave last.
    pub fn current(&self) -> Option<Frame<'_>> {
        self.reader_at_hand()?.current()
    }

    /// The summary so far of the file that the last frame came from.
    pub fn summary_at_hand(&self) -> Option<&Summary> {
        self.reader_at_hand().map(Reader::summary)
    }

    fn reader_at_hand(&self) -> Option<&Reader> {
        match &self.members.get(self.at_hand? as usize)?.state {
            State::Open(reader) => Some(reader),
            _ => None,
        }
    }

    /// A mark from which [`Reader::resume`] reads the last frame once more.
    pub fn mark(&self) -> Option<Mark> {
        self.reader_at_hand().map(Reader::mark_current)
    }

    /// What is known of each file, in the order of the indices that [`Timeline::next`] gives.
    pub fn captures(&self) -> Vec<CaptureState<'_>> {
        self.members.iter().map(Member::as_state).collect()
    }
}

impl Member {
    fn as_state(&self) -> CaptureState<'_> {
        CaptureState {
            path: &self.path,
            first_ns: self.first_ns,
            finished: matches!(self.state, State::Finished(_)),
            summary: match &self.state {
                State::Waiting(summary) | State::Finished(summary) => Ok(summary),
                State::Open(reader) => Ok(reader.summary()),
                State::Failed(error) => Err(error),
            },
        }
    }
}

/// There are fewer files than 2^32: their paths alone would not fit into memory.
fn capture_index(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Opens a file for its first frame, and closes it again.
fn peek(path: PathBuf) -> Member {
    let mut reader = match Reader::open_buffered(&path, PEEK_BUFFER_BYTES) {
        Ok(reader) => reader,
        Err(error) => {
            return Member { path, first_ns: None, state: State::Failed(error) };
        }
    };
    let first_ns = reader.advance().then(|| reader.time_ns());
    let summary = reader.summary().clone();
    let state = if first_ns.is_some() { State::Waiting(summary) } else { State::Finished(summary) };
    Member { path, first_ns, state }
}
