//! Bytes of one thing as they pass: gathered in blocks, hashed while they come in order, and kept as their kind wants it.

use super::http::kind::{Kind, kind};
use super::{Buffer, Context};
use crate::digests::Running;
use crate::spool::Place;

/// Bytes that are gathered before they are kept; one row of `payloads`.
const BLOCK_BYTES: usize = 16 << 10;
/// Text of one thing that is kept for whoever searches it.
const MAX_TEXT_BYTES: u64 = 64 << 10;
/// Shorter things are no files but rows of `payloads`: no image is so short, and answers of a few bytes are many.
const MIN_FILE_BYTES: u64 = 1024;
/// First bytes that are told.
const FIRST_BYTES: usize = 32;
/// Missing ranges that are told; all are counted.
pub const MAX_RANGES: usize = 128;

/// What its carrier says of a thing.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// what rows of `payloads` are about
    pub subject: Option<&'a str>,
    /// type as told
    pub content_type: Option<&'a str>,
    /// the carrier tells types; else nothing but its content says what it is
    pub is_typed: bool,
    /// it is coded, and shows its content only when decoded
    pub is_coded: bool,
    /// it is a part of something
    pub is_part: bool,
}

/// Hashes of a thing while it comes.
enum Hashes {
    /// all of it is held
    Held,
    Running(Box<Running>),
    /// not all of it came in order
    Broken,
}

/// A thing that goes on.
pub struct Kept {
    first_bytes: Vec<u8>,
    hashes: Hashes,
    /// bytes that end at `end`, not kept yet
    held: Buffer,
    end: u64,
    kind: Option<Kind>,
    file: Option<Place>,
    told: u64,
    spooled_bytes: u64,
    left_out: Option<&'static str>,
}

/// What is known of a thing when it is over.
pub struct Known {
    /// its first bytes
    pub first_bytes: Vec<u8>,
    /// SHA-256 and MD5, where all of it came in order
    pub hashes: Option<(String, String)>,
    /// file, and place of its first byte there
    pub place: Option<Place>,
    /// bytes in that file
    pub spooled_bytes: u64,
    /// why it is not in a file, or not all of it
    pub left_out: Option<&'static str>,
}

impl Kept {
    /// Nothing came yet.
    pub fn new() -> Self {
        Self {
            first_bytes: Vec::new(),
            hashes: Hashes::Held,
            held: Buffer::default(),
            end: 0,
            kind: None,
            file: None,
            told: 0,
            spooled_bytes: 0,
            left_out: None,
        }
    }

    /// The last bytes, as far as they are not kept yet.
    pub fn held(&self) -> &[u8] {
        self.held.bytes()
    }

    /// Takes bytes that did not come before.
    pub fn take(&mut self, ctx: &mut Context<'_>, about: About<'_>, offset: u64, mut bytes: &[u8]) {
        if offset == self.first_bytes.len() as u64 {
            let room = FIRST_BYTES.saturating_sub(self.first_bytes.len());
            self.first_bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        if self.end != offset {
            self.hashes = Hashes::Broken;
            self.flush(ctx, about);
            self.end = offset;
        }
        while !bytes.is_empty() {
            let room = BLOCK_BYTES.saturating_sub(self.held.bytes().len()).min(bytes.len());
            let (part, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            bytes = rest;
            let has_room = self.held.has_room(part.len(), BLOCK_BYTES, ctx.budget);
            if !has_room {
                self.flush(ctx, about);
            }
            if let Hashes::Running(hashes) = &mut self.hashes {
                hashes.add(part);
            }
            let place = self.end;
            self.end = place.saturating_add(part.len() as u64);
            if !has_room {
                self.keep(ctx, about, place, part, false);
                continue;
            }
            self.held.push(part, BLOCK_BYTES, ctx.budget);
            if self.held.bytes().len() >= BLOCK_BYTES {
                self.flush(ctx, about);
            }
        }
    }

    /// Bytes are missing: what is held is kept, and no hash is of all.
    pub fn miss(&mut self, ctx: &mut Context<'_>, about: About<'_>) {
        self.hashes = Hashes::Broken;
        self.flush(ctx, about);
    }

    /// The thing is over, `length` bytes of it are known to belong to it.
    pub fn finish(mut self, ctx: &mut Context<'_>, about: About<'_>, length: u64) -> Known {
        let is_short = self.file.is_none() && length < MIN_FILE_BYTES && !about.is_part;
        if is_short && self.kind(about).is_file() {
            self.kind = Some(Kind::Short);
        }
        let bytes = self.held.take();
        let is_whole = bytes.len() as u64 == length;
        let hashes = match std::mem::replace(&mut self.hashes, Hashes::Broken) {
            Hashes::Held => Some(ctx.sink.digests.of(&bytes)),
            Hashes::Running(hashes) => Some(hashes.finish()),
            Hashes::Broken => None,
        };
        self.keep(ctx, about, self.end.saturating_sub(bytes.len() as u64), &bytes, is_whole);
        Known {
            first_bytes: self.first_bytes,
            hashes,
            place: self.file,
            spooled_bytes: self.spooled_bytes,
            left_out: self.left_out.or(self.kind.and_then(Kind::left_out)),
        }
    }

    fn kind(&mut self, about: About<'_>) -> Kind {
        *self.kind.get_or_insert_with(|| {
            let first = if about.is_coded { &[][..] } else { &self.first_bytes };
            match kind(about.content_type, first, about.is_part) {
                Kind::Text if !about.is_typed => Kind::Unlabelled,
                kind => kind,
            }
        })
    }

    /// Keeps what is held.
    fn flush(&mut self, ctx: &mut Context<'_>, about: About<'_>) {
        let bytes = self.held.take();
        if matches!(self.hashes, Hashes::Held) {
            self.hashes = Hashes::Running(Box::new(Running::of(&bytes)));
        }
        self.keep(ctx, about, self.end.saturating_sub(bytes.len() as u64), &bytes, false);
    }

    fn keep(&mut self, ctx: &mut Context<'_>, about: About<'_>, offset: u64, bytes: &[u8], is_whole: bool) {
        if bytes.is_empty() {
            return;
        }
        let kind = self.kind(about);
        if kind.is_text() && !about.is_coded && self.told < MAX_TEXT_BYTES {
            self.told = self.told.saturating_add(bytes.len() as u64);
            ctx.payload(about.subject, offset, bytes);
        }
        if !kind.is_file() {
            return;
        }
        let is_kept = self.file.is_some() || self.left_out.is_none();
        let written = if is_kept { ctx.sink.spool(&mut self.file, offset, bytes, is_whole) } else { 0 };
        self.spooled_bytes = self.spooled_bytes.saturating_add(written as u64);
        if written < bytes.len() {
            self.left_out = Some("no room");
        }
    }
}
