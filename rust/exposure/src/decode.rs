//! A content as it came, and what it is when one of the encodings that devices use is taken off.

use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use memchr::memmem;
use regex::bytes::Regex;

use crate::cbor;
use crate::escapes::{unescaped, unmarked, unquoted};
use crate::mask;
use crate::runs::runs;
use crate::websocket;
use crate::wide;

/// Encodings on top of one another: base64 of JSON in a form is two. What is compressed below may be a third.
const MAX_DEPTH: usize = 2;
/// What gzip makes begins so (RFC 1952 2.3.1), and what zlib makes with its usual window (RFC 1950 2.2).
const PACKED: [(&str, &[u8]); 4] =
    [("gzip", &[0x1F, 0x8B, 8]), ("zlib", &[0x78, 0x9C]), ("zlib", &[0x78, 0xDA]), ("zlib", &[0x78, 0x01])];
/// Signs that are written as numbers in what is no text as a whole, from which on they are taken for such.
const MIN_ESCAPES: usize = 6;
/// Length of a head in which a message may say what is compressed behind it.
const MAX_HEAD_BYTES: usize = 64;
/// Bytes taken out of one compressed content.
const MAX_INFLATED_BYTES: u64 = 256 << 10;
/// Percentage of printable bytes from which on a content is text: English JSON has 100, random bytes have 38.
const MIN_PRINTABLE: usize = 85;
/// Shortest text.
pub const MIN_TEXT_BYTES: usize = 6;

/// Bytes and the encodings that were taken off to get them, the outermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What is read.
    pub content: Vec<u8>,
    /// Names of encodings; none: the content as it came.
    pub encodings: Vec<&'static str>,
}

impl View {
    /// Whether there may be a further encoding below; what only happens to look like base64 is not looked at again.
    fn may_hold_more(&self) -> bool {
        let is_packed = packed(&self.content).is_some();
        (self.encodings.len() < MAX_DEPTH || self.encodings.len() == MAX_DEPTH && is_packed)
            && (self.encodings.last() != Some(&"base64") || is_text(&self.content) || is_packed)
    }
}

/// A constant pattern of this crate over bytes, with classes of ASCII.
pub fn compiled(pattern: &str) -> Regex {
    Regex::new(&format!("(?-u){pattern}")).unwrap_or_else(|error| unreachable!("{pattern}: {error}"))
}

/// Whether a content is text that can be read.
pub fn is_text(content: &[u8]) -> bool {
    is_mostly(readable(content, |byte| byte), content.len())
}

/// How many bytes are text when something is done to each. They are counted in stretches whose number fits a byte, for which
/// processors have wide instructions.
pub fn readable(content: &[u8], turned: impl Fn(u8) -> u8) -> usize {
    let count = |stretch: &[u8]| {
        stretch.iter().fold(0u8, |count, byte| count.wrapping_add(u8::from(is_readable(turned(*byte)))))
    };
    content.chunks(usize::from(u8::MAX)).map(|stretch| usize::from(count(stretch))).sum()
}

/// Whether a byte is one of text.
pub fn is_readable(byte: u8) -> bool {
    (byte.wrapping_sub(0x20) <= 0x7E - 0x20) | (byte == b'\t') | (byte == b'\r') | (byte == b'\n')
}

/// The same of as many bytes of which so many are text.
pub fn is_mostly(readable: usize, bytes: usize) -> bool {
    bytes >= MIN_TEXT_BYTES && readable * 100 >= bytes * MIN_PRINTABLE
}

/// What a content holds in encoded form, the outer before the inner.
pub fn encoded(content: &[u8]) -> Vec<View> {
    taken_off(content, &[])
}

fn taken_off(content: &[u8], taken: &[&'static str]) -> Vec<View> {
    let mut views = Vec::new();
    for (name, content) in inner(content) {
        let view = View { content, encodings: [taken, &[name]].concat() };
        let below = if view.may_hold_more() { taken_off(&view.content, &view.encodings) } else { Vec::new() };
        views.push(view);
        views.extend(below);
    }
    views
}

/// How a content is compressed, by how it begins.
fn packed(content: &[u8]) -> Option<&'static str> {
    PACKED.into_iter().find(|(_, sign)| content.starts_with(sign)).map(|(name, _)| name)
}

fn unpacked(name: &str, content: &[u8]) -> Vec<u8> {
    if name == "gzip" { inflated(MultiGzDecoder::new(content)) } else { inflated(ZlibDecoder::new(content)) }
}

fn inner(content: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    match packed(content) {
        Some(name) => named(name, unpacked(name, content)),
        None if is_text(content) => {
            let mut found = text_inside(content);
            // heads of short strings are letters
            found.extend(cbor::as_json(content).map(|json| ("cbor", json)));
            // a low key leaves text printable
            found.extend(mask::crib_key(content).map(|key| ("xor", mask::xor(content, key))));
            found
        }
        _ => {
            let mut found = escaped_inside(content);
            found.extend(cbor::as_json(content).map(|json| ("cbor", json)));
            found.extend(wide::narrowed(content).map(|text| ("utf-16", text)));
            found.extend(runs(content));
            found.extend(packed_inside(content));
            found.extend(websocket::unmasked(content).map(|plain| ("websocket", plain)));
            let plain = mask::unmasked(content).or_else(|| Some(("rotated", mask::rotated(content)?)));
            found.extend(plain);
            found
        }
    }
}

/// What it begins with, its name, and what takes it off.
type Escape = (&'static [u8], &'static str, fn(&[u8]) -> Vec<u8>);

/// Text between bytes whose signs are written as numbers, each of them.
fn escaped_inside(content: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let marks: [Escape; 3] = [(b"%", "url", unquoted), (b"&#", "xml", unmarked), (b"\\u00", "json", unescaped)];
    let often = |mark: &[u8]| memmem::find_iter(content, mark).take(MIN_ESCAPES).count() == MIN_ESCAPES;
    let found = marks.into_iter().filter(|(mark, ..)| often(mark)).map(|(_, name, plain)| (name, plain(content)));
    found.filter(|(_, plain)| plain != content).collect()
}

/// What is compressed behind a short head.
fn packed_inside(content: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let head = content.get(..MAX_HEAD_BYTES).unwrap_or(content);
    PACKED.into_iter().find_map(|(name, sign)| {
        let rest = content.get(memmem::find(head, sign)?..)?;
        let plain = unpacked(name, rest);
        (plain.len() >= MIN_TEXT_BYTES).then_some((name, plain))
    })
}

fn named(name: &'static str, plain: Vec<u8>) -> Vec<(&'static str, Vec<u8>)> {
    if plain.is_empty() { Vec::new() } else { vec![(name, plain)] }
}

/// As much as can be taken out; nothing where the content is damaged, what is there where only its end is missing.
fn inflated(stream: impl Read) -> Vec<u8> {
    let mut plain = Vec::new();
    match stream.take(MAX_INFLATED_BYTES).read_to_end(&mut plain) {
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Vec::new(),
        _ => plain,
    }
}

fn text_inside(content: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut found = Vec::new();
    let has = |byte| memchr::memchr(byte, content).is_some();
    if has(b'%') {
        found.push(("url", unquoted(content)));
    }
    if has(b'&') && has(b';') {
        found.push(("xml", unmarked(content)));
    }
    if has(b'\\') {
        found.push(("json", unescaped(content)));
    }
    found.retain(|(_, plain)| plain != content);
    found.extend(runs(content));
    found
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use proptest::prelude::*;

    use super::*;

    fn read(content: &[u8]) -> Vec<(String, String)> {
        let said = |view: View| (view.encodings.join("+"), String::from_utf8_lossy(&view.content).into_owned());
        encoded(content).into_iter().map(said).collect()
    }

    #[test]
    fn json_in_a_string_of_json_is_read() {
        let content = br#"{"data":"{\"sn\":\"A\u0042C\",\"url\":\"a\/b\"}"}"#;
        assert!(read(content).contains(&("json".into(), r#"{"data":"{"sn":"ABC","url":"a/b"}"}"#.into())));
    }

    #[test]
    fn base64_of_json_in_a_form_is_two_encodings() {
        let content = b"data=eyJzbiI6IlNONDcxMSJ9Cg%3D%3D&next=one";
        assert!(read(content).iter().any(|(how, text)| how == "url+base64" && text.trim() == r#"{"sn":"SN4711"}"#));
    }

    #[test]
    fn base64_of_what_is_no_text_is_taken_off_once_unless_it_is_compressed() {
        let coded = base64::engine::general_purpose::STANDARD.encode(b"\x00\x12\x01KEQ0000001\x00\xFF\xFE\x80\x81");
        let views = encoded(format!("C:0c,{coded}").as_bytes());
        assert!(views.iter().any(|view| view.encodings == ["base64"] && view.content.ends_with(&[0xFE, 0x80, 0x81])));
        let mut zlib = flate2::read::ZlibEncoder::new(br#"{"sn":"SN4711"}"#.as_slice(), flate2::Compression::best());
        let mut packed = Vec::new();
        assert!(zlib.read_to_end(&mut packed).is_ok());
        let coded = base64::engine::general_purpose::STANDARD.encode(&packed);
        assert!(read(coded.as_bytes()).contains(&("base64+zlib".into(), r#"{"sn":"SN4711"}"#.into())));
    }

    #[test]
    fn markup_in_a_text_is_read() {
        assert_eq!(read(b"a &lt;sn&gt;4711&lt;/sn&gt;"), [("xml".into(), "a <sn>4711</sn>".into())]);
    }

    #[test]
    fn what_is_compressed_is_read_as_far_as_it_goes() {
        let mut gzip = flate2::read::GzEncoder::new([b'a'; 4000].as_slice(), flate2::Compression::fast());
        let mut packed = Vec::new();
        assert!(gzip.read_to_end(&mut packed).is_ok());
        assert_eq!(encoded(&packed).first().map(|view| view.content.len()), Some(4000));
        let cut = packed.get(..packed.len() - 6).unwrap_or_default();
        assert_eq!(encoded(cut).first().map(|view| view.content.len()), Some(4000));
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let mut zlib = flate2::read::ZlibEncoder::new(std::io::repeat(0).take(8 << 20), flate2::Compression::best());
        let mut packed = Vec::new();
        assert!(zlib.read_to_end(&mut packed).is_ok());
        assert_eq!(encoded(&packed).first().map(|view| view.content.len()), Some(256 << 10));
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_fault(content in proptest::collection::vec(any::<u8>(), 0..400)) {
            for view in encoded(&content) {
                prop_assert!(!view.encodings.is_empty() && view.encodings.len() <= MAX_DEPTH + 1);
            }
        }
    }
}
