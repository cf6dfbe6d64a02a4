//! A file as other protocols than HTTP carry it: bytes at their offsets, in any order; what is there, what is missing, and
//! where it is kept.

mod spans;

use self::spans::Spans;
use super::Context;
use super::expected::Asked;
use super::kept::{About, Kept, MAX_RANGES};
use crate::at::At;
use crate::record;

/// Stretches of one file between holes; what would make more is left out.
const MAX_SPANS: usize = 1024;
/// Offsets beyond are no file's: twice the largest download that is to be kept.
const MAX_OFFSET: u64 = 4 << 30;

record! {
    /// A file that TFTP, FTP or CoAP (block by block) carried; place and ends are those of its first byte: the source sent it. Without content: those of what refused it.
    pub struct FileContent in "file_contents" at {
        /// tftp, ftp or coap
        protocol: &'static str,
        /// Who asked sent it; else who asked got it
        is_write: bool,
        /// File or path that was asked for; null: the request was not captured
        target: Option<String>,
        /// How it is coded, in the protocol's words: octet, netascii; type of FTP
        mode: Option<String>,
        /// First byte that was asked for (FTP REST); the file is counted from its own start all the same
        start: u64,
        /// Capture file of the request
        request_capture: Option<u32>,
        /// Frame of the request
        request_frame: Option<u64>,
        /// Time of the request, UTC nanoseconds since 1970
        request_ns: Option<i64>,
        /// What the server said instead of sending it
        refusal: Option<String>,
        /// Bytes of the whole as told (TFTP tsize, FTP SIZE, CoAP Size2)
        announced_bytes: Option<u64>,
        /// Bytes from its start to the last one that is known to belong to it
        length_bytes: u64,
        /// Bytes of them that were captured
        present_bytes: u64,
        /// All of it was captured, to its end
        is_complete: bool,
        /// Ranges that were not captured: first byte and the one behind the last, in turn; the first 128
        missing: Vec<u64>,
        /// How many there are
        missing_ranges: u64,
        /// SHA-256; null unless complete and captured in order
        sha256: Option<String>,
        /// MD5 of the same
        md5: Option<String>,
        /// File in the folder of contents that holds it at its offsets; null: not kept
        spool: Option<String>,
        /// Place of its first byte in that file
        spool_offset: Option<u64>,
        /// Bytes in that file
        spooled_bytes: u64,
        /// Why it is not in a file, or not all of it: media, short, no room
        left_out: Option<&'static str>,
        /// Capture file of its last byte
        last_capture: u32,
        /// Frame of its last byte
        last_frame: u64,
        /// Time of its last byte, UTC nanoseconds since 1970
        last_ns: i64,
    }
}

/// A file that goes on.
pub struct Carried {
    row: FileContent,
    spans: Spans,
    kept: Kept,
}

/// Only the request says what it is.
fn about(row: &FileContent) -> About<'_> {
    About { subject: row.target.as_deref(), content_type: None, is_typed: false, is_coded: false, is_part: false }
}

impl Carried {
    /// A file whose first bytes come at this place.
    pub fn new(at: At, protocol: &'static str, asked: &Asked) -> Self {
        let place = asked.place;
        let row = FileContent {
            at,
            protocol,
            is_write: asked.is_write,
            target: asked.target.clone(),
            mode: asked.mode.clone(),
            start: asked.start,
            request_capture: place.map(|(capture, ..)| capture),
            request_frame: place.map(|(_, frame, _)| frame),
            request_ns: place.map(|(.., time_ns)| time_ns),
            refusal: None,
            announced_bytes: asked.announced,
            length_bytes: 0,
            present_bytes: 0,
            is_complete: false,
            missing: Vec::new(),
            missing_ranges: 0,
            sha256: None,
            md5: None,
            spool: None,
            spool_offset: None,
            spooled_bytes: 0,
            left_out: None,
            last_capture: at.capture,
            last_frame: at.frame,
            last_ns: at.time_ns,
        };
        Self { row, spans: Spans::default(), kept: Kept::new() }
    }

    /// Notes a length that is told later.
    pub fn announce(&mut self, bytes: u64) {
        self.row.announced_bytes.get_or_insert(bytes);
    }

    /// Whether every byte up to this one came.
    pub fn has_all(&self, length: u64) -> bool {
        self.spans.without(0, length).is_empty()
    }

    /// Takes bytes at their place; bytes that came before stand.
    pub fn write(&mut self, ctx: &mut Context<'_>, offset: u64, bytes: &[u8]) {
        let end = offset.saturating_add(bytes.len() as u64);
        if bytes.is_empty() || end > MAX_OFFSET || self.spans.count() >= MAX_SPANS {
            return;
        }
        for (low, high) in self.spans.without(offset, end) {
            let from = usize::try_from(low.saturating_sub(offset)).unwrap_or(usize::MAX);
            let to = usize::try_from(high.saturating_sub(offset)).unwrap_or(usize::MAX);
            self.row.present_bytes = self.row.present_bytes.saturating_add(high.saturating_sub(low));
            self.kept.take(ctx, about(&self.row), low, bytes.get(from..to).unwrap_or_default());
        }
        self.spans.add(offset, end);
        (self.row.last_capture, self.row.last_frame, self.row.last_ns) = (ctx.at.capture, ctx.at.frame, ctx.at.time_ns);
    }

    /// The file is over; `length`: its end was seen there.
    pub fn finish(mut self, ctx: &mut Context<'_>, length: Option<u64>) {
        let last = self.spans.end();
        let known = self.kept.finish(ctx, about(&self.row), last);
        let end = length.or(self.row.announced_bytes).unwrap_or(last).max(last);
        let gaps = self.spans.without(0, end);
        let row = &mut self.row;
        row.length_bytes = end;
        row.missing_ranges = gaps.len() as u64;
        row.missing = gaps.iter().take(MAX_RANGES).flat_map(|(low, high)| [*low, *high]).collect();
        row.is_complete = gaps.is_empty() && (length.is_some() || row.announced_bytes == Some(end));
        (row.sha256, row.md5) = known.hashes.filter(|_| row.is_complete).unzip();
        (row.spool, row.spool_offset) = known.place.map(|place| (place.name, place.offset)).unzip();
        row.spooled_bytes = known.spooled_bytes;
        row.left_out = known.left_out;
        ctx.emit(&self.row);
    }

    /// A file that the server did not send.
    pub fn refused(ctx: &mut Context<'_>, protocol: &'static str, asked: &Asked, refusal: String) {
        let mut carried = Self::new(ctx.at, protocol, asked);
        carried.row.refusal = Some(refusal);
        ctx.emit(&carried.row);
    }
}
