//! IP fragments put together (RFC 791 3.2, RFC 8200 4.5), within bounds.

use crate::packet::Ip;
use crate::weird::Weird;
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;

/// Datagrams waiting for fragments in one shard, at most; the oldest gives way.
const MAX_WAITING: usize = 256;
/// An IP payload cannot be longer (16-bit length).
const MAX_DATAGRAM_BYTES: usize = 65_535;
/// Pieces of one datagram, at most: 65,535 bytes in the smallest fragments of RFC 791 (576-byte datagrams) are 120.
const MAX_PIECES: usize = 1024;

#[derive(PartialEq, Eq, Hash, Clone, Copy)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    id: u32,
    protocol: u8,
}

#[derive(Default)]
struct Waiting {
    /// (offset, bytes) in order of arrival
    pieces: Vec<(usize, Vec<u8>)>,
    /// length, once the last fragment has come
    total: Option<usize>,
}

/// What a fragment leads to.
pub enum Outcome {
    /// others are missing
    Waiting,
    /// the first one, cut by the snap length: no whole can come of it, but its transport header can be read
    First,
    /// it completes this payload
    Whole(Vec<u8>),
    /// it cannot belong to a datagram
    Bad(Weird),
}

/// Datagrams of one shard that wait for their fragments.
#[derive(Default)]
pub struct Fragments {
    waiting: HashMap<Key, Waiting>,
    order: VecDeque<Key>,
}

impl Fragments {
    /// Takes a fragment; where copies of a byte differ the first one stands, as in Wireshark.
    pub fn add(&mut self, ip: &Ip<'_>) -> Outcome {
        let Some(fragment) = ip.fragment else { return Outcome::Bad(Weird::BadFragment) };
        let offset = usize::try_from(fragment.offset).unwrap_or(usize::MAX);
        // a fragment cut by the snap length leaves a hole that nothing fills
        let whole = usize::try_from(ip.payload_len).is_ok_and(|len| len == ip.payload.len());
        let end = offset.saturating_add(ip.payload.len());
        if end > MAX_DATAGRAM_BYTES || (fragment.more && ip.payload.is_empty()) {
            return Outcome::Bad(Weird::BadFragment);
        }
        if !whole {
            return if offset == 0 { Outcome::First } else { Outcome::Waiting };
        }
        let key = Key { source: ip.source, destination: ip.destination, id: fragment.id, protocol: ip.protocol };
        if !self.waiting.contains_key(&key) {
            self.order.push_back(key);
            if self.order.len() > MAX_WAITING
                && let Some(oldest) = self.order.pop_front()
            {
                self.waiting.remove(&oldest);
            }
        }
        let datagram = self.waiting.entry(key).or_default();
        if datagram.pieces.len() >= MAX_PIECES {
            return Outcome::Bad(Weird::BadFragment);
        }
        datagram.pieces.push((offset, ip.payload.to_vec()));
        if !fragment.more {
            datagram.total = datagram.total.or(Some(end));
        }
        match datagram.total.and_then(|total| assemble(&datagram.pieces, total)) {
            Some(payload) => {
                self.waiting.remove(&key);
                self.order.retain(|other| *other != key);
                Outcome::Whole(payload)
            }
            None => Outcome::Waiting,
        }
    }
}

/// The payload, where the pieces cover it.
fn assemble(pieces: &[(usize, Vec<u8>)], total: usize) -> Option<Vec<u8>> {
    let mut sorted: Vec<&(usize, Vec<u8>)> = pieces.iter().collect();
    sorted.sort_by_key(|(offset, _)| *offset);
    let mut payload = Vec::with_capacity(total);
    for (offset, bytes) in sorted {
        let overlap = payload.len().checked_sub(*offset)?;
        payload.extend_from_slice(bytes.get(overlap..).unwrap_or_default());
    }
    payload.truncate(total);
    (payload.len() == total).then_some(payload)
}
