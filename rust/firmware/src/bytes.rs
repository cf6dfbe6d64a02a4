//! Numbers and text at an offset: nothing where the bytes end.

use std::ops::Range;

/// The `N` bytes at an offset.
pub fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// A byte.
pub fn u8_at(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

macro_rules! numbers {
    ($($name:ident $type:ty, $from:ident, $meaning:literal;)*) => {
        $(#[doc = $meaning]
        pub fn $name(bytes: &[u8], at: usize) -> Option<$type> {
            array(bytes, at).map(<$type>::$from)
        })*
    };
}

numbers! {
    le16 u16, from_le_bytes, "A little-endian number of 2 bytes.";
    le32 u32, from_le_bytes, "A little-endian number of 4 bytes.";
    le64 u64, from_le_bytes, "A little-endian number of 8 bytes.";
    be16 u16, from_be_bytes, "A big-endian number of 2 bytes.";
    be32 u32, from_be_bytes, "A big-endian number of 4 bytes.";
    be64 u64, from_be_bytes, "A big-endian number of 8 bytes.";
}

/// A number of 4 bytes as an index.
pub fn le_size(bytes: &[u8], at: usize) -> Option<usize> {
    le32(bytes, at).and_then(|number| usize::try_from(number).ok())
}

/// A big-endian number of 4 bytes as an index.
pub fn be_size(bytes: &[u8], at: usize) -> Option<usize> {
    be32(bytes, at).and_then(|number| usize::try_from(number).ok())
}

/// `len` bytes at an offset, or what is there of them.
pub fn upto(bytes: &[u8], at: usize, len: usize) -> &[u8] {
    let end = at.saturating_add(len).min(bytes.len());
    bytes.get(at.min(end)..end).unwrap_or_default()
}

/// All bytes of a range, or nothing where the image ends before.
pub fn within(bytes: &[u8], range: Range<usize>) -> Option<&[u8]> {
    bytes.get(range)
}

/// Text up to the first zero byte, where every byte is printable ASCII; fields that hold anything else are none.
pub fn text(bytes: &[u8], at: usize, len: usize) -> Option<String> {
    let field = bytes.get(at..at.checked_add(len)?)?;
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(len);
    let used = field.get(..end)?;
    used.iter().all(|byte| (0x20..0x7f).contains(byte)).then(|| String::from_utf8_lossy(used).into_owned())
}

/// Whether every byte is the same given one.
pub fn all(bytes: &[u8], value: u8) -> bool {
    bytes.iter().all(|byte| *byte == value)
}

/// The smallest multiple of `step` that is not below `value`.
pub fn align(value: usize, step: usize) -> Option<usize> {
    value.checked_next_multiple_of(step)
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How many different values the bytes take: 64 random bytes have about 57, text and tables far fewer.
pub fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in bytes {
        if let Some(slot) = seen.get_mut(usize::from(*byte)) {
            *slot = true;
        }
    }
    seen.iter().filter(|known| **known).count()
}
