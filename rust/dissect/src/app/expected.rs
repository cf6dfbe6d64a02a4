//! Conversations that another one speaks of: the data connection of FTP, the transfer behind a TFTP request. Both ends are
//! those of the conversation that spoke, so that one shard sees both.

use super::Protocol;
use crate::at::At;
use std::collections::VecDeque;
use std::net::IpAddr;

/// Conversations that a shard waits for; more than clients ask for at a time, and older ones are forgotten.
const MAX_WAITING: usize = 256;

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// the sender of the request sends the content too
    pub is_write: bool,
    /// it is no file: a listing
    pub is_listing: bool,
    /// file or path
    pub target: Option<String>,
    /// how it is coded, in the protocol's words
    pub mode: Option<String>,
    /// first byte that is wanted
    pub start: u64,
    /// bytes that were announced
    pub announced: Option<u64>,
    /// bytes of a block, where the content comes in blocks
    pub block_bytes: Option<u64>,
    /// place of the request: capture, frame, time
    pub place: Option<(u32, u64, i64)>,
}

/// A conversation to come: one end of it, the host at the other, and what it will carry.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// address of the end that is known
    pub address: IpAddr,
    /// its port
    pub port: u16,
    /// the other host
    pub peer: IpAddr,
    /// who reads it
    pub protocol: &'static Protocol,
    /// what was asked for
    pub asked: Asked,
}

/// The conversations that a shard waits for.
#[derive(Debug, Default)]
pub struct Expected(VecDeque<Expectation>);

impl Expected {
    /// Waits for a conversation; it replaces one with the same ends.
    pub fn add(&mut self, next: Expectation) {
        self.0.retain(|one| (one.address, one.port, one.peer) != (next.address, next.port, next.peer));
        if self.0.len() >= MAX_WAITING {
            self.0.pop_front();
        }
        self.0.push_back(next);
    }

    /// What was said of the conversation with these ends; it is then expected no more.
    pub fn take(&mut self, at: &At) -> Option<Expectation> {
        if self.0.is_empty() {
            return None;
        }
        let is_its = |one: &Expectation| {
            [(at.source, at.destination), (at.destination, at.source)].iter().any(|(end, other)| {
                end.address == Some(one.address) && end.port == Some(one.port) && other.address == Some(one.peer)
            })
        };
        let place = self.0.iter().position(is_its)?;
        self.0.remove(place)
    }
}
