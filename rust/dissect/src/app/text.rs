//! Bytes from the wire as text that a table can hold.

/// Text of bytes that should be UTF-8; invalid ones are replaced.
pub fn lossy(bytes: &[u8]) -> String {
    // nearly all is valid, which is told many bytes at a time
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), str::to_owned)
}

/// Text of bytes up to the first NUL, trimmed; `None` where nothing is left.
pub fn padded(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = lossy(bytes.get(..end).unwrap_or_default());
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| if nibble < 10 { b'0' } else { b'a' - 10 }.wrapping_add(nibble);
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    String::from_utf8(digits).unwrap_or_default()
}
