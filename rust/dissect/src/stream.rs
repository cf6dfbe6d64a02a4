//! One direction of a TCP connection: segments in, bytes in order out, gaps marked.
//!
//! Where copies of a byte differ the first one captured stands (Wireshark's choice). Sequence numbers are compared
//! modulo 2^32 (RFC 9293 3.4), so a stream may be of any length.

use crate::packet::{Tcp, tcp_flags};

/// Bytes that wait for a missing segment, at most: four times the largest window without scaling (RFC 9293 3.1).
const MAX_PENDING_BYTES: usize = 262_144;
/// Segments that wait, at most.
const MAX_PENDING_SEGMENTS: usize = 512;

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

/// Reassembly state of one direction.
#[derive(Debug, Default)]
pub struct Half {
    /// sequence number of the next byte
    next: Option<u32>,
    /// segments beyond a hole, in order of their start
    pending: Vec<(u32, Vec<u8>, u32)>,
    pending_bytes: usize,
    /// sequence number behind the last byte (its FIN), until that is reached
    fin: Option<u32>,
    /// nobody reads this direction any more: only its position is kept
    deaf: bool,
}

/// `a - b` as a signed distance on the circle of sequence numbers.
fn distance(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b).cast_signed()
}

impl Half {
    /// Stops giving bytes and frees what waits.
    pub fn stop(&mut self) {
        self.deaf = true;
        self.pending = Vec::new();
        self.pending_bytes = 0;
    }

    /// Whether anybody reads this direction.
    pub fn is_read(&self) -> bool {
        !self.deaf
    }

    /// Takes a segment; `deliver` gets what has become readable.
    pub fn segment(&mut self, tcp: &Tcp<'_>, deliver: &mut dyn FnMut(Piece<'_>)) {
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
            self.keep(start, tcp);
            if self.pending_bytes > MAX_PENDING_BYTES || self.pending.len() > MAX_PENDING_SEGMENTS {
                self.jump(deliver);
            }
            return;
        }
        self.give(start, tcp.payload, tcp.payload_len, deliver);
        self.drain(deliver);
    }

    /// Takes the other side's acknowledgement: bytes that it has and we have not are lost to us.
    pub fn acknowledged(&mut self, number: u32, deliver: &mut dyn FnMut(Piece<'_>)) {
        while let (Some(next), Some((start, ..))) = (self.next, self.pending.first()) {
            if distance(number, *start) < 0 || distance(*start, next) <= 0 {
                return;
            }
            self.jump(deliver);
        }
    }

    /// Gives what waits beyond a hole, as the connection ends.
    pub fn finish(&mut self, deliver: &mut dyn FnMut(Piece<'_>)) {
        while !self.pending.is_empty() {
            self.jump(deliver);
        }
    }

    fn keep(&mut self, start: u32, tcp: &Tcp<'_>) {
        let Some(next) = self.next else { return };
        let place = self.pending.partition_point(|(other, ..)| distance(*other, next) <= distance(start, next));
        self.pending_bytes = self.pending_bytes.saturating_add(tcp.payload.len());
        self.pending.insert(place, (start, tcp.payload.to_vec(), tcp.payload_len));
    }

    /// Gives up on the bytes before the first waiting segment.
    fn jump(&mut self, deliver: &mut dyn FnMut(Piece<'_>)) {
        if let (Some(next), Some((start, ..))) = (self.next, self.pending.first()) {
            let missing = distance(*start, next);
            if missing > 0 {
                self.next = Some(*start);
                deliver(Piece::Gap(u64::from(missing.unsigned_abs())));
            }
        }
        self.drain(deliver);
    }

    /// Gives waiting segments that have become next.
    fn drain(&mut self, deliver: &mut dyn FnMut(Piece<'_>)) {
        while let (Some(next), Some((start, ..))) = (self.next, self.pending.first()) {
            if distance(*start, next) > 0 {
                return;
            }
            let (start, bytes, length) = self.pending.remove(0);
            self.pending_bytes = self.pending_bytes.saturating_sub(bytes.len());
            self.give(start, &bytes, length, deliver);
        }
    }

    /// Gives the part of a segment that is new; what the snap length cut off is a gap.
    fn give(&mut self, start: u32, captured: &[u8], length: u32, deliver: &mut dyn FnMut(Piece<'_>)) {
        let Some(next) = self.next else { return };
        let Ok(old) = u32::try_from(distance(next, start)) else { return };
        let copied = captured.get(..usize::try_from(old).unwrap_or(usize::MAX).min(captured.len())).unwrap_or_default();
        // one byte before the next one is a keep-alive's garbage (RFC 1122 4.2.3.6)
        if !copied.is_empty() && (length > 1 || old > 1) {
            deliver(Piece::Again(u64::from(old), copied));
        }
        if old >= length {
            return;
        }
        self.next = Some(start.wrapping_add(length));
        let old_bytes = usize::try_from(old).unwrap_or(usize::MAX);
        let fresh = captured.get(old_bytes..).unwrap_or_default();
        if !fresh.is_empty() {
            deliver(Piece::Data(fresh));
        }
        let seen = u32::try_from(captured.len()).unwrap_or(u32::MAX).max(old);
        if seen < length {
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
mod tests {
    use super::*;

    fn tcp(sequence: u32, flags: u8, payload: &[u8]) -> Tcp<'_> {
        let payload_len = u32::try_from(payload.len()).unwrap_or(0);
        Tcp { source_port: 1, destination_port: 2, sequence, acknowledgement: 0, flags, payload, payload_len }
    }

    /// Feeds segments and prints what comes out: text as it is, gaps as `[n]`.
    fn read(half: &mut Half, segments: &[(u32, u8, &[u8])]) -> String {
        let mut text = String::new();
        for (sequence, flags, payload) in segments {
            half.segment(&tcp(*sequence, *flags, payload), &mut |piece| note(&mut text, piece));
        }
        text
    }

    fn note(text: &mut String, piece: Piece<'_>) {
        match piece {
            Piece::Data(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
            Piece::Gap(n) => text.push_str(&format!("[{n}]")),
            Piece::Again(back, bytes) => text.push_str(&format!("<{back}:{}>", String::from_utf8_lossy(bytes))),
            Piece::End => text.push('.'),
        }
    }

    #[test]
    fn segments_out_of_order_come_in_order() {
        let mut half = Half::default();
        assert_eq!(
            read(&mut half, &[(9, tcp_flags::SYN, b""), (13, 0, b"def"), (10, 0, b"abc"), (16, 0, b"g")]),
            "abcdefg"
        );
    }

    #[test]
    fn a_retransmission_is_told_and_the_first_copy_stands() {
        let mut half = Half::default();
        assert_eq!(read(&mut half, &[(10, 0, b"abc"), (10, 0, b"XYZ"), (11, 0, b"xxdef")]), "abc<3:XYZ><2:xx>def");
    }

    #[test]
    fn a_keep_alive_before_anything_else_is_no_data() {
        let mut half = Half::default();
        assert_eq!(read(&mut half, &[(9, 0, b"\0"), (10, 0, b"GET")]), "GET");
    }

    #[test]
    fn an_end_is_told_behind_all_bytes() {
        let mut half = Half::default();
        assert_eq!(read(&mut half, &[(10, 0, b"ab"), (14, tcp_flags::FIN, b"e"), (12, 0, b"cd")]), "abcde.");
    }

    #[test]
    fn sequence_numbers_wrap() {
        let mut half = Half::default();
        assert_eq!(read(&mut half, &[(u32::MAX - 1, 0, b"abc"), (1, 0, b"def")]), "abcdef");
    }

    #[test]
    fn bytes_acknowledged_but_not_captured_are_a_gap() {
        let mut half = Half::default();
        let mut text = read(&mut half, &[(10, 0, b"abc"), (15, 0, b"fg")]);
        half.acknowledged(17, &mut |piece| note(&mut text, piece));
        assert_eq!(text, "abc[2]fg");
    }

    #[test]
    fn a_snap_length_leaves_a_gap() {
        let mut half = Half::default();
        let mut cut = tcp(10, 0, b"abc");
        cut.payload_len = 5;
        let mut text = String::new();
        half.segment(&cut, &mut |piece| note(&mut text, piece));
        text.push_str(&read(&mut half, &[(15, 0, b"fg")]));
        assert_eq!(text, "abc[2]fg");
    }

    #[test]
    fn waiting_bytes_are_bounded() {
        let mut half = Half::default();
        let block = vec![b'x'; 1000];
        let mut gaps = 0;
        half.segment(&tcp(0, 0, b"a"), &mut |_| {});
        for index in 0..2000u32 {
            half.segment(&tcp(10 + index * 2000, 0, &block), &mut |piece| {
                gaps += i32::from(matches!(piece, Piece::Gap(_)))
            });
        }
        assert!(half.pending_bytes <= MAX_PENDING_BYTES);
        assert!(gaps > 1000);
    }
}
