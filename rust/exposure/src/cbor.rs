//! CBOR (RFC 8949), as CoAP and other small devices' protocols carry it (content format 60), as JSON.

use crate::decode::is_text;
use crate::within;

/// Maps and arrays inside of one another.
const MAX_DEPTH: usize = 16;
/// Most bytes of JSON: a content in a payload has 16 KiB, and a number of nine bytes takes some 20 signs.
const MAX_JSON_BYTES: usize = 64 << 10;
/// Major types (RFC 8949 3.1).
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
/// Additional information of an item that ends with a break, and the break.
const INDEFINITE: u8 = 31;
const BREAK: u8 = 0xFF;
/// Head of the tag that says "this is CBOR" (RFC 8949 3.4.6).
const SELF_DESCRIBED: &[u8] = &[0xD9, 0xD9, 0xF7];
/// Magnitudes that are written without an exponent.
const PLAIN: std::ops::Range<f64> = 1e-6..1e15;

/// A content that is one map or array from its first byte to its last, with a text for a name somewhere, as JSON: bytes that are no
/// text as hexadecimal digits, names that are numbers as texts.
pub fn as_json(content: &[u8]) -> Option<Vec<u8>> {
    let rest = content.strip_prefix(SELF_DESCRIBED).unwrap_or(content);
    if !rest.first().is_some_and(|first| matches!(first >> 5, ARRAY | MAP)) {
        return None;
    }
    let mut reader = Reader { rest, json: Vec::new(), names: 0 };
    reader.item(0)?;
    (reader.rest.is_empty() && reader.names > 0).then_some(reader.json)
}

struct Reader<'a> {
    rest: &'a [u8],
    json: Vec<u8>,
    /// names in maps that are texts
    names: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// Major type, additional information, and the number that it or the bytes behind it tell (of an indefinite length: none).
    fn head(&mut self) -> Option<(u8, u8, Option<u64>)> {
        let first = *self.take(1)?.first()?;
        let (major, low) = (first >> 5, first & 31);
        let number = match low {
            0..=23 => Some(u64::from(low)),
            24..=27 => {
                let told = self.take(1 << (low - 24))?;
                Some(told.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
            }
            INDEFINITE => None,
            _ => return None,
        };
        Some((major, low, number))
    }

    fn write(&mut self, text: &[u8]) -> Option<()> {
        self.json.extend_from_slice(text);
        (self.json.len() <= MAX_JSON_BYTES).then_some(())
    }

    fn ends(&mut self) -> bool {
        let is_end = self.rest.first() == Some(&BREAK);
        if is_end {
            self.rest = within(self.rest, 1, self.rest.len());
        }
        is_end
    }

    fn item(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.head()? {
            (0, _, Some(number)) => self.write(number.to_string().as_bytes()),
            (1, _, Some(number)) => self.write((-1 - i128::from(number)).to_string().as_bytes()),
            (major @ (BYTES | TEXT), _, length) => {
                let string = self.string(major, length)?;
                self.quoted(&string)
            }
            (major @ (ARRAY | MAP), _, count) => self.several(major == MAP, count, depth),
            (TAG, _, Some(_)) => self.item(depth + 1),
            (7, low, Some(number)) => self.simple(low, number),
            _ => None,
        }
    }

    /// The bytes of a string; one of indefinite length comes in pieces of its own kind (RFC 8949 3.2.3).
    fn string(&mut self, major: u8, length: Option<u64>) -> Option<Vec<u8>> {
        if let Some(length) = length {
            let bytes = self.take(usize::try_from(length).ok()?)?;
            return (major != TEXT || std::str::from_utf8(bytes).is_ok()).then(|| bytes.to_vec());
        }
        let mut whole = Vec::new();
        while !self.ends() {
            let (piece, _, Some(length)) = self.head()? else { return None };
            if piece != major {
                return None;
            }
            whole.extend(self.string(major, Some(length))?);
        }
        Some(whole)
    }

    /// A text, or bytes that are none as digits.
    fn quoted(&mut self, string: &[u8]) -> Option<()> {
        self.write(b"\"")?;
        let plain = std::str::from_utf8(string).is_ok() && !string.iter().any(u8::is_ascii_control);
        if plain || is_text(string) {
            for byte in string {
                if matches!(byte, b'"' | b'\\') {
                    self.write(b"\\")?;
                }
                self.write(&[*byte])?;
            }
        } else {
            for byte in string {
                self.write(format!("{byte:02x}").as_bytes())?;
            }
        }
        self.write(b"\"")
    }

    fn several(&mut self, is_map: bool, count: Option<u64>, depth: usize) -> Option<()> {
        self.write(if is_map { b"{" } else { b"[" })?;
        let mut done = 0;
        while count != Some(done) && !(count.is_none() && self.ends()) {
            if done > 0 {
                self.write(b",")?;
            }
            if is_map {
                self.name()?;
                self.write(b":")?;
            }
            self.item(depth + 1)?;
            done += 1;
        }
        self.write(if is_map { b"}" } else { b"]" })
    }

    fn name(&mut self) -> Option<()> {
        match self.head()? {
            (0, _, Some(number)) => self.write(format!("\"{number}\"").as_bytes()),
            (1, _, Some(number)) => self.write(format!("\"{}\"", -1 - i128::from(number)).as_bytes()),
            (major @ (BYTES | TEXT), _, length) => {
                let string = self.string(major, length)?;
                self.names += usize::from(major == TEXT && !string.is_empty());
                self.quoted(&string)
            }
            _ => None,
        }
    }

    /// Numbers with a point, and simple values (RFC 8949 3.3).
    fn simple(&mut self, low: u8, number: u64) -> Option<()> {
        // the shortest digits that are this number in its own width
        let text = match low {
            20 => "false".into(),
            21 => "true".into(),
            22 | 23 => "null".into(),
            25 => written(half(number)),
            26 => f32::from_bits(u32::try_from(number).ok()?).to_string(),
            27 => written(f64::from_bits(number)),
            _ => number.to_string(),
        };
        self.write(text.as_bytes())
    }
}

fn written(value: f64) -> String {
    if value == 0.0 || PLAIN.contains(&value.abs()) { value.to_string() } else { format!("{value:e}") }
}

/// A number of half precision (RFC 8949, appendix D).
fn half(bits: u64) -> f64 {
    let bits = u16::try_from(bits).unwrap_or_default();
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF));
    let value = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 => f64::INFINITY,
        _ => (mantissa + 1024.0) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -value } else { value }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::escapes::unhexed;

    fn read(digits: &str) -> Option<String> {
        as_json(&unhexed(digits.replace(' ', "").as_bytes())).map(|json| String::from_utf8_lossy(&json).into_owned())
    }

    #[test]
    fn maps_are_read_as_json() {
        // examples of RFC 8949, appendix A, and what stands in them
        for (digits, json) in [
            ("a2 61 61 01 61 62 82 02 03", r#"{"a":1,"b":[2,3]}"#),
            ("a1 6161 fb 3ff199999999999a", r#"{"a":1.1}"#),
            ("a1 6161 f9 c400", r#"{"a":-4}"#),
            ("a1 6161 fa 47c35000", r#"{"a":100000}"#),
            ("bf 6346756e f5 63416d74 21 ff", r#"{"Fun":true,"Amt":-2}"#),
            ("d9d9f7 a2 01 a1 6161 44 01020304 20 6161", r#"{"1":{"a":"01020304"},"-1":"a"}"#),
            ("a1 6161 7f 657374726561 646d696e67 ff", r#"{"a":"streaming"}"#),
            ("a1 6161 c0 63 225c22", r#"{"a":"\"\\\""}"#),
        ] {
            assert_eq!(read(digits).as_deref(), Some(json), "{digits}");
        }
    }

    #[test]
    fn what_is_cut_or_goes_on_or_names_nothing_is_none() {
        for digits in ["a1 6161", "a1 6161 01 00", "a1 01 02", "83 01 02 03", "01", "a1 6161 fc", "bf 6161 01", ""] {
            assert_eq!(read(digits), None, "{digits}");
        }
        assert_eq!(as_json(&[[0x81; 40].as_slice(), &[0xA1, 0x61, 0x61, 1]].concat()), None);
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_fault(first in 0x80u8..0xC0, rest in proptest::collection::vec(any::<u8>(), 0..60)) {
            as_json(&[[first].as_slice(), &rest].concat());
        }
    }
}
