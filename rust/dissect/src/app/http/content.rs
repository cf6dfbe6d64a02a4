//! A body as it passes: what is there of it and what is missing, its hashes, and where its bytes are kept.

use super::body::Body;
use super::decoder::Decoder;
use super::head::Head;
use super::kind::{Kind, kind};
use crate::app::text::hex;
use crate::app::{Buffer, Context};
use crate::at::At;
use crate::record;
use crate::spool::Place;
use crate::weird::Weird;
use md5::{Digest as _, Md5};
use ring::digest;

/// Bytes that are gathered before they are kept; one row of `payloads`.
const BLOCK_BYTES: usize = 16 << 10;
/// Text of one body that is kept for whoever searches it.
const MAX_TEXT_BYTES: u64 = 64 << 10;
/// Shorter bodies are no files but rows of `payloads`: no image is so short, and answers of a few bytes are many.
const MIN_FILE_BYTES: u64 = 1024;
/// First bytes that are told.
const FIRST_BYTES: usize = 32;
/// Missing ranges that are told; all are counted.
const MAX_RANGES: usize = 128;

record! {
    /// Body of an HTTP message; time and frame are those of its head, so that flow, frame and position join it with its request or response. Hashes are of bytes that were all captured.
    pub struct HttpBody in "http_bodies" at {
        /// Whether it is the body of a response; else of a request
        is_response: bool,
        /// Number of that message in its direction of the connection as captured, from 0
        position: u64,
        /// Status of the response
        status: Option<u16>,
        /// What tells its end: length, chunked or close
        framing: &'static str,
        /// Bytes as announced (Content-Length)
        announced_bytes: Option<u64>,
        /// Type, as sent
        content_type: Option<String>,
        /// Content encoding, as sent
        content_encoding: Option<String>,
        /// Transfer encoding, as sent
        transfer_encoding: Option<String>,
        /// Bytes from its start to the last one that is known to belong to it, without transfer encoding
        length_bytes: u64,
        /// Bytes of them that were captured
        present_bytes: u64,
        /// All of it was captured, to its end
        is_complete: bool,
        /// Ranges that were not captured: first byte and the one behind the last, in turn; the first 128
        missing: Vec<u64>,
        /// How many there are
        missing_ranges: u64,
        /// Bytes of which another copy differed; the first copy stands. Copies are compared within the newest block of at most 16,384 bytes, and not in chunked bodies
        conflicting_bytes: u64,
        /// SHA-256 of the body as sent, without transfer encoding; null unless complete
        sha256: Option<String>,
        /// MD5 of the same
        md5: Option<String>,
        /// Bytes after its content encoding is undone; null where there is none or it is not whole
        decoded_bytes: Option<u64>,
        /// SHA-256 of those
        decoded_sha256: Option<String>,
        /// Its first bytes, at most 32
        first_bytes: Vec<u8>,
        /// File in the folder of contents that holds it; null: not kept
        spool: Option<String>,
        /// Place of its first byte in that file
        spool_offset: Option<u64>,
        /// Bytes in that file
        spooled_bytes: u64,
        /// Why it is not in a file, or not all of it: text, media, short, no room
        left_out: Option<&'static str>,
        /// Capture file of its last byte
        last_capture: u32,
        /// Frame of its last byte
        last_frame: u64,
        /// Time of its last byte, UTC nanoseconds since 1970
        last_ns: i64,
    }
}

/// A body that goes on.
pub struct Content {
    row: HttpBody,
    subject: Option<String>,
    hashes: Option<(digest::Context, Md5)>,
    decoder: Option<Decoder>,
    wants_decoder: bool,
    /// bytes that end at the last one, not kept yet
    held: Buffer,
    kind: Option<Kind>,
    file: Option<Place>,
    told: u64,
}

impl Content {
    /// The body that a head announces; `status` of a response. `subject` is the target of the request.
    pub fn new(at: At, head: &Head, body: &Body, status: Option<u16>, position: u64, subject: Option<String>) -> Self {
        let (framing, announced_bytes) = match body {
            Body::Length(bytes) => ("length", Some(*bytes)),
            Body::Chunked(_) => ("chunked", None),
            Body::UntilClose => ("close", None),
        };
        let row = HttpBody {
            at,
            is_response: status.is_some(),
            position,
            status,
            framing,
            announced_bytes,
            content_type: head.text("content-type"),
            content_encoding: head.text("content-encoding"),
            transfer_encoding: head.text("transfer-encoding"),
            length_bytes: 0,
            present_bytes: 0,
            is_complete: false,
            missing: Vec::new(),
            missing_ranges: 0,
            conflicting_bytes: 0,
            sha256: None,
            md5: None,
            decoded_bytes: None,
            decoded_sha256: None,
            first_bytes: Vec::new(),
            spool: None,
            spool_offset: None,
            spooled_bytes: 0,
            left_out: None,
            last_capture: at.capture,
            last_frame: at.frame,
            last_ns: at.time_ns,
        };
        Self {
            wants_decoder: row.content_encoding.is_some(),
            row,
            subject,
            hashes: Some((digest::Context::new(&digest::SHA256), Md5::new())),
            decoder: None,
            held: Buffer::default(),
            kind: None,
            file: None,
            told: 0,
        }
    }

    /// Takes the next bytes.
    pub fn data(&mut self, ctx: &mut Context<'_>, mut bytes: &[u8]) {
        let row = &mut self.row;
        (row.last_capture, row.last_frame, row.last_ns) = (ctx.at.capture, ctx.at.frame, ctx.at.time_ns);
        if row.length_bytes == row.first_bytes.len() as u64 {
            let room = FIRST_BYTES.saturating_sub(row.first_bytes.len());
            row.first_bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        if let Some((sha256, md5)) = &mut self.hashes {
            sha256.update(bytes);
            md5.update(bytes);
        }
        if std::mem::take(&mut self.wants_decoder) {
            self.decoder = row.content_encoding.as_deref().and_then(|coding| Decoder::new(coding, ctx.budget));
        }
        if self.decoder.as_mut().is_some_and(|decoder| !decoder.data(bytes)) {
            self.decoder = None;
        }
        while !bytes.is_empty() {
            let room = BLOCK_BYTES.saturating_sub(self.held.bytes().len()).min(bytes.len());
            let (part, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            bytes = rest;
            let has_room = self.held.has_room(part.len(), BLOCK_BYTES, ctx.budget);
            if !has_room {
                self.flush(ctx, false);
            }
            self.row.length_bytes = self.row.length_bytes.saturating_add(part.len() as u64);
            self.row.present_bytes = self.row.present_bytes.saturating_add(part.len() as u64);
            if has_room {
                self.held.push(part, BLOCK_BYTES, ctx.budget);
                if self.held.bytes().len() >= BLOCK_BYTES {
                    self.flush(ctx, false);
                }
            } else {
                let offset = self.row.length_bytes.saturating_sub(part.len() as u64);
                self.keep(ctx, offset, part, false);
            }
        }
    }

    /// Passes over bytes that were not captured.
    pub fn skip(&mut self, ctx: &mut Context<'_>, missing: u64) {
        if missing == 0 {
            return;
        }
        self.flush(ctx, false);
        self.hashes = None;
        self.decoder = None;
        self.wants_decoder = false;
        let row = &mut self.row;
        let end = row.length_bytes.saturating_add(missing);
        match row.missing.last_mut() {
            Some(last) if *last == row.length_bytes => *last = end,
            _ => {
                row.missing_ranges = row.missing_ranges.saturating_add(1);
                if row.missing.len() < MAX_RANGES.saturating_mul(2) {
                    row.missing.extend([row.length_bytes, end]);
                }
            }
        }
        row.length_bytes = end;
    }

    /// Takes another copy of bytes that begin `back` bytes before the next one, and compares it as far as the first
    /// copy is in the block at hand: older bytes are in their file, and are not read again.
    pub fn again(&mut self, ctx: &mut Context<'_>, back: u64, bytes: &[u8]) {
        let held = self.held.bytes();
        let Ok(back) = usize::try_from(back) else { return };
        let (from, skipped) = match held.len().checked_sub(back) {
            Some(from) => (from, 0),
            None => (0, back.saturating_sub(held.len())),
        };
        let ours = held.get(from..).unwrap_or_default();
        let theirs = bytes.get(skipped..).unwrap_or_default();
        let different = ours.iter().zip(theirs).filter(|(a, b)| a != b).count() as u64;
        if different > 0 {
            self.row.conflicting_bytes = self.row.conflicting_bytes.saturating_add(different);
            ctx.weird(Weird::TcpConflict, Some(format!("{different} bytes of a body")));
        }
    }

    /// The body is over; `ended`: its end was seen.
    pub fn finish(mut self, ctx: &mut Context<'_>, ended: bool) {
        if let Some(announced) = self.row.announced_bytes.filter(|_| !ended) {
            let rest = announced.saturating_sub(self.row.length_bytes);
            self.skip(ctx, rest);
        }
        let is_short = self.file.is_none() && self.row.length_bytes < MIN_FILE_BYTES;
        if is_short && self.row.status != Some(206) && self.kind().is_file() {
            self.kind = Some(Kind::Short);
        }
        self.flush(ctx, self.held.bytes().len() as u64 == self.row.length_bytes);
        if let Some(place) = self.file.take() {
            (self.row.spool, self.row.spool_offset) = (Some(place.name), Some(place.offset));
        }
        if let Some((sha256, md5)) = self.hashes.take().filter(|_| ended) {
            self.row.is_complete = true;
            self.row.sha256 = Some(hex(sha256.finish().as_ref()));
            self.row.md5 = Some(hex(&md5.finalize()));
        }
        if let Some(decoded) = self.decoder.take().filter(|_| self.row.is_complete).and_then(Decoder::finish) {
            self.row.decoded_bytes = Some(decoded.bytes);
            self.row.decoded_sha256 = Some(decoded.sha256);
            if kind(self.row.content_type.as_deref(), &decoded.start, false).is_text() {
                ctx.payload(self.subject.as_deref(), 0, &decoded.start);
            }
        }
        self.row.left_out = self.row.left_out.or(self.kind.and_then(Kind::left_out));
        ctx.emit(&self.row);
    }

    fn kind(&mut self) -> Kind {
        let row = &self.row;
        *self.kind.get_or_insert_with(|| {
            // what is coded shows its content only when decoded
            let first = if row.content_encoding.is_some() { &[][..] } else { &row.first_bytes };
            kind(row.content_type.as_deref(), first, row.status == Some(206))
        })
    }

    /// Keeps what is held, which ends at the last byte; `is_whole`: it is the whole body.
    fn flush(&mut self, ctx: &mut Context<'_>, is_whole: bool) {
        let bytes = self.held.take();
        let offset = self.row.length_bytes.saturating_sub(bytes.len() as u64);
        self.keep(ctx, offset, &bytes, is_whole);
    }

    fn keep(&mut self, ctx: &mut Context<'_>, offset: u64, bytes: &[u8], is_whole: bool) {
        if bytes.is_empty() {
            return;
        }
        let kind = self.kind();
        let is_plain = self.row.content_encoding.is_none();
        if kind.is_text() && is_plain && self.told < MAX_TEXT_BYTES {
            self.told = self.told.saturating_add(bytes.len() as u64);
            ctx.payload(self.subject.as_deref(), offset, bytes);
        }
        if !kind.is_file() {
            return;
        }
        let is_kept = self.file.is_some() || self.row.left_out.is_none();
        let written = if is_kept { ctx.sink.spool(&mut self.file, offset, bytes, is_whole) } else { 0 };
        self.row.spooled_bytes = self.row.spooled_bytes.saturating_add(written as u64);
        if written < bytes.len() {
            self.row.left_out = Some("no room");
        }
    }
}
