//! The tests that see the crate from outside, as one program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]

mod capture_damage;
mod capture_pcap;
mod capture_pcapng;
mod capture_timeline;
mod capture_write;
mod captures_of_others;
mod common;
mod flows;
