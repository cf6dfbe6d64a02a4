//! Bytes from the wire as text that a table can hold.

/// Text of bytes that should be UTF-8; invalid ones are replaced.
pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Text of bytes up to the first NUL, trimmed; `None` where nothing is left.
pub fn padded(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = lossy(bytes.get(..end).unwrap_or_default());
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
