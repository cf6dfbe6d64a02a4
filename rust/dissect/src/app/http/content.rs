//! A body as it passes: what is there of it and what is missing, its hashes, and where its bytes are kept.

use super::body::Body;
use super::decoder::Decoder;
use super::head::Head;
use super::kind::kind;
use crate::app::Context;
use crate::app::kept::{About, Kept, MAX_RANGES};
use crate::at::At;
use crate::recent::COMPARED_BYTES;
use crate::record;
use crate::weird::Weird;

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
    decoder: Option<Decoder>,
    wants_decoder: bool,
    kept: Kept,
}

/// What head and request say of a body.
fn about<'a>(row: &'a HttpBody, subject: Option<&'a str>) -> About<'a> {
    About {
        subject,
        content_type: row.content_type.as_deref(),
        is_typed: true,
        is_coded: row.content_encoding.is_some(),
        is_part: row.status == Some(206),
    }
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
        Self { wants_decoder: row.content_encoding.is_some(), row, subject, decoder: None, kept: Kept::new() }
    }

    /// Takes the next bytes.
    pub fn data(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        let row = &mut self.row;
        (row.last_capture, row.last_frame, row.last_ns) = (ctx.at.capture, ctx.at.frame, ctx.at.time_ns);
        if std::mem::take(&mut self.wants_decoder) {
            self.decoder = row.content_encoding.as_deref().and_then(|coding| Decoder::new(coding, ctx.budget));
        }
        if self.decoder.as_mut().is_some_and(|decoder| !decoder.data(bytes)) {
            self.decoder = None;
        }
        self.kept.take(ctx, about(&self.row, self.subject.as_deref()), self.row.length_bytes, bytes);
        self.row.length_bytes = self.row.length_bytes.saturating_add(bytes.len() as u64);
        self.row.present_bytes = self.row.present_bytes.saturating_add(bytes.len() as u64);
    }

    /// Passes over bytes that were not captured.
    pub fn skip(&mut self, ctx: &mut Context<'_>, missing: u64) {
        if missing == 0 {
            return;
        }
        self.kept.miss(ctx, about(&self.row, self.subject.as_deref()));
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
        let held = self.kept.held();
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
            // what lies nearer is compared, and told, of every stream
            if back > COMPARED_BYTES {
                ctx.weird(Weird::TcpConflict, Some(format!("{different} bytes of a body")));
            }
        }
    }

    /// The body is over; `ended`: its end was seen.
    pub fn finish(mut self, ctx: &mut Context<'_>, ended: bool) {
        if let Some(announced) = self.row.announced_bytes.filter(|_| !ended) {
            let rest = announced.saturating_sub(self.row.length_bytes);
            self.skip(ctx, rest);
        }
        let known = self.kept.finish(ctx, about(&self.row, self.subject.as_deref()), self.row.length_bytes);
        let row = &mut self.row;
        row.is_complete = ended && known.hashes.is_some();
        (row.sha256, row.md5) = known.hashes.filter(|_| ended).unzip();
        (row.spool, row.spool_offset) = known.place.map(|place| (place.name, place.offset)).unzip();
        row.first_bytes = known.first_bytes;
        row.spooled_bytes = known.spooled_bytes;
        row.left_out = known.left_out;
        if let Some(decoded) = self.decoder.take().filter(|_| self.row.is_complete).and_then(Decoder::finish) {
            self.row.decoded_bytes = Some(decoded.bytes);
            self.row.decoded_sha256 = Some(decoded.sha256);
            if kind(self.row.content_type.as_deref(), &decoded.start, false).is_text() {
                ctx.payload(self.subject.as_deref(), 0, &decoded.start);
            }
        }
        ctx.emit(&self.row);
    }
}
