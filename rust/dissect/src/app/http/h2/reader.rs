//! Both directions of a connection as frames (RFC 9113 4 and 6). Only frames with heads are kept until they are whole.

use super::exchange::Exchanges;
use super::hpack::Table;
use super::{FRAME_HEAD_BYTES, PREFACE};
use crate::app::http::head::MAX_HEAD_BYTES;
use crate::app::http::rows::Asked;
use crate::app::{Appetite, Buffer, Context, Direction, Parser};
use crate::packet::Cursor;
use crate::weird::Weird;

/// Fields read of one head, as many as of one of HTTP/1.
const MAX_FIELDS: usize = 256;
/// Types of frames (6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PUSH_PROMISE: u8 = 5;
const CONTINUATION: u8 = 9;
/// Flags (6.1, 6.2).
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 32;

/// Where a direction is.
#[derive(Clone, Copy, Default)]
enum Place {
    /// before anything was said
    #[default]
    Start,
    /// in the head of a frame
    Head,
    /// in a frame that is kept until it is whole
    Kept(Frame),
    /// in a body: bytes to come without padding, bytes of padding; none: its length comes first
    Data(Frame, u32, Option<u32>),
    /// in a frame that says nothing of interest
    Passed(u32),
    /// lost
    Lost,
}

#[derive(Clone, Copy)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    length: u32,
}

/// A head in several frames.
struct Block {
    stream: u32,
    ends: bool,
    fields: Buffer,
}

#[derive(Default)]
struct Side {
    place: Place,
    waiting: Buffer,
    table: Table,
    block: Option<Block>,
}

/// Reads one connection.
#[derive(Default)]
pub struct Http2Parser {
    sides: [Side; 2],
    exchanges: Exchanges,
}

impl Http2Parser {
    /// A reader for what follows an upgrade.
    pub fn upgraded(asked: Option<Asked>, requests: u64) -> Self {
        Self { sides: Default::default(), exchanges: Exchanges::of_upgrade(asked, requests) }
    }

    fn read(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match side.place {
                Place::Start => side.start(ctx, bytes),
                Place::Head => {
                    let rest = side.frame_head(ctx, bytes);
                    // an empty frame may end a body
                    self.end_of_data(ctx, direction, side, rest)
                }
                Place::Passed(left) => {
                    let (_, rest, left) = split(bytes, left);
                    side.place = if left == 0 { Place::Head } else { Place::Passed(left) };
                    rest
                }
                Place::Data(frame, left, padding) => self.data_frame(ctx, direction, side, frame, (left, padding), bytes),
                Place::Kept(frame) => {
                    let before = u32::try_from(side.waiting.bytes().len()).unwrap_or(u32::MAX);
                    let (part, rest, left) = split(bytes, frame.length.saturating_sub(before));
                    if !side.waiting.push(part, MAX_HEAD_BYTES, ctx.budget) {
                        return self.lose(ctx, direction, side);
                    }
                    if left == 0 {
                        side.place = Place::Head;
                        let payload = side.waiting.take();
                        if self.whole_frame(ctx, direction, side, frame, &payload).is_none() {
                            return self.lose(ctx, direction, side);
                        }
                    }
                    rest
                }
                Place::Lost => return,
            };
        }
        if let Place::Lost = side.place {
            self.exchanges.lost(ctx, direction);
        }
    }

    fn data_frame<'a>(
        &mut self,
        ctx: &mut Context<'_>,
        direction: Direction,
        side: &mut Side,
        frame: Frame,
        (left, padding): (u32, Option<u32>),
        bytes: &'a [u8],
    ) -> &'a [u8] {
        let Some(padding) = padding else {
            // 6.1: the length of the padding, which is part of the payload
            let (first, rest) = bytes.split_first().map_or((0, bytes), |(first, rest)| (u32::from(*first), rest));
            let left = left.saturating_sub(1);
            side.place = Place::Data(frame, left.saturating_sub(first), Some(first.min(left)));
            return self.end_of_data(ctx, direction, side, rest);
        };
        let (part, rest, left) = split(bytes, left);
        if !part.is_empty() {
            self.exchanges.data(ctx, direction, frame.stream, part);
        }
        side.place = Place::Data(frame, left, Some(padding));
        self.end_of_data(ctx, direction, side, rest)
    }

    /// Ends a frame of a body whose bytes are all there.
    fn end_of_data<'a>(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, rest: &'a [u8]) -> &'a [u8] {
        if let Place::Data(frame, 0, Some(padding)) = side.place {
            if frame.flags & END_STREAM != 0 {
                self.exchanges.ended(ctx, direction, frame.stream, true);
            }
            side.place = if padding == 0 { Place::Head } else { Place::Passed(padding) };
        }
        rest
    }

    /// Reads a frame that was kept; none where it cannot be, and what follows neither.
    fn whole_frame(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, frame: Frame, payload: &[u8]) -> Option<()> {
        if frame.kind == RST_STREAM {
            self.exchanges.reset(ctx, frame.stream);
            return Some(());
        }
        let mut cursor = Cursor::new(payload);
        if frame.kind == CONTINUATION {
            side.block.as_ref().filter(|block| block.stream == frame.stream)?;
        } else {
            let padding = if frame.flags & PADDED != 0 { usize::from(cursor.u8()?) } else { 0 };
            if frame.kind == HEADERS && frame.flags & PRIORITY != 0 {
                cursor.skip(5)?;
            }
            // a promise is the request of a stream to come (6.6)
            let stream = if frame.kind == PUSH_PROMISE { cursor.u32()? & 0x7fff_ffff } else { frame.stream };
            let rest = cursor.rest();
            cursor = Cursor::new(rest.get(..rest.len().checked_sub(padding)?)?);
            let ends = frame.flags & END_STREAM != 0 && frame.kind == HEADERS;
            side.block = Some(Block { stream, ends, fields: Buffer::default() });
        }
        let block = side.block.as_mut()?;
        if !block.fields.push(cursor.rest(), MAX_HEAD_BYTES, ctx.budget) {
            return None;
        }
        if frame.flags & END_HEADERS != 0 {
            let block = side.block.take()?;
            let fields = side.table.fields(block.fields.bytes(), MAX_FIELDS)?;
            self.exchanges.head(ctx, direction, block.stream, fields, block.ends);
        }
        Some(())
    }

    /// Gives a direction up: without a head, the tables of those that follow are not known.
    fn lose(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side) {
        ctx.weird(Weird::BadMessage, Some("HTTP/2 frame".to_owned()));
        self.exchanges.lost(ctx, direction);
        *side = Side { place: Place::Lost, ..Side::default() };
    }

    fn take(&mut self, direction: Direction) -> Side {
        let [up, down] = &mut self.sides;
        std::mem::take(if direction == Direction::Up { up } else { down })
    }

    fn put(&mut self, direction: Direction, side: Side) -> Appetite {
        let [up, down] = &mut self.sides;
        let appetite = if matches!(side.place, Place::Lost) { Appetite::Enough } else { Appetite::More };
        *(if direction == Direction::Up { up } else { down }) = side;
        appetite
    }
}

/// The first bytes, as many as are left; the others, and what is still left then.
fn split(bytes: &[u8], left: u32) -> (&[u8], &[u8], u32) {
    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    let (part, rest) = bytes.split_at_checked(here).unwrap_or((bytes, &[]));
    (part, rest, left.saturating_sub(u32::try_from(here).unwrap_or(u32::MAX)))
}

impl Side {
    /// The client's first words; a server has none.
    fn start<'a>(&mut self, ctx: &Context<'_>, bytes: &'a [u8]) -> &'a [u8] {
        let before = self.waiting.bytes().len();
        let (part, rest) = bytes.split_at_checked(PREFACE.len().saturating_sub(before)).unwrap_or((bytes, &[]));
        let fits = PREFACE.get(before..).is_some_and(|preface| preface.starts_with(part));
        if !fits && before == 0 {
            self.place = Place::Head;
            return bytes;
        }
        if !fits || !self.waiting.push(part, PREFACE.len(), ctx.budget) {
            self.place = Place::Lost;
            return &[];
        }
        if self.waiting.bytes().len() == PREFACE.len() {
            self.waiting.clear();
            self.place = Place::Head;
        }
        rest
    }

    /// Takes bytes of a frame's head; gives what follows them.
    fn frame_head<'a>(&mut self, ctx: &mut Context<'_>, bytes: &'a [u8]) -> &'a [u8] {
        let before = self.waiting.bytes().len();
        let (part, rest) = bytes.split_at_checked(FRAME_HEAD_BYTES.saturating_sub(before)).unwrap_or((bytes, &[]));
        if !self.waiting.push(part, FRAME_HEAD_BYTES, ctx.budget) {
            self.place = Place::Lost;
            return &[];
        }
        let mut cursor = Cursor::new(self.waiting.bytes());
        let (Some(length), Some(kind), Some(flags), Some(stream)) = (cursor.u24(), cursor.u8(), cursor.u8(), cursor.u32()) else {
            return rest;
        };
        self.waiting.clear();
        let frame = Frame { kind, flags, stream: stream & 0x7fff_ffff, length };
        self.place = match kind {
            _ if length == 0 && kind != DATA => Place::Head,
            DATA if length == 0 => Place::Data(frame, 0, Some(0)),
            DATA => Place::Data(frame, length, (flags & PADDED == 0).then_some(0)),
            HEADERS | RST_STREAM | PUSH_PROMISE | CONTINUATION => Place::Kept(frame),
            _ => Place::Passed(length),
        };
        rest
    }
}

impl Parser for Http2Parser {
    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let mut side = self.take(direction);
        self.read(ctx, direction, &mut side, bytes);
        self.put(direction, side)
    }

    fn gap(&mut self, ctx: &mut Context<'_>, direction: Direction, missing_bytes: u64) -> Appetite {
        let mut side = self.take(direction);
        match side.place {
            // a hole within a body's frame hides no other frame
            Place::Data(frame, left, padding) if missing_bytes < u64::from(left) && padding.is_some() => {
                self.exchanges.skip(ctx, direction, frame.stream, missing_bytes);
                let left = left.saturating_sub(u32::try_from(missing_bytes).unwrap_or(u32::MAX));
                side.place = Place::Data(frame, left, padding);
            }
            _ => {
                self.exchanges.lost(ctx, direction);
                side = Side { place: Place::Lost, ..Side::default() };
            }
        }
        self.put(direction, side)
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        for (direction, at) in [(Direction::Up, ctx.at), (Direction::Down, ctx.at.reversed())] {
            ctx.at = at;
            self.exchanges.lost(ctx, direction);
        }
    }
}
