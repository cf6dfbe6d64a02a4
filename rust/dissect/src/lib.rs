//! From packet captures to tables of facts: bytes in, Parquet out, no judgement.
#![forbid(unsafe_code)]

pub mod app;
pub mod arp;
pub mod at;
mod batch;
mod bursts;
pub mod capture;
pub mod captures;
mod collector;
pub mod community_id;
mod crew;
mod digests;
pub mod dissect;
pub mod duplicates;
pub mod eapol;
pub mod flow;
mod flow_key;
mod flow_rows;
mod flow_table;
pub mod fragments;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod group;
pub mod icmp;
pub mod lldp;
pub mod originator;
pub mod packet;
mod parts;
mod payloads;
mod recent;
pub mod scan;
pub mod shard;
pub mod sink;
mod spool;
pub mod stream;
pub mod tables;
mod tcp;
mod walk;
pub mod weird;
