//! A value as devices write it: case, separators, bytes, digits, base64, backwards, digests, and behind a mask.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::escapes::unhexed;
use crate::known::Known;
use crate::mask::differences;

/// Digits of a MAC (EUI-48).
const MAC_DIGITS: usize = 12;
/// Digits of a UUID (RFC 9562 4), and where its hyphens stand.
const UUID_DIGITS: usize = 32;
const UUID_PARTS: [usize; 5] = [8, 4, 4, 4, 12];
/// Lengths of values whose digits, base64 and reversal are searched too: shorter ones stand by chance in what is coded, and
/// longer ones (signed tokens) would be most of what is searched.
const CODED_BYTES: RangeInclusive<usize> = 6..=128;
/// Shortest row of digits alone that no other number is likely to be, backwards or behind a mask.
const MIN_DIGITS: usize = 12;
/// Shortest stretch of base64 that is searched: 42 bits.
const MIN_BASE64_SIGNS: usize = 7;
/// What of a digest is searched: 64 bits.
const DIGEST_BYTES: usize = 8;
/// Shortest text behind a mask, and how many different steps there are from byte to byte: a row of zeros has one.
const MIN_MASKED_BYTES: usize = 8;
const MIN_STEPS: usize = 4;
/// Signs that separate the parts of a number.
const SEPARATORS: [char; 5] = ['-', ':', '.', '_', ' '];

/// Bytes that say a value.
pub struct Spelling {
    pub raw: Vec<u8>,
    pub how: &'static str,
    pub stands: Stands,
}

/// What must not stand beside them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// Whatever is there.
    Anywhere,
    /// A word or a number that goes on behind.
    AtEnd,
    /// The same, or before.
    Alone,
}

impl Stands {
    pub fn is_so(self, content: &[u8], start: usize, end: usize) -> bool {
        let before = start.checked_sub(1).and_then(|place| content.get(place));
        let goes_on =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
        match self {
            Self::Anywhere => true,
            Self::AtEnd => !content.get(end).is_some_and(u8::is_ascii_alphanumeric),
            Self::Alone => !goes_on(before) && !goes_on(content.get(end)),
        }
    }
}

/// All spellings of a value, the plainer first; some may be there twice.
pub fn spelt(known: &Known) -> Vec<Spelling> {
    let plain = written(known);
    let anywhere = if known.is_whole { Stands::Alone } else { Stands::Anywhere };
    let mut found = Vec::new();
    let mut add = |raw: Vec<u8>, how| found.push(Spelling { raw, how, stands: anywhere });
    for text in &plain {
        add(text.clone().into_bytes(), "text");
    }
    for (raw, how) in bytes_of(known) {
        if how.starts_with("binary") {
            coded(&raw).into_iter().for_each(|coded| add(coded, "base64"));
        }
        add(raw, how);
    }
    // a version is short, and in a longer code nobody could see that it stands alone
    let is_coded = |text: &&String| !known.is_whole && CODED_BYTES.contains(&text.len());
    for text in plain.iter().filter(is_coded) {
        coded(text.as_bytes()).into_iter().for_each(|coded| add(coded, "base64"));
        for sign in ["", ":", " "] {
            let digits = hex(text.as_bytes(), 1, sign);
            add(digits.to_ascii_uppercase().into_bytes(), "hex");
            add(digits.into_bytes(), "hex");
        }
        if is_distinct(text) {
            add(text.bytes().rev().collect(), "text reversed");
        }
    }
    for text in &plain {
        for (how, digest) in digests(text) {
            // in digits a digest is long enough to be decoded first; in base64 what stands before it may be of the same signs
            let head = digest.get(..DIGEST_BYTES).unwrap_or(&digest).to_vec();
            let told = signs(&head, 0).into_iter().chain([head]);
            found.extend(told.map(|raw| Spelling { raw, how, stands: Stands::Anywhere }));
        }
    }
    found.extend(endings(known));
    found
}

/// Whether a text is longer than the numbers that stand in any message.
fn is_distinct(text: &str) -> bool {
    text.len() >= MIN_DIGITS || text.len() >= MIN_MASKED_BYTES && text.bytes().any(|sign| sign.is_ascii_alphabetic())
}

/// A value where neighbouring bytes are their difference, or keep it: behind an autokey, or one byte.
pub fn behind_mask(known: &Known) -> Vec<Spelling> {
    if known.is_whole {
        return Vec::new();
    }
    let texts = written(known).into_iter().filter(|text| is_distinct(text)).map(String::into_bytes);
    let mut found = Vec::new();
    for raw in texts.chain(bytes_of(known).into_iter().filter(|(_, how)| how.starts_with("binary")).map(|(raw, _)| raw))
    {
        let steps = differences(&raw);
        if steps.iter().collect::<BTreeSet<_>>().len() >= MIN_STEPS {
            found.push(Spelling { raw: steps, how: "xor", stands: Stands::Anywhere });
            found.push(Spelling { raw, how: "xor-autokey", stands: Stands::Anywhere });
        }
    }
    found
}

/// The hexadecimal digits of a value that has no other signs than these and separators.
fn digits_of(known: &Known) -> Option<String> {
    let digits: String = known.text.chars().filter(|sign| !SEPARATORS.contains(sign)).collect();
    let is_code = digits.len() >= MAC_DIGITS && digits.len().is_multiple_of(2) && !known.is_whole;
    (is_code && digits.bytes().all(|sign| sign.is_ascii_hexdigit())).then(|| digits.to_lowercase())
}

fn is_mac(known: &Known, digits: &str) -> bool {
    known.kind == "mac" && digits.len() == MAC_DIGITS
}

/// As text: as it is, in small letters, in capitals, with other separators and without.
fn written(known: &Known) -> BTreeSet<String> {
    let text = known.text.as_str();
    let mut plain = BTreeSet::from([text.to_owned()]);
    let bare = text.replace(SEPARATORS, "");
    let is_place = matches!(known.kind.as_str(), "latitude" | "longitude" | "email" | "password" | "ssid");
    if !known.is_whole && !is_place && bare.len() >= MIN_MASKED_BYTES {
        plain.insert(bare);
    }
    if let Some(digits) = digits_of(known) {
        let signs: Vec<char> = digits.chars().collect();
        if is_mac(known, &digits) {
            for (sign, step) in [(":", 2), ("-", 2), ("", 2), (".", 4)] {
                plain.insert(signs.chunks(step).map(String::from_iter).collect::<Vec<_>>().join(sign));
            }
        } else if digits.len() == UUID_DIGITS {
            let mut rest = digits.as_str();
            let parts = UUID_PARTS.map(|size| {
                let (part, after) = rest.split_at_checked(size).unwrap_or((rest, ""));
                rest = after;
                part
            });
            plain.insert(parts.join("-"));
        }
    }
    let cased: Vec<String> = plain.iter().flat_map(|text| [text.to_lowercase(), text.to_uppercase()]).collect();
    plain.extend(cased);
    plain
}

/// As bytes, where it is written in hexadecimal digits, and backwards, as little-endian fields hold it; a MAC as EUI-64 too.
fn bytes_of(known: &Known) -> Vec<(Vec<u8>, &'static str)> {
    let Some(digits) = digits_of(known) else { return Vec::new() };
    let raw = unhexed(digits.as_bytes());
    let backwards: Vec<u8> = raw.iter().rev().copied().collect();
    let mut found = if is_mac(known, &digits) { extended(&raw) } else { Vec::new() };
    let reversed = hex(&backwards, 1, "");
    found.push((raw, "binary"));
    found.push((backwards, "binary reversed"));
    found.push((reversed.to_uppercase().into_bytes(), "text reversed"));
    found.push((reversed.into_bytes(), "text reversed"));
    found
}

/// A MAC as an EUI-64, as it is and as the interface identifier of an IPv6 address (RFC 4291, appendix A).
fn extended(mac: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let mut spellings = Vec::new();
    let Some((vendor, own)) = mac.split_at_checked(MAC_DIGITS / 4) else { return spellings };
    for flipped in [0, 2] {
        let mut raw = [vendor, &[0xFF, 0xFE], own].concat();
        if let Some(first) = raw.first_mut() {
            *first ^= flipped;
        }
        for (sign, step) in [(":", 1), ("-", 1), ("", 1), (":", 2)] {
            let written = hex(&raw, step, sign);
            spellings.push((written.to_uppercase().into_bytes(), "eui-64"));
            spellings.push((written.into_bytes(), "eui-64"));
        }
        spellings.push((raw, "eui-64"));
    }
    spellings
}

/// The half of a MAC that is the device's own, behind a sign at the end of a word, as in `esp-a1b2c3`. One of digits alone may be
/// any number.
fn endings(known: &Known) -> Vec<Spelling> {
    let Some(digits) = digits_of(known).filter(|digits| is_mac(known, digits)) else { return Vec::new() };
    let own = digits.get(MAC_DIGITS / 2..).unwrap_or_default();
    if own.bytes().all(|sign| sign.is_ascii_digit()) {
        return Vec::new();
    }
    let cased = [own.to_owned(), own.to_uppercase()].into_iter();
    let signed = cased.flat_map(|own| ["-", "_", " "].map(|sign| format!("{sign}{own}").into_bytes()));
    signed.map(|raw| Spelling { raw, how: "last three bytes", stands: Stands::AtEnd }).collect()
}

/// What of these bytes stands in base64 (RFC 4648 4 and 5), wherever in what is coded they begin.
fn coded(raw: &[u8]) -> Vec<Vec<u8>> {
    (0..3).flat_map(|before| signs(raw, before)).collect()
}

/// The signs that these bytes alone make, behind so many others; in both alphabets where they differ.
fn signs(raw: &[u8], before: usize) -> Vec<Vec<u8>> {
    let whole = [[0; 2].get(..before).unwrap_or_default(), raw].concat();
    let text = STANDARD.encode(&whole).into_bytes();
    let own = text.get((before * 8).div_ceil(6)..whole.len() * 8 / 6).unwrap_or_default().to_vec();
    if own.len() < MIN_BASE64_SIGNS {
        return Vec::new();
    }
    let for_url = |sign: &u8| match sign {
        b'+' => b'-',
        b'/' => b'_',
        sign => *sign,
    };
    let other: Vec<u8> = own.iter().map(for_url).collect();
    if other == own { vec![own] } else { vec![own, other] }
}

fn digests(text: &str) -> [(&'static str, Vec<u8>); 3] {
    [
        ("md5", Md5::digest(text).to_vec()),
        ("sha1", Sha1::digest(text).to_vec()),
        ("sha256", Sha256::digest(text).to_vec()),
    ]
}

/// Bytes as hexadecimal digits, with a sign between each so many.
fn hex(bytes: &[u8], step: usize, sign: &str) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    let mut text = String::with_capacity(bytes.len() * (2 + sign.len()));
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place.is_multiple_of(step) {
            text.push_str(sign);
        }
        text.extend([digit(byte >> 4), digit(byte & 0x0F)]);
    }
    text
}
