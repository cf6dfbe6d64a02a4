//! Records and handshake fragments of DTLS.

use crate::app::pieces::Pieces;
use crate::app::tls::session::{Carrier, Session, message};
use crate::app::{Context, Direction, Parser};
use crate::at::End;
use crate::packet::Cursor;
use crate::weird::Weird;

pub use crate::app::tls::record_layer::content;

/// Content type of records with a connection id (RFC 9146 4).
const WITH_CONNECTION_ID: u8 = 25;
/// Bytes of an alert in clear.
const ALERT_BYTES: usize = 2;
/// Handshake messages of one direction that wait for fragments: a flight has at most about ten.
const MAX_MESSAGES: usize = 16;
/// Records of one datagram that are looked at.
const MAX_RECORDS: usize = 64;

/// A record's header (RFC 6347 4.1).
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// content type
    pub kind: u8,
    /// version field
    pub version: u16,
    /// 0 until keys are agreed on
    pub epoch: u16,
    /// bytes of payload
    pub length: u16,
}

impl Header {
    /// Reads a header; gives it, its payload as far as it was captured, and what follows.
    pub fn read(bytes: &[u8]) -> Option<(Self, &[u8], &[u8])> {
        let mut cursor = Cursor::new(bytes);
        let kind = cursor.u8().filter(|kind| matches!(kind, 20..=WITH_CONNECTION_ID))?;
        // 1.0, 1.2, 1.3, and the number that OpenSSL used before the standard
        let version = cursor.u16().filter(|version| matches!(version, 0xfeff | 0xfefd | 0xfefc | 0x0100))?;
        let epoch = cursor.u16()?;
        cursor.skip(6)?; // sequence number
        if kind == WITH_CONNECTION_ID {
            // how long the connection id is only its two ends know
            let length = u16::try_from(cursor.remaining()).ok()?;
            return Some((Self { kind, version, epoch, length }, cursor.rest(), &[]));
        }
        let length = cursor.u16()?;
        let (payload, rest) = cursor.rest().split_at_checked(usize::from(length)).unwrap_or((cursor.rest(), &[]));
        Some((Self { kind, version, epoch, length }, payload, rest))
    }
}

/// A handshake message of which fragments have come.
struct Fragmented {
    number: u16,
    kind: u8,
    length: usize,
    version: u16,
    pieces: Pieces,
}

/// Reads one flow. `Direction::Up` is from who sent first.
pub struct DtlsParser {
    session: Session,
    first: Option<End>,
    waiting: [Vec<Fragmented>; 2],
}

impl Default for DtlsParser {
    fn default() -> Self {
        Self { session: Session::new(Carrier::Dtls), first: None, waiting: [Vec::new(), Vec::new()] }
    }
}

impl Parser for DtlsParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        let sender = End { mac: None, ..ctx.at.source };
        let direction = if *self.first.get_or_insert(sender) == sender { Direction::Up } else { Direction::Down };
        let mut rest = bytes;
        for _ in 0..MAX_RECORDS {
            let Some((header, payload, behind)) = Header::read(rest) else { break };
            self.record(ctx, direction, &header, payload);
            rest = behind;
        }
        // RFC 9147 4: the short header of encrypted records of 1.3
        if let [0x20..=0x3f, ..] = rest
            && self.session.is_13()
        {
            self.session.application_data(direction, u16::try_from(rest.len()).unwrap_or(u16::MAX));
        }
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        let at = ctx.at;
        for (direction, waiting) in [Direction::Up, Direction::Down].into_iter().zip(std::mem::take(&mut self.waiting)) {
            let is_from_source = self.first.is_some_and(|first| first == End { mac: None, ..at.source });
            ctx.at = if is_from_source == (direction == Direction::Up) { at } else { at.reversed() };
            for mut one in waiting {
                let body = one.pieces.take_rest();
                self.session.message(ctx, direction, Some(one.version), one.kind, &body, false);
            }
        }
        self.session.end(ctx);
    }
}

impl DtlsParser {
    fn record(&mut self, ctx: &mut Context<'_>, direction: Direction, header: &Header, payload: &[u8]) {
        self.session.record(&ctx.at, direction, header.version);
        match header.kind {
            content::HANDSHAKE if header.epoch == 0 => self.handshake(ctx, direction, header, payload),
            content::HANDSHAKE => self.session.finished(direction),
            content::ALERT => {
                let is_encrypted = header.epoch > 0 || usize::from(header.length) != ALERT_BYTES;
                self.session.alert(ctx, direction, payload, is_encrypted);
            }
            content::APPLICATION | WITH_CONNECTION_ID => self.session.application_data(direction, header.length),
            _ => {}
        }
    }

    /// Takes the fragments in a record (RFC 6347 4.2.2).
    fn handshake(&mut self, ctx: &mut Context<'_>, direction: Direction, header: &Header, payload: &[u8]) {
        let mut cursor = Cursor::new(payload);
        while let Some(kind) = cursor.u8() {
            let (Some(length), Some(number), Some(offset), Some(here)) = (cursor.u24(), cursor.u16(), cursor.u24(), cursor.u24()) else {
                return;
            };
            if offset.saturating_add(here) > length {
                ctx.weird(Weird::BadMessage, Some("fragment beyond its message".to_owned()));
                return;
            }
            let wanted = usize::try_from(here).unwrap_or(usize::MAX);
            let (bytes, is_cut) = match cursor.take(wanted) {
                Some(bytes) => (bytes, false),
                None => (cursor.take(cursor.remaining()).unwrap_or_default(), true),
            };
            if here == length || is_cut && offset == 0 {
                self.session.message(ctx, direction, Some(header.version), kind, bytes, !is_cut);
            } else if matches!(kind, message::CLIENT_HELLO | message::SERVER_HELLO | message::CERTIFICATE | message::SERVER_KEY_EXCHANGE) {
                let about = (kind, number, usize::try_from(length).unwrap_or(usize::MAX));
                self.fragment(ctx, direction, header.version, about, (u64::from(offset), bytes));
            }
        }
    }

    fn fragment(&mut self, ctx: &mut Context<'_>, direction: Direction, version: u16, about: (u8, u16, usize), piece: (u64, &[u8])) {
        let (kind, number, length) = about;
        let Some(waiting) = self.waiting.get_mut(direction.index()) else { return };
        let known = waiting.iter().position(|one| (one.number, one.kind, one.length) == (number, kind, length));
        let place = known.unwrap_or_else(|| {
            if waiting.len() >= MAX_MESSAGES {
                waiting.remove(0);
            }
            waiting.push(Fragmented { number, kind, length, version, pieces: Pieces::default() });
            waiting.len().saturating_sub(1)
        });
        let Some(one) = waiting.get_mut(place) else { return };
        if !one.pieces.add(piece.0, piece.1, ctx.budget) {
            ctx.weird(Weird::MessageTooLong, None);
        }
        let body = one.pieces.contiguous();
        if body.len() >= length {
            waiting.remove(place);
            self.session.message(ctx, direction, Some(version), kind, body.get(..length).unwrap_or_default(), true);
        }
    }
}
