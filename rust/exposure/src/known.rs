//! Values that are known, in every spelling, searched in one pass.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;

use aho_corasick::AhoCorasick;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::decode::unhexed;

/// Digits of a MAC (EUI-48).
const MAC_DIGITS: usize = 12;

/// A value that is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The value.
    pub text: String,
    /// serial, mac, ...
    pub kind: String,
    /// Whether only a whole word counts: 1.2.3 is not told by 11.2.34.
    pub is_whole: bool,
}

/// How a known value stands in some bytes.
pub struct Found<'a> {
    /// Which one.
    pub known: &'a Known,
    /// The bytes that say it.
    pub raw: &'a [u8],
    /// text, binary, md5, ...
    pub how: &'static str,
}

struct Spelling {
    known: usize,
    raw: Vec<u8>,
    how: &'static str,
}

/// All spellings of all known values.
pub struct Patterns {
    known: Vec<Known>,
    spellings: Vec<Spelling>,
    automaton: Option<AhoCorasick>,
}

impl Patterns {
    /// Values too many or too long to be searched together (gigabytes of patterns) are not searched.
    pub fn new(known: Vec<Known>) -> Self {
        let mut spellings = Vec::new();
        for (place, one) in known.iter().enumerate() {
            // an empty text stands everywhere
            let told = spelt(one).into_iter().filter(|(raw, _)| !raw.is_empty());
            spellings.extend(told.map(|(raw, how)| Spelling { known: place, raw, how }));
        }
        let searched = spellings.iter().map(|spelling: &Spelling| &spelling.raw);
        let automaton = if spellings.is_empty() { None } else { AhoCorasick::new(searched).ok() };
        Self { known, spellings, automaton }
    }

    /// Every known value that stands in the content and is not among `seen`, which grows by it.
    pub fn find(&self, content: &[u8], seen: &mut HashSet<usize>) -> Vec<Found<'_>> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let mut found = Vec::new();
        for hit in automaton.find_overlapping_iter(content) {
            let Some(spelling) = self.spellings.get(hit.pattern().as_usize()) else { continue };
            let Some(known) = self.known.get(spelling.known) else { continue };
            if known.is_whole && !stands_alone(content, hit.start(), hit.end()) || !seen.insert(spelling.known) {
                continue;
            }
            found.push(Found { known, raw: &spelling.raw, how: spelling.how });
        }
        found
    }
}

/// Whether what stands before and behind does not go on with the word or the number.
fn stands_alone(content: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|place| content.get(place));
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    !before.into_iter().chain(content.get(end)).any(goes_on)
}

/// A value as devices write it: case, separators, bytes, reversed bytes, digests.
fn spelt(known: &Known) -> Vec<(Vec<u8>, &'static str)> {
    let text = known.text.as_str();
    let mut plain = BTreeSet::from([text.to_owned(), text.to_lowercase(), text.to_uppercase()]);
    let mut spellings = Vec::new();
    let digits: String = text.to_lowercase().chars().filter(char::is_ascii_hexdigit).collect();
    if known.kind == "mac" && digits.len() == MAC_DIGITS {
        let raw = unhexed(digits.as_bytes());
        for (sign, step) in [(":", 2), ("-", 2), ("", 2), (".", 4)] {
            let signs: Vec<char> = digits.chars().collect();
            let parts: Vec<String> = signs.chunks(step).map(String::from_iter).collect();
            let written = parts.join(sign);
            plain.insert(written.to_uppercase());
            plain.insert(written);
        }
        spellings.extend(extended(&raw));
        spellings.push((raw.clone(), "binary"));
        spellings.push((raw.into_iter().rev().collect(), "binary reversed"));
    }
    spellings.extend(plain.into_iter().map(|spelling| (spelling.into_bytes(), "text")));
    for (name, digest) in
        [("md5", hex(&Md5::digest(text))), ("sha1", hex(&Sha1::digest(text))), ("sha256", hex(&Sha256::digest(text)))]
    {
        spellings.push((digest.to_uppercase().into_bytes(), name));
        spellings.push((digest.into_bytes(), name));
    }
    spellings
}

/// A MAC as an EUI-64, as it is and as the interface identifier of an IPv6 address (RFC 4291, appendix A).
fn extended(mac: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let mut spellings = Vec::new();
    let Some((vendor, own)) = mac.split_at_checked(MAC_DIGITS / 4) else { return spellings };
    for flipped in [0, 2] {
        let mut raw = [vendor, &[0xFF, 0xFE], own].concat();
        if let Some(first) = raw.first_mut() {
            *first ^= flipped;
        }
        for (sign, step) in [(":", 1), ("-", 1), ("", 1), (":", 2)] {
            let written = raw.chunks(step).map(hex).collect::<Vec<_>>().join(sign);
            spellings.push((written.to_uppercase().into_bytes(), "eui-64"));
            spellings.push((written.into_bytes(), "eui-64"));
        }
        spellings.push((raw, "eui-64"));
    }
    spellings
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |mut text, byte| {
        // writing into a text cannot fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(kind: &str, text: &str) -> Known {
        Known { text: text.into(), kind: kind.into(), is_whole: kind == "firmware" }
    }

    fn how(known: Known, content: &[u8]) -> Option<&'static str> {
        Patterns::new(vec![known]).find(content, &mut HashSet::new()).first().map(|found| found.how)
    }

    #[test]
    fn a_mac_is_found_in_every_spelling() {
        let mac = || known("mac", "02:00:5e:10:00:a1");
        for text in ["02:00:5E:10:00:A1", "02-00-5e-10-00-a1", "02005E1000A1", "0200.5e10.00a1"] {
            assert_eq!(how(mac(), format!("<{text}>").as_bytes()), Some("text"), "{text}");
        }
        for text in ["02005efffe1000a1", "02:00:5E:FF:FE:10:00:A1", "fe80::0000:5eff:fe10:00a1"] {
            assert_eq!(how(mac(), text.as_bytes()), Some("eui-64"), "{text}");
        }
        assert_eq!(how(mac(), &[9, 0x02, 0x00, 0x5E, 0x10, 0x00, 0xA1, 9]), Some("binary"));
        assert_eq!(how(mac(), &[0xA1, 0x00, 0x10, 0x5E, 0x00, 0x02]), Some("binary reversed"));
    }

    #[test]
    fn what_is_no_mac_is_searched_as_it_is_written() {
        assert_eq!(how(known("mac", "router"), b"the router's"), Some("text"));
        assert_eq!(how(known("mac", "router"), b"nothing of it"), None);
        assert_eq!(how(known("serial", ""), b"anything"), None);
    }

    #[test]
    fn a_serial_is_found_by_its_digests() {
        for (name, digest) in
            [("md5", hex(&Md5::digest("SN4711"))), ("sha256", hex(&Sha256::digest("SN4711")).to_uppercase())]
        {
            assert_eq!(how(known("serial", "SN4711"), digest.as_bytes()), Some(name));
        }
    }

    #[test]
    fn a_version_is_told_by_a_whole_word_alone() {
        assert_eq!(how(known("firmware", "1.2.3"), b"fw 1.2.3, and"), Some("text"));
        for other in ["11.2.3", "1.2.34", "1.2.3.4", "v1.2.3"] {
            assert_eq!(how(known("firmware", "1.2.3"), other.as_bytes()), None, "{other}");
        }
    }
}
