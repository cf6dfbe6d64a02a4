//! From packet captures to tables of facts: bytes in, Parquet out, no judgement.
#![forbid(unsafe_code)]

pub mod capture;
