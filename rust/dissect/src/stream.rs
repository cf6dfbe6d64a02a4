//! One direction of a TCP connection: segments in, bytes in order out, gaps marked.
//!
//! Where copies of a byte differ the one that was given first stands: it was captured first, or its segment waited beyond a hole and begins
//! first (Wireshark's choice in following a stream). Sequence numbers are compared modulo 2^32 (RFC 9293 3.4), so a stream may be of any length.

use crate::app::{Budget, Reservation};
use crate::packet::{Tcp, tcp_flags};
use crate::recent::Recent;
use std::collections::VecDeque;

/// Bytes that wait for a missing segment, at most: more than what Linux lets a connection have under way at first (`tcp_rmem`, 6 MiB, half of it payload).
const MAX_PENDING_BYTES: usize = 3 << 20;
/// Segments that wait, at most: those of so many bytes, and some smaller ones.
const MAX_PENDING_SEGMENTS: usize = 4096;
/// Distances from the last byte that was given to an acknowledgement, beyond which it is one of bytes before: what may be under way.
#[allow(clippy::cast_possible_truncation)] // 3 MiB
const LATE_ACKNOWLEDGEMENT: u32 = u32::MAX - MAX_PENDING_BYTES as u32;
/// Waiting bytes of all directions of a shard; with 16 shards 64 MiB.
const SHARD_PENDING_BYTES: usize = 4 << 20;
/// What a waiting segment takes beside its bytes.
const SEGMENT_OVERHEAD_BYTES: usize = 64;

/// What a direction gives its reader.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// the next bytes
    Data(&'a [u8]),
    /// this many bytes never appeared
    Gap(u64),
    /// another copy of bytes that were given: how far they begin before the next byte, and the bytes
    Again(u64, &'a [u8]),
    /// the sender said that it has nothing more (FIN), and all before it was given
    End,
}

/// Memory of a shard for reassembly, apart from that of parsers: neither can take it from the other.
#[derive(Debug)]
pub struct Memory {
    waiting: Budget,
    recent: Budget,
}

impl Default for Memory {
    fn default() -> Self {
        Self { waiting: Budget::of(SHARD_PENDING_BYTES), recent: Recent::budget() }
    }
}

/// What was odd since somebody asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// bytes that never appeared, though bytes beyond them did
    pub missing_bytes: u64,
    /// bytes of copies that differ from those that were given
    pub different_bytes: u64,
    /// a hole was given up since too much waited beyond it
    pub is_full: bool,
}

/// A segment beyond a hole.
#[derive(Debug)]
struct Pending {
    start: u32,
    bytes: Vec<u8>,
    /// on the wire
    length: u32,
    _memory: Reservation,
}

/// Reassembly state of one direction.
#[derive(Debug, Default)]
pub struct Half {
    /// sequence number of the next byte
    next: Option<u32>,
    /// segments beyond a hole, in order of their start
    pending: VecDeque<Pending>,
    pending_bytes: usize,
    /// sequence number behind the last byte (its FIN), until that is reached
    fin: Option<u32>,
    /// nobody reads this direction: only its position is kept
    deaf: bool,
    recent: Recent,
    odd: Oddities,
}

/// `a - b` as a signed distance on the circle of sequence numbers.
fn distance(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b).cast_signed()
}

impl Half {
    /// Stops giving bytes and frees what waits.
    pub fn stop(&mut self) {
        self.deaf = true;
        self.pending = VecDeque::new();
        self.pending_bytes = 0;
        self.recent = Recent::default();
    }

    /// Gives bytes again, if nobody read: from the one on that the other side waits for, where its acknowledgement is known. Gives how
    /// many were passed over.
    pub fn resume(&mut self, acknowledged: Option<u32>) -> u64 {
        if !std::mem::take(&mut self.deaf) {
            return 0;
        }
        let passed = self.next.zip(acknowledged).map_or(0, |(next, number)| number.wrapping_sub(next));
        if passed > LATE_ACKNOWLEDGEMENT {
            // what was given is not acknowledged yet
            return 0;
        }
        self.next = acknowledged;
        u64::from(passed)
    }

    /// Whether anybody reads this direction.
    pub fn is_read(&self) -> bool {
        !self.deaf
    }

    /// Whether a segment can change anything or give anything; most bare acknowledgements cannot.
    #[inline]
    pub fn is_touched_by(&self, tcp: &Tcp<'_>) -> bool {
        tcp.flags & (tcp_flags::SYN | tcp_flags::FIN) != 0 || !self.deaf && (tcp.payload_len > 0 || self.fin.is_some())
    }

    /// Whether segments wait beyond a hole.
    #[inline]
    pub fn waits(&self) -> bool {
        !self.pending.is_empty()
    }

    /// What was odd since the last time; none where nothing was.
    pub fn take_oddities(&mut self) -> Option<Oddities> {
        (self.odd != Oddities::default()).then(|| std::mem::take(&mut self.odd))
    }

    /// Takes a segment; `deliver` gets what has become readable.
    pub fn segment(&mut self, memory: &Memory, tcp: &Tcp<'_>, deliver: &mut dyn FnMut(Piece<'_>)) {
        let mut start = tcp.sequence;
        if tcp.flags & tcp_flags::SYN != 0 {
            start = start.wrapping_add(1);
            self.next = Some(start);
        }
        if tcp.flags & tcp_flags::FIN != 0 {
            self.fin = Some(start.wrapping_add(tcp.payload_len));
        }
        if self.deaf || tcp.payload_len == 0 {
            self.close(deliver);
            // without its SYN a direction begins with its first bytes: they may be older than a bare acknowledgement before
            return;
        }
        if self.next.is_none() && tcp.payload_len == 1 {
            // a keep-alive's garbage byte lies before the stream's next one (RFC 1122 4.2.3.6)
            self.next = Some(start.wrapping_add(1));
            return;
        }
        let next = *self.next.get_or_insert(start);
        if distance(start, next) > 0 {
            if !self.keep(memory, start, tcp) {
                self.odd.is_full = true;
                self.finish(memory, deliver);
                self.pass(start, deliver);
                self.give(memory, start, tcp.payload, tcp.payload_len, deliver);
            } else if self.pending_bytes > MAX_PENDING_BYTES || self.pending.len() > MAX_PENDING_SEGMENTS {
                self.odd.is_full = true;
                self.jump(memory, deliver);
            }
            return;
        }
        self.give(memory, start, tcp.payload, tcp.payload_len, deliver);
        self.drain(memory, deliver);
    }

    /// Takes the other side's acknowledgement: bytes that it has and we have not are lost to us.
    pub fn acknowledged(&mut self, memory: &Memory, number: u32, deliver: &mut dyn FnMut(Piece<'_>)) {
        while let (Some(next), Some(first)) = (self.next, self.pending.front()) {
            if distance(number, first.start) < 0 || distance(first.start, next) <= 0 {
                return;
            }
            self.jump(memory, deliver);
        }
    }

    /// Gives what waits beyond a hole, as the connection ends.
    pub fn finish(&mut self, memory: &Memory, deliver: &mut dyn FnMut(Piece<'_>)) {
        while !self.pending.is_empty() {
            self.jump(memory, deliver);
        }
    }

    /// Whether there was memory to keep a segment.
    fn keep(&mut self, memory: &Memory, start: u32, tcp: &Tcp<'_>) -> bool {
        let Some(next) = self.next else { return false };
        let needed = tcp.payload.len().saturating_add(SEGMENT_OVERHEAD_BYTES);
        let Some(reservation) = memory.waiting.reserve(needed) else { return false };
        let place = self.pending.partition_point(|other| distance(other.start, next) <= distance(start, next));
        self.pending_bytes = self.pending_bytes.saturating_add(tcp.payload.len());
        let bytes = tcp.payload.to_vec();
        self.pending.insert(place, Pending { start, bytes, length: tcp.payload_len, _memory: reservation });
        true
    }

    /// Gives up on the bytes before the first waiting segment.
    fn jump(&mut self, memory: &Memory, deliver: &mut dyn FnMut(Piece<'_>)) {
        if let Some(start) = self.pending.front().map(|first| first.start) {
            self.pass(start, deliver);
        }
        self.drain(memory, deliver);
    }

    /// Gives up on the bytes before this one.
    fn pass(&mut self, start: u32, deliver: &mut dyn FnMut(Piece<'_>)) {
        let missing = self.next.map_or(0, |next| distance(start, next));
        if missing > 0 {
            self.next = Some(start);
            self.recent.clear();
            let missing = u64::from(missing.unsigned_abs());
            self.odd.missing_bytes = self.odd.missing_bytes.saturating_add(missing);
            deliver(Piece::Gap(missing));
        }
    }

    /// Gives waiting segments that have become next.
    fn drain(&mut self, memory: &Memory, deliver: &mut dyn FnMut(Piece<'_>)) {
        while let (Some(next), Some(first)) = (self.next, self.pending.front()) {
            if distance(first.start, next) > 0 {
                return;
            }
            let Some(Pending { start, bytes, length, .. }) = self.pending.pop_front() else { return };
            self.pending_bytes = self.pending_bytes.saturating_sub(bytes.len());
            self.give(memory, start, &bytes, length, deliver);
        }
    }

    /// Gives the part of a segment that is new; what the snap length cut off is a gap.
    fn give(&mut self, memory: &Memory, start: u32, captured: &[u8], length: u32, deliver: &mut dyn FnMut(Piece<'_>)) {
        let Some(next) = self.next else { return };
        let Ok(old) = u32::try_from(distance(next, start)) else { return };
        let old_bytes = usize::try_from(old).unwrap_or(usize::MAX);
        let (copied, fresh) = captured.split_at_checked(old_bytes).unwrap_or((captured, &[]));
        // one byte before the next one is a keep-alive's garbage (RFC 1122 4.2.3.6)
        if !copied.is_empty() && (length > 1 || old > 1) {
            let different = self.recent.differing(old_bytes, copied);
            self.odd.different_bytes = self.odd.different_bytes.saturating_add(different);
            deliver(Piece::Again(u64::from(old), copied));
        }
        if old >= length {
            return;
        }
        self.next = Some(start.wrapping_add(length));
        if !fresh.is_empty() {
            self.recent.add(&memory.recent, fresh);
            deliver(Piece::Data(fresh));
        }
        let seen = u32::try_from(captured.len()).unwrap_or(u32::MAX).max(old);
        if seen < length {
            self.recent.clear();
            deliver(Piece::Gap(u64::from(length.saturating_sub(seen))));
        }
        self.close(deliver);
    }

    /// Says that the direction ended, once its last byte was given.
    fn close(&mut self, deliver: &mut dyn FnMut(Piece<'_>)) {
        if self.fin.is_some() && self.fin == self.next && !self.deaf {
            self.fin = None;
            deliver(Piece::End);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#[path = "stream_tests.rs"]
mod tests;
