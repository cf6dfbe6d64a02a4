//! The record layer (RFC 8446 5.1, RFC 5246 6.2): headers of records, and how bytes are told to be TLS.

use crate::app::{Probe, Verdict};

/// Bytes of a record's header.
pub const HEADER_BYTES: usize = 5;
/// Largest payload of a record: 2^14 and 2,048 of expansion (RFC 5246 6.2.3).
const MAX_PAYLOAD: u16 = (1 << 14) + 2048;
/// Largest ClientHello or ServerHello believed when one is recognised.
pub const MAX_HELLO_BYTES: usize = 65_536;
/// Largest certificate message kept: chains of some twenty large certificates.
pub const MAX_MESSAGE_BYTES: usize = 262_144;
/// Smallest encrypted payload believed: a stream cipher's MAC over nothing would be less.
const MIN_ENCRYPTED: u16 = 16;

/// Content types.
pub mod content {
    #![allow(missing_docs)]
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    pub const ALERT: u8 = 21;
    pub const HANDSHAKE: u8 = 22;
    pub const APPLICATION: u8 = 23;
    pub const HEARTBEAT: u8 = 24;
}

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// content type
    pub kind: u8,
    /// version field
    pub version: u16,
    /// bytes of payload
    pub length: u16,
}

impl Header {
    /// Reads a header that can be TLS's.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let [kind @ 20..=24, 3, minor @ 0..=4, high, low, ..] = bytes else { return None };
        let length = u16::from_be_bytes([*high, *low]);
        let version = u16::from_be_bytes([3, *minor]);
        // RFC 8446 5.1: only application data may be empty
        let fits = length <= MAX_PAYLOAD && (length > 0 || *kind == content::APPLICATION);
        fits.then_some(Self { kind: *kind, version, length })
    }

    /// Whether the length is one that such a record has.
    fn is_likely(&self, first: Option<u8>) -> bool {
        match self.kind {
            content::CHANGE_CIPHER_SPEC => self.length == 1 && first.is_none_or(|byte| byte == 1),
            content::ALERT => self.length == 2 && first.is_none_or(|level| matches!(level, 1 | 2)) || (MIN_ENCRYPTED..=80).contains(&self.length),
            content::HANDSHAKE => self.length >= 4,
            _ => self.length >= MIN_ENCRYPTED, // a heartbeat's padding alone is so long (RFC 6520 4)
        }
    }
}

/// Whether these bytes begin a handshake: a record with a ClientHello or ServerHello.
fn begins_with_hello(bytes: &[u8]) -> bool {
    let Some(Header { kind: content::HANDSHAKE, length, .. }) = Header::parse(bytes) else { return false };
    match bytes.get(HEADER_BYTES..) {
        Some([message @ (1 | 2), 0, high, low, 3, minor, ..]) => {
            let size = u16::from_be_bytes([*high, *low]);
            // the smallest ServerHello; a ClientHello may be spread over records, and other messages may follow
            size >= 38 && *minor <= 4 && (*message == 2 || size.saturating_add(4) >= length)
        }
        _ => false,
    }
}

/// Whether these bytes begin a record with certificates: three lengths inside one another agree.
fn begins_with_certificates(bytes: &[u8]) -> bool {
    let Some(Header { kind: content::HANDSHAKE, .. }) = Header::parse(bytes) else { return false };
    match bytes.get(HEADER_BYTES..) {
        Some([11, high, middle, low, list_high, list_middle, list_low, ..]) => {
            let [message, list] = [[0, *high, *middle, *low], [0, *list_high, *list_middle, *list_low]].map(u32::from_be_bytes);
            message == list.saturating_add(3) && list > 0
        }
        _ => false,
    }
}

/// Whether records follow one another from `start` on: to the last byte, or two of them.
pub fn chain(bytes: &[u8], start: usize) -> bool {
    let mut place = start;
    let mut records = 0u32;
    while let Some(rest) = bytes.get(place..) {
        if rest.is_empty() {
            return records > 0; // ends exactly here
        }
        let Some(header) = Header::parse(rest) else { return false };
        if !header.is_likely(rest.get(HEADER_BYTES).copied()) {
            return false;
        }
        records = records.saturating_add(1);
        place = place.saturating_add(HEADER_BYTES).saturating_add(usize::from(header.length));
    }
    // the last record goes on: two headers at the right distance are 40 bits of agreement
    records >= 2
}

/// Length of a ClientHello in SSL 2.0's format behind its first two bytes (RFC 5246 E.2).
pub fn v2_hello_bytes(bytes: &[u8]) -> Option<usize> {
    let [high @ 0x80..=0xff, low, 1, major, minor, c1, c2, s1, s2, h1, h2, ..] = bytes else { return None };
    let length = u16::from_be_bytes([high & 0x7f, *low]);
    let [ciphers, session, challenge] = [[*c1, *c2], [*s1, *s2], [*h1, *h2]].map(u16::from_be_bytes);
    let sum = u32::from(ciphers) + u32::from(session) + u32::from(challenge) + 9;
    let known_version = (*major == 3 && *minor <= 3) || (*major == 0 && *minor == 2);
    (known_version && ciphers > 0 && ciphers % 3 == 0 && (16..=32).contains(&challenge) && sum == u32::from(length))
        .then_some(usize::from(length))
}

/// Whether bytes of a TCP stream are TLS.
pub fn looks_like_tls(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    if begins_with_hello(bytes) || v2_hello_bytes(bytes).is_some() || begins_with_certificates(bytes) {
        return Verdict::Yes;
    }
    let header = Header::parse(bytes);
    if bytes.len() < HEADER_BYTES + 6 {
        let could_begin = match bytes {
            [] | [20..=23] | [20..=23, 3] | [0x80..=0xff] => true,
            [20..=23, 3, minor] | [20..=23, 3, minor, _] => *minor <= 4,
            [0x80..=0xff, _] | [0x80..=0xff, _, 1, ..] => probe.from_start,
            _ => header.is_some(),
        };
        if could_begin && !chain(bytes, 0) {
            return Verdict::Maybe;
        }
    }
    if let Some(header) = header
        && header.is_likely(bytes.get(HEADER_BYTES).copied())
        // a record on its way: application data of a version in use begins with no other protocol's bytes
        && (chain(bytes, 0) || header.kind == content::APPLICATION && matches!(header.version, 0x0301..=0x0303))
    {
        return Verdict::Yes;
    }
    if header.is_some() && probe.from_start {
        return Verdict::Maybe;
    }
    if !probe.from_start && first_record(bytes).is_some() { Verdict::Yes } else { Verdict::No }
}

/// Where in bytes from the middle of a stream, in which a record may end first, the first whole record begins.
pub fn first_record(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len().saturating_sub(HEADER_BYTES)).find(|start| {
        // the cheap look first: most bytes begin no record
        matches!(bytes.get(*start..), Some([20..=24, 3, 0..=4, ..])) && chain(bytes, *start)
    })
}
