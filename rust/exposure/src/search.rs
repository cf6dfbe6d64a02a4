//! Messages in, leaks out: values by meaning first, then everything that is known, in every encoding.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use memchr::memmem;

use crate::bare::{Teller, told_by_several};
use crate::decode::{View, encoded, is_text};
use crate::known::{Found, Known, Patterns};
use crate::meaning::{KeyKinds, values};
use crate::public::{Told, told_back, told_to, written_in};
use crate::within;

/// Bytes that are worth a thread of their own: each makes its patterns' states anew.
const THREAD_BYTES: usize = 1 << 20;
/// Bytes of decoded views that are kept for the second search; others are decoded again.
const MAX_KEPT_BYTES: usize = 32 << 20;

/// Bytes that somebody said, and whether a device got them (rather than sent them).
pub struct Content {
    /// The caller's number for it.
    pub id: u64,
    /// What was said.
    pub content: Vec<u8>,
    /// Whether a device got it.
    pub is_received: bool,
}

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

/// Contents and their views; each is decoded once, as long as the views are not too many to keep.
pub struct Contents {
    contents: Vec<(Content, OnceLock<Vec<View>>)>,
    kept_bytes: AtomicUsize,
}

impl Contents {
    /// Of these.
    pub fn new(contents: Vec<Content>) -> Self {
        let contents = contents.into_iter().map(|content| (content, OnceLock::new())).collect();
        Self { contents, kept_bytes: AtomicUsize::new(0) }
    }

    /// Values that contents tell by key or format, and public addresses that STUN tells back.
    pub fn by_meaning(&self, kinds: &KeyKinds) -> Vec<Leak> {
        self.each(|content, views| {
            let mut leaks = meant(content, views, kinds);
            if content.is_received {
                leaks.extend(told_back(&content.content).into_iter().map(|told| public(content, told)));
            }
            leaks
        })
    }

    /// Known values in every spelling and encoding, and public addresses in what devices get.
    pub fn by_value(&self, known: Vec<Known>, addresses: &[Ipv4Addr]) -> Vec<Leak> {
        let patterns = Patterns::new(known);
        self.each(|content, views| {
            let mut leaks = held_against(content, views, &patterns);
            leaks.extend(addresses.iter().flat_map(|address| addressed(content, views, *address)));
            leaks
        })
    }

    /// Public addresses that servers of several owners tell alike (`tellers` by content), without saying what they are.
    pub fn told_by_several(&self, tellers: &HashMap<u64, Vec<Teller>>) -> Vec<Ipv4Addr> {
        told_by_several(self.contents.iter().map(|(content, _)| content), tellers)
    }

    /// What a search finds in each content, in their order, on all processors.
    fn each(&self, search: impl Fn(&Content, &[View]) -> Vec<Leak> + Sync) -> Vec<Leak> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut found = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some((content, kept)) = self.contents.get(place) else { return found };
                let leaks = match kept.get() {
                    Some(views) => search(content, views),
                    None => {
                        let views = encoded(&content.content);
                        let leaks = search(content, &views);
                        self.keep(kept, views);
                        leaks
                    }
                };
                if !leaks.is_empty() {
                    found.push((place, leaks));
                }
            }
        };
        let bytes: usize = self.contents.iter().map(|(content, _)| content.content.len()).sum();
        let count = thread::available_parallelism().map_or(1, usize::from).min(1 + bytes / THREAD_BYTES);
        let mut found: Vec<(usize, Vec<Leak>)> = thread::scope(|scope| {
            let others: Vec<_> = (1..count).map(|_| scope.spawn(work)).collect();
            let own = work();
            // a search does not panic; if one did, what it found would be missing, which must not pass in silence
            own.into_iter()
                .chain(
                    others
                        .into_iter()
                        .flat_map(|other| other.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault))),
                )
                .collect()
        });
        found.sort_unstable_by_key(|(place, _)| *place);
        found.into_iter().flat_map(|(_, leaks)| leaks).collect()
    }

    fn keep(&self, place: &OnceLock<Vec<View>>, views: Vec<View>) {
        let size = views.iter().map(|view| view.content.len()).sum();
        if self.kept_bytes.fetch_add(size, Ordering::Relaxed) + size <= MAX_KEPT_BYTES {
            // another thread cannot have filled it: each content is one thread's
            let _ = place.set(views);
        }
    }
}

/// The content as it came and its views, with their encodings.
fn all<'a>(content: &'a Content, views: &'a [View]) -> impl Iterator<Item = (&'a [u8], &'a [&'static str])> {
    let own: (&[u8], &[&'static str]) = (&content.content, &[]);
    std::iter::once(own).chain(views.iter().map(|view| (view.content.as_slice(), view.encodings.as_slice())))
}

fn meant(content: &Content, views: &[View], kinds: &KeyKinds) -> Vec<Leak> {
    let mut seen = HashSet::new();
    let mut leaks = Vec::new();
    for (bytes, encodings) in all(content, views) {
        if !encodings.is_empty() && !is_text(bytes) {
            continue;
        }
        for value in values(bytes, kinds) {
            // only somebody else can tell under which address one is seen
            let is_own_word = value.kind == "public_address" && !content.is_received;
            if is_own_word || !seen.insert((value.kind.clone(), value.text.clone())) {
                continue;
            }
            leaks.push(Leak {
                content: content.id,
                encoding: if encodings.is_empty() { form(bytes).into() } else { encodings.join("+") },
                known_by: KnownBy::Meaning,
                raw: standing(content, bytes, encodings, value.text.as_bytes()),
                kind: value.kind,
                text: value.text,
                key: value.key,
            });
        }
    }
    leaks
}

fn held_against(content: &Content, views: &[View], patterns: &Patterns) -> Vec<Leak> {
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
                (_, "text" | "binary") => encodings.join("+"),
                (_, how) => format!("{}+{how}", encodings.join("+")),
            };
            leak(&found, encoding, standing(content, bytes, encodings, &found.raw));
        }
    }
    if !is_text(&content.content) {
        for found in patterns.find_masked(&content.content, &mut seen) {
            leak(&found, found.how.into(), Some(found.raw.clone()));
        }
    }
    leaks
}

/// A public address in what a device gets, and as text in what it sends.
fn addressed(content: &Content, views: &[View], address: Ipv4Addr) -> Vec<Leak> {
    let own =
        if content.is_received { told_to(&content.content, address) } else { written_in(&content.content, address) };
    let mut leaks: Vec<Leak> = own.into_iter().map(|told| public(content, told)).collect();
    let coded = views.iter().find_map(|view| {
        let told = written_in(&view.content, address).into_iter().next()?;
        Some(Leak { encoding: view.encodings.join("+"), raw: None, ..public(content, told) })
    });
    if leaks.is_empty() {
        leaks.extend(coded);
    }
    leaks
}

fn public(content: &Content, told: Told) -> Leak {
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
    match encodings {
        [] => Some(text.to_vec()),
        ["xor" | "rotated"] => {
            let place = memmem::find(view, text)?;
            Some(within(&content.content, place, place + text.len()).to_vec())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> KeyKinds {
        [("sn".to_owned(), "serial".to_owned())].into()
    }

    fn contents(all: &[&[u8]]) -> Contents {
        let one =
            |(id, content): (usize, &&[u8])| Content { id: id as u64, content: content.to_vec(), is_received: true };
        Contents::new(all.iter().enumerate().map(one).collect())
    }

    #[test]
    fn what_one_message_tells_by_key_is_known_in_the_others() {
        let contents = contents(&[br#"{"sn":"SN4711-08"}"#, b"hello sn4711-08 again", b"nothing"]);
        let meant = contents.by_meaning(&kinds());
        let told: Vec<_> =
            meant.iter().map(|leak| (leak.content, leak.text.as_str(), leak.encoding.as_str())).collect();
        assert_eq!(told, [(0, "SN4711-08", "json")]);
        let known = Known { text: "SN4711-08".into(), kind: "serial".into(), is_whole: false };
        let held: Vec<u64> = contents.by_value(vec![known], &[]).into_iter().map(|leak| leak.content).collect();
        assert_eq!(held, [0, 1]);
    }

    #[test]
    fn leaks_come_in_the_order_of_their_contents() {
        let said: Vec<Vec<u8>> = (0..500).map(|n| format!("sn=SN{n:06}").into_bytes()).collect();
        let said: Vec<&[u8]> = said.iter().map(Vec::as_slice).collect();
        let order: Vec<u64> = contents(&said).by_meaning(&kinds()).into_iter().map(|leak| leak.content).collect();
        assert_eq!(order, (0..500).collect::<Vec<u64>>());
    }
}
