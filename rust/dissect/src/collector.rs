//! Where the threads' facts meet: rows of an epoch are put together, in the order of the walk, before they are written.
//! Whoever comes by writes what is ready, one table at a time, so that writing takes all threads and no table waits for
//! another.

use crate::sink::Sink;
use crate::tables::{Sheet, TableError, TableWriter};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Epochs that a thread may be ahead of the slowest: bounds the rows that wait.
const MAX_AHEAD: u64 = 2;

/// Rows of one table, in bytes, whose room is used again; a table has as many as a thread makes between two meetings.
const MAX_SPARE_BYTES: usize = 512 << 10;

#[derive(Default)]
struct State {
    /// epochs that some threads have not finished
    waiting: BTreeMap<u64, (usize, Vec<Sheet>)>,
    /// the last epoch that all threads have finished
    complete: u64,
    /// sheets to write, by epoch and table, in order
    ready: VecDeque<(u64, Vec<Vec<Sheet>>)>,
    /// tables that a thread writes at the moment
    busy: Vec<&'static str>,
    /// sheets that were written, as room for the next rows
    spare: Vec<Sheet>,
    error: Option<TableError>,
}

/// Collects the sheets of all threads, epoch by epoch (from 1).
pub struct Collector {
    threads: usize,
    writer: TableWriter,
    state: Mutex<State>,
    moved: Condvar,
}

impl Collector {
    /// For so many threads.
    pub fn new(threads: usize, writer: TableWriter) -> Self {
        Self { threads, writer, state: Mutex::default(), moved: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a thread's facts of an epoch, and writes what is ready; waits while the thread is too far ahead. False when
    /// writing failed and going on is of no use.
    pub fn submit(&self, epoch: u64, sink: &mut Sink) -> bool {
        let sheets = sink.sheets.take();
        let mut state = self.lock();
        let entry = state.waiting.entry(epoch).or_insert((0, Vec::new()));
        entry.0 = entry.0.saturating_add(1);
        entry.1.extend(sheets);
        while let Some((epoch, (count, sheets))) = state.waiting.pop_first() {
            if count < self.threads {
                state.waiting.insert(epoch, (count, sheets));
                break;
            }
            state.complete = epoch;
            state.ready.push_back((epoch, by_table(sheets)));
        }
        self.moved.notify_all();
        loop {
            if state.error.is_some() {
                return false;
            }
            if let Some(sheets) = state.take_ready() {
                let name = name(&sheets);
                state.busy.push(name);
                drop(state);
                let outcome = self.writer.append(name, &sheets);
                let spare = sheets.into_iter().filter_map(emptied);
                state = self.lock();
                state.spare.extend(spare);
                state.busy.retain(|busy| *busy != name);
                if let Err(error) = outcome {
                    state.error.get_or_insert(error);
                }
                self.moved.notify_all();
            } else if epoch > state.settled().saturating_add(MAX_AHEAD) {
                state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
            } else {
                sink.sheets.refill(&mut state.spare);
                return true;
            }
        }
    }

    /// Ends the run with this error, so that no thread waits for another.
    pub fn fail(&self, error: TableError) {
        self.lock().error.get_or_insert(error);
        self.moved.notify_all();
    }

    /// Closes the tables; gives rows by table.
    ///
    /// # Errors
    /// the first one met while writing
    pub fn finish(self) -> Result<Vec<(&'static str, i64)>, TableError> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.error {
            return Err(error);
        }
        // what the last thread left to others that were gone already
        state
            .ready
            .into_iter()
            .flat_map(|(_, tables)| tables)
            .try_for_each(|sheets| self.writer.append(name(&sheets), &sheets))?;
        self.writer.finish(self.threads)
    }
}

impl State {
    /// The earliest rows of a table that nobody writes.
    fn take_ready(&mut self) -> Option<Vec<Sheet>> {
        let mut passed: Vec<&'static str> = self.busy.clone();
        let mut found = None;
        for (_, tables) in &mut self.ready {
            if let Some(place) = tables.iter().position(|sheets| !passed.contains(&name(sheets))) {
                found = Some(tables.swap_remove(place));
                break;
            }
            passed.extend(tables.iter().map(|sheets| name(sheets)));
        }
        while self.ready.front().is_some_and(|(_, tables)| tables.is_empty()) {
            self.ready.pop_front();
        }
        found
    }

    /// The last epoch of which nothing waits to be written.
    fn settled(&self) -> u64 {
        self.ready.front().map_or(self.complete, |(epoch, _)| epoch.saturating_sub(1))
    }
}

/// A sheet without its rows; none where it became too large to be kept for the next ones.
fn emptied(mut sheet: Sheet) -> Option<Sheet> {
    let is_ordinary = sheet.bytes() <= MAX_SPARE_BYTES;
    sheet.clear();
    is_ordinary.then_some(sheet)
}

/// The sheets of each table together, in the tables' order of name, so that what is written does not depend on threads.
fn by_table(mut sheets: Vec<Sheet>) -> Vec<Vec<Sheet>> {
    sheets.sort_by_key(|sheet| sheet.spec.name);
    let mut tables: Vec<Vec<Sheet>> = Vec::new();
    for sheet in sheets {
        match tables.last_mut() {
            Some(table) if name(table) == sheet.spec.name => table.push(sheet),
            _ => tables.push(vec![sheet]),
        }
    }
    tables
}

/// The table of sheets that belong together.
fn name(sheets: &[Sheet]) -> &'static str {
    sheets.first().map_or("", |sheet| sheet.spec.name)
}
