//! Users and passwords of logins in clear.

use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine;
use regex::bytes::Regex;

use crate::decode::compiled;
use crate::hints::Hints;
use crate::meaning::{Value, lossy, user, value};
use crate::plausible::is_plausible;
use crate::runs::LENIENT;

static BASIC: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)\bauthorization:\s{0,4}basic\s+([A-Za-z0-9+/]{4,}={0,2})"));
/// Login of FTP (RFC 959 4.1.1) and POP3 (RFC 1939 7).
static COMMAND: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?im)^(USER|PASS) +([^\r\n]{1,128})\r?$"));
/// Login of IMAP (RFC 9051 6.2.3).
static LOGIN: LazyLock<Regex> =
    LazyLock::new(|| compiled(r#"(?im)^[A-Za-z0-9.]{1,16} LOGIN "?([^"\s]{1,128})"? "?([^"\r\n]{1,128})"?\r?$"#));
/// SASL PLAIN (RFC 4616) in SMTP, IMAP and POP3: base64 of identity, user and password between zeros.
static PLAIN: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i)\bAUTH(?:ENTICATE)? PLAIN ([A-Za-z0-9+/]{4,}={0,2})"));
/// SASL LOGIN (draft-murchison-sasl-login-00) with the user at once; what is answered to prompts is told apart by the dissector.
static INITIAL: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?im)^AUTH LOGIN ([A-Za-z0-9+/]{2,}={0,2})\r?$"));
/// User and password in a URL (RFC 3986 3.2.1), or an address of telephony (RFC 3261 19.1.1).
static URL: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r#"(?i)\b(?:[a-z][a-z0-9+.\-]{1,15}://|sips?:)([^\s/:@"'<>?\#\\]{0,128}):([^\s/:@"'<>?\#\\]{1,128})@"#)
});
/// Users that are nobody (RFC 1635).
const ANONYMOUS: [&str; 2] = ["anonymous", "ftp"];

/// Users and passwords in URLs; gives where they stand, which looks like an e-mail address with the host behind it.
pub fn in_urls(content: &[u8], found: &mut Vec<Value>) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    for captures in URL.captures_iter(content) {
        let (Some(who), Some(password)) = (captures.get(1), captures.get(2)) else { continue };
        for (kind, part) in [("user", who), ("password", password)] {
            let text = lossy(part.as_bytes());
            if is_plausible(kind, &text) && !ANONYMOUS.contains(&text.to_lowercase().as_str()) {
                found.push(value(kind, text, Some("URL")));
            }
        }
        places.push(who.start()..password.end());
    }
    places
}

/// Users and passwords of the login commands and schemes that send them in clear.
pub fn logins(content: &[u8], hints: &Hints, found: &mut Vec<Value>) {
    let matched = |words: &[&str], pattern: &'static LazyLock<Regex>| {
        hints.any(words).then(|| pattern.captures_iter(content)).into_iter().flatten()
    };
    for captures in matched(&["user", "pass"], &COMMAND) {
        let (_, [command, told]) = captures.extract();
        let text = lossy(told).trim().to_owned();
        let is_user = command.eq_ignore_ascii_case(b"USER");
        let kind = if is_user { user(&text) } else { "password" };
        if is_plausible(kind, &text) && !ANONYMOUS.contains(&text.to_lowercase().as_str()) {
            found.push(value(kind, text, Some(if is_user { "USER" } else { "PASS" })));
        }
    }
    let mut pairs = Vec::new();
    for captures in matched(&["login"], &LOGIN) {
        let (_, [user, password]) = captures.extract();
        pairs.push(("LOGIN", lossy(user), lossy(password)));
    }
    for (hint, name, pattern, sign, count) in
        [("authorization", "basic authentication", &BASIC, b':', 2), ("plain", "PLAIN", &PLAIN, 0, 3)]
    {
        for captures in matched(&[hint], pattern) {
            let (_, [coded]) = captures.extract();
            let plain = LENIENT.decode(coded).unwrap_or_default();
            let parts: Vec<&[u8]> = plain.splitn(count, |byte| *byte == sign).collect();
            if let [user, password] | [_, user, password] = parts.as_slice()
                && parts.len() == count
            {
                pairs.push((name, lossy(user), lossy(password)));
            }
        }
    }
    for captures in matched(&["login"], &INITIAL) {
        let (_, [coded]) = captures.extract();
        let text = lossy(&LENIENT.decode(coded).unwrap_or_default());
        if is_plausible("user", &text) {
            found.push(value(user(&text), text, Some("LOGIN")));
        }
    }
    for (name, who, password) in pairs {
        for (kind, text) in [(user(&who), who.clone()), ("password", password)] {
            if is_plausible(kind, &text) {
                found.push(value(kind, text, Some(name)));
            }
        }
    }
}

/// Whether an address is one of telephony (RFC 3261 19.1), which receives no mail.
pub fn is_sip(content: &[u8], start: usize) -> bool {
    let before = content.get(start.saturating_sub(5)..start).unwrap_or_default().to_ascii_lowercase();
    before.ends_with(b"sip:") || before.ends_with(b"sips:")
}

#[cfg(test)]
mod tests {
    use crate::meaning::values;

    fn read(content: &str) -> Vec<(String, String)> {
        values(content.as_bytes(), &[].into()).into_iter().map(|value| (value.kind, value.text)).collect()
    }

    fn told(kind: &str, text: &str) -> (String, String) {
        (kind.into(), text.into())
    }

    #[test]
    fn an_account_of_telephony_is_no_address() {
        assert_eq!(read("From: <sip:4711@pbx.example.org>;tag=1"), [told("user", "4711")]);
        assert_eq!(read("To: sips:sam@pbx.example.org"), [told("user", "sam")]);
        let both = [told("user", "sam"), told("password", "tulips77")];
        assert_eq!(read("Contact: <sip:sam:tulips77@192.0.2.1:5060>"), both);
        assert_eq!(read("Contact: sip:pbx.example:5060,sip:sam@pbx.example.org"), [told("user", "sam")]);
    }

    #[test]
    fn a_login_in_a_url_is_one_and_no_address() {
        let both = [told("user", "sam"), told("password", "tulips77")];
        assert_eq!(read("DESCRIBE rtsp://sam:tulips77@cam.example.org/live RTSP/1.0\r\n"), both);
        assert_eq!(read("{\"u\":\"ftp://sam:tulips77@192.0.2.1/a\"}"), both);
        assert_eq!(read("mqtt://:tulips77@cloud.example.org"), [told("password", "tulips77")]);
        assert_eq!(read("http://a.example/?to=sam@mail.example"), [told("email", "sam@mail.example")]);
        assert_eq!(read("http://a.example:80/sam@mail.example"), [told("email", "sam@mail.example")]);
    }
}
