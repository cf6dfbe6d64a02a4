//! One pass over an image for every pattern, and the parsing of each hit.

use crate::formats::{FORMATS, Format, Place};
use crate::markers::MARKERS;
use crate::part::{Category, Part};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Parts that are kept.
pub const MAX_PARTS: usize = 20_000;
/// Hits of one format that are parsed: a file made of nothing but its pattern costs no more.
const MAX_HITS: u64 = 200_000;
/// Hits that are parsed in vain where each may cost a checksum of all the rest: chance makes one of four bytes in 4 GiB.
const MAX_MISSES: u64 = 64;
/// Markers of software that are kept.
const MAX_MARKERS: usize = 20_000;
/// Where formats with short patterns are looked for.
const SECTOR: usize = 4096;
/// Containers within containers.
const MAX_DEPTH: usize = 32;
/// Bytes that parsing may go over again because formats overlap, as a multiple of the image: real ones have two or three.
const MAX_REREAD: u64 = 16;

/// What the pass found.
pub struct Searched {
    /// parts by offset, parents before what they hold
    pub parts: Vec<Part>,
    /// parts beyond [`MAX_PARTS`]
    pub left_out: u64,
    /// parts inside of compressed or encrypted ones
    pub inside_opaque: u64,
    /// pattern hits
    pub hits: u64,
    /// (offset, index in [`MARKERS`]) of names of software
    pub markers: Vec<(usize, usize)>,
}

enum Target {
    Format(&'static Format, usize),
    Marker(usize),
}

struct Automaton {
    patterns: AhoCorasick,
    targets: Vec<Target>,
}

fn automaton() -> Option<&'static Automaton> {
    static BUILT: OnceLock<Option<Automaton>> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let (mut patterns, mut targets): (Vec<&[u8]>, Vec<Target>) = (Vec::new(), Vec::new());
            for format in FORMATS.iter().flat_map(|list| list.iter()) {
                for place in format.places {
                    if let Place::Pattern(pattern, back) | Place::Checked(pattern, back) = place {
                        patterns.push(pattern);
                        targets.push(Target::Format(format, *back));
                    }
                }
            }
            for (index, marker) in MARKERS.iter().enumerate() {
                patterns.push(marker.pattern.as_bytes());
                targets.push(Target::Marker(index));
            }
            let patterns = AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::DFA))
                .match_kind(MatchKind::Standard)
                .build(patterns)
                .ok()?;
            Some(Automaton { patterns, targets })
        })
        .as_ref()
}

/// Search an image.
pub fn search(image: &[u8]) -> Searched {
    let mut found: Vec<Part> = Vec::new();
    let mut markers = Vec::new();
    let (mut hits, mut reread) = (0_u64, 0_u64);
    let limit = (image.len() as u64).saturating_mul(MAX_REREAD);
    let mut seen: BTreeSet<(usize, &'static str)> = BTreeSet::new();
    let mut per_format: std::collections::BTreeMap<&'static str, u64> = std::collections::BTreeMap::new();
    let mut missed: std::collections::BTreeMap<&'static str, u64> = std::collections::BTreeMap::new();
    let mut covered: std::collections::BTreeMap<&'static str, usize> = std::collections::BTreeMap::new();
    let mut try_at = |format: &'static Format, at: usize, found: &mut Vec<Part>| {
        let tried = per_format.entry(format.name).or_default();
        *tried += 1;
        // a format does not begin again inside of itself: rows of nodes are one part
        if *tried > MAX_HITS
            || reread > limit
            || missed.get(format.name).is_some_and(|misses| *misses >= MAX_MISSES)
            || covered.get(format.name).is_some_and(|end| at < *end)
            || !seen.insert((at, format.name))
        {
            return;
        }
        if let Some(part) = (format.parse)(image, at) {
            let end = part.end(image.len());
            let checked: usize = part.checks.iter().map(|check| check.end.saturating_sub(check.start)).sum();
            reread = reread.saturating_add((end - at).max(checked) as u64);
            if !part.transparent || matches!(part.category, Category::Archive | Category::Filesystem) {
                covered.insert(format.name, end);
            }
            found.push(part);
        } else if format.places.iter().any(|place| matches!(place, Place::Checked(..))) {
            *missed.entry(format.name).or_default() += 1;
        }
    };
    if let Some(automaton) = automaton() {
        for hit in automaton.patterns.find_overlapping_iter(image) {
            hits += 1;
            match automaton.targets.get(hit.pattern().as_usize()) {
                Some(Target::Format(format, back)) => {
                    if let Some(at) = hit.start().checked_sub(*back) {
                        try_at(format, at, &mut found);
                    }
                }
                Some(Target::Marker(index)) if markers.len() < MAX_MARKERS => markers.push((hit.start(), *index)),
                _ => {}
            }
        }
    }
    let mut places: BTreeSet<usize> = (0..image.len()).step_by(SECTOR).collect();
    let mut done: BTreeSet<usize> = BTreeSet::new();
    for _ in 0..MAX_DEPTH {
        places.extend(found.iter().flat_map(|part| part.inner.iter().copied()));
        let fresh: Vec<usize> = places.difference(&done).copied().filter(|at| *at < image.len()).collect();
        if fresh.is_empty() {
            break;
        }
        for at in fresh {
            done.insert(at);
            for format in FORMATS.iter().flat_map(|list| list.iter()) {
                let here = format.places.iter().any(|place| match place {
                    Place::Sector(first) => image.get(at..).is_some_and(|rest| rest.starts_with(first)),
                    Place::Tail => at == 0,
                    Place::Pattern(..) | Place::Checked(..) => false,
                });
                if here {
                    try_at(format, at, &mut found);
                }
            }
        }
    }
    let (parts, inside_opaque) = nested(found, image.len());
    let left_out = parts.len().saturating_sub(MAX_PARTS) as u64;
    Searched { parts: parts.into_iter().take(MAX_PARTS).collect(), left_out, inside_opaque, hits, markers }
}

/// Order by offset and give each part its parent. What lies in compressed or encrypted bytes means nothing and is counted.
fn nested(mut found: Vec<Part>, image: usize) -> (Vec<Part>, u64) {
    let order: Vec<&'static str> = FORMATS.iter().flat_map(|list| list.iter()).map(|format| format.name).collect();
    let rank = |part: &Part| order.iter().position(|name| *name == part.format).unwrap_or(order.len());
    found.sort_by_key(|part| (part.offset, std::cmp::Reverse(part.end(image)), rank(part)));
    let (mut parts, mut open, mut inside): (Vec<Part>, Vec<usize>, u64) = (Vec::new(), Vec::new(), 0);
    for mut part in found {
        while let Some(top) = open.last().and_then(|index| parts.get(*index)) {
            if top.end(image) > part.offset {
                break;
            }
            open.pop();
        }
        if let Some((index, top)) = open.last().and_then(|index| Some((*index, parts.get(*index)?))) {
            let same_start = top.offset == part.offset;
            if !(top.transparent || same_start && part.category == top.category && part.transparent) {
                inside += 1;
                continue;
            }
            // the same bytes under a less telling name
            if same_start && top.end(image) == part.end(image) {
                continue;
            }
            part.parent = Some(index);
        }
        if part.end(image) > part.offset {
            open.push(parts.len());
        }
        parts.push(part);
    }
    (parts, inside)
}
