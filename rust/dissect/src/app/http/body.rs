//! Where the body of an HTTP message ends (RFC 9112 6 and 7), byte by byte and without keeping it.

use super::head::Head;

/// Longest line of a chunk's size with its extensions, and longest trailer line.
const MAX_LINE_BYTES: usize = 8192;
/// Hex digits of a chunk's size that fit in 64 bits.
const MAX_SIZE_DIGITS: u8 = 16;

/// What of a body is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// so many bytes
    Length(u64),
    /// chunks
    Chunked(Chunk),
    /// all bytes until the connection ends
    UntilClose,
}

/// Place within a chunked body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// in the line with a size: its value, digits so far, bytes of the line, whether behind the digits
    Size(u64, u8, usize, bool),
    /// in the bytes of a chunk: so many to come
    Bytes(u64),
    /// in the line end behind a chunk
    End,
    /// in a line of the trailer: bytes of it so far
    Trailer(usize),
}

/// What taking bytes did.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// all bytes belonged to the body, which goes on
    All,
    /// the body ended before these bytes
    Ended(usize),
    /// it is no chunked body
    Broken,
}

impl Body {
    /// The body that a head announces; `default` where it says nothing. `None`: the fields contradict themselves.
    pub fn announced(head: &Head, default: Self) -> Option<Self> {
        if let Some(coding) = head.all("transfer-encoding").last() {
            // RFC 9112 6.3: chunked is the last coding, else the body has no end but the connection's
            let is_chunked = coding.rsplit(',').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("chunked"));
            if is_chunked {
                return Some(Self::Chunked(Chunk::start()));
            }
            if !coding.trim().eq_ignore_ascii_case("identity") {
                return Some(Self::UntilClose);
            }
        }
        let mut lengths = head.all("content-length").flat_map(|value| value.split(',')).map(|value| value.trim().parse::<u64>().ok());
        match lengths.next() {
            None => Some(default),
            Some(first) => first.filter(|_| lengths.all(|other| other == first)).map(Self::Length),
        }
    }

    /// Takes bytes of the message; `content` gets those that are the body's own.
    pub fn take(&mut self, bytes: &[u8], content: &mut dyn FnMut(&[u8])) -> Taken {
        match self {
            Self::UntilClose => {
                content(bytes);
                Taken::All
            }
            Self::Length(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left = left.saturating_sub(here as u64);
                content(bytes.get(..here).unwrap_or(bytes));
                if *left == 0 { Taken::Ended(here) } else { Taken::All }
            }
            Self::Chunked(chunk) => chunk.take(bytes, content),
        }
    }

    /// Passes over bytes that are missing; false where they could hold the body's end.
    pub fn skip(&mut self, missing: u64) -> bool {
        match self {
            Self::UntilClose => true,
            Self::Length(left) | Self::Chunked(Chunk::Bytes(left)) if missing <= *left => {
                *left = left.saturating_sub(missing);
                true
            }
            _ => false,
        }
    }
}

impl Chunk {
    /// At the line with the first size.
    pub fn start() -> Self {
        Self::Size(0, 0, 0, false)
    }

    fn take(&mut self, bytes: &[u8], content: &mut dyn FnMut(&[u8])) -> Taken {
        let mut place = 0usize;
        while let Some(byte) = bytes.get(place).copied() {
            if let Self::Bytes(left) = self {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len().saturating_sub(place));
                *left = left.saturating_sub(here as u64);
                content(bytes.get(place..place.saturating_add(here)).unwrap_or_default());
                place = place.saturating_add(here);
                if *left == 0 {
                    *self = Self::End;
                }
                continue;
            }
            place = place.saturating_add(1);
            match self.step(byte) {
                None => return Taken::Broken,
                Some(true) => return Taken::Ended(place),
                Some(false) => {}
            }
        }
        Taken::All
    }

    /// Takes a byte outside of a chunk's bytes; whether it ends the body.
    fn step(&mut self, byte: u8) -> Option<bool> {
        match self {
            Self::Bytes(_) => return None,
            Self::Size(size, digits, length, is_behind) => {
                *length = length.saturating_add(1);
                let digit = char::from(byte).to_digit(16).filter(|_| !*is_behind);
                match (byte, digit) {
                    (_, Some(digit)) if *digits < MAX_SIZE_DIGITS => {
                        *size = size.wrapping_shl(4) | u64::from(digit);
                        *digits = digits.saturating_add(1);
                    }
                    (b'\n', _) if *digits > 0 => *self = if *size == 0 { Self::Trailer(0) } else { Self::Bytes(*size) },
                    (b'\r' | b';' | b' ' | b'\t', _) if *digits > 0 => *is_behind = true,
                    _ if *is_behind && *length < MAX_LINE_BYTES => {}
                    _ => return None,
                }
            }
            Self::End => match byte {
                b'\r' => {}
                b'\n' => *self = Self::start(),
                _ => return None,
            },
            Self::Trailer(length) => match byte {
                b'\n' if *length == 0 => return Some(true),
                b'\n' => *length = 0,
                b'\r' => {}
                _ if *length < MAX_LINE_BYTES => *length = length.saturating_add(1),
                _ => return None,
            },
        }
        Some(false)
    }
}
