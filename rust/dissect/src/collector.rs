//! Where the threads' facts meet: rows of an epoch are put together, in the order of the walk, before they are written.

use crate::sink::Sink;
use crate::tables::{Sheet, Sheets, TableError, TableWriter};
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Epochs that a thread may be ahead of the slowest: bounds the rows that wait.
const MAX_AHEAD: u64 = 2;

struct State {
    writer: Option<TableWriter>,
    waiting: BTreeMap<u64, (usize, Vec<Sheet>)>,
    written: u64,
    error: Option<TableError>,
}

/// Collects the sheets of all threads, epoch by epoch (from 1).
pub struct Collector {
    threads: usize,
    state: Mutex<State>,
    moved: Condvar,
}

impl Collector {
    /// For so many threads.
    pub fn new(threads: usize, writer: TableWriter) -> Self {
        let state = State { writer: Some(writer), waiting: BTreeMap::new(), written: 0, error: None };
        Self { threads, state: Mutex::new(state), moved: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a thread's facts of an epoch; waits while the thread is too far ahead. False when writing failed
    /// and going on is of no use.
    pub fn submit(&self, epoch: u64, sink: &mut Sink) -> bool {
        let sheets = sink.sheets.take();
        let mut state = self.lock();
        while epoch > state.written.saturating_add(MAX_AHEAD) && state.error.is_none() {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let entry = state.waiting.entry(epoch).or_insert((0, Vec::new()));
        entry.0 = entry.0.saturating_add(1);
        entry.1.extend(sheets);
        while let Some((epoch, (count, sheets))) = state.waiting.pop_first() {
            if count < self.threads {
                state.waiting.insert(epoch, (count, sheets));
                break;
            }
            state.written = epoch;
            if let Err(error) = write(state.writer.as_mut(), sheets) {
                state.error.get_or_insert(error);
            }
        }
        self.moved.notify_all();
        state.error.is_none()
    }

    /// Says that the run was stopped, so that no thread waits for another.
    pub fn abandon(&self) {
        self.lock().error.get_or_insert(TableError::cancelled());
        self.moved.notify_all();
    }

    /// Closes the tables; gives rows by table.
    ///
    /// # Errors
    /// the first one met while writing
    pub fn finish(self) -> Result<Vec<(&'static str, i64)>, TableError> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match (state.error, state.writer) {
            (Some(error), _) => Err(error),
            (None, Some(writer)) => writer.finish(),
            (None, None) => Ok(Vec::new()),
        }
    }
}

/// All sheets of one table become one before they are handed on, so that row groups do not depend on threads.
fn write(writer: Option<&mut TableWriter>, sheets: Vec<Sheet>) -> Result<(), TableError> {
    let Some(writer) = writer else { return Ok(()) };
    let mut merged = Sheets::default();
    for sheet in sheets {
        merged.append(sheet);
    }
    merged.take().into_iter().try_for_each(|sheet| writer.append(sheet))
}
