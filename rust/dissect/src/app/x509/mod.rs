//! X.509 certificates (RFC 5280) as TLS and DTLS send them: what can be read of each, and what is odd.

mod certificate;
mod der;
mod names;
mod signature;

pub use certificate::Certificate;

use crate::app::{Context, text};
use crate::packet::Cursor;
use crate::record;
use crate::weird::Weird;
use sha2::{Digest, Sha256};

/// Certificates kept of one message: real chains have at most five.
const MAX_CHAIN: usize = 16;

record! {
    /// A certificate as it was sent (TLS and DTLS up to 1.2 send it in clear; TLS 1.3 and QUIC hide it). One that does not parse is a row that says why.
    pub struct CertificateRow in "certificates" at {
        /// What carried it: tls or dtls
        carrier: &'static str,
        /// Who sent it: server or client; null where no hello was captured
        sent_by: Option<&'static str>,
        /// Place in the chain as sent, from 0 (the sender's own)
        position: usize,
        /// SHA-256 of the certificate's bytes (hex); null where not all of them were captured
        sha256: Option<String>,
        /// Bytes of the certificate
        size_bytes: usize,
        /// Subject's name (RFC 4514 attributes in the order sent)
        subject: Option<String>,
        /// Subject's common name
        subject_cn: Option<String>,
        /// Issuer's name
        issuer: Option<String>,
        /// DNS names and IP addresses in subjectAltName (also URI: and email: ones)
        alternative_names: Option<Vec<String>>,
        /// Serial number (hex, as in the certificate)
        serial: Option<String>,
        /// Version: 1, 2 or 3
        version: Option<u32>,
        /// Valid from, UTC nanoseconds since 1970
        not_before_ns: Option<i64>,
        /// Valid until, UTC nanoseconds since 1970; the largest number (in 2262) for any later time, such as 9999, which means no end
        not_after_ns: Option<i64>,
        /// Days between the two
        validity_days: Option<i64>,
        /// Not valid any more when it was captured
        is_expired: Option<bool>,
        /// Not yet valid when it was captured
        is_not_yet_valid: Option<bool>,
        /// Key: rsa, ec, ed25519, ed448, dsa, dh, or the object identifier
        key_type: Option<String>,
        /// Bits of the key (RSA, DSA: modulus; elliptic curves: field)
        key_bits: Option<u32>,
        /// Elliptic curve, by name or object identifier
        key_curve: Option<String>,
        /// SHA-256 of the public key (hex of SubjectPublicKeyInfo): the same key in other certificates
        key_sha256: Option<String>,
        /// Signature algorithm, by name or object identifier
        signature_algorithm: Option<String>,
        /// Issuer and subject are the same, and the signature fits its own key where `self_signed_by` says signature
        is_self_signed: Option<bool>,
        /// What told that: signature (checked), or names (the algorithm is not supported, or names differ)
        self_signed_by: Option<&'static str>,
        /// It may sign others (basicConstraints); null where the certificate says nothing
        is_ca: Option<bool>,
        /// Why it could not be read to its end; the columns hold what could be read before
        error: Option<&'static str>,
    }
}

/// Writes a row for each certificate of a Certificate message's body; gives how many there are.
///
/// `is_whole`: the message was captured to its end; else the last certificate may be cut.
pub fn read_chain(
    ctx: &mut Context<'_>,
    carrier: &'static str,
    sent_by: Option<&'static str>,
    body: &[u8],
    is_whole: bool,
) -> u32 {
    let mut cursor = Cursor::new(body);
    let Some(declared) = cursor.u24().and_then(|length| usize::try_from(length).ok()) else { return 0 };
    let mut chain = Cursor::new(cursor.rest().get(..declared).unwrap_or(cursor.rest()));
    if is_whole && declared != cursor.remaining() {
        ctx.weird(Weird::BadMessage, Some("length of the certificate list".to_owned()));
    }
    let mut position = 0usize;
    while let Some(length) = chain.u24().and_then(|length| usize::try_from(length).ok()) {
        if position >= MAX_CHAIN {
            ctx.weird(Weird::LongCertificateChain, None);
            break;
        }
        let (bytes, is_cut) = match chain.take(length) {
            Some(bytes) => (bytes, false),
            None => (chain.take(chain.remaining()).unwrap_or_default(), true),
        };
        emit(ctx, carrier, sent_by, position, bytes, is_cut);
        position = position.saturating_add(1);
    }
    u32::try_from(position).unwrap_or(u32::MAX)
}

fn emit(
    ctx: &mut Context<'_>,
    carrier: &'static str,
    sent_by: Option<&'static str>,
    position: usize,
    bytes: &[u8],
    is_cut: bool,
) {
    let read = Certificate::parse(bytes);
    let now = ctx.at.time_ns;
    let self_signed = if is_cut { None } else { read.is_self_signed() };
    let validity = read.not_after_ns.zip(read.not_before_ns);
    ctx.emit(&CertificateRow {
        at: ctx.at,
        carrier,
        sent_by,
        position,
        sha256: (!is_cut).then(|| text::hex(&Sha256::digest(bytes))),
        size_bytes: bytes.len(),
        subject: read.subject.as_ref().map(|name| name.text.clone()),
        subject_cn: read.subject.as_ref().and_then(|name| name.common_name.clone()),
        issuer: read.issuer.as_ref().map(|name| name.text.clone()),
        alternative_names: read.alternative_names,
        serial: read.serial.map(text::hex),
        version: read.version,
        not_before_ns: read.not_before_ns,
        not_after_ns: read.not_after_ns,
        validity_days: validity.map(|(after, before)| after.saturating_sub(before) / 86_400_000_000_000),
        is_expired: read.not_after_ns.map(|after| after < now),
        is_not_yet_valid: read.not_before_ns.map(|before| before > now),
        key_type: read.key.as_ref().map(|key| key.kind_name.clone()),
        key_bits: read.key.as_ref().and_then(|key| key.bits),
        key_curve: read.key.as_ref().and_then(|key| key.curve.clone()),
        key_sha256: read.key.as_ref().map(|key| text::hex(&Sha256::digest(key.info))),
        signature_algorithm: read
            .signature_algorithm
            .as_deref()
            .map(|oid| names::signature(oid).map_or_else(|| oid.to_owned(), str::to_owned)),
        is_self_signed: self_signed.map(|(value, _)| value),
        self_signed_by: self_signed.map(|(_, by)| by),
        is_ca: read.is_ca,
        error: if is_cut { Some("not captured to its end") } else { read.error },
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
