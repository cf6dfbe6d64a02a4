//! What one content leaks: by meaning, by value, and the public address.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use memchr::memmem;

use crate::decode::{View, is_text};
use crate::known::{Found, Patterns};
use crate::meaning::{KeyKinds, values};
use crate::public::{Told, told_to, written_in};
use crate::search::Content;
use crate::wide::widened;
use crate::within;

/// How a value is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// By its key or format.
    Meaning,
    /// Told elsewhere, by the link, or by the lab file.
    Known,
}

/// A value in a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Of which content.
    pub content: u64,
    /// serial, email, `public_address`, ...
    pub kind: String,
    /// The value.
    pub text: String,
    /// The name that the message gives it.
    pub key: Option<String>,
    /// How it was written: the encodings that were taken off, or the kind of text.
    pub encoding: String,
    /// How it is known.
    pub known_by: KnownBy,
    /// How it stands in the content, where the same bytes can be searched in others.
    pub raw: Option<Vec<u8>>,
}

/// The content as it came and its views, with their encodings.
fn all<'a>(content: &'a Content, views: &'a [View]) -> impl Iterator<Item = (&'a [u8], &'a [&'static str])> {
    let own: (&[u8], &[&'static str]) = (&content.content, &[]);
    std::iter::once(own).chain(views.iter().map(|view| (view.content.as_slice(), view.encodings.as_slice())))
}

/// What it tells by key or format.
pub fn meant(content: &Content, views: &[View], kinds: &KeyKinds) -> Vec<Leak> {
    let mut seen: HashSet<(String, String)> = HashSet::new();
    let mut leaks = Vec::new();
    for (bytes, encodings) in all(content, views) {
        if !encodings.is_empty() && !is_text(bytes) {
            continue;
        }
        for value in values(bytes, kinds) {
            // only somebody else can tell under which address one is seen
            let is_own_word = value.kind == "public_address" && !content.is_received;
            // without its escapes a form's value seems to end at a sign of its own
            let is_part = encodings.first() == Some(&"url")
                && seen.iter().any(|(kind, text)| *kind == value.kind && text.starts_with(&value.text));
            if is_own_word || is_part || !seen.insert((value.kind.clone(), value.text.clone())) {
                continue;
            }
            let (how, text) =
                value.written.as_ref().map_or((None, value.text.as_bytes()), |(how, raw)| (Some(*how), raw.as_slice()));
            leaks.push(Leak {
                content: content.id,
                encoding: match (encodings, how) {
                    ([], how) => how.unwrap_or_else(|| form(bytes)).into(),
                    (taken, None | Some("url")) => taken.join("+"),
                    (taken, Some(how)) => format!("{}+{how}", taken.join("+")),
                },
                known_by: KnownBy::Meaning,
                raw: standing(content, bytes, encodings, text),
                kind: value.kind,
                text: value.text,
                key: value.key,
            });
        }
    }
    leaks
}

/// What is known and stands in it.
pub fn held_against(content: &Content, views: &[View], patterns: &Patterns) -> Vec<Leak> {
    let mut seen = HashSet::new();
    let mut leaks = Vec::new();
    let mut leak = |found: &Found<'_>, encoding: String, raw| {
        leaks.push(Leak {
            content: content.id,
            kind: found.known.kind.clone(),
            text: found.known.text.clone(),
            key: None,
            encoding,
            known_by: KnownBy::Known,
            raw,
        });
    };
    for (bytes, encodings) in all(content, views) {
        for found in patterns.find(bytes, &mut seen) {
            let encoding = match (encodings, found.how) {
                ([], "text") => form(bytes).into(),
                ([], how) => how.into(),
                // digits are how digests are written
                (["hex" | "base64"], how @ ("md5" | "sha1" | "sha256")) => how.into(),
                (_, "text" | "binary") => encodings.join("+"),
                (_, how) => format!("{}+{how}", encodings.join("+")),
            };
            leak(&found, encoding, standing(content, bytes, encodings, &found.raw));
        }
        for found in patterns.find_positions(bytes, &mut seen) {
            let encoding = encodings.iter().chain([&found.how]).copied().collect::<Vec<_>>().join("+");
            let raw = Some(found.raw.clone()).filter(|_| encodings.is_empty());
            leak(&found, encoding, raw);
        }
    }
    // a frame of a WebSocket is a message of its own
    let framed = views.iter().filter(|view| view.encodings == ["websocket"]).map(|view| view.content.as_slice());
    for bytes in std::iter::once(content.content.as_slice()).chain(framed).filter(|bytes| !is_text(bytes)) {
        for found in patterns.find_masked(bytes, &mut seen) {
            let raw = Some(found.raw.clone()).filter(|_| bytes.len() == content.content.len());
            leak(&found, found.how.into(), raw);
        }
    }
    leaks
}

/// A public address in what a device gets, and as text in what it sends.
pub fn addressed(content: &Content, views: &[View], address: Ipv4Addr) -> Vec<Leak> {
    let own =
        if content.is_received { told_to(&content.content, address) } else { written_in(&content.content, address) };
    let mut leaks: Vec<Leak> = own.into_iter().map(|told| public(content, told)).collect();
    if leaks.is_empty() {
        leaks.extend(views.iter().find_map(|view| {
            let told = written_in(&view.content, address).into_iter().next()?;
            Some(Leak { encoding: view.encodings.join("+"), raw: None, ..public(content, told) })
        }));
    }
    leaks
}

/// An address as a leak.
pub fn public(content: &Content, told: Told) -> Leak {
    Leak {
        content: content.id,
        kind: "public_address".into(),
        text: told.text,
        key: None,
        encoding: told.encoding.into(),
        known_by: KnownBy::Known,
        raw: Some(told.raw),
    }
}

/// What kind of text it is.
fn form(content: &[u8]) -> &'static str {
    match content.trim_ascii_start().first() {
        Some(b'{' | b'[') => "json",
        Some(b'<') => "xml",
        _ if is_text(content) => "text",
        _ => "binary",
    }
}

/// The bytes of the content that say it: as they are, or each masked or rotated as the view took it off.
fn standing(content: &Content, view: &[u8], encodings: &[&'static str], text: &[u8]) -> Option<Vec<u8>> {
    let as_told = |told: Vec<u8>| memmem::find(&content.content, &told).map(|_| told);
    match encodings {
        [] => Some(text.to_vec()),
        ["cbor"] => as_told(text.to_vec()),
        ["utf-16"] => as_told(widened(text)),
        ["xor" | "rotated"] => {
            let place = memmem::find(view, text)?;
            Some(within(&content.content, place, place + text.len()).to_vec())
        }
        _ => None,
    }
}
