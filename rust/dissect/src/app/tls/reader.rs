//! Reads the records of a connection until both hellos are known.

use super::hello::{Hello, extension, without_grease};
use super::records::{HEADER_BYTES, Header, MAX_HELLO_BYTES, content, v2_hello_bytes};
use super::{TlsClientHello, TlsServerHello, fingerprint};
use crate::app::{Appetite, Buffer, Context, Direction, Parser};
use crate::weird::Weird;

/// Handshake types (RFC 8446 4).
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
/// Bytes of a handshake message before its body.
const MESSAGE_HEADER_BYTES: usize = 4;
/// Version written for a hello in SSL 2.0's format.
const SSL2: u16 = 0x0002;

/// One direction.
#[derive(Default)]
struct Side {
    /// bytes of a record's header that is not whole
    header: Buffer,
    /// the record at hand and what of it is still to come
    record: Option<Header>,
    left: usize,
    /// handshake bytes that wait for the end of their message
    handshake: Buffer,
    /// a message that nobody needs: bytes of it to come
    passing: usize,
    /// what follows may be encrypted
    has_changed_cipher: bool,
    has_begun: bool,
    is_over: bool,
}

/// Reads one connection.
#[derive(Default)]
pub struct TlsParser {
    sides: [Side; 2],
    hellos: u32,
    is_agreed: bool,
}

impl Parser for TlsParser {
    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let mut side = self.take(direction);
        self.read(ctx, &mut side, bytes);
        self.put(direction, side)
    }

    fn gap(&mut self, ctx: &mut Context<'_>, direction: Direction, missing_bytes: u64) -> Appetite {
        let mut side = self.take(direction);
        self.salvage(ctx, &mut side);
        // a hole inside a record that is passed over costs nothing
        let missing = usize::try_from(missing_bytes).unwrap_or(usize::MAX);
        let is_harmless = side.record.is_some_and(|record| record.kind != content::HANDSHAKE) && missing <= side.left;
        if is_harmless {
            side.left = side.left.saturating_sub(missing);
        } else {
            side.is_over = true;
        }
        self.put(direction, side)
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        for (direction, at) in [(Direction::Up, ctx.at), (Direction::Down, ctx.at.reversed())] {
            let mut side = self.take(direction);
            ctx.at = at;
            self.salvage(ctx, &mut side);
        }
    }
}

impl TlsParser {
    fn take(&mut self, direction: Direction) -> Side {
        let [up, down] = &mut self.sides;
        std::mem::take(if direction == Direction::Up { up } else { down })
    }

    fn put(&mut self, direction: Direction, side: Side) -> Appetite {
        let is_over = side.is_over || self.is_agreed;
        let [up, down] = &mut self.sides;
        *(if direction == Direction::Up { up } else { down }) =
            if is_over { Side { is_over, ..Side::default() } } else { side };
        if is_over { Appetite::Enough } else { Appetite::More }
    }

    /// Reads what there is of a hello that will never be whole.
    fn salvage(&mut self, ctx: &mut Context<'_>, side: &mut Side) {
        let whole = side.handshake.take();
        let (Some(record), [kind, _, _, _, body @ ..]) = (side.record, whole.as_slice()) else { return };
        if side.has_changed_cipher {
            return;
        }
        match *kind {
            CLIENT_HELLO => {
                if let Some(hello) = Hello::client(body) {
                    self.client_hello(ctx, record.version, &hello, false);
                }
            }
            SERVER_HELLO => {
                if let Some(hello) = Hello::server(body) {
                    self.server_hello(ctx, record.version, &hello, false);
                }
            }
            _ => {}
        }
    }

    fn read(&mut self, ctx: &mut Context<'_>, side: &mut Side, mut bytes: &[u8]) {
        while !side.is_over && !bytes.is_empty() {
            let Some(record) = side.record.filter(|_| side.left > 0) else {
                bytes = self.begin_record(ctx, side, bytes);
                continue;
            };
            let (part, rest) = bytes.split_at_checked(side.left).unwrap_or((bytes, &[]));
            side.left = side.left.saturating_sub(part.len());
            bytes = rest;
            if record.kind == content::HANDSHAKE {
                self.handshake(ctx, side, &record, part);
            }
        }
    }

    /// Takes bytes of a record's header; gives what follows them.
    fn begin_record<'a>(&mut self, ctx: &mut Context<'_>, side: &mut Side, bytes: &'a [u8]) -> &'a [u8] {
        let is_v2 = !side.has_begun && (side.header.bytes().first().or(bytes.first())).is_some_and(|byte| byte & 0x80 != 0);
        if is_v2 {
            return self.v2_hello(ctx, side, bytes);
        }
        let wanted = HEADER_BYTES.saturating_sub(side.header.bytes().len());
        let (part, rest) = bytes.split_at_checked(wanted).unwrap_or((bytes, &[]));
        if !side.header.push(part, HEADER_BYTES, ctx.budget) {
            side.is_over = true;
            return &[];
        }
        if side.header.bytes().len() < HEADER_BYTES {
            return rest;
        }
        let header = Header::parse(side.header.bytes());
        side.header.clear();
        side.record = header;
        side.left = header.map_or(0, |header| usize::from(header.length));
        match header.map(|header| header.kind) {
            Some(content::CHANGE_CIPHER_SPEC) => side.has_changed_cipher = true,
            // what follows is encrypted: no hello comes in this direction any more
            Some(content::APPLICATION) => side.is_over = true,
            Some(_) => {}
            None => {
                // in the middle of a stream no record need begin here
                if side.has_begun {
                    ctx.weird(Weird::BadMessage, Some("no record header".to_owned()));
                }
                side.is_over = true;
            }
        }
        side.has_begun = true;
        rest
    }

    /// Takes bytes of a ClientHello in SSL 2.0's format.
    fn v2_hello<'a>(&mut self, ctx: &mut Context<'_>, side: &mut Side, bytes: &'a [u8]) -> &'a [u8] {
        let before = side.header.bytes().len();
        if !side.header.push(bytes, MAX_HELLO_BYTES.saturating_add(bytes.len()), ctx.budget) {
            side.is_over = true;
            return &[];
        }
        let whole = side.header.bytes();
        let Some(length) = v2_hello_bytes(whole) else {
            // eleven bytes tell
            side.is_over = whole.len() >= 11;
            return &[];
        };
        let end = length.saturating_add(2);
        let Some(hello) = whole.get(2..end).map(Hello::client_v2) else { return &[] };
        match hello {
            Some(hello) => self.client_hello(ctx, SSL2, &hello, true),
            None => ctx.weird(Weird::BadMessage, Some("SSL 2.0 hello".to_owned())),
        }
        side.header.clear();
        side.has_begun = true;
        bytes.get(end.saturating_sub(before)..).unwrap_or_default()
    }

    fn handshake(&mut self, ctx: &mut Context<'_>, side: &mut Side, record: &Header, part: &[u8]) {
        let passed = side.passing.min(part.len());
        side.passing = side.passing.saturating_sub(passed);
        let part = part.get(passed..).unwrap_or_default();
        if part.is_empty() {
            return;
        }
        if !side.handshake.push(part, MAX_HELLO_BYTES.saturating_add(usize::from(u16::MAX)), ctx.budget) {
            ctx.weird(Weird::MessageTooLong, None);
            side.is_over = true;
            return;
        }
        while let [kind, high, middle, low, body @ ..] = side.handshake.bytes() {
            let (kind, length) = (*kind, usize::try_from(u32::from_be_bytes([0, *high, *middle, *low])).unwrap_or(usize::MAX));
            let is_hello = matches!(kind, CLIENT_HELLO | SERVER_HELLO);
            // RFC 8446 D.4: a second ClientHello may follow a change_cipher_spec; else what follows it is encrypted
            let is_plain = !side.has_changed_cipher || (is_hello && length.saturating_add(MESSAGE_HEADER_BYTES) >= usize::from(record.length));
            if !is_plain || (is_hello && length > MAX_HELLO_BYTES) {
                if is_plain {
                    ctx.weird(Weird::MessageTooLong, None);
                }
                side.is_over = true;
                return;
            }
            if !is_hello {
                // certificates and keys are not read yet
                let here = length.min(body.len());
                side.passing = length.saturating_sub(here);
                side.handshake.consume(here.saturating_add(MESSAGE_HEADER_BYTES));
                continue;
            }
            let Some(body) = body.get(..length) else { return };
            let hello = if kind == CLIENT_HELLO { Hello::client(body) } else { Hello::server(body) };
            side.handshake.consume(length.saturating_add(MESSAGE_HEADER_BYTES));
            match hello {
                None => ctx.weird(Weird::BadMessage, Some("hello".to_owned())),
                Some(hello) => {
                    if hello.is_cut {
                        ctx.weird(Weird::BadMessage, Some("an extension is cut short".to_owned()));
                    }
                    if kind == CLIENT_HELLO {
                        self.client_hello(ctx, record.version, &hello, true);
                    } else {
                        self.server_hello(ctx, record.version, &hello, true);
                    }
                }
            }
        }
    }

    fn client_hello(&mut self, ctx: &mut Context<'_>, record_version: u16, hello: &Hello, is_whole: bool) {
        let has_fingerprint = record_version != SSL2 && is_whole;
        ctx.emit(&TlsClientHello {
            at: ctx.at,
            server_name: hello.server_name.clone(),
            alpn: (!hello.alpn.is_empty()).then(|| hello.alpn_text()),
            record_version,
            legacy_version: hello.legacy_version,
            versions: (!hello.versions.is_empty()).then(|| without_grease(&hello.versions)),
            highest_version: hello.offered_versions().into_iter().max().unwrap_or(hello.legacy_version),
            ciphers: without_grease(&hello.ciphers),
            extensions: without_grease(&hello.extensions),
            groups: without_grease(&hello.groups),
            signature_algorithms: without_grease(&hello.signature_algorithms),
            has_ech: hello.extensions.contains(&extension::ENCRYPTED_CLIENT_HELLO),
            session_id_bytes: hello.session_id_bytes,
            has_ticket: hello.has_ticket,
            has_psk: hello.extensions.contains(&extension::PRE_SHARED_KEY),
            is_second: self.hellos > 0,
            is_whole,
            ja3: has_fingerprint.then(|| fingerprint::ja3(hello)),
            ja4: has_fingerprint.then(|| fingerprint::ja4('t', hello)),
        });
        self.hellos = self.hellos.saturating_add(1);
    }

    fn server_hello(&mut self, ctx: &mut Context<'_>, record_version: u16, hello: &Hello, is_whole: bool) {
        // the client's hello may come later in the capture than the answer to it
        self.is_agreed = !hello.is_retry && self.hellos > 0;
        ctx.emit(&TlsServerHello {
            at: ctx.at,
            version: hello.versions.first().copied().unwrap_or(hello.legacy_version),
            record_version,
            cipher: hello.ciphers.first().copied().unwrap_or(0),
            alpn: hello.alpn_text().into_iter().next(),
            extensions: hello.extensions.clone(),
            is_hello_retry: hello.is_retry,
            session_id_bytes: hello.session_id_bytes,
            is_whole,
            ja3s: is_whole.then(|| fingerprint::ja3s(hello)),
        });
    }
}
