//! Words that must not be shown, and what is said instead.

use std::io;

use aho_corasick::{AhoCorasick, Input, Match, MatchKind};

/// What is sought, and what is said instead.
pub struct Words {
    sought: AhoCorasick,
    said: Vec<String>,
}

impl Words {
    /// Of pairs of a word and what is said for it.
    ///
    /// # Errors
    ///
    /// There are more words than can be searched at once.
    pub fn new(words: Vec<(String, String)>) -> io::Result<Self> {
        let sought = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(words.iter().map(|(word, _)| word))
            .map_err(io::Error::other)?;
        Ok(Self { sought, said: words.into_iter().map(|(_, said)| said).collect() })
    }

    /// Whether a word stands in a text.
    pub fn stand_in(&self, text: &[u8]) -> bool {
        self.sought.is_match(text)
    }

    /// The text with other texts for the words in it; none where there are none. For words that overlap one is said, that of the
    /// longest: what is left of the others would tell a part of them.
    pub fn replaced(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut told = Vec::new();
        let mut done = 0;
        while let Some(first) = self.next(text, done) {
            let (mut longest, mut end, mut from) = (first, first.end(), first.start().saturating_add(1));
            while let Some(other) = self.next(text, from).filter(|other| other.start() < end) {
                if other.len() > longest.len() {
                    longest = other;
                }
                end = end.max(other.end());
                from = other.start().saturating_add(1);
            }
            told.extend_from_slice(text.get(done..first.start()).unwrap_or_default());
            told.extend_from_slice(self.said.get(longest.pattern().as_usize()).map_or(&[], String::as_bytes));
            done = end;
        }
        (done > 0).then(|| [&told, text.get(done..).unwrap_or_default()].concat())
    }

    /// Of the words that begin first behind a place, the longest.
    fn next(&self, text: &[u8], from: usize) -> Option<Match> {
        self.sought.find(Input::new(text).range(from.min(text.len())..))
    }
}
