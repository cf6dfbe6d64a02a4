//! What both formats give the reader: the next frame, or why there is none.

use std::io;

use super::input::Input;
use super::{FaultKind, LinkType, MAX_BLOCK_BYTES};

/// A frame found in the window of an [`Input`], which holds it until it is asked for more.
#[derive(Clone, Copy, Default)]
pub(crate) struct Found {
    /// Index of the first captured byte in the window.
    pub position: usize,
    /// Captured bytes.
    pub len: usize,
    pub original_len: u32,
    /// Meaningful where `has_time` is true.
    pub time_ns: i64,
    /// False: the file does not say, or says what cannot be held.
    pub has_time: bool,
    pub interface: u32,
    pub link_type: LinkType,
    /// Offset of the record or block.
    pub offset: u64,
}

/// Why there is no further frame. Boxed on its way, so that the usual result is a single word.
pub(crate) enum Stop {
    /// The file is at its end, as it should be.
    End,
    /// The record or block at hand is broken.
    Broken(FaultKind, String),
}

impl Stop {
    /// The file gave fewer bytes than a record or block needs: at its end, cut short, or unreadable.
    #[cold]
    pub(crate) fn no_more(input: &Input, what: &str, need: u64) -> Box<Stop> {
        let left = input.available().len();
        Box::new(match &input.error {
            Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => Stop::Broken(
                FaultKind::CutShort,
                "the compressed file ends in the middle: it was not written or copied to its end".into(),
            ),
            Some(error) if is_compression(error.kind()) => {
                Stop::Broken(FaultKind::Compression, format!("the compressed data are damaged ({error})"))
            }
            Some(error) => Stop::Broken(FaultKind::Read, format!("cannot be read further ({error})")),
            None if left == 0 => Stop::End,
            None => Stop::Broken(
                FaultKind::CutShort,
                format!("the file ends in the middle of {what}: {left} of {need} bytes"),
            ),
        })
    }
}

/// The kinds of error that the decompressors give for bytes that make no sense.
fn is_compression(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other)
}

/// Why the beginning of a file cannot be understood.
pub(crate) enum BadHeader {
    /// It is no capture but this.
    NotACapture(String),
    /// It is a capture of this kind, and this is what to do with it.
    Unsupported(String, &'static str),
}

/// What to do with a capture of a version that Wireshark refuses too.
pub(crate) const NO_READER: &str = "no reader of this version is known; check how it was written";
/// What to do with a capture that Wireshark reads and this module does not.
pub(crate) const CONVERT: &str = "convert it with `editcap -F pcapng IN OUT`";

/// Bytes of the smallest pcapng block: type, length, repeated length.
const MIN_BLOCK_BYTES: u32 = 12;

/// A broken record or block, as a result.
pub(crate) fn broken<T>(kind: FaultKind, message: String) -> Result<T, Box<Stop>> {
    Err(Box::new(Stop::Broken(kind, message)))
}

/// The bytes that a block of this declared length takes: lengths that are no multiple of four are
/// rounded up, as Wireshark does, since there are writers that count without the padding.
#[inline]
pub(crate) fn block_bytes(declared: u32) -> Result<u32, Box<Stop>> {
    if !(MIN_BLOCK_BYTES..=MAX_BLOCK_BYTES).contains(&declared) {
        return broken(FaultKind::BadBlockLength, format!("a block claims a length of {declared} bytes"));
    }
    Ok(rounded(declared))
}

/// Up to the next multiple of four.
#[inline]
pub(crate) fn rounded(declared: u32) -> u32 {
    declared.saturating_add(3) & !3
}
