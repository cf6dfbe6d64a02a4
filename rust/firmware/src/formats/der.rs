//! Certificates, keys and signed messages in DER and PEM: their shape. Whoever has the mathematics parses them fully.
//!
//! Sources: X.690 (DER), RFC 5280 (certificates), RFC 5958 (PKCS #8), RFC 8017 (PKCS #1), RFC 5915 (EC keys), RFC 7468
//! and RFC 1421 (PEM).

use super::{Format, Place};
use crate::bytes::{array, be16, u8_at, upto, within};
use crate::part::{Category, Encryption, Part};
use memchr::memmem;

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format { name: "pem", category: Category::Crypto, places: &[Place::Pattern(BEGIN, 0)], parse: pem },
    Format { name: "der-certificate", category: Category::Crypto, places: &[Place::Pattern(&[0x30, 0x82], 0)], parse: certificate },
    Format {
        name: "der-private-key",
        category: Category::Crypto,
        places: KEY_PLACES,
        parse: private_key,
    },
];

/// Where a private key begins before its version and what follows it, by the length of its head; the encrypted ones before PBES2.
const KEY_PLACES: &[Place] = &[
    // PKCS #1 and DSA
    Place::Pattern(&[0x02, 0x01, 0x00, 0x02], 4),
    Place::Pattern(&[0x02, 0x01, 0x00, 0x02], 3),
    // PKCS #8, and its second version, which carries the public key
    Place::Pattern(&[0x02, 0x01, 0x00, 0x30], 2),
    Place::Pattern(&[0x02, 0x01, 0x00, 0x30], 3),
    Place::Pattern(&[0x02, 0x01, 0x00, 0x30], 4),
    Place::Pattern(&[0x02, 0x01, 0x01, 0x30], 2),
    Place::Pattern(&[0x02, 0x01, 0x01, 0x30], 3),
    // EC keys
    Place::Pattern(&[0x02, 0x01, 0x01, 0x04], 2),
    Place::Pattern(&[0x02, 0x01, 0x01, 0x04], 3),
    Place::Pattern(&[0x02, 0x01, 0x01, 0x04], 4),
    Place::Pattern(PBES2, 5),
    Place::Pattern(PBES2, 6),
];
/// Object identifier of PBES2 (RFC 8018 A.4), by which keys in PKCS #8 are encrypted.
const PBES2: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];

const BEGIN: &[u8] = b"-----BEGIN ";
const MAX_PEM: usize = 64 << 10;
const MAX_LABEL: usize = 40;
/// Fewer characters of base64 are no key and no certificate.
const MIN_BASE64: usize = 40;
const MIN_CERTIFICATE: usize = 200;
/// An EC key on the shortest curve in use (160 bits), alone.
const MIN_KEY: usize = 24;
/// Of a private key: RSA with many primes has no more.
const MAX_ELEMENTS: usize = 16;

/// Length of a DER element's head and of its content; none where the length is not in shortest form.
pub fn element(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    match u8_at(bytes, at + 1)? {
        short @ 0..=0x7f => Some((2, usize::from(short))),
        0x81 => u8_at(bytes, at + 2).filter(|len| *len >= 0x80).map(|len| (3, usize::from(len))),
        0x82 => be16(bytes, at + 2).filter(|len| *len >= 0x100).map(|len| (4, usize::from(len))),
        0x83 => array::<3>(bytes, at + 2).map(|[a, b, c]| (5, usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))),
        _ => None,
    }
}

/// A certificate: a sequence of exactly a sequence, an algorithm and a bit string, with two dates inside.
fn certificate(image: &[u8], at: usize) -> Option<Part> {
    let (head, len) = element(image, at)?;
    let end = at.checked_add(head)?.checked_add(len)?;
    let body = at + head;
    if len < MIN_CERTIFICATE || u8_at(image, body)? != 0x30 {
        return None;
    }
    let (head, len) = element(image, body)?;
    let mut position = body + head;
    if u8_at(image, position)? == 0xa0 {
        if array::<4>(image, position)? != [0xa0, 3, 2, 1] {
            return None;
        }
        position += 5;
    }
    // serial number, signature algorithm, issuer, validity
    for tag in [0x02, 0x30, 0x30] {
        if u8_at(image, position)? != tag {
            return None;
        }
        let (head, len) = element(image, position)?;
        position += head + len;
    }
    if u8_at(image, position)? != 0x30 || !matches!(u8_at(image, position + 2)?, 0x17 | 0x18) {
        return None;
    }
    let algorithm = body + head + len;
    let part = Part::new("der-certificate", Category::Crypto, at)
        .length((end - at) as u64, image.len() - at)
        .encryption(Encryption::No, "it is readable")
        .opaque();
    if end > image.len() {
        return Some(part);
    }
    let (head, len) = element(image, algorithm).filter(|_| image.get(algorithm) == Some(&0x30))?;
    let signature = algorithm + head + len;
    let (head, len) = element(image, signature).filter(|_| image.get(signature) == Some(&0x03))?;
    (signature + head + len == end).then_some(part)
}

/// A sequence whose elements end where it does and are those of a private key.
fn private_key(image: &[u8], at: usize) -> Option<Part> {
    let (head, len) = element(image, at).filter(|_| image.get(at) == Some(&0x30))?;
    let end = at + head + len;
    within(image, at..end)?;
    let (mut position, mut tags) = (at + head, Vec::new());
    while position < end && tags.len() < MAX_ELEMENTS {
        let (head, len) = element(image, position)?;
        tags.push(u8_at(image, position)?);
        position += head + len;
    }
    let is_encrypted = tags == [0x30, 0x04];
    let is_key = match tags.as_slice() {
        // PKCS #8: version, algorithm, the key, then attributes and the public key
        [0x02, 0x30, 0x04, rest @ ..] => rest.iter().all(|tag| matches!(tag, 0xa0 | 0xa1 | 0x81)),
        // RFC 5915: version, the number, then curve and point
        [0x02, 0x04, rest @ ..] => rest.iter().all(|tag| matches!(tag, 0xa0 | 0xa1)),
        // PKCS #1 has nine numbers, DSA six
        integers => integers.len() >= 6 && integers.iter().all(|tag| *tag == 0x02),
    };
    (position == end && len >= MIN_KEY && (is_key || is_encrypted)).then(|| {
        Part::new("der-private-key", Category::Crypto, at)
            .length((end - at) as u64, image.len() - at)
            .field("encrypted", is_encrypted)
            .encryption(Encryption::No, "it is readable")
            .opaque()
    })
}

/// A block with the same label at both ends and only base64 and headers between; a label alone is named `pem-label`.
fn pem(image: &[u8], at: usize) -> Option<Part> {
    let rest = upto(image, at + BEGIN.len(), MAX_LABEL + 5);
    let len = memmem::find(rest, b"-----")?;
    let label = std::str::from_utf8(rest.get(..len)?).ok()?;
    if !label.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ') || len < 3 {
        return None;
    }
    let start = at + BEGIN.len() + len + 5;
    let closing = format!("-----END {label}-----");
    let text = upto(image, start, MAX_PEM);
    let whole = memmem::find(text, closing.as_bytes())
        .filter(|end| text.get(..*end).is_some_and(is_body));
    Some(match whole {
        Some(end) => Part::new("pem", Category::Crypto, at)
            .field("label", label)
            .length((start + end + closing.len() - at) as u64, image.len() - at)
            .encryption(Encryption::No, "it is text")
            .opaque(),
        None => Part::new("pem-label", Category::Crypto, at)
            .field("label", label)
            .length((start - at) as u64, image.len() - at)
            .encryption(Encryption::No, "it is text"),
    })
}

/// Base64, white space (also written as `\n` and `\r`), quotes of source code, and headers as RFC 1421 has them.
fn is_body(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let text = text.replace("\\r", "\r").replace("\\n", "\n");
    let mut base64 = 0;
    for line in text.lines() {
        let line = line.trim().trim_matches(['"', '\\', '\'', ',']);
        let is_header = line.split_once(": ").is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        let is_base64 = line.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
        if is_base64 {
            base64 += line.len();
        } else if !is_header {
            return false;
        }
    }
    base64 >= MIN_BASE64
}
