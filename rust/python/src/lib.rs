//! Python module `idletalk._core`: the seam between Rust facts and Python judgements. Nothing is decided here.
#![forbid(unsafe_code)]

mod exposure;
mod periods;
mod recognise;
mod scan;
mod tables;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rust core of idletalk.
#[pyo3::pymodule]
mod _core {
    #[pymodule_export]
    use super::dissecting::dissect;
    #[pymodule_export]
    use super::dissecting::schema;
    #[pymodule_export]
    use super::exposure::Contents;
    #[pymodule_export]
    use super::periods::periods;
    #[pymodule_export]
    use super::recognise::recognise;
    #[pymodule_export]
    use super::recognise::unsquash;
    #[pymodule_export]
    use super::scan::cut;
    #[pymodule_export]
    use super::scan::scan;
    #[pymodule_export]
    use super::tables::Words;
}

mod dissecting;
