//! Text behind an exclusive or, with one byte or with the byte before it, or with the bits of each byte rotated.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use crate::decode::{MIN_TEXT_BYTES, is_mostly, is_readable, is_text, readable};

/// Start key of the autokey cipher in TP-Link's Smart Home protocol (softScheck, 2016).
const AUTOKEY_START: u8 = 171;
/// Bytes that are frequent in records of text: space, quote, 0, e.
const FREQUENT: [u8; 4] = [0x20, 0x22, 0x30, 0x65];
/// First bytes of a content by whose frequencies a key is guessed.
const HEAD_BYTES: usize = 512;
/// Length of the head in clear that may stand before masked text.
const MAX_SKIPPED_BYTES: usize = 16;
/// The most frequent byte of text makes at least one in so many; of random bytes one in 60 (512 bytes).
const MAX_TEXT_ALPHABET: usize = 16;
/// What stands between a key and a text in JSON, tight and as most libraries write it.
const JSON_MARKS: [&[u8]; 2] = [br#"":""#, br#"": ""#];
/// The same as steps from byte to byte.
static CRIBS: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| JSON_MARKS.map(|mark| Finder::new(&differences(mark)).into_owned()));

/// Every byte with the same key.
pub fn xor(content: &[u8], key: u8) -> Vec<u8> {
    content.iter().map(|byte| byte ^ key).collect()
}

/// Each byte with the next one: the same whatever single byte a content is masked with, and the text behind an autokey but for
/// its first sign.
pub fn differences(content: &[u8]) -> Vec<u8> {
    content.iter().zip(content.iter().skip(1)).map(|(byte, next)| byte ^ next).collect()
}

/// A content that is no text as it stands, and the text that it is without its mask, with the mask's name.
pub fn unmasked(content: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let steps = differences(content);
    // over TCP a length of four bytes comes first
    for skip in [0, 4] {
        if let (Some(first), Some(rest)) = (content.get(skip).map(|byte| byte ^ AUTOKEY_START), steps.get(skip..))
            && is_mostly(readable(&[first], |byte| byte) + readable(rest, |byte| byte), 1 + rest.len())
        {
            return Some(("xor-autokey", [&[first], rest].concat()));
        }
    }
    let key = key_in(content, &steps).or_else(|| {
        (may_be_frequent(content) && !holds_text(content))
            .then(|| (0..=MAX_SKIPPED_BYTES).step_by(4).find_map(|skip| frequent_key(head(content, skip))))?
    })?;
    Some(("xor", xor(content, key)))
}

/// A content that is no text as it stands, and the text that it is when the bits of each byte are turned by one to seven places.
pub fn rotated(content: &[u8]) -> Option<Vec<u8>> {
    let is_long = content.len() >= 2 * MIN_TEXT_BYTES && !holds_text(content);
    let is_plain = |bytes: &[u8], places| is_mostly(readable(bytes, |byte| byte.rotate_left(places)), bytes.len());
    let places = (1..u8::BITS).find(|places| is_long && is_plain(head(content, 0), *places))?;
    is_plain(content, places).then(|| content.iter().map(|byte| byte.rotate_left(places)).collect())
}

/// Whether half of a content or more is one text: that is nothing behind a mask, though under many masks digits and letters
/// would be signs of some other text.
fn holds_text(content: &[u8]) -> bool {
    let longest = content.split(|byte| !is_readable(*byte)).map(<[u8]>::len).max().unwrap_or_default();
    longest * 2 >= content.len()
}

fn head(content: &[u8], skip: usize) -> &[u8] {
    let rest = content.get(skip..).unwrap_or_default();
    rest.get(..HEAD_BYTES).unwrap_or(rest)
}

/// The key under which `":"` of JSON stands in the content, whatever the key: neighbours keep their difference.
pub fn crib_key(content: &[u8]) -> Option<u8> {
    key_in(content, &differences(content))
}

/// The same where the steps from byte to byte are known.
fn key_in(content: &[u8], steps: &[u8]) -> Option<u8> {
    JSON_MARKS.into_iter().zip(CRIBS.iter()).find_map(|(mark, crib)| {
        let key = crib
            .find_iter(steps)
            .filter_map(|place| Some(content.get(place)? ^ mark.first()?))
            // the mark stands in clear too where a message holds both: what follows decides
            .find(|key| *key != 0)?;
        let plain = xor(content, key);
        let opened = memchr::memchr(b'{', &plain)?;
        (memmem::find_iter(&plain, mark).count() > 1 && is_text(plain.get(opened..)?)).then_some(key)
    })
}

fn counts(content: &[u8]) -> [usize; 256] {
    let mut counts = [0usize; 256];
    for byte in content {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    counts
}

/// Whether one byte is frequent enough for text, wherever the text begins; most of what is encrypted ends here.
fn may_be_frequent(content: &[u8]) -> bool {
    let looked = content.get(..HEAD_BYTES + MAX_SKIPPED_BYTES).unwrap_or(content);
    let most = counts(looked).into_iter().max().unwrap_or_default();
    most * MAX_TEXT_ALPHABET >= HEAD_BYTES.min(content.len().saturating_sub(MAX_SKIPPED_BYTES))
}

/// The key that makes the most frequent byte one that is frequent in text, and the whole text.
fn frequent_key(head: &[u8]) -> Option<u8> {
    if head.len() < 2 * MIN_TEXT_BYTES {
        return None;
    }
    let counts = counts(head);
    let count = |byte: u8| counts.get(usize::from(byte)).copied().unwrap_or_default();
    let most = counts.into_iter().max()?;
    if most * MAX_TEXT_ALPHABET < head.len() {
        return None;
    }
    // of bytes that are equally frequent the one that comes first
    let frequent = head.iter().find(|byte| count(**byte) == most)?;
    let is_plain = |key: u8| is_mostly(readable(head, |byte| byte ^ key), head.len());
    FREQUENT.into_iter().map(|guess| frequent ^ guess).find(|key| *key != 0 && is_plain(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] = br#"{"system":{"alias":"Lamp","mac":"50:C7:BF:00:00:01","model":"HS110"}}"#;

    #[test]
    fn a_record_behind_one_byte_is_read_whatever_the_byte() {
        for key in 1..=255u8 {
            let masked = xor(RECORD, key);
            let found = if is_text(&masked) { crib_key(&masked) } else { unmasked(&masked).map(|_| key) };
            assert_eq!(found, Some(key), "key {key}");
        }
    }

    #[test]
    fn a_record_behind_autokey_is_read_with_and_without_a_length() {
        let mut cipher = Vec::new();
        let mut key = AUTOKEY_START;
        for byte in RECORD {
            key ^= byte;
            cipher.push(key);
        }
        let framed = [&[0, 0, 0, 67], cipher.as_slice()].concat();
        for sent in [cipher, framed] {
            let (how, plain) = unmasked(&sent).unwrap_or_default();
            assert!(how == "xor-autokey" && plain.ends_with(RECORD.get(1..).unwrap_or_default()));
        }
    }

    #[test]
    fn a_record_whose_bits_are_rotated_is_read_whatever_the_places() {
        for places in 1..8 {
            let sent: Vec<u8> = RECORD.iter().map(|byte| byte.rotate_right(places)).collect();
            assert!(is_text(&sent) || rotated(&sent).as_deref() == Some(RECORD), "{places} places");
        }
        assert_eq!(rotated(&[0, 1, 2, 3, 0xFF, 0xFE, 9, 8, 7, 6, 0, 0, 0, 1, 2, 200]), None);
    }

    #[test]
    fn digits_between_bytes_of_any_kind_are_behind_no_mask() {
        let digits = b"65 61 39 64 62 38 65 36 2d 65 30 31 30 2d 66 33 39 34 2d 34 66 34 61 2d 63 33";
        for head in [&[1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 6, 8, 0x82, 1, 1, 5, 0, 4], [0x82; 18].as_slice()] {
            let content = [head, digits].concat();
            assert_eq!((unmasked(&content), rotated(&content)), (None, None), "{head:?}");
        }
    }

    #[test]
    fn text_without_json_behind_a_head_in_clear_is_read_by_its_frequent_bytes() {
        let text = b"serial number is 4711 0815 and the name of the thing is kitchen lamp one";
        let masked = [&[1u8, 2, 3, 4, 5, 6, 7, 8], xor(text, 0xA5).as_slice()].concat();
        let (how, plain) = unmasked(&masked).unwrap_or_default();
        assert_eq!((how, plain.get(8..)), ("xor", Some(text.as_slice())));
    }
}
