//! Words that patterns need: most contents have none, and so most patterns need not be tried.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// In small letters; they are sought together.
const HINTS: [&str; 19] = [
    "</",
    "authorization",
    "cookie",
    "eyj",
    "/api/",
    "@",
    "user",
    "pass",
    "login",
    "plain",
    "value",
    "loc",
    "coord",
    "gps",
    "latl",
    "lat_l",
    "position",
    ",n,",
    ",s,",
];
static HINTED: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(HINTS).ok());

/// Which of the [`HINTS`] stand in a content.
pub struct Hints([bool; HINTS.len()]);

impl Hints {
    /// Looks for them.
    pub fn of(content: &[u8]) -> Self {
        let Some(sought) = HINTED.as_ref() else { return Self([true; HINTS.len()]) };
        let mut found = [false; HINTS.len()];
        for word in sought.find_overlapping_iter(content) {
            if let Some(is_found) = found.get_mut(word.pattern().as_usize()) {
                *is_found = true;
            }
        }
        Self(found)
    }

    /// Whether one of these stands there.
    pub fn any(&self, words: &[&str]) -> bool {
        HINTS.iter().zip(self.0).any(|(hint, is_found)| is_found && words.contains(hint))
    }
}
