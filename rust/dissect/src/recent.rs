//! The last bytes that a direction of a TCP connection gave, so that other copies of them can be compared.

use crate::app::{Budget, Reservation};

/// Bytes that can be compared. A copy sent again is that of a segment or of its end; who sends another on purpose has to hit what was just sent.
pub const COMPARED_BYTES: usize = 1024;
/// Bytes held, so that the oldest need not leave with each segment.
const HELD_BYTES: usize = COMPARED_BYTES * 2;
/// Of all directions of a shard: a thousand of them are compared at a time, with 16 shards 32 MiB.
const SHARD_BYTES: usize = 2 << 20;

/// What a direction gave last; nothing where there was no memory for it.
#[derive(Debug, Default)]
pub struct Recent(Option<(Vec<u8>, Reservation)>);

impl Recent {
    /// Memory for a shard's.
    pub fn budget() -> Budget {
        Budget::of(SHARD_BYTES)
    }

    /// The direction gave these bytes.
    pub fn add(&mut self, budget: &Budget, bytes: &[u8]) {
        if self.0.is_none() {
            self.0 = budget.reserve(HELD_BYTES).map(|memory| (Vec::with_capacity(HELD_BYTES), memory));
        }
        let Some((held, _)) = &mut self.0 else { return };
        let from = bytes.len().saturating_sub(COMPARED_BYTES);
        let newest = bytes.get(from..).unwrap_or_default();
        if held.len().saturating_add(newest.len()) > HELD_BYTES {
            let leaving = held.len().saturating_sub(COMPARED_BYTES.saturating_sub(newest.len()));
            held.drain(..leaving);
        }
        held.extend_from_slice(newest);
    }

    /// What comes next does not follow.
    pub fn clear(&mut self) {
        if let Some((held, _)) = &mut self.0 {
            held.clear();
        }
    }

    /// How many bytes of a copy differ, which begins `back` bytes before the next one; older bytes are not compared.
    pub fn differing(&self, back: usize, copy: &[u8]) -> u64 {
        let Some((held, _)) = &self.0 else { return 0 };
        let (ours, copy) = match held.len().checked_sub(back) {
            Some(from) => (held.get(from..).unwrap_or_default(), copy),
            None => (held.as_slice(), copy.get(back.saturating_sub(held.len())..).unwrap_or_default()),
        };
        ours.iter().zip(copy).filter(|(a, b)| a != b).count() as u64
    }
}
