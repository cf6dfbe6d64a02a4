//! `holding` for Python: words in the texts of tables.

use std::path::PathBuf;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

/// File (by its index), column, whether it holds lists, words (by their indices).
type Held = (usize, String, bool, Vec<usize>);

/// Which columns of Parquet files hold which words in their texts; columns named in `skipped` are not looked at.
#[pyfunction]
pub fn holding(py: Python<'_>, files: Vec<PathBuf>, skipped: Vec<String>, words: Vec<String>) -> PyResult<Vec<Held>> {
    let found = py
        .detach(|| ::exposure::tables::holding(&files, &skipped, &words))
        .map_err(|error| PyOSError::new_err(error.to_string()))?;
    Ok(found.into_iter().map(|one| (one.file, one.column, one.is_list, one.words)).collect())
}
