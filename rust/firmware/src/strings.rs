//! Strings that tell something: addresses, names, paths, dates, versions. Nothing is a credential by a keyword alone.

use crate::markers::MARKERS;
use crate::part::Part;
use memchr::{memchr_iter, memchr3, memmem};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// Different strings kept of each kind.
pub const MAX_OF_KIND: usize = 2000;
/// Longest string kept.
const MAX_CHARS: usize = 256;
/// Shorter runs of printable bytes are chance.
const MIN_RUN: usize = 6;
/// Longest run looked at in one piece.
const MAX_RUN: usize = 4096;

/// A string and where it is first.
#[derive(Debug, Serialize)]
pub struct Interesting {
    /// `url`, `host` (may be one: whoever has the list of domains decides), `ip`, `email`, `path`, `date`, `version`, `hash`
    pub kind: &'static str,
    /// the string
    pub text: String,
    /// where it is first
    pub offset: usize,
    /// for versions: the software
    pub name: Option<&'static str>,
    /// for versions: what kind of software
    pub sort: Option<&'static str>,
    /// for versions: the version alone
    pub version: Option<String>,
}

struct Collected {
    seen: HashMap<&'static str, HashSet<String>>,
    kept: Vec<Interesting>,
    left_out: u64,
}

impl Collected {
    fn add(&mut self, kind: &'static str, text: &str, offset: usize) {
        let text = text.get(..MAX_CHARS).unwrap_or(text);
        let seen = self.seen.entry(kind).or_default();
        if seen.contains(text) {
            return;
        }
        if seen.len() >= MAX_OF_KIND {
            self.left_out += 1;
            return;
        }
        seen.insert(text.to_owned());
        self.kept.push(Interesting { kind, text: text.to_owned(), offset, name: None, sort: None, version: None });
    }
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e)
}

/// Strings of interest outside of compressed and encrypted parts, by offset, and how many there was no room for.
pub fn interesting(image: &[u8], parts: &[Part], markers: &[(usize, usize)]) -> (Vec<Interesting>, u64) {
    let mut found = Collected { seen: HashMap::new(), kept: Vec::new(), left_out: 0 };
    let closed: Vec<(usize, usize)> = parts
        .iter()
        .filter(|part| !part.transparent)
        .map(|part| (part.offset, part.end(image.len())))
        .filter(|(start, end)| end > start)
        .collect();
    let mut at = 0;
    for (start, end) in closed.iter().copied().chain([(image.len(), image.len())]) {
        if start > at {
            runs(image, at, start, &mut found);
        }
        at = at.max(end);
    }
    for (offset, index) in markers {
        if closed.iter().any(|(start, end)| (start..end).contains(&offset)) {
            continue;
        }
        version(image, *offset, *index, &mut found);
    }
    let mut kept = found.kept;
    kept.sort_by(|a, b| (a.offset, a.kind, &a.text).cmp(&(b.offset, b.kind, &b.text)));
    (kept, found.left_out)
}

/// Runs of printable bytes.
fn runs(image: &[u8], start: usize, end: usize, found: &mut Collected) {
    let mut at = start;
    let Some(bytes) = image.get(..end) else { return };
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= MIN_RUN) {
        // Only a run that covers the window's last byte can be long enough: look there first.
        let Some(last) = rest.get(..MIN_RUN).and_then(|window| window.iter().rposition(|byte| !is_printable(*byte)))
        else {
            let len = rest.iter().take(MAX_RUN).take_while(|byte| is_printable(**byte)).count();
            if let Some(run) = rest.get(..len).and_then(|run| std::str::from_utf8(run).ok()) {
                classify(run, at, found);
            }
            at += len.max(1);
            continue;
        };
        at += last + 1;
    }
}

/// Between words: white space, quotes and brackets.
const SEPARATORS: [bool; 128] = {
    let mut table = [false; 128];
    let mut rest: &[u8] = b" \t\n\x0c\r\"'<>(),;|`{}";
    while let [first, more @ ..] = rest {
        if let Some(slot) = table.split_at_mut(*first as usize).1.first_mut() {
            *slot = true;
        }
        rest = more;
    }
    table
};

/// Words of a run by what they look like.
fn classify(run: &str, offset: usize, found: &mut Collected) {
    if let Some(date) = build_date(run) {
        found.add("date", date, offset);
    }
    let bytes = run.as_bytes();
    if run.len() < 512 && memmem::find(bytes, b":$").is_some() {
        found.add("hash", run, offset);
    }
    // every other kind has one of these: most runs of text have none
    if memchr3(b'.', b'/', b':', bytes).is_none() {
        return;
    }
    let mut position = 0;
    for word in bytes.split(|byte| SEPARATORS.get(usize::from(*byte)).is_some_and(|is_one| *is_one)) {
        let at = offset + position;
        position += word.len() + 1;
        if word.len() < MIN_RUN || !word.iter().any(|byte| matches!(byte, b'.' | b'/' | b':')) {
            continue;
        }
        let Ok(word) = std::str::from_utf8(word) else { continue };
        if let Some((scheme, rest)) = word.split_once("://") {
            let scheme = scheme.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '+').next().unwrap_or_default();
            if scheme.len() > 1
                && rest.len() > 2
                && rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '%' | '['))
            {
                found.add("url", &format!("{scheme}://{}", rest.trim_end_matches(['.', '\\'])), at);
            }
            continue;
        }
        let word = word.trim_end_matches(['.', ':', '!', '?']);
        if is_build_path(word) {
            found.add("path", word, at);
        } else if let Some((user, host)) = word.split_once('@') {
            if is_host(host)
                && !user.is_empty()
                && user.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+'))
            {
                found.add("email", word, at);
            }
        } else if word.contains('.') {
            let bare = word.split(['/', ':']).next().unwrap_or_default();
            let bare = bare.rsplit('=').next().unwrap_or_default();
            if is_ip(bare) {
                found.add("ip", bare, at);
            } else if is_host(bare) && bare.len() >= MIN_RUN && !matches!(bytes.get(position - 1), Some(b'(' | b'{')) {
                // before a bracket it is a function of a script, or a style sheet's rule
                found.add("host", bare, at);
            }
        }
    }
}

/// Where a developer's or a build machine's files are.
fn is_build_path(word: &str) -> bool {
    ["/home/", "/Users/", "/root/", "/builds/", "/build/", "/opt/", "/workspace/", "/jenkins/"]
        .iter()
        .any(|start| word.starts_with(start) && word.len() > start.len() + 2)
        || word.len() > 6 && word.get(1..3) == Some(":\\") && word.starts_with(|c: char| c.is_ascii_uppercase())
}

/// Four numbers below 256 that are not a version (`1.0.0.0`-like ones are, where they begin with 0 or end in zeros only).
fn is_ip(word: &str) -> bool {
    let mut parts = word.split('.');
    let numbers: Vec<u8> = parts
        .by_ref()
        .take(5)
        .filter(|part| {
            part.len() <= 3 && (part.len() == 1 || !part.starts_with('0')) && part.bytes().all(|b| b.is_ascii_digit())
        })
        .filter_map(|part| part.parse().ok())
        .collect();
    word.matches('.').count() == 3
        && numbers.len() == 4
        && word.len() >= 7
        && numbers.first().is_some_and(|first| *first > 9)
}

/// Labels of letters, digits and hyphens, the last of letters only.
fn is_host(word: &str) -> bool {
    let labels: Vec<&str> = word.split('.').collect();
    labels.len() >= 2
        && word.len() <= 253
        && labels.iter().all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        })
        && labels.last().is_some_and(|last| last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_lowercase()))
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Mmm dd yyyy`, as compilers write `__DATE__`.
fn build_date(run: &str) -> Option<&str> {
    let bytes = run.as_bytes();
    let is_date = |at: usize| {
        let Some([a, b, c, b' ', d, e, b' ', y @ ..]) = bytes.get(at..at + 11) else { return false };
        let month = [*a, *b, *c];
        matches!(y.first_chunk(), Some(b"19" | b"20"))
            && y.iter().all(u8::is_ascii_digit)
            && e.is_ascii_digit()
            && (d.is_ascii_digit() || *d == b' ')
            && MONTHS.iter().any(|name| name.as_bytes() == month)
    };
    let at = memchr_iter(b' ', bytes).filter_map(|space| space.checked_sub(3)).find(|at| is_date(*at))?;
    run.get(at..at + 20).filter(|text| text.as_bytes().get(14) == Some(&b':')).or_else(|| run.get(at..at + 11))
}

/// The version behind a marker: up to a character that no version has, with a digit in its first three.
fn version(image: &[u8], offset: usize, index: usize, found: &mut Collected) {
    let Some(marker) = MARKERS.get(index) else { return };
    let behind = offset + marker.pattern.len();
    let rest = image.get(behind..).unwrap_or_default();
    let line: String =
        rest.iter().take(120).take_while(|byte| is_printable(**byte)).map(|byte| char::from(*byte)).collect();
    let text = line.trim_start_matches([' ', ':', '=', 'v', 'V']);
    let text =
        if marker.pattern.ends_with('(') { text.split_once(") ").map_or(text, |(_, after)| after) } else { text };
    let version: String =
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+')).collect();
    let known = if marker.kind == "build" {
        !text.is_empty()
    } else {
        version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.')
    };
    if !known || found.kept.len() > 20 * MAX_OF_KIND {
        return;
    }
    let context = format!("{}{}", marker.pattern, line);
    if found.seen.entry("version").or_default().insert(format!("{}\0{version}", marker.name)) {
        let text: String = context.trim_end().chars().take(MAX_CHARS).collect();
        let version = Some(version.trim_end_matches(['.', '-', '_', '+']).to_owned());
        let (name, sort) = (Some(marker.name), Some(marker.kind));
        found.kept.push(Interesting { kind: "version", text, offset, name, sort, version });
    }
}
