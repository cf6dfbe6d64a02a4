//! Signs that are written as others: `%41` of forms, `&#65;` of XML, `\u0041` of JSON, and hexadecimal digits.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::decode::compiled;

static ESCAPE: LazyLock<Regex> = LazyLock::new(|| compiled(r"\\u00([0-9A-Fa-f]{2})"));

/// `&amp;` and `&#65;` of XML.
pub fn unmarked(content: &[u8]) -> Vec<u8> {
    htmlize::unescape_bytes_in(content, htmlize::Context::General).into_owned()
}

/// `%41` and `+` of forms and queries.
pub fn unquoted(content: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                plain.push(digit(*high) << 4 | digit(*low));
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => plain.push(b' '),
            _ => plain.push(byte),
        }
    }
    plain
}

fn digit(sign: u8) -> u8 {
    char::from(sign).to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or_default()
}

/// `\u0041`, `\"` and `\/` of JSON in JSON.
pub fn unescaped(content: &[u8]) -> Vec<u8> {
    let told = ESCAPE.replace_all(content, |found: &regex::bytes::Captures<'_>| {
        found.get(1).map(|digits| unhexed(digits.as_bytes())).unwrap_or_default()
    });
    let mut plain = Vec::with_capacity(told.len());
    let mut rest: &[u8] = &told;
    while let Some((&byte, after)) = rest.split_first() {
        match after.split_first() {
            Some((&quoted @ (b'"' | b'/'), further)) if byte == b'\\' => {
                plain.push(quoted);
                rest = further;
            }
            _ => {
                plain.push(byte);
                rest = after;
            }
        }
    }
    plain
}

/// The bytes of pairs of hexadecimal digits.
pub fn unhexed(digits: &[u8]) -> Vec<u8> {
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0u8, |byte, sign| byte << 4 | digit(*sign))).collect()
}
