//! The datagram before in each direction of a flow that nobody knows yet, for protocols that only several tell.

use super::Direction;
use crate::at::At;

/// Bytes kept of a datagram: a header of RTP or WireGuard.
const HEAD_BYTES: usize = 16;

/// The start of a datagram.
#[derive(Clone, Copy)]
pub struct Earlier {
    /// its place
    pub at: At,
    head: [u8; HEAD_BYTES],
    len: usize,
}

impl Earlier {
    /// Its first bytes.
    pub fn head(&self) -> &[u8] {
        self.head.get(..self.len).unwrap_or_default()
    }
}

/// Direction of a datagram.
pub fn direction_of(at: &At) -> Direction {
    if at.source < at.destination { Direction::Up } else { Direction::Down }
}

/// The last datagram of each direction.
#[derive(Default)]
pub struct Earliers(Option<Box<[Option<Earlier>; 2]>>);

impl Earliers {
    /// First bytes of the datagram before from this sender.
    pub fn before(&self, at: &At) -> Option<&[u8]> {
        Some(self.0.as_ref()?.get(direction_of(at).index())?.as_ref()?.head())
    }

    /// Keeps a datagram in place of the one before.
    pub fn remember(&mut self, at: At, bytes: &[u8]) {
        let mut head = [0; HEAD_BYTES];
        let len = head.iter_mut().zip(bytes).map(|(to, from)| *to = *from).count();
        let sides = self.0.get_or_insert_with(|| Box::new([None; 2]));
        if let Some(side) = sides.get_mut(direction_of(&at).index()) {
            *side = Some(Earlier { at, head, len });
        }
    }

    /// Takes both out, in the order of their frames.
    pub fn take(&mut self) -> Vec<Earlier> {
        let mut sides: Vec<Earlier> = self.0.take().into_iter().flat_map(|sides| *sides).flatten().collect();
        sides.sort_unstable_by_key(|earlier| (earlier.at.capture, earlier.at.frame));
        sides
    }
}
