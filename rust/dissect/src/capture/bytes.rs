//! Integers out of byte slices, in either byte order, without any way to panic.

/// Order of the bytes within the integers of a capture file's own headers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// The order as people write it: `little-endian` or `big-endian`.
    pub fn name(self) -> &'static str {
        match self {
            ByteOrder::Little => "little-endian",
            ByteOrder::Big => "big-endian",
        }
    }

    /// The 16-bit integer that starts at `at`, or None where `bytes` is too short.
    #[inline]
    pub(crate) fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw = *bytes.get(at..)?.first_chunk::<2>()?;
        Some(match self {
            ByteOrder::Little => u16::from_le_bytes(raw),
            ByteOrder::Big => u16::from_be_bytes(raw),
        })
    }

    /// The 32-bit integer that starts at `at`, or None where `bytes` is too short.
    #[inline]
    pub(crate) fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(match self {
            ByteOrder::Little => u32::from_le_bytes(raw),
            ByteOrder::Big => u32::from_be_bytes(raw),
        })
    }

    /// The 64-bit integer that starts at `at`, or None where `bytes` is too short.
    #[inline]
    pub(crate) fn u64_at(self, bytes: &[u8], at: usize) -> Option<u64> {
        let raw = *bytes.get(at..)?.first_chunk::<8>()?;
        Some(match self {
            ByteOrder::Little => u64::from_le_bytes(raw),
            ByteOrder::Big => u64::from_be_bytes(raw),
        })
    }
}

/// Text from a capture file's own fields: UTF-8 with replacements, without trailing zero bytes,
/// never longer than `max_chars` characters.
pub(crate) fn text(bytes: &[u8], max_chars: usize) -> String {
    // A character has at most four bytes; cutting first keeps a huge option from being converted.
    let kept = bytes.get(..max_chars.saturating_mul(4)).unwrap_or(bytes);
    String::from_utf8_lossy(kept).trim_end_matches('\0').chars().take(max_chars).collect()
}
