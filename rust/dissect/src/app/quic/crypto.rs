//! The handshake bytes of one direction, which come in CRYPTO frames in any order (RFC 9000 19.6).

use super::packet::{counted, varint};
use crate::app::{Budget, Buffer};
use crate::packet::Cursor;

/// Handshake bytes kept of one direction; Initial packets hold hellos only.
const MAX_BYTES: usize = 65_536;
/// Pieces that wait for others.
const MAX_PIECES: usize = 128;
/// Bytes of a handshake message before its body.
const MESSAGE_HEADER_BYTES: usize = 4;

/// Frames that an Initial packet may hold (RFC 9000 12.4).
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// handshake bytes at an offset
    Crypto(u64, &'a [u8]),
    /// the connection ends with this error code and reason
    Close(u64, &'a [u8]),
    /// nothing to tell
    Other,
}

/// The next frame of a decrypted Initial packet; `None` at its end or at what may not stand there.
pub fn next_frame<'a>(cursor: &mut Cursor<'a>) -> Option<Frame<'a>> {
    match varint(cursor)? {
        0 | 1 => Some(Frame::Other),
        kind @ (2 | 3) => {
            varint(cursor)?;
            varint(cursor)?;
            let ranges = varint(cursor)?;
            varint(cursor)?;
            for _ in 0..ranges {
                varint(cursor)?;
                varint(cursor)?;
            }
            for _ in 0..if kind == 3 { 3 } else { 0 } {
                varint(cursor)?;
            }
            Some(Frame::Other)
        }
        6 => {
            let offset = varint(cursor)?;
            Some(Frame::Crypto(offset, counted(cursor)?))
        }
        0x1c => {
            let code = varint(cursor)?;
            varint(cursor)?;
            Some(Frame::Close(code, counted(cursor)?))
        }
        _ => None,
    }
}

/// Pieces of handshake bytes.
#[derive(Default)]
pub struct Crypto {
    /// by offset
    pieces: Vec<(usize, Buffer)>,
    /// bytes read already
    done: usize,
    held: usize,
}

impl Crypto {
    /// Adds a piece; `false` where there is no room for it.
    pub fn add(&mut self, offset: u64, bytes: &[u8], budget: &Budget) -> bool {
        let Ok(offset) = usize::try_from(offset) else { return false };
        let end = offset.saturating_add(bytes.len());
        let is_known = self.pieces.iter().any(|(start, piece)| *start <= offset && start.saturating_add(piece.bytes().len()) >= end);
        if end <= self.done || is_known {
            return true;
        }
        let mut piece = Buffer::default();
        let has_room = self.pieces.len() < MAX_PIECES && end <= MAX_BYTES && self.held.saturating_add(bytes.len()) <= MAX_BYTES;
        if !has_room || !piece.push(bytes, MAX_BYTES, budget) {
            return false;
        }
        self.held = self.held.saturating_add(bytes.len());
        let place = self.pieces.partition_point(|(start, _)| *start <= offset);
        self.pieces.insert(place, (offset, piece));
        true
    }

    /// Bytes that follow what was read, as far as they are without a hole.
    fn contiguous(&self) -> Vec<u8> {
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
