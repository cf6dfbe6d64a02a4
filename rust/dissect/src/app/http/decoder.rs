//! What a coded body holds (gzip, deflate: RFC 9110 8.4.1; br: RFC 7932), hashed while it passes and bounded against bombs.

use crate::app::buffer::Reservation;
use crate::app::{Budget, Buffer};
use brotli_decompressor::DecompressorWriter;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use ring::digest;
use std::io::{Error, Write};

/// Bytes out of one body, at most: more than any image of an IoT device.
const MAX_BYTES: u64 = 1 << 30;
/// Bytes out that any body may give, whatever its ratio.
const FREE_BYTES: u64 = 16 << 20;
/// Bytes out for one byte in, beyond the free ones. DEFLATE's own limit is 1032; images with much padding reach some 50.
const MAX_RATIO: u64 = 200;
/// Decoded bytes that are kept for whoever searches them.
const KEPT_BYTES: usize = 16 << 10;
/// Bytes of a body in Brotli, at most. Its window may be 16 MiB (RFC 7932 9.1), which no flow can have for itself: the body
/// waits as it is, and is decoded at its end.
const MAX_BROTLI_BYTES: usize = 1 << 20;
/// What a Brotli decoder writes at a time.
const BROTLI_BLOCK_BYTES: usize = 4 << 10;
/// What a decoder holds: its window, tables and the bytes that are kept.
const HELD_BYTES: usize = 96 << 10;

/// Where decoded bytes go.
struct Tally {
    bytes: u64,
    limit: u64,
    hash: digest::Context,
    start: Vec<u8>,
}

impl Tally {
    fn new(limit: u64) -> Self {
        Self { bytes: 0, limit, hash: digest::Context::new(&digest::SHA256), start: Vec::new() }
    }
}

impl Write for Tally {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > self.limit {
            return Err(Error::other("bomb"));
        }
        self.hash.update(bytes);
        let room = KEPT_BYTES.saturating_sub(self.start.len());
        self.start.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

enum Stream {
    Gzip(MultiGzDecoder<Tally>),
    Zlib(ZlibDecoder<Tally>),
    Raw(DeflateDecoder<Tally>),
    Brotli(Buffer),
}

/// Decodes one body.
pub struct Decoder {
    coding: Coding,
    stream: Option<Stream>,
    taken: u64,
    budget: Budget,
    _memory: Option<Reservation>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

/// What came out of a body.
pub struct Decoded {
    /// bytes
    pub bytes: u64,
    /// of all of them
    pub sha256: String,
    /// the first ones
    pub start: Vec<u8>,
}

impl Decoder {
    /// For a coding that is known; none where memory is used up.
    pub fn new(coding: &str, budget: &Budget) -> Option<Self> {
        let coding = match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            "br" => Coding::Brotli,
            _ => return None,
        };
        let memory = if coding == Coding::Brotli { None } else { Some(budget.reserve(HELD_BYTES)?) };
        Some(Self { coding, stream: None, taken: 0, budget: budget.clone(), _memory: memory })
    }

    /// Takes bytes; false where they cannot be decoded or are a bomb.
    pub fn data(&mut self, bytes: &[u8]) -> bool {
        let Some(first) = bytes.first() else { return true };
        self.taken = self.taken.saturating_add(bytes.len() as u64);
        let limit = limit(self.taken);
        let coding = self.coding;
        let stream = self.stream.get_or_insert_with(|| {
            let tally = Tally::new(limit);
            match coding {
                Coding::Brotli => Stream::Brotli(Buffer::default()),
                Coding::Gzip => Stream::Gzip(MultiGzDecoder::new(tally)),
                // many servers send raw DEFLATE under this name; the low nibble of zlib's first byte is 8 (RFC 1950)
                Coding::Deflate if first & 0x0f == 8 => Stream::Zlib(ZlibDecoder::new(tally)),
                Coding::Deflate => Stream::Raw(DeflateDecoder::new(tally)),
            }
        });
        match stream {
            Stream::Gzip(stream) => pass(stream, |stream| stream.get_mut(), limit, bytes),
            Stream::Zlib(stream) => pass(stream, |stream| stream.get_mut(), limit, bytes),
            Stream::Raw(stream) => pass(stream, |stream| stream.get_mut(), limit, bytes),
            Stream::Brotli(held) => held.push(bytes, MAX_BROTLI_BYTES, &self.budget),
        }
    }

    /// What came out; none where the coding is not whole.
    pub fn finish(self) -> Option<Decoded> {
        let tally = match self.stream? {
            Stream::Gzip(stream) => stream.finish(),
            Stream::Zlib(stream) => stream.finish(),
            Stream::Raw(stream) => stream.finish(),
            Stream::Brotli(held) => unbrotli(held.bytes(), limit(self.taken)),
        }
        .ok()?;
        Some(Decoded { bytes: tally.bytes, sha256: crate::app::text::hex(tally.hash.finish().as_ref()), start: tally.start })
    }
}

/// Bytes that a body of so many may give.
fn limit(taken: u64) -> u64 {
    FREE_BYTES.max(taken.saturating_mul(MAX_RATIO)).min(MAX_BYTES)
}

/// A whole body out of Brotli; an error where it does not end.
fn unbrotli(bytes: &[u8], limit: u64) -> std::io::Result<Tally> {
    let mut stream = DecompressorWriter::new(Tally::new(limit), BROTLI_BLOCK_BYTES);
    stream.write_all(bytes)?;
    stream.close()?;
    stream.into_inner().map_err(|_| Error::other("not whole"))
}

fn pass<S: Write>(stream: &mut S, tally: impl Fn(&mut S) -> &mut Tally, limit: u64, bytes: &[u8]) -> bool {
    tally(stream).limit = limit;
    stream.write_all(bytes).is_ok()
}
