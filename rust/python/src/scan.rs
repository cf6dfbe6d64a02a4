//! stub
use pyo3::prelude::*;
#[pyfunction]
pub fn scan() {}
