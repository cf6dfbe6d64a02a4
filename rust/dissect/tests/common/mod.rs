//! Capture files for tests, made byte by byte, so that they do not depend on our own writers.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use dissect::capture::Reader;

/// A file that is there as long as the test needs it.
pub struct TempFile(PathBuf);

static COUNT: AtomicU32 = AtomicU32::new(0);

impl TempFile {
    pub fn new(content: &[u8]) -> TempFile {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("idletalk-test-{}-{number:06}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        TempFile(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A frame, owned: number, time, interface, link type, bytes, original length.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    pub number: u64,
    pub time_ns: i64,
    pub has_time: bool,
    pub interface: u32,
    pub link_type: u16,
    pub bytes: Vec<u8>,
    pub original_len: u32,
    pub offset: u64,
}

pub fn own(frame: dissect::capture::Frame<'_>) -> Seen {
    Seen {
        number: frame.number,
        time_ns: frame.time_ns,
        has_time: frame.has_time,
        interface: frame.interface,
        link_type: frame.link_type.0,
        bytes: frame.bytes.to_vec(),
        original_len: frame.original_len,
        offset: frame.offset,
    }
}

pub fn drain(reader: &mut Reader) -> Vec<Seen> {
    let mut seen = Vec::new();
    while let Some(frame) = reader.next() {
        seen.push(own(frame));
    }
    seen
}

/// All frames of a file with this content, and the reader at its end.
pub fn read(content: &[u8]) -> (Vec<Seen>, Reader) {
    let file = TempFile::new(content);
    let mut reader = Reader::open(file.path()).expect("a capture");
    let seen = drain(&mut reader);
    (seen, reader)
}

/// Bytes from annotated hex: what follows `#` or `//` on a line is a comment.
pub fn hex(text: &str) -> Vec<u8> {
    let mut digits = String::new();
    for line in text.lines() {
        let code = line.split('#').next().unwrap_or_default();
        digits.extend(code.chars().filter(char::is_ascii_hexdigit));
    }
    (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap()).collect()
}

/// A little-endian pcap with these records: seconds, fraction, bytes.
pub fn pcap(magic: u32, records: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [magic, 0x0004_0002, 0, 0, 65_535, 1] {
        out.extend(word.to_le_bytes());
    }
    for (seconds, fraction, bytes) in records {
        let len = bytes.len() as u32;
        for word in [*seconds, *fraction, len, len] {
            out.extend(word.to_le_bytes());
        }
        out.extend(*bytes);
    }
    out
}

/// A little-endian pcapng block.
pub fn block(block_type: u32, body: &[u8]) -> Vec<u8> {
    let total = 12 + body.len().next_multiple_of(4) as u32;
    let mut out = Vec::new();
    out.extend(block_type.to_le_bytes());
    out.extend(total.to_le_bytes());
    out.extend(body);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(total.to_le_bytes());
    out
}

pub fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

pub fn section() -> Vec<u8> {
    block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]))
}

/// An interface of this link type and snapshot length, with these option bytes.
pub fn interface(link_type: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
    block(1, &[&words(&[u32::from(link_type), snaplen]), options].concat())
}

pub fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let mut out = [code.to_le_bytes(), (value.len() as u16).to_le_bytes()].concat();
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// An enhanced packet block with its time in units.
pub fn packet(interface: u32, units: u64, bytes: &[u8]) -> Vec<u8> {
    let len = bytes.len() as u32;
    let fixed = words(&[interface, (units >> 32) as u32, units as u32, len, len]);
    block(6, &[&fixed[..], bytes].concat())
}
