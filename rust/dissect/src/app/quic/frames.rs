//! Frames of decrypted Initial packets (RFC 9000 19).

use super::packet::{counted, varint};
use crate::packet::Cursor;

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
        // 8 in Google's versions with TLS; a stream, which it is elsewhere, may not stand in an Initial packet
        6 | 8 => {
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
