//! Whether a text can be a value of a kind: what only stands behind a key's name is none.

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::meaning::EMAIL;

static MAC: LazyLock<Regex> = LazyLock::new(|| whole(r"(?:[0-9A-Fa-f]{2}[:\-]){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{12}"));
static VERSION: LazyLock<Regex> = LazyLock::new(|| whole(r"[vV]?\d+(?:[._\-][\w]+)+.{0,40}|.{0,40}\d+\.\d+.{0,40}"));
static COORDINATE: LazyLock<Regex> = LazyLock::new(|| whole(r"[+\-]?[0-9]{1,3}\.[0-9]{3,}|[+\-]?[0-9]{6,10}"));
static SERIAL: LazyLock<Regex> = LazyLock::new(|| whole(r"[A-Za-z0-9][A-Za-z0-9\-_./]{5,63}"));
static ID: LazyLock<Regex> = LazyLock::new(|| whole(r"[A-Za-z0-9][A-Za-z0-9\-_.:]{7,79}"));
static LETTERS: LazyLock<Regex> = LazyLock::new(|| whole(r"[A-Z][A-Z\-]{5,63}"));
static CODE: LazyLock<Regex> = LazyLock::new(|| whole(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*(?:\([A-Z]{2}\))?"));

/// Keys beside which a serial number that is a number is that of a token or certificate (RFC 5280 4.1.2.2, 4.1.2.5; Netflix' Message
/// Security Layer, master tokens).
const VALIDITIES: [&[u8]; 5] =
    [b"\"expiration\"", b"\"expires\"", b"\"notafter\"", b"\"validto\"", b"\"renewalwindow\""];
const EMPTY: [&str; 9] = ["", "null", "none", "true", "false", "undefined", "n/a", "unknown", "0"];

fn whole(pattern: &str) -> Regex {
    Regex::new(&format!(r"(?-u)\A(?:{pattern})\z")).unwrap_or_else(|error| unreachable!("{pattern}: {error}"))
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A vendor's code for a model: capitals and digits, as no word has them together.
pub fn is_code(text: &str) -> bool {
    has_digit(text) && text.bytes().any(|byte| byte.is_ascii_uppercase()) && CODE.is_match(text.as_bytes())
}

/// A personal identification number: 4 to 12 digits (ISO 9564-1), those of HomeKit and Matter with hyphens. A pin of a chip has fewer.
pub fn is_pin(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (4..=12).contains(&digits)
        && text.bytes().all(|sign| sign.is_ascii_digit() || sign == b'-')
        && !text.starts_with('-')
}

/// Whether a text is one e-mail address.
pub fn is_email(text: &str) -> bool {
    EMAIL.find(text.as_bytes()).is_some_and(|found| found.len() == text.len())
}

/// Whether a text can be a value of this kind.
pub fn is_plausible(kind: &str, text: &str) -> bool {
    let first = text.chars().next();
    if EMPTY.contains(&text.to_lowercase().as_str()) || text.chars().all(|sign| Some(sign) == first) {
        return false;
    }
    let length = text.chars().count();
    match kind {
        "mac" => MAC.is_match(text.as_bytes()),
        // a short number under `sn` is a sequence number
        "serial" => {
            (has_digit(text) && SERIAL.is_match(text.as_bytes()) || LETTERS.is_match(text.as_bytes()))
                && !(is_digits(text) && length < 8)
        }
        // with a digit, as no word has; or capitals alone, as random letters are written
        "device_id" => {
            let is_capitals = (8..=80).contains(&length) && text.bytes().all(|byte| byte.is_ascii_uppercase());
            has_digit(text) && ID.is_match(text.as_bytes()) || is_capitals
        }
        "public_address" => text.parse().is_ok_and(is_public),
        "imei" => length == 15 && is_digits(text) && luhn(text),
        // some number their releases: a shorter number is a count or a switch
        "firmware" => {
            (4..=12).contains(&length) && is_digits(text) || length <= 64 && VERSION.is_match(text.as_bytes())
        }
        // a type of UPnP devices (UDA 2.0, 2.3) is no vendor's
        "model" => (2..=64).contains(&length) && !text.starts_with("urn:"),
        "email" => is_email(text),
        "latitude" => is_coordinate(text, 90.0),
        "longitude" => is_coordinate(text, 180.0),
        "password" => (2..=128).contains(&length) && text.chars().any(|sign| sign != '*'),
        "token" => length >= 8 && !text.contains(' '),
        "ssid" => text.len() <= 32,
        _ => (2..=64).contains(&length),
    }
}

/// Whether an address may be one's own on the Internet: none of a block for other purposes (RFC 6890, RFC 5771).
pub fn is_public(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || is_shared)
        && (1..224).contains(&first)
}

/// Whether a number in an object of JSON stands beside how long that object is valid.
pub fn is_credentials(content: &[u8], start: usize) -> bool {
    let (Some(before), Some(rest)) = (content.get(..start), content.get(start..)) else { return false };
    let end = memchr::memchr2(b',', b'}', rest).unwrap_or(rest.len());
    let is_number = before.last() != Some(&b'"')
        && rest.get(..end).is_some_and(|told| told.trim_ascii().iter().all(u8::is_ascii_digit));
    // what lies in objects inside of it is told of something else
    let Some(open) = memchr::memrchr2(b'{', b'}', before).filter(|_| is_number) else { return false };
    let close = memchr::memchr2(b'{', b'}', rest).map_or(content.len(), |place| start + place);
    let object = content.get(open..close).unwrap_or_default().to_ascii_lowercase();
    VALIDITIES.iter().any(|key| memchr::memmem::find(&object, key).is_some())
}

/// Degrees; some devices tell them in ten-thousandths.
fn is_coordinate(text: &str, limit: f64) -> bool {
    let degrees = |value: f64| if text.contains('.') { value } else { value / 10_000.0 };
    COORDINATE.is_match(text.as_bytes())
        && text.parse().map(degrees).is_ok_and(|value: f64| value.abs() > 0.01 && value.abs() <= limit)
}

/// The check digit of ISO/IEC 7812-1, which an IMEI has (3GPP TS 23.003, annex B).
fn luhn(digits: &str) -> bool {
    let weighed = digits.bytes().rev().enumerate().map(|(place, sign)| {
        let value = u32::from(sign.saturating_sub(b'0')) * if place % 2 == 1 { 2 } else { 1 };
        if value > 9 { value - 9 } else { value }
    });
    weighed.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_from_what_only_stands_behind_their_key() {
        let cases = [
            ("serial", "SN4711-0815", true),
            ("serial", "1234567", false),
            ("serial", "12345678", true),
            ("serial", "QWERTZ", true),
            ("serial", "number", false),
            ("mac", "50:c7:bf:00:00:01", true),
            ("mac", "50c7bf00000", false),
            ("device_id", "aaaaaaaaaa", false),
            ("device_id", "ABCDEFGH", true),
            ("imei", "490154203237518", true),
            ("imei", "490154203237519", false),
            ("firmware", "1.2.3 Build 170000", true),
            ("firmware", "yes", false),
            ("firmware", "01027237", true),
            ("firmware", "122", false),
            ("model", "urn:schemas-upnp-org:device:Basic:1", false),
            ("latitude", "48.1374", true),
            ("latitude", "481374", true),
            ("latitude", "98.1374", false),
            ("longitude", "98.1374", true),
            ("email", "a.b@mail.example", true),
            ("email", "a.b@mail", false),
            ("password", "****", false),
            ("password", "*a", true),
            ("token", "has a blank in it", false),
            ("ssid", "null", false),
            ("public_address", "130.83.40.172", true),
            ("public_address", "192.168.1.2", false),
            ("public_address", "100.64.1.2", false),
            ("public_address", "127.0.0.1", false),
            ("public_address", "1.2.3", false),
            ("model", "HS110(EU)", true),
        ];
        for (kind, text, is_one) in cases {
            assert_eq!(is_plausible(kind, text), is_one, "{kind} {text}");
        }
        assert!(is_code("HS110(EU)") && !is_code("product") && !is_code("4711"));
    }
}
