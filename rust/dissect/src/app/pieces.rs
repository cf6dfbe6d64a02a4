//! Handshake bytes that come in pieces, in any order and more than once (QUIC's CRYPTO frames, DTLS's fragments).

use super::{Budget, Buffer};

/// Bytes kept of one direction or message: hellos and certificates.
const MAX_BYTES: usize = 65_536;
/// Pieces that wait for others.
const MAX_PIECES: usize = 128;
/// Bytes of a handshake message before its body (RFC 8446 4).
const MESSAGE_HEADER_BYTES: usize = 4;

/// Bytes with offsets, as far as they have come.
#[derive(Default)]
pub struct Pieces {
    /// by offset
    pieces: Vec<(usize, Buffer)>,
    /// bytes read already
    done: usize,
    held: usize,
}

impl Pieces {
    /// Adds a piece; `false` where there is no room for it.
    pub fn add(&mut self, offset: u64, bytes: &[u8], budget: &Budget) -> bool {
        let Ok(offset) = usize::try_from(offset) else { return false };
        let end = offset.saturating_add(bytes.len());
        let is_known = self
            .pieces
            .iter()
            .any(|(start, piece)| *start <= offset && start.saturating_add(piece.bytes().len()) >= end);
        if end <= self.done || is_known {
            return true;
        }
        let mut piece = Buffer::default();
        let has_room =
            self.pieces.len() < MAX_PIECES && end <= MAX_BYTES && self.held.saturating_add(bytes.len()) <= MAX_BYTES;
        if !has_room || !piece.push(bytes, MAX_BYTES, budget) {
            return false;
        }
        self.held = self.held.saturating_add(bytes.len());
        let place = self.pieces.partition_point(|(start, _)| *start <= offset);
        self.pieces.insert(place, (offset, piece));
        true
    }

    /// Bytes that follow what was read, as far as they are without a hole.
    pub fn contiguous(&self) -> Vec<u8> {
        let mut end = self.done;
        let mut whole = Vec::new();
        for (start, piece) in &self.pieces {
            if *start > end {
                break;
            }
            let fresh = piece.bytes().get(end.saturating_sub(*start)..).unwrap_or_default();
            whole.extend_from_slice(fresh);
            end = end.saturating_add(fresh.len());
        }
        whole
    }

    /// The next message that is whole: its type and body.
    pub fn next_message(&mut self) -> Option<(u8, Vec<u8>)> {
        let bytes = self.contiguous();
        let [kind, high, middle, low, body @ ..] = bytes.as_slice() else { return None };
        let length = usize::try_from(u32::from_be_bytes([0, *high, *middle, *low])).ok()?;
        let message = (*kind, body.get(..length)?.to_vec());
        self.done = self.done.saturating_add(length).saturating_add(MESSAGE_HEADER_BYTES);
        let done = self.done;
        self.pieces.retain(|(start, piece)| start.saturating_add(piece.bytes().len()) > done);
        self.held = self.pieces.iter().map(|(_, piece)| piece.bytes().len()).sum();
        Some(message)
    }

    /// What there is of a message that will never be whole.
    pub fn take_rest(&mut self) -> Vec<u8> {
        let rest = self.contiguous();
        self.pieces.clear();
        rest
    }
}
