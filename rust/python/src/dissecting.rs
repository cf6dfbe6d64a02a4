//! `dissect` and `schema` for Python.

use ::dissect::dissect::{Options, Progress, dissect as run, tables};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often a watcher is told, and Ctrl-C is looked for.
pub const TICK: Duration = Duration::from_millis(50);

/// Read captures and write one Parquet file per table into the existing folder `out`; gives the rows of each table.
///
/// Contents that were carried go into the existing folder `spool`; without one they are not kept.
/// `blind` reads every flow as one that nobody knows: what its bytes alone tell is in `flow_content`.
/// `ranges` are half-open time ranges in UTC nanoseconds; `progress` is called with (bytes, frames) walked so far.
/// Raises OSError when a table cannot be written. An unreadable capture is a row of `captures`.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // keyword arguments of Python
#[pyo3(signature = (paths, out, *, threads=0, ranges=Vec::new(), only_captures=false, spool=None, blind=false, progress=None))]
pub fn dissect(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    out: PathBuf,
    threads: usize,
    ranges: Vec<(i64, i64)>,
    only_captures: bool,
    spool: Option<PathBuf>,
    blind: bool,
    progress: Option<Py<PyAny>>,
) -> PyResult<Py<PyDict>> {
    let options = Options { threads, ranges, only_captures, spool, blind };
    let rows = watched(py, progress.as_ref(), |state| run(&paths, &out, &options, state))?
        .map_err(|error| PyOSError::new_err(error.to_string()))?;
    let counts = PyDict::new(py);
    for (table, count) in rows {
        counts.set_item(table, count)?;
    }
    Ok(counts.unbind())
}

/// Runs `work` in a thread of its own, without the interpreter's lock; tells the watcher how far it is and stops it on Ctrl-C.
pub fn watched<T: Send>(
    py: Python<'_>,
    progress: Option<&Py<PyAny>>,
    work: impl FnOnce(&Progress) -> T + Send,
) -> PyResult<T> {
    let state = Progress::default();
    std::thread::scope(|scope| {
        let (done, finished) = channel();
        let state = &state;
        let worker = scope.spawn(move || {
            // dropped when the work is over, however it ends
            let _done: Sender<()> = done;
            work(state)
        });
        let mut stopped = Ok(());
        let finished = Mutex::new(finished);
        while py.detach(|| waits(&finished)) {
            if stopped.is_ok() {
                stopped = watch(py, state, progress);
                state.cancelled.store(stopped.is_err(), Ordering::Relaxed);
            }
        }
        let outcome =
            py.detach(|| worker.join()).map_err(|_| PyOSError::new_err("a thread of the core failed: this is a bug"));
        stopped?;
        outcome
    })
}

/// Waits a tick; false once the work is over.
fn waits(finished: &Mutex<Receiver<()>>) -> bool {
    let finished = finished.lock().unwrap_or_else(PoisonError::into_inner);
    matches!(finished.recv_timeout(TICK), Err(RecvTimeoutError::Timeout))
}

fn watch(py: Python<'_>, state: &Progress, progress: Option<&Py<PyAny>>) -> PyResult<()> {
    py.check_signals()?;
    if let Some(callback) = progress {
        callback.call1(py, (state.bytes.load(Ordering::Relaxed), state.frames.load(Ordering::Relaxed)))?;
    }
    Ok(())
}

/// Every table that `dissect` writes: (table, meaning, [(column, SQL type, nullable, meaning)]).
#[pyfunction]
#[allow(clippy::type_complexity)] // a plain shape is what Python wants
pub fn schema() -> Vec<(String, String, Vec<(String, String, bool, String)>)> {
    tables()
        .into_iter()
        .map(|table| {
            let columns = table
                .columns
                .iter()
                .map(|column| {
                    (
                        column.name.to_owned(),
                        column.kind.sql().to_owned(),
                        column.nullable,
                        column.meaning.trim().to_owned(),
                    )
                })
                .collect();
            (table.name.to_owned(), table.meaning.trim().to_owned(), columns)
        })
        .collect()
}
