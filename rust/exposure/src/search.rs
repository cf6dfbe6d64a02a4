//! Messages in, leaks out: values by meaning first, then everything that is known, in every encoding.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::bare::{Teller, told_by_several};
use crate::decode::{View, encoded};
use crate::known::{Known, Patterns};
use crate::leak::{Leak, addressed, held_against, meant, public};
use crate::meaning::KeyKinds;
use crate::public::told_back;

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
