//! Certificates, keys and signed messages in DER and PEM: their shape. Whoever has the mathematics parses them fully.
//!
//! Sources: X.690 (DER), RFC 5280 (certificates), RFC 5958 (PKCS #8), RFC 8017 (PKCS #1), RFC 5915 (EC keys), RFC 7468
//! and RFC 1421 (PEM).

use super::{Format, Place};
use crate::bytes::{array, be16, u8_at, upto, within};
use crate::part::{Category, Encryption, Part};

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format { name: "pem", category: Category::Crypto, places: &[Place::Pattern(BEGIN, 0)], parse: pem },
    Format { name: "der-certificate", category: Category::Crypto, places: &[Place::Pattern(&[0x30, 0x82], 0)], parse: certificate },
    Format {
        name: "der-private-key",
        category: Category::Crypto,
        places: &[
            Place::Pattern(&[0x02, 0x01, 0x00, 0x02], 4),
            Place::Pattern(&[0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7], 4),
            Place::Pattern(&[0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20], 0),
            Place::Pattern(&[0x02, 0x01, 0x01, 0x04, 0x30], 3),
            Place::Pattern(&[0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce], 3),
            Place::Pattern(&[0x02, 0x01, 0x00, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce], 3),
            Place::Pattern(&[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65], 0),
        ],
        parse: private_key,
    },
];

const BEGIN: &[u8] = b"-----BEGIN ";
const MAX_PEM: usize = 64 << 10;
const MAX_LABEL: usize = 40;
/// Fewer characters of base64 are no key and no certificate.
const MIN_BASE64: usize = 40;
const MIN_CERTIFICATE: usize = 200;

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

/// A sequence whose elements end where it does.
fn private_key(image: &[u8], at: usize) -> Option<Part> {
    let (head, len) = element(image, at).filter(|_| image.get(at) == Some(&0x30))?;
    let end = at + head + len;
    within(image, at..end)?;
    let (mut position, mut elements) = (at + head, 0);
    while position < end {
        let (head, len) = element(image, position)?;
        position += head + len;
        elements += 1;
    }
    (position == end && elements >= 3).then(|| {
        Part::new("der-private-key", Category::Crypto, at)
            .length((end - at) as u64, image.len() - at)
            .encryption(Encryption::No, "it is readable")
            .opaque()
    })
}

/// A block with the same label at both ends and only base64 and headers between; a label alone is named `pem-label`.
fn pem(image: &[u8], at: usize) -> Option<Part> {
    let rest = upto(image, at + BEGIN.len(), MAX_LABEL + 5);
    let len = rest.windows(5).position(|window| window == b"-----")?;
    let label = std::str::from_utf8(rest.get(..len)?).ok()?;
    if !label.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ') || len < 3 {
        return None;
    }
    let start = at + BEGIN.len() + len + 5;
    let closing = format!("-----END {label}-----");
    let text = upto(image, start, MAX_PEM);
    let whole = text
        .windows(closing.len())
        .position(|window| window == closing.as_bytes())
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
