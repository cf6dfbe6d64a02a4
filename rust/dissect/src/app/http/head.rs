//! Heads of HTTP messages: start line and header fields (RFC 9112 2 to 5); SSDP shares them.

use super::METHODS;
use crate::app::{Context, text};
use crate::tables::Texts;
use memchr::memchr;
use std::ops::Range;

/// Longest start line and fields together; servers take 8 to 64 KiB (RFC 9112 3 recommends 8,000 octets for the line alone).
pub const MAX_HEAD_BYTES: usize = 65_536;
/// Fields whose value is a credential (RFC 9110 11.6 and 11.7, RFC 6265; the last two by common use).
const SECRET_FIELDS: &[&str] =
    &["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token"];

/// Fields kept of one head, more than servers take (Apache's LimitRequestFields is 100).
const MAX_FIELDS: usize = 256;
/// Fields for which there is room at once.
const USUAL_FIELDS: usize = 16;
/// Longest method believed; the longest registered is `UPDATEREDIRECTREF` (IANA HTTP methods).
pub const MAX_METHOD_BYTES: usize = 24;

/// Whether a field of this name carries credentials.
fn is_secret(name: &str) -> bool {
    SECRET_FIELDS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// A start line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// method, target, version where one is told
    Request(String, String, Option<String>),
    /// version, status, reason
    Response(String, u16, Option<String>),
}

/// Start line and fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// first line
    pub start: Start,
    /// what is behind it
    text: String,
    /// name and value of each field in `text`, in order; folded lines are joined
    fields: Vec<(Range<usize>, Range<usize>)>,
    /// a line that is no field was met
    pub has_bad_line: bool,
    /// it was captured to its end
    pub is_whole: bool,
}

/// Bytes of the head at the start of `bytes`, its empty line included; `scanned` bytes are known to hold none.
pub fn end_of_head(bytes: &[u8], scanned: usize) -> Option<usize> {
    let mut place = scanned.saturating_sub(3);
    while let Some(rest) = bytes.get(place..) {
        place = place.saturating_add(memchr(b'\n', rest)?).saturating_add(1);
        match bytes.get(place..) {
            Some([b'\r', b'\n', ..]) => return place.checked_add(2),
            Some([b'\n', ..]) => return place.checked_add(1),
            _ => {}
        }
    }
    None
}

/// One line without its end, and what follows it.
pub fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b'\n', bytes).unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
    (line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default())
}

/// Whether a byte can stand in a method or a field's name (token, RFC 9110 5.6.2).
pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Longest version believed: devices write `HTTP/1.0.8` and `HTTP/1.01`.
const MAX_VERSION_BYTES: usize = 12;

/// Whether text is `HTTP/1.` and digits; HTTP/2 begins with a line of the same shape (RFC 9113 3.4).
fn is_version(text: &[u8]) -> bool {
    text.len() <= MAX_VERSION_BYTES
        && text.strip_prefix(b"HTTP/1.").is_some_and(|minor| minor.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.'))
}

/// Whether a line is a request without a version (RFC 1945 4.1), as those write it who put requests together by hand. A
/// word before a path could be of many protocols.
fn is_bare(method: &[u8], target: &[u8]) -> bool {
    METHODS.contains(&method) && target.first() == Some(&b'/') && target.iter().all(u8::is_ascii_graphic)
}

/// Reads a start line; routers announce themselves with spaces behind it (RFC 9112 3: a recipient may leave them out).
pub fn start_line(line: &[u8]) -> Option<Start> {
    let line = line.trim_ascii_end();
    let first = line.iter().position(|byte| *byte == b' ')?;
    if let Some((version, rest)) = line.split_at_checked(first)
        && is_version(version)
    {
        let (code, reason) = rest.strip_prefix(b" ")?.split_at_checked(3)?;
        let status = std::str::from_utf8(code).ok()?.parse::<u16>().ok().filter(|code| (100..=999).contains(code))?;
        if !matches!(reason.first(), None | Some(b' ')) {
            return None;
        }
        let reason = text::lossy(reason.trim_ascii());
        return Some(Start::Response(text::lossy(version), status, (!reason.is_empty()).then_some(reason)));
    }
    let (method, behind) = (line.get(..first)?, line.get(first.checked_add(1)?..)?);
    let Some(last) = behind.iter().rposition(|byte| *byte == b' ') else {
        return is_bare(method, behind).then(|| Start::Request(text::lossy(method), text::lossy(behind), None));
    };
    let (target, version) = (behind.get(..last)?, behind.get(last.checked_add(1)?..)?);
    let fits = (1..=MAX_METHOD_BYTES).contains(&method.len()) && method.iter().copied().all(is_token) && is_version(version);
    (fits && !target.is_empty()).then(|| Start::Request(text::lossy(method), text::lossy(target), Some(text::lossy(version))))
}

impl Head {
    /// Reads a whole head; `None` where its first line is no start line.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        Self::parse_as(bytes, start_line)
    }

    /// The same for protocols with the shape of HTTP and start lines of their own.
    pub fn parse_as(bytes: &[u8], start_line: fn(&[u8]) -> Option<Start>) -> Option<Self> {
        let (first, rest) = line(bytes);
        let mut head = Self::new(start_line(first)?, text::lossy(rest));
        let end = head.text.len();
        let mut next = 0;
        while next < end {
            let (current, behind) = line(head.text.as_bytes().get(next..end).unwrap_or_default());
            let (start, length) = (next, current.len());
            next = end.saturating_sub(behind.len());
            match current.first() {
                None => break,
                // RFC 9112 5.2: a folded line continues the value
                Some(b' ' | b'\t') => head.unfold(start..start.saturating_add(length)),
                Some(_) => {
                    let colon = current.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0);
                    match colon.filter(|_| head.fields.len() < MAX_FIELDS) {
                        Some(colon) => {
                            let colon = start.saturating_add(colon);
                            let name = head.trimmed(start..colon);
                            let value = head.trimmed(colon.saturating_add(1)..start.saturating_add(length));
                            head.fields.push((name, value));
                        }
                        None => head.has_bad_line = true,
                    }
                }
            }
        }
        Some(head)
    }

    fn new(start: Start, text: String) -> Self {
        Self { start, text, fields: Vec::with_capacity(USUAL_FIELDS), has_bad_line: false, is_whole: true }
    }

    /// Of fields that were told apart already.
    pub fn of_fields(start: Start, fields: impl Iterator<Item = (String, String)>) -> Self {
        let mut head = Self::new(start, String::new());
        for (name, value) in fields {
            let (name, value) = (head.add(&name), head.add(&value));
            head.fields.push((name, value));
        }
        head
    }

    fn add(&mut self, part: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(part);
        start..self.text.len()
    }

    /// Joins a line of `text` to the value before.
    fn unfold(&mut self, line: Range<usize>) {
        let Some((_, value)) = self.fields.last().cloned() else {
            self.has_bad_line = true;
            return;
        };
        let more = self.trimmed(line);
        // only what stands at the end can grow
        let start = if value.end == self.text.len() { value.start } else { self.repeat(value).start };
        self.text.push(' ');
        let end = self.repeat(more).end;
        if let Some((_, value)) = self.fields.last_mut() {
            *value = start..end;
        }
    }

    /// Appends a part of `text` to it.
    fn repeat(&mut self, part: Range<usize>) -> Range<usize> {
        let start = self.text.len();
        if self.text.get(part.clone()).is_some() {
            self.text.extend_from_within(part);
        }
        start..self.text.len()
    }

    fn at(&self, part: &Range<usize>) -> &str {
        self.text.get(part.clone()).unwrap_or_default()
    }

    /// A part of `text` without white space around it.
    fn trimmed(&self, part: Range<usize>) -> Range<usize> {
        let whole = self.at(&part);
        let start = part.start.saturating_add(whole.len().saturating_sub(whole.trim_ascii_start().len()));
        start..start.saturating_add(whole.trim_ascii().len())
    }

    /// Name and value of each field, in order.
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (self.at(name), self.at(value)))
    }

    /// Reads a head whose end is missing: the lines that are whole.
    pub fn parse_part(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().rposition(|byte| *byte == b'\n')?;
        Self::parse(bytes.get(..=end)?).map(|head| Self { is_whole: false, ..head })
    }

    /// Value of the first field of that name (any case).
    pub fn get(&self, name: &str) -> Option<&str> {
        // most are of another length, which is told without a look at them
        let is_it = |known: &Range<usize>| {
            let bytes = |known: &Range<usize>| self.text.as_bytes().get(known.clone()).unwrap_or_default();
            known.len() == name.len() && bytes(known).eq_ignore_ascii_case(name.as_bytes())
        };
        self.fields.iter().find(|(known, _)| is_it(known)).map(|(_, value)| self.at(value))
    }

    /// A copy of that value.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// Values of all fields of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Fields as `Name: value`; of those that carry credentials only the length, since tables are shown and shared.
    pub fn lines(&self) -> Texts {
        let mut lines = Texts::with_room(self.fields.len(), self.text.len());
        for (name, value) in self.pairs() {
            if is_secret(name) {
                lines.push(&[name, &format!(": (masked, {} bytes)", value.len())]);
            } else {
                lines.push(&[name, ": ", value]);
            }
        }
        lines
    }

    /// Keeps fields that carry credentials where raw content lies: [`Head::lines`] tells only how long they are.
    pub fn keep_credentials(&self, ctx: &mut Context<'_>, subject: Option<&str>) {
        for (name, value) in self.pairs().filter(|(name, _)| is_secret(name)) {
            ctx.payload(subject, 0, [name, ": ", value].concat().as_bytes());
        }
    }

    /// Whether a list field has this element (any case), as in `Connection: keep-alive, Upgrade`.
    pub fn lists(&self, name: &str, element: &str) -> bool {
        self.all(name).any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(element)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Start, start_line};

    fn request(line: &str) -> Option<(String, Option<String>)> {
        match start_line(line.as_bytes()) {
            Some(Start::Request(_, target, version)) => Some((target, version)),
            _ => None,
        }
    }

    #[test]
    fn a_request_needs_no_version_where_its_method_is_known_and_its_target_a_path() {
        assert_eq!(request("GET /state?id=1"), Some(("/state?id=1".to_owned(), None)));
        assert_eq!(request("POST /a HTTP/1."), Some(("/a".to_owned(), Some("HTTP/1.".to_owned()))));
        assert_eq!(request("NOTIFY * HTTP/1.1 "), Some(("*".to_owned(), Some("HTTP/1.1".to_owned()))));
        for other in ["GET state", "FETCH /state", "GET /state now", "OPTIONS /a RTSP/1.0", "GET ", "get /state"] {
            assert_eq!(request(other), None, "{other}");
        }
    }
}
