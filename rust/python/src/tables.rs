//! `Words` for Python: other texts for words, in texts and in tables.

use std::path::PathBuf;

use ::exposure::{tables, words};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

/// Words that are sought, and what is said instead.
#[pyclass(frozen)]
pub struct Words(words::Words);

#[pymethods]
impl Words {
    /// Of pairs of a word and what is said for it.
    #[new]
    fn new(words: Vec<(String, String)>) -> PyResult<Self> {
        words::Words::new(words).map(Self).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Whether one of them stands in a text.
    fn stand_in(&self, text: &[u8]) -> bool {
        self.0.stand_in(text)
    }

    /// The text with other texts for the words in it.
    fn replaced(&self, text: String) -> String {
        self.0.replaced(text.as_bytes()).map_or(text, |told| {
            String::from_utf8(told).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into())
        })
    }

    /// The same in the texts and bytes of Parquet files; columns named in `skipped` are left alone.
    fn replace_in(&self, py: Python<'_>, files: Vec<PathBuf>, skipped: Vec<String>) -> PyResult<()> {
        py.detach(|| tables::replace(&files, &skipped, &self.0)).map_err(|error| PyOSError::new_err(error.to_string()))
    }
}
