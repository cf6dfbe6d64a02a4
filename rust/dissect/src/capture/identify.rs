//! What a file is that is no pcap or pcapng: takes its first bytes, gives words for a message.

/// First bytes, what they mean, for files that are no captures. Longest match not needed: the
/// first row that fits wins.
const OTHER_FILES: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xfd7zXZ\0", "an xz-compressed file (decompress it first)"),
    (b"BZh", "a bzip2-compressed file (decompress it first)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"\x04\x22\x4d\x18", "lz4-compressed data"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"hsqs", "a squashfs file system"),
    (b"\x27\x05\x19\x56", "a U-Boot image"),
];

/// First bytes of captures that Wireshark reads and this module does not.
const OTHER_CAPTURES: &[(&[u8], &str)] = &[
    (b"snoop\0\0\0", "a Sun snoop capture"),
    (b"GMBU", "a Microsoft Network Monitor 2 capture"),
    (b"RTSS", "a Microsoft Network Monitor 1 capture"),
    (b"TRSNIFF data    \x1a", "a Sniffer capture"),
    (b"XCP\0", "a NetXRay or Windows Sniffer capture"),
    (b"\x05VNF", "an Airopeek capture"),
    (b"\x7fver", "an EtherPeek or OmniPeek capture"),
    (b"btsnoop\0", "a Bluetooth HCI capture (btsnoop)"),
];

/// Offset of the word `ustar` in a tar archive (POSIX.1-1988).
const TAR_MAGIC_AT: usize = 257;
/// Bytes looked at to tell text from binary data.
const TEXT_SAMPLE_BYTES: usize = 512;

/// The name of another capture format, where these bytes begin one.
pub(crate) fn other_capture(head: &[u8]) -> Option<&'static str> {
    OTHER_CAPTURES.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name)
}

/// What these first bytes of a file look like, with an article: `a PDF document`, `text`.
pub(crate) fn describe(head: &[u8]) -> String {
    if head.is_empty() {
        return "empty".into();
    }
    if let Some((_, name)) = OTHER_FILES.iter().find(|(magic, _)| head.starts_with(magic)) {
        return (*name).into();
    }
    if head.get(TAR_MAGIC_AT..).is_some_and(|rest| rest.starts_with(b"ustar")) {
        return "a tar archive".into();
    }
    let sample = head.get(..TEXT_SAMPLE_BYTES).unwrap_or(head);
    let blank = |byte: &u8| byte.is_ascii_whitespace();
    let first = sample.iter().find(|byte| !blank(byte));
    let control = |byte: &u8| byte.is_ascii_control() && !blank(byte);
    // A character cut by the end of the sample has no error length.
    let utf8 = std::str::from_utf8(sample).map_or_else(|error| error.error_len().is_none(), |_| true);
    if utf8 && !sample.iter().any(control) {
        return match first {
            Some(b'<') => "HTML or XML text".into(),
            Some(b'{' | b'[') => "JSON text".into(),
            _ => "text".into(),
        };
    }
    if sample.iter().all(|byte| *byte == 0) {
        return "zero bytes (a copy that never arrived?)".into();
    }
    let mut hex = String::new();
    for byte in sample.iter().take(8) {
        hex.push_str(&format!(" {byte:02x}"));
    }
    format!("data that begin with{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_files_are_named() {
        assert_eq!(describe(b""), "empty");
        assert_eq!(describe(b"\x7fELF\x02\x01"), "an ELF program");
        assert_eq!(describe(b"hello\n"), "text");
        assert_eq!(describe(b"  {\"a\": 1}"), "JSON text");
        assert_eq!(describe(&[0; 40]), "zero bytes (a copy that never arrived?)");
        assert_eq!(describe(&[1, 2, 3, 0xff]), "data that begin with 01 02 03 ff");
        assert_eq!(other_capture(b"snoop\0\0\0\0\0\0\x02"), Some("a Sun snoop capture"));
    }
}
