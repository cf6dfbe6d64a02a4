//! `replace` for Python: other words in the texts of tables.

use std::path::PathBuf;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

/// Writes in Parquet files for each word its second text; columns named in `skipped` are left alone.
#[pyfunction]
pub fn replace(
    py: Python<'_>,
    files: Vec<PathBuf>,
    skipped: Vec<String>,
    words: Vec<(String, String)>,
) -> PyResult<()> {
    py.detach(|| ::exposure::tables::replace(&files, &skipped, &words))
        .map_err(|error| PyOSError::new_err(error.to_string()))
}
