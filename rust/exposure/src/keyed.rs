//! Names and what they name: `"key": "value"` of JSON, `key=value` of forms and queries, `Key: value` of headers and cookies.
//!
//! Every byte of every content is looked at here: instead of a pattern, the signs between a key and its value are sought, and
//! what stands beside them.

use std::ops::Range;

use memchr::memchr2_iter;

/// Longest key, and most spaces on each side of its sign.
const MAX_KEY_BYTES: usize = 41;
const MAX_SPACES: usize = 4;
/// Longest value.
const MAX_VALUE_BYTES: usize = 256;

/// Where keys and their values stand, none inside of another.
pub fn pairs_in(content: &[u8]) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let mut from = 0;
    memchr2_iter(b':', b'=', content).filter_map(move |sign| {
        let pair = key(content, from, sign).zip(value(content, sign + 1)).filter(|_| sign >= from)?;
        from = pair.1.end;
        Some(pair)
    })
}

/// The key before a sign, no part of which stands before `from`: the one that begins first.
fn key(content: &[u8], from: usize, sign: usize) -> Option<Range<usize>> {
    let at = |place: usize| content.get(place).copied().unwrap_or_default();
    let mut found: Option<Range<usize>> = None;
    for spaces in 0..=MAX_SPACES {
        let Some(end) = sign.checked_sub(spaces).filter(|end| *end >= from) else { break };
        if spaces > 0 && !is_space(at(end)) {
            break;
        }
        for end in [Some(end), end.checked_sub(1).filter(|before| is_quote(at(*before)))].into_iter().flatten() {
            let least = end.saturating_sub(MAX_KEY_BYTES).max(from);
            let run = content.get(least..end).unwrap_or_default();
            let length = run.iter().rev().take_while(|byte| is_part(**byte)).count();
            let start = (end - length..end).find(|place| at(*place).is_ascii_alphabetic() || at(*place) == b'_');
            if let Some(start) = start.filter(|start| found.as_ref().is_none_or(|before| *start < before.start)) {
                found = Some(start..end);
            }
        }
    }
    // of spaces that may belong to the key as much as to what follows it, the key has as many as it can hold
    found.map(|key| {
        let rest = content.get(key.end..sign).unwrap_or_default();
        let more = rest.iter().take(MAX_KEY_BYTES - key.len()).take_while(|byte| is_part(**byte)).count();
        key.start..key.end + more
    })
}

/// The value after a sign; one of nothing but spaces begins at the last of these.
fn value(content: &[u8], after: usize) -> Option<Range<usize>> {
    let at = |place: usize| content.get(place).copied();
    let spaces = content.get(after..)?.iter().take(MAX_SPACES).take_while(|byte| is_space(**byte)).count();
    let opened = after + spaces + usize::from(at(after + spaces).is_some_and(is_quote));
    let told = |start: usize| {
        let rest = content.get(start..)?;
        let length = rest.iter().take(MAX_VALUE_BYTES).take_while(|byte| is_told(**byte)).count();
        (length > 0).then_some(start..start + length)
    };
    told(opened).or_else(|| (after..after + spaces).rev().find_map(told))
}

fn is_part(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'.' | b'-' | b' ')
}

fn is_told(byte: u8) -> bool {
    !matches!(byte, b'"' | b'\'' | b'&' | b',' | b';' | b'<' | b'>' | b'{' | b'}' | b'[' | b']' | b'\r' | b'\n' | 0)
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'')
}

/// `\s` of patterns.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use regex::bytes::Regex;

    use super::*;
    use crate::decode::compiled;

    /// The same as a pattern, which is slower.
    static KEYED: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r#"["']?([A-Za-z_][A-Za-z0-9_.\- ]{0,40})["']?\s{0,4}[:=]\s{0,4}["']?([^"'&,;<>{}\[\]\r\n\x00]{1,256})"#,
        )
    });

    fn as_pattern(content: &[u8]) -> Vec<(Range<usize>, Range<usize>)> {
        let groups = |pair: regex::bytes::Captures<'_>| Some((pair.get(1)?.range(), pair.get(2)?.range()));
        KEYED.captures_iter(content).filter_map(groups).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn pairs_are_those_of_the_pattern(content in "[\"' a:=\t\n_.1,-]{0,60}|[ -~]{0,80}|[a= ]{0,120}|[a:\" ]{30,400}") {
            let found: Vec<_> = pairs_in(content.as_bytes()).collect();
            prop_assert_eq!(found, as_pattern(content.as_bytes()), "{:?}", &content);
        }
    }
}
