//! Certificates and a signature behind an image, as Xiaomi's firmware has them: PEM, one certificate after the other, then an ECDSA
//! signature in DER over the bytes before the first of them, up to the end of the file; images for Bluetooth are filled up with `0xff`
//! to whole blocks of 16 bytes.
//!
//! Source: the shape of published update files.

use super::der::element;
use super::{Format, Place};
use crate::bytes::{hex, upto, within};
use crate::digest::hash;
use crate::part::{Category, Check, CheckKind, Part, Verdict};
use memchr::memmem;

/// Formats of this file.
pub const FORMATS: &[Format] =
    &[Format { name: "pem-signed", category: Category::Firmware, places: &[Place::Tail], parse }];

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const CLOSE: &[u8] = b"-----END CERTIFICATE-----";
/// Bytes at the end in which all of it lies: two certificates have three thousand.
const MAX_TAIL: usize = 64 << 10;
/// In which an image is sent over Bluetooth.
const BLOCK_BYTES: usize = 16;

/// Where the first of the certificates begins that follow one another up to the end: a program has the label among its words too.
fn first_certificate(bytes: &[u8]) -> Option<usize> {
    let start = memmem::rfind(bytes, BEGIN)?;
    let before = bytes.get(..start)?.trim_ascii_end();
    before.strip_suffix(CLOSE).and_then(first_certificate).or(Some(start))
}

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let from = image.len().saturating_sub(MAX_TAIL);
    let tail = upto(image, from, MAX_TAIL);
    let close = memmem::rfind(tail, CLOSE)?;
    let start = from + first_certificate(tail.get(..close)?)?;
    let mut behind = from + close + CLOSE.len();
    while matches!(image.get(behind), Some(b'\r' | b'\n')) {
        behind += 1;
    }
    let (head, body) = element(image, behind).filter(|_| image.get(behind) == Some(&0x30))?;
    let (r_head, r) = element(image, behind + head).filter(|_| image.get(behind + head) == Some(&0x02))?;
    let second = behind + head + r_head + r;
    let (s_head, s) = element(image, second).filter(|_| image.get(second) == Some(&0x02))?;
    let end = behind + head + body;
    let filling = image.get(end..)?;
    let is_filled = filling.len() < BLOCK_BYTES && filling.iter().all(|byte| *byte == 0xff);
    if start <= at || second + s_head + s != end || !is_filled {
        return None;
    }
    let digest = within(image, at..start).and_then(|bytes| hash("sha256", bytes))?;
    let check = Check::new(CheckKind::Signature, "ECDSA with SHA-256", at..start, Verdict::PresentUnverifiable)
        .with("scheme", "certificate")
        .with("digest", hex(&digest))
        .with("signature", hex(within(image, behind..end)?))
        .with("certificates_at", start)
        .with("certificates_end", behind);
    Some(Part::new("pem-signed", Category::Firmware, at).length((image.len() - at) as u64, image.len() - at).check(check).holds(at))
}
