//! Python module `idletalk._core`.
