//! The record layer of a TCP connection: records from both directions, in whatever pieces they come.

use super::hello::Hello;
use super::record_layer::{HEADER_BYTES, Header, MAX_HELLO_BYTES, MAX_MESSAGE_BYTES, content, first_record, v2_hello_bytes};
use super::session::{SSL2, Session, is_known, is_wanted, message};
use crate::app::{Appetite, Buffer, Context, Direction, Parser};
use crate::weird::Weird;

/// Bytes of a handshake message before its body.
const MESSAGE_HEADER_BYTES: usize = 4;
/// Bytes of an alert in clear.
const ALERT_BYTES: usize = 2;
/// Pieces without a record in which one is looked for, after a hole, before the direction is given up.
const MAX_SEARCHES: u8 = 64;

/// One direction.
#[derive(Default)]
struct Side {
    /// bytes of a record's header that is not whole
    header: Buffer,
    /// the record at hand and what of it is still to come
    record: Option<Header>,
    left: usize,
    /// bytes of messages that wait for their end
    waiting: Buffer,
    /// a message that nobody needs: bytes of it to come
    passing: usize,
    /// what follows may be encrypted
    has_changed_cipher: bool,
    /// the handshake record at hand is encrypted
    is_hidden: bool,
    has_begun: bool,
    /// where records begin is not known; pieces searched
    searches: Option<u8>,
    is_over: bool,
}

/// Reads one connection.
#[derive(Default)]
pub struct TlsParser {
    sides: [Side; 2],
    session: Session,
}

impl Parser for TlsParser {
    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let side = direction.of(&mut self.sides);
        self.session.read(ctx, direction, side, bytes);
        side.rest()
    }

    fn gap(&mut self, ctx: &mut Context<'_>, direction: Direction, missing_bytes: u64) -> Appetite {
        self.session.missing_bytes = self.session.missing_bytes.saturating_add(missing_bytes);
        let side = direction.of(&mut self.sides);
        self.session.salvage(ctx, direction, side);
        side.miss(usize::try_from(missing_bytes).unwrap_or(usize::MAX));
        side.rest()
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        let at = ctx.at;
        for (direction, at) in [(Direction::Up, at), (Direction::Down, at.reversed())] {
            ctx.at = at;
            self.session.salvage(ctx, direction, direction.of(&mut self.sides));
        }
        self.session.end(ctx);
    }
}

impl Side {
    /// Frees the memory of a direction that cannot be read. The connection's row is written at its end, so it is listened to all
    /// the same.
    fn rest(&mut self) -> Appetite {
        if self.is_over {
            *self = Self { is_over: true, ..Self::default() };
        }
        Appetite::More
    }

    /// Bytes are missing: a hole inside a record or message that is passed over costs nothing else.
    fn miss(&mut self, missing: usize) {
        let message_left = match self.waiting.bytes() {
            [_, high, middle, low, body @ ..] => length(*high, *middle, *low).saturating_sub(body.len()),
            [] => self.passing,
            _ => 0,
        };
        self.waiting.clear();
        let is_message = self.record.is_some_and(|record| record.kind == content::HANDSHAKE) && !self.is_hidden;
        if self.searches.is_none() && missing <= self.left && (!is_message || missing <= message_left) {
            self.left = self.left.saturating_sub(missing);
            self.passing = if is_message { message_left.saturating_sub(missing) } else { 0 };
        } else {
            self.header.clear();
            (self.left, self.passing) = (0, 0);
            self.searches.get_or_insert(0);
        }
    }
}

fn length(high: u8, middle: u8, low: u8) -> usize {
    usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap_or(usize::MAX)
}

impl TlsParser {
    /// For a connection that began in a clear protocol; `asked`: capture and frame of the message that asked for TLS.
    pub fn started_in(protocol: &'static str, asked: Option<(u32, u64)>) -> Self {
        let mut parser = Self::default();
        parser.session.started_in = Some(protocol);
        parser.session.asked = asked;
        parser
    }
}

/// Records of a direction.
impl Session {
    /// Reads what there is of a message that will never be whole.
    fn salvage(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side) {
        let Some(record) = side.record.filter(|record| record.kind == content::HANDSHAKE && !side.is_hidden) else { return };
        self.read_messages(ctx, direction, side, &record);
        if let [kind, _, _, _, body @ ..] = side.waiting.bytes()
            && !side.has_changed_cipher
        {
            self.message(ctx, direction, Some(record.version), *kind, body, false);
        }
    }

    fn read(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, mut bytes: &[u8]) {
        while !side.is_over && !bytes.is_empty() {
            if let Some(searches) = side.searches {
                let Some(start) = first_record(bytes) else {
                    side.searches = Some(searches.saturating_add(1));
                    side.is_over = searches >= MAX_SEARCHES;
                    return;
                };
                side.searches = None;
                bytes = bytes.get(start..).unwrap_or_default();
            }
            let Some(record) = side.record.filter(|_| side.left > 0) else {
                bytes = self.begin_record(ctx, direction, side, bytes);
                continue;
            };
            let (part, rest) = bytes.split_at_checked(side.left).unwrap_or((bytes, &[]));
            side.left = side.left.saturating_sub(part.len());
            bytes = rest;
            match record.kind {
                content::HANDSHAKE if !side.is_hidden => self.take_handshake(ctx, direction, side, &record, part),
                content::ALERT => self.take_alert(ctx, direction, side, &record, part),
                _ => {}
            }
        }
    }

    /// Takes bytes of a record's header; gives what follows them.
    fn begin_record<'a>(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, bytes: &'a [u8]) -> &'a [u8] {
        let is_v2 = !side.has_begun && (side.header.bytes().first().or(bytes.first())).is_some_and(|byte| byte & 0x80 != 0);
        if is_v2 {
            return self.v2_hello(ctx, direction, side, bytes);
        }
        let is_foreign = !side.has_begun && side.header.is_empty() && bytes.first().is_some_and(|byte| !matches!(byte, 20..=24));
        if is_foreign {
            // the rest of a clear protocol, such as a server's one byte of consent
            (side.has_begun, side.searches) = (true, Some(0));
            return bytes;
        }
        if side.header.is_empty() && bytes.len() >= HEADER_BYTES {
            self.begin(ctx, direction, side, bytes);
            return if side.searches.is_some() { bytes } else { bytes.get(HEADER_BYTES..).unwrap_or_default() };
        }
        let wanted = HEADER_BYTES.saturating_sub(side.header.bytes().len());
        let (part, rest) = bytes.split_at_checked(wanted).unwrap_or((bytes, &[]));
        if !side.header.push(part, HEADER_BYTES, ctx.budget) {
            side.searches = Some(0);
            return &[];
        }
        if side.header.bytes().len() == HEADER_BYTES {
            let whole = side.header.take();
            self.begin(ctx, direction, side, &whole);
        }
        rest
    }

    fn begin(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, bytes: &[u8]) {
        side.record = Header::parse(bytes);
        side.is_hidden = false;
        let Some(header) = side.record else {
            // in the middle of a stream no record need begin here
            if side.has_begun {
                ctx.weird(Weird::BadMessage, Some("no record header".to_owned()));
            }
            side.has_begun = true;
            side.searches = Some(0);
            return;
        };
        side.has_begun = true;
        side.left = usize::from(header.length);
        self.record(&ctx.at, direction, header.version);
        match header.kind {
            content::CHANGE_CIPHER_SPEC => side.has_changed_cipher = true,
            content::APPLICATION => self.application_data(direction, header.length),
            _ => {}
        }
    }

    /// Takes bytes of a ClientHello in SSL 2.0's format.
    fn v2_hello<'a>(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, bytes: &'a [u8]) -> &'a [u8] {
        let before = side.header.bytes().len();
        if !side.header.push(bytes, MAX_HELLO_BYTES.saturating_add(bytes.len()), ctx.budget) {
            side.is_over = true;
            return &[];
        }
        let whole = side.header.bytes();
        let Some(length) = v2_hello_bytes(whole) else {
            // eleven bytes tell; else it is the middle of a stream
            if whole.len() >= 11 {
                let kept = side.header.take();
                side.has_begun = true;
                side.searches = Some(0);
                self.read(ctx, direction, side, &kept);
            }
            return &[];
        };
        let end = length.saturating_add(2);
        let Some(hello) = whole.get(2..end).map(Hello::client_v2) else { return &[] };
        self.record(&ctx.at, direction, SSL2);
        match hello {
            Some(hello) => self.client_hello(ctx, direction, Some(SSL2), &hello, true),
            None => ctx.weird(Weird::BadMessage, Some("SSL 2.0 hello".to_owned())),
        }
        side.header.clear();
        side.has_begun = true;
        bytes.get(end.saturating_sub(before)..).unwrap_or_default()
    }

    /// Takes bytes of an alert; one in clear has two.
    fn take_alert(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, record: &Header, part: &[u8]) {
        let is_clear = usize::from(record.length) == ALERT_BYTES;
        if is_clear {
            side.waiting.push(part, ALERT_BYTES, ctx.budget);
        }
        if side.left == 0 {
            let payload = side.waiting.take();
            self.alert(ctx, direction, &payload, !is_clear);
        }
    }

    fn take_handshake(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, record: &Header, part: &[u8]) {
        let passed = side.passing.min(part.len());
        side.passing = side.passing.saturating_sub(passed);
        let part = part.get(passed..).unwrap_or_default();
        if part.is_empty() {
            return;
        }
        if !side.waiting.push(part, MAX_MESSAGE_BYTES.saturating_add(usize::from(u16::MAX)), ctx.budget) {
            ctx.weird(Weird::MessageTooLong, None);
            side.is_hidden = true;
            return;
        }
        // as Wireshark does, messages are told with the frame that ends their record
        if side.left == 0 {
            self.read_messages(ctx, direction, side, record);
        }
    }

    fn read_messages(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, record: &Header) {
        while let [kind, high, middle, low, body @ ..] = side.waiting.bytes() {
            let (kind, length) = (*kind, length(*high, *middle, *low));
            let is_hello = matches!(kind, message::CLIENT_HELLO | message::SERVER_HELLO);
            let limit = if is_hello { MAX_HELLO_BYTES } else { MAX_MESSAGE_BYTES };
            // RFC 8446 D.4: a second ClientHello may follow a change_cipher_spec; else what follows it is encrypted
            let is_plain = is_known(kind)
                && (!side.has_changed_cipher || (is_hello && length <= limit && length.saturating_add(MESSAGE_HEADER_BYTES) >= usize::from(record.length)));
            if !is_plain {
                self.finished(direction);
                side.waiting.clear();
                side.is_hidden = true;
                return;
            }
            if length > limit {
                ctx.weird(Weird::MessageTooLong, None);
            }
            if !is_wanted(kind) || length > limit {
                let here = length.min(body.len());
                side.passing = length.saturating_sub(here);
                side.waiting.consume(here.saturating_add(MESSAGE_HEADER_BYTES));
                continue;
            }
            let Some(body) = body.get(..length) else { return };
            self.message(ctx, direction, Some(record.version), kind, body, true);
            side.waiting.consume(length.saturating_add(MESSAGE_HEADER_BYTES));
        }
    }
}

