//! Values found by their meaning: the key that names them, or their format.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::decode::{compiled, is_text};
use crate::escapes::unquoted;
use crate::hints::Hints;
use crate::keyed::pairs_in;
use crate::logins::{in_urls, is_sip, logins};
use crate::nmea::sentences;
use crate::places::places;
use crate::plausible::{is_code, is_credentials, is_email, is_pin, is_plausible};

/// `<key>value</key>` of XML.
static TAGGED: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"<(?:\w{1,20}:)?([A-Za-z_][\w.\-]{0,40})(?:\s[^>]{0,200})?>([^<]{1,256})</"));
/// `<key value="value"/>` of XML.
static VALUED: LazyLock<Regex> =
    LazyLock::new(|| compiled(r#"<([A-Za-z_][\w.\-]{0,40})\s{1,8}value\s?=\s?["']([^"'<>]{1,256})["']"#));
/// Headers of HTTP that hold pairs: parameters of a scheme (RFC 9110 11.4), and cookies (RFC 6265 4).
static PAIRS: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?im)^(?:((?:set-)?cookie):|(?:proxy-)?authorization: {0,4}\w+) {0,4}([^\r\n]+)"));
/// Names of Linux's network interfaces, before their number, with which devices say of which one they speak.
const INTERFACES: [&str; 6] = ["wlan", "eth", "ath", "br", "ra", "wl"];
/// An e-mail address.
pub static EMAIL: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62}\.){1,8}[A-Za-z]{2,24}"));
/// A JSON Web Token (RFC 7519): two base64url objects and a signature.
static JWT: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}"));
static BEARER: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)\bauthorization:\s{0,4}bearer\s+([A-Za-z0-9._~+/\-]{8,}={0,2})"));
/// User name that opens a Philips Hue bridge, in the path of its API (developers.meethue.com, Hue API v1).
static HUE: LazyLock<Regex> = LazyLock::new(|| compiled(r"/api/([A-Za-z0-9\-]{16,64})(?:/|\s|$)"));

/// Values that their format tells: hint, kind, pattern.
static FORMATS: [(&str, &str, &LazyLock<Regex>); 4] =
    [("authorization", "token", &BEARER), ("eyj", "token", &JWT), ("/api/", "token", &HUE), ("@", "email", &EMAIL)];

/// Longest value of these: heads of HTTP with longer ones are refused by many servers (RFC 9110 4.1 asks for as much). A limit in
/// a pattern would take as much time to be made as the pattern saves.
const MAX_FORMAT_BYTES: usize = 8000;
/// Shortest address that is believed between bytes that are no text: shorter ones stand in 30 MB of random bytes.
const MIN_EMAIL_IN_BINARY: usize = 10;
/// What a key means, by its name without case and signs; a kind with `?` is told by a name that means other things too,
/// one with `#` by a number alone.
pub type KeyKinds = HashMap<String, String>;

/// Something that a message tells, and where it stands in what was searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// serial, email, token, ...
    pub kind: String,
    /// The value itself.
    pub text: String,
    /// The name that the message gives it; none: its format tells.
    pub key: Option<String>,
    /// How it is written and its bytes, where these are not the value itself.
    pub written: Option<(&'static str, Vec<u8>)>,
}

/// What a content tells by key or format; each place once, the key before the format.
pub fn values(content: &[u8], kinds: &KeyKinds) -> Vec<Value> {
    let mut found = Vec::new();
    let mut taken = HashSet::new();
    let (is_text, hints) = (is_text(content), Hints::of(content));
    let tagged = [("</", &TAGGED), ("value", &VALUED)].into_iter().filter(|(hint, _)| hints.any(&[hint]));
    let tagged = tagged.flat_map(|(_, pattern)| pattern.captures_iter(content));
    let tagged = tagged.filter_map(|pair| Some((pair.get(1)?.range(), pair.get(2)?.range())));
    for (key, told) in pairs_in(content).chain(tagged) {
        let (key, start) = (content.get(key).unwrap_or_default(), told.start);
        if let Some(value) = named(key, content.get(told).unwrap_or_default(), kinds)
            && (is_text || is_clean(&value.text))
            && !(value.kind == "serial" && is_credentials(content, start))
        {
            taken.insert(start);
            found.push(value);
        }
    }
    if hints.any(&["cookie", "authorization"]) {
        pairs(content, kinds, &mut taken, &mut found);
    }
    logins(content, &hints, &mut found);
    places(content, &hints, &mut found);
    sentences(content, &hints, &mut found);
    let in_urls = if hints.any(&["@"]) { in_urls(content, &mut found) } else { Vec::new() };
    for (_, kind, pattern) in FORMATS.iter().filter(|(hint, ..)| hints.any(&[hint])) {
        for captures in pattern.captures_iter(content) {
            let Some(text) = captures.get(1).or_else(|| captures.get(0)) else { continue };
            if *kind == "email" && is_sip(content, text.start()) {
                let account = lossy(text.as_bytes().split(|byte| *byte == b'@').next().unwrap_or_default());
                if is_plausible("user", &account) && taken.insert(text.start()) {
                    found.push(value("user", account, Some("sip")));
                }
                continue;
            }
            let is_chance = !is_text && *kind == "email" && text.len() < MIN_EMAIL_IN_BINARY;
            let is_login = *kind == "email" && in_urls.iter().any(|place| place.contains(&text.start()));
            if !is_chance && !is_login && text.len() <= MAX_FORMAT_BYTES && taken.insert(text.start()) {
                found.push(value(kind, lossy(text.as_bytes()), None));
            }
        }
    }
    found
}

/// Pairs in a header, the first of which looks like the header's value. A cookie's id is a session's, not a device's.
fn pairs(content: &[u8], kinds: &KeyKinds, taken: &mut HashSet<usize>, found: &mut Vec<Value>) {
    for header in PAIRS.captures_iter(content) {
        let (is_cookie, Some(told)) = (header.get(1).is_some(), header.get(2)) else { continue };
        let told = told.range();
        let inside = content.get(told.clone()).unwrap_or_default();
        for (key, value) in pairs_in(inside) {
            let start = value.start;
            if let Some(value) =
                named(inside.get(key).unwrap_or_default(), inside.get(value).unwrap_or_default(), kinds)
                && !(is_cookie && value.kind == "device_id")
                && taken.insert(told.start + start)
            {
                found.push(value);
            }
        }
    }
}

/// Whether a text has only signs that people write; among random bytes few do.
fn is_clean(text: &str) -> bool {
    !text.chars().any(|sign| sign.is_control() || sign == char::REPLACEMENT_CHARACTER)
}

/// A value, and the name that it goes by.
pub fn value(kind: &str, text: String, key: Option<&str>) -> Value {
    Value { kind: kind.into(), text, key: key.map(Into::into), written: None }
}

/// Bytes as text.
pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A name without that of a network interface before it.
fn unprefixed(name: &str) -> Option<&str> {
    let numbered = INTERFACES.into_iter().find_map(|interface| {
        name.strip_prefix(interface).filter(|rest| rest.starts_with(|sign: char| sign.is_ascii_digit()))
    })?;
    numbered.get(1..)
}

fn named(key: &[u8], told: &[u8], kinds: &KeyKinds) -> Option<Value> {
    let name: String = key
        .iter()
        .filter(|sign| sign.is_ascii_alphanumeric())
        .map(|sign| char::from(sign.to_ascii_lowercase()))
        .collect();
    let kind = kinds.get(&name).or_else(|| kinds.get(unprefixed(&name)?))?.as_str();
    // a form's signs are quoted one by one, so that none of them ends the value (URL Standard, 5)
    let quoted = memchr::memchr(b'%', told).map(|_| unquoted(told)).filter(|plain| plain != told);
    let text = lossy(quoted.as_deref().unwrap_or(told));
    // a UPnP device's name is told with and without its scheme (UDA 2.0, 1.1.4)
    let text = text.trim().trim_start_matches("uuid:").to_owned();
    let kind = match (kind.strip_suffix('?'), kind.strip_suffix('#')) {
        (Some(kind), _) => is_code(&text).then_some(kind)?,
        (_, Some(kind)) => is_pin(&text).then_some(kind)?,
        _ if kind == "user" => user(&text),
        _ => kind,
    };
    is_plausible(kind, &text).then(|| Value {
        written: quoted.is_some().then(|| ("url", told.to_vec())),
        ..value(kind, text, Some(&lossy(key)))
    })
}

/// Kind of a user name: many are an e-mail address, which is the one thing that is then told.
pub fn user(text: &str) -> &'static str {
    if is_email(text) { "email" } else { "user" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Vec<(String, String)> {
        let kinds = [("sn", "serial"), ("user", "user"), ("pwd", "password"), ("typ", "model?"), ("email", "email")];
        let kinds = kinds.into_iter().map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
        values(content.as_bytes(), &kinds).into_iter().map(|value| (value.kind, value.text)).collect()
    }

    fn told(kind: &str, text: &str) -> (String, String) {
        (kind.into(), text.into())
    }

    #[test]
    fn a_key_names_its_value_in_json_forms_headers_and_xml() {
        for content in [
            r#"{"sn":"SN4711"}"#,
            "a=b&S_N=SN4711&c=d",
            "sn: SN4711\r\nx: y",
            "<x><ns:sn a='b'>SN4711</ns:sn></x>",
            r#"<x><sn value="SN4711" /></x>"#,
            "wlan0_sn=SN4711",
            "sn: uuid:SN4711",
        ] {
            assert_eq!(read(content), [told("serial", "SN4711")], "{content}");
        }
    }

    #[test]
    fn a_number_beside_a_validity_is_no_device_s() {
        assert_eq!(read(r#"{"sn":8733217533084877,"expiration":1582565725}"#), []);
        for content in [
            r#"{"sn":8733217533084877,"x":{"expiration":1}}"#,
            r#"{"x":{"expiration":1},"sn":8733217533084877}"#,
            r#"{"sn":"8733217533084877","expiration":1582565725}"#,
            r#"[{"expiration":1},{"sn":8733217533084877}]"#,
        ] {
            assert_eq!(read(content), [told("serial", "8733217533084877")], "{content}");
        }
    }

    #[test]
    fn a_user_whose_name_is_an_address_tells_the_address_and_nothing_else() {
        for content in [r#"{"user": "sam.1@mail.example"}"#, "USER sam.1@mail.example\r\n", "sam.1@mail.example"] {
            assert!(read(content).iter().all(|found| *found == told("email", "sam.1@mail.example")), "{content}");
            assert!(!read(content).is_empty());
        }
        assert_eq!(read("user=sam.1%40mail.example&b=c"), [told("email", "sam.1@mail.example")]);
        assert_eq!(read("a=1&user=sam+%26+co"), [told("user", "sam & co")]);
    }

    #[test]
    fn a_name_with_other_meanings_counts_before_a_code_alone() {
        assert_eq!(read("typ=HS110(EU)"), [told("model", "HS110(EU)")]);
        assert_eq!(read("typ=text"), []);
    }

    #[test]
    fn a_pin_is_a_number_of_some_digits() {
        let kinds = [("pin".to_owned(), "password#".to_owned())].into();
        let read = |content: &str| values(content.as_bytes(), &kinds).into_iter().map(|value| value.text).collect();
        let all: Vec<Vec<String>> =
            [r#"{"pin":"4711"}"#, "pin=031-45-154", r#"{"pin":13}"#, "pin: GPIO4711"].map(read).into();
        assert_eq!(all, [vec!["4711"], vec!["031-45-154"], vec![], vec![]]);
    }

    #[test]
    fn logins_in_clear_are_read() {
        let both = [told("user", "sam"), told("password", "open sesame")];
        for content in [
            "USER sam\r\nPASS open sesame\r\n",
            "a1 LOGIN sam \"open sesame\"\r\n",
            "Authorization: Basic c2FtOm9wZW4gc2VzYW1l\r\n",
            "AUTH PLAIN AHNhbQBvcGVuIHNlc2FtZQ==\r\n",
        ] {
            assert_eq!(read(content), both, "{content}");
        }
        let digest = "Authorization: Digest username=\"sam\", user=\"sam\", realm=\"r\"";
        assert_eq!(read(digest), [told("user", "sam")]);
        assert_eq!(
            read("Cookie: pwd=sesame; a=b\r\nSet-Cookie: c=d; user=sam"),
            [told("user", "sam"), told("password", "sesame")]
        );
        assert_eq!(read("USER anonymous\r\n"), []);
        assert_eq!(read("AUTH LOGIN c2Ft\r\n"), [told("user", "sam")]);
    }

    #[test]
    fn between_bytes_that_are_no_text_a_value_has_signs_that_people_write() {
        let kinds = [("pwd".to_owned(), "password".to_owned())].into();
        let among = |told: &[u8]| values(&[&[0x80; 40], told, &[0; 40]].concat(), &kinds).len();
        assert_eq!([among(b"PwD:)\xFA\x04\xD2\x15\x1E"), among(b"n@S.EZ")], [0, 0]);
        assert_eq!([among(b"pwd:open sesame\""), among(b"sam@mail.example")], [1, 1]);
    }

    #[test]
    fn tokens_are_read_by_their_format() {
        let jwt = "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeK";
        assert_eq!(read(jwt), [told("token", jwt)]);
        assert_eq!(read("Authorization: Bearer abcdefgh12"), [told("token", "abcdefgh12")]);
        assert_eq!(read("GET /api/0123456789abcdef/lights"), [told("token", "0123456789abcdef")]);
    }
}
