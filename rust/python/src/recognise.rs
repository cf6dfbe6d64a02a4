//! `recognise` for Python: what a firmware image is made of, as JSON.

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use std::fs::File;
use std::path::PathBuf;

/// Recognise an image: its parts, their checks, a map of every byte, entropy and strings, as JSON in UTF-8.
///
/// `size_bytes` is the whole file's, of which `image` may be the first part only.
#[pyfunction]
pub fn recognise(py: Python<'_>, image: &[u8], size_bytes: u64) -> PyResult<Vec<u8>> {
    py.detach(|| {
        let found = firmware::recognise(image, size_bytes.max(image.len() as u64));
        firmware::to_json(&found).map_err(|error| PyValueError::new_err(error.to_string()))
    })
}

/// Write the regular files of a SquashFS into a folder under numbers, and tell the names that they had.
///
/// Gives [(number, stored name)], bytes written, links and devices left out, and why it stopped before its end. Raises
/// OSError when it cannot be read or written.
#[pyfunction]
#[pyo3(signature = (path, offset, folder, *, max_files, max_bytes))]
#[allow(clippy::type_complexity)] // a tuple for Python
pub fn unsquash(
    py: Python<'_>,
    path: PathBuf,
    offset: u64,
    folder: PathBuf,
    max_files: u64,
    max_bytes: u64,
) -> PyResult<(Vec<(u64, String)>, u64, u64, Option<String>)> {
    py.detach(|| {
        let mut names: Vec<(u64, String)> = Vec::new();
        let limits = firmware::squash::Limits { files: max_files, bytes: max_bytes };
        let walked = firmware::squash::walk(&path, offset, limits, |name| {
            let number = names.len() as u64;
            names.push((number, name.to_string_lossy().into_owned()));
            File::create_new(folder.join(number.to_string())).map(Some)
        })
        .map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok((names, walked.bytes, walked.skipped, walked.stopped))
    })
}
