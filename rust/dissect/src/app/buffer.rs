//! Bytes that a parser must keep until a message is whole, under a common bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that the parsers of one shard may keep together; with 16 shards 64 MiB.
const SHARD_BUDGET_BYTES: usize = 4 << 20;

/// What is left of a shard's memory for waiting bytes. A shard is read by one thread at a time, so that a number that is read
/// and written again is not lost.
#[derive(Clone, Debug)]
pub struct Budget(Arc<AtomicUsize>);

impl Default for Budget {
    fn default() -> Self {
        Self::of(SHARD_BUDGET_BYTES)
    }
}

/// Memory that is taken otherwise than by a [`Buffer`]. Gives it back when dropped.
#[derive(Debug)]
pub struct Reservation(usize, Budget);

impl Budget {
    /// So many bytes.
    pub fn of(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    /// Takes so many bytes; none where they are not left.
    pub fn reserve(&self, bytes: usize) -> Option<Reservation> {
        self.set(self.left().checked_sub(bytes)?);
        Some(Reservation(bytes, self.clone()))
    }

    #[inline]
    fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    fn set(&self, left: usize) {
        self.0.store(left, Ordering::Relaxed);
    }

    fn give_back(&self, bytes: usize) {
        self.set(self.left().saturating_add(bytes));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.1.give_back(self.0);
    }
}

/// Bytes of a message that is not whole yet. Gives its memory back when dropped.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    budget: Option<Budget>,
}

impl Buffer {
    /// Whether so many more bytes would be kept.
    pub fn has_room(&self, more: usize, limit: usize, budget: &Budget) -> bool {
        self.bytes.len().saturating_add(more) <= limit && more <= budget.left()
    }

    /// Appends bytes; `false` where that would make more than `limit` or the shard's budget is used up
    /// (the buffer is then empty).
    pub fn push(&mut self, bytes: &[u8], limit: usize, budget: &Budget) -> bool {
        let left = budget.left();
        if self.bytes.len().saturating_add(bytes.len()) > limit || bytes.len() > left {
            self.clear();
            return false;
        }
        budget.set(left.saturating_sub(bytes.len()));
        self.budget.get_or_insert_with(|| budget.clone());
        self.bytes.extend_from_slice(bytes);
        true
    }

    /// What waits.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Drops the first `n` bytes.
    pub fn consume(&mut self, n: usize) {
        let n = n.min(self.bytes.len());
        self.give_back(n);
        self.bytes.drain(..n);
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.give_back(self.bytes.len());
        self.bytes = Vec::new();
    }

    /// Takes everything out.
    pub fn take(&mut self) -> Vec<u8> {
        self.give_back(self.bytes.len());
        std::mem::take(&mut self.bytes)
    }

    fn give_back(&self, n: usize) {
        if let Some(budget) = &self.budget {
            budget.give_back(n);
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.give_back(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_and_the_budget_hold() {
        let budget = Budget::default();
        let mut buffer = Buffer::default();
        assert!(buffer.push(b"abc", 4, &budget));
        assert!(!buffer.push(b"de", 4, &budget));
        assert!(buffer.is_empty());
        assert_eq!(budget.left(), SHARD_BUDGET_BYTES);
        let all = vec![0; SHARD_BUDGET_BYTES];
        assert!(buffer.push(&all, usize::MAX, &budget));
        assert!(!Buffer::default().push(b"x", 10, &budget));
        drop(buffer);
        assert!(Buffer::default().push(b"x", 10, &budget));
    }
}
