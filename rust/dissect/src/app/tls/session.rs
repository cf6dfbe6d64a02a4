//! What the handshake messages of one connection say, whatever carried them (TLS, DTLS, QUIC).

use super::hello::{Hello, extension, without_grease};
use super::connection::Traffic;
use super::rows::{TlsClientHello, TlsServerHello};
use super::{fingerprint, names};
use crate::app::{Context, Direction, x509};
use crate::at::At;
use crate::weird::Weird;

/// Handshake types (RFC 8446 4, RFC 5246 7.4).
pub mod message {
    #![allow(missing_docs)]
    pub const CLIENT_HELLO: u8 = 1;
    pub const SERVER_HELLO: u8 = 2;
    pub const HELLO_VERIFY_REQUEST: u8 = 3;
    pub const CERTIFICATE: u8 = 11;
    pub const SERVER_KEY_EXCHANGE: u8 = 12;
    pub const CERTIFICATE_REQUEST: u8 = 13;
}

/// Version written for a hello in SSL 2.0's format.
pub const SSL2: u16 = 0x0002;
/// `curve_type` of a named curve (RFC 8422 5.4).
const NAMED_CURVE: u8 = 3;

/// What carries the handshake.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Carrier {
    /// TLS records in TCP
    #[default]
    Tls,
    /// DTLS records in datagrams
    Dtls,
    /// CRYPTO frames
    Quic,
}

impl Carrier {
    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Dtls => "dtls",
            Self::Quic => "quic",
        }
    }

    /// First letter of JA4.
    fn letter(self) -> char {
        match self {
            Self::Tls => 't',
            Self::Dtls => 'd',
            Self::Quic => 'q',
        }
    }
}

/// A connection as far as it has been read.
#[derive(Debug, Default)]
pub struct Session {
    /// what carries it
    pub carrier: Carrier,
    /// clear protocol in which it began
    pub started_in: Option<&'static str>,
    /// capture and frame of the message that asked for TLS there
    pub asked: Option<(u32, u64)>,
    /// hellos of the client so far
    pub client_hellos: u32,
    /// what the client asked for
    pub server_name: Option<String>,
    /// protocol chosen
    pub alpn: Option<String>,
    /// version agreed on
    pub version: Option<u16>,
    /// the server's last hello asked for another one
    pub is_retrying: bool,
    /// place of the first record, and who sent it
    pub(super) first: Option<(At, Direction)>,
    pub(super) last: Option<(u32, u64, i64)>,
    pub(super) client: Option<Direction>,
    pub(super) offered_id: Vec<u8>,
    pub(super) has_ticket: bool,
    pub(super) record_version: u16,
    pub(super) cipher: Option<u16>,
    pub(super) group: Option<u16>,
    pub(super) resumption: Option<&'static str>,
    pub(super) certificates: [u32; 2],
    pub(super) asked_certificate: bool,
    pub(super) alerts: u32,
    pub(super) fatal_alert: Option<(u8, Direction)>,
    pub(super) traffic: [Traffic; 2],
    /// bytes that the capture lacks
    pub missing_bytes: u64,
}

impl Session {
    /// Cipher suite chosen.
    pub fn cipher(&self) -> Option<u16> {
        self.cipher
    }

    /// A connection that this carries.
    pub fn new(carrier: Carrier) -> Self {
        Self { carrier, ..Self::default() }
    }

    /// Takes a handshake message; `is_whole`: all of its body is there. `record_version` is `None` in QUIC.
    pub fn message(&mut self, ctx: &mut Context<'_>, direction: Direction, record_version: Option<u16>, kind: u8, body: &[u8], is_whole: bool) {
        match kind {
            message::CLIENT_HELLO => match Hello::client(body, self.carrier == Carrier::Dtls) {
                Some(hello) => self.client_hello(ctx, direction, record_version, &hello, is_whole),
                None => bad_hello(ctx, is_whole),
            },
            message::SERVER_HELLO => match Hello::server(body) {
                Some(hello) => self.server_hello(ctx, direction, record_version, &hello, is_whole),
                None => bad_hello(ctx, is_whole),
            },
            // TLS 1.3 sends it in another format, and encrypted
            message::CERTIFICATE if !self.is_13() => {
                let found = x509::read_chain(ctx, self.carrier.name(), self.role(direction), body, is_whole);
                if let Some(count) = self.certificates.get_mut(direction.index()) {
                    *count = count.saturating_add(found);
                }
            }
            message::SERVER_KEY_EXCHANGE => {
                if let [NAMED_CURVE, high, low, ..] = body {
                    self.group.get_or_insert(u16::from_be_bytes([*high, *low]));
                }
            }
            message::CERTIFICATE_REQUEST => self.asked_certificate = true,
            _ => {}
        }
    }

    /// Takes a ClientHello.
    pub fn client_hello(&mut self, ctx: &mut Context<'_>, direction: Direction, record_version: Option<u16>, hello: &Hello, is_whole: bool) {
        note_cut(ctx, hello, is_whole);
        self.client = Some(direction);
        let shows_cookie = hello.cookie_bytes.is_some_and(|count| count > 0);
        let has_fingerprint = record_version != Some(SSL2) && is_whole;
        ctx.emit(&TlsClientHello {
            at: ctx.at,
            carrier: self.carrier.name(),
            server_name: hello.server_name.clone(),
            alpn: (!hello.alpn.is_empty()).then(|| hello.alpn_text()),
            record_version,
            legacy_version: hello.legacy_version,
            versions: (!hello.versions.is_empty()).then(|| without_grease(&hello.versions)),
            highest_version: hello.highest_version(),
            ciphers: without_grease(&hello.ciphers),
            extensions: without_grease(&hello.extensions),
            groups: without_grease(&hello.groups),
            signature_algorithms: without_grease(&hello.signature_algorithms),
            has_grease: hello.has_grease(),
            ech: hello.has(extension::ENCRYPTED_CLIENT_HELLO).then_some(match hello.ech_kind {
                Some(0) => "outer",
                Some(1) => "inner",
                _ => "unknown",
            }),
            session_id_bytes: hello.session_id.len(),
            has_ticket: hello.has_ticket,
            has_psk: hello.has(extension::PRE_SHARED_KEY),
            has_early_data: hello.has(extension::EARLY_DATA),
            cookie_bytes: hello.cookie_bytes,
            // a hello that is sent again in DTLS is no second one
            is_second: if self.carrier == Carrier::Dtls { shows_cookie || self.is_retrying } else { self.client_hellos > 0 },
            is_whole,
            ja3: has_fingerprint.then(|| fingerprint::ja3(hello)),
            ja4: has_fingerprint.then(|| fingerprint::ja4(self.carrier.letter(), hello)),
        });
        self.client_hellos = self.client_hellos.saturating_add(1);
        self.offered_id.clone_from(&hello.session_id);
        self.has_ticket = hello.has_ticket;
        if self.server_name.is_none() {
            self.server_name.clone_from(&hello.server_name);
        }
    }

    fn server_hello(&mut self, ctx: &mut Context<'_>, direction: Direction, record_version: Option<u16>, hello: &Hello, is_whole: bool) {
        note_cut(ctx, hello, is_whole);
        self.client.get_or_insert(direction.reversed());
        let version = hello.versions.first().copied().unwrap_or(hello.legacy_version);
        let cipher = hello.ciphers.first().copied().unwrap_or(0);
        self.version = Some(version);
        // RFC 8446 4.1.3: TLS 1.3 echoes the session id always; a client with a ticket invents one (RFC 5077 3.4)
        let echoes = !hello.session_id.is_empty() && hello.session_id == self.offered_id;
        let resumption = if hello.has(extension::PRE_SHARED_KEY) {
            Some("psk")
        } else if echoes && !self.is_13() {
            Some(if self.has_ticket { "ticket" } else { "session_id" })
        } else {
            None
        };
        let alpn = hello.alpn_text().into_iter().next();
        ctx.emit(&TlsServerHello {
            at: ctx.at,
            carrier: self.carrier.name(),
            version,
            legacy_version: hello.legacy_version,
            record_version,
            cipher,
            cipher_name: names::cipher(cipher),
            alpn: alpn.clone(),
            key_group: hello.selected_group,
            extensions: hello.extensions.clone(),
            is_hello_retry: hello.is_retry,
            session_id_bytes: hello.session_id.len(),
            resumption,
            is_whole,
            ja3s: is_whole.then(|| fingerprint::ja3s(hello)),
        });
        self.is_retrying = hello.is_retry;
        (self.cipher, self.resumption) = (Some(cipher), resumption);
        self.group = hello.selected_group.or(self.group);
        self.alpn = alpn.or(self.alpn.take());
    }
}

/// Whether such a message is read; what others say stays between the two.
pub fn is_wanted(kind: u8) -> bool {
    use message::{CERTIFICATE, CERTIFICATE_REQUEST, CLIENT_HELLO, SERVER_HELLO, SERVER_KEY_EXCHANGE};
    matches!(kind, CLIENT_HELLO | SERVER_HELLO | CERTIFICATE | SERVER_KEY_EXCHANGE | CERTIFICATE_REQUEST)
}

/// Handshake types in IANA's registry; another one is encrypted bytes.
pub fn is_known(kind: u8) -> bool {
    matches!(kind, 0..=6 | 8..=17 | 20..=26 | 67 | 203 | 254)
}

fn bad_hello(ctx: &mut Context<'_>, is_whole: bool) {
    if is_whole {
        ctx.weird(Weird::BadMessage, Some("hello".to_owned()));
    }
}

fn note_cut(ctx: &mut Context<'_>, hello: &Hello, is_whole: bool) {
    if hello.is_cut && is_whole {
        ctx.weird(Weird::BadMessage, Some("an extension is cut short".to_owned()));
    }
}
