//! Every byte of an image once: parts, padding, text and what nobody knows.

use crate::entropy::counts;
use crate::part::Part;
use serde::Serialize;

/// Regions kept; what comes after is one region more.
pub const MAX_REGIONS: usize = 2000;
/// Gaps are split where at least this many bytes are padding: less is alignment.
const MIN_PADDING: usize = 1024;
/// Bits per byte above which bytes are compressed or encrypted.
const DENSE_BITS: f64 = 7.5;

/// A stretch of an image.
#[derive(Debug, Serialize)]
pub struct Region {
    /// first byte
    pub offset: usize,
    /// bytes
    pub length: usize,
    /// `part`, `padding`, `text`, `dense` (compressed or encrypted) or `unknown`
    pub kind: &'static str,
    /// the part that it is
    pub part: Option<usize>,
    /// the value of padding
    pub value: Option<u8>,
    /// bits per byte
    pub bits: f64,
}

/// The map. Parts without a known length go to the next part, or to the end.
pub fn regions(image: &[u8], parts: &[Part]) -> Vec<Region> {
    let tops: Vec<(usize, &Part)> =
        parts.iter().enumerate().filter(|(_, part)| part.parent.is_none() && part.format != "pem-label").collect();
    let (mut found, mut at) = (Vec::new(), 0);
    for (position, (index, part)) in tops.iter().enumerate() {
        let next = tops.get(position + 1).map_or(image.len(), |(_, next)| next.offset);
        let end = if part.length.is_some() { part.end(image.len()).min(next.max(part.offset)) } else { next };
        if part.offset < at || end <= part.offset || found.len() >= MAX_REGIONS {
            continue;
        }
        gaps(image, at, part.offset, &mut found);
        found.push(region(image, part.offset, end, "part", Some(*index), None));
        at = end;
    }
    gaps(image, at, image.len(), &mut found);
    found
}

fn region(
    image: &[u8],
    start: usize,
    end: usize,
    kind: &'static str,
    part: Option<usize>,
    value: Option<u8>,
) -> Region {
    let bits = if value.is_some() { 0.0 } else { bits_of(image.get(start..end).unwrap_or_default()) };
    Region { offset: start, length: end - start, kind, part, value, bits }
}

fn bits_of(bytes: &[u8]) -> f64 {
    let all = bytes.len().max(1) as f64;
    let bits: f64 = counts(bytes)
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = *count as f64 / all;
            -share * share.log2()
        })
        .sum();
    (bits * 1000.0).round() / 1000.0
}

/// What lies between parts: padding apart from the rest.
fn gaps(image: &[u8], start: usize, end: usize, found: &mut Vec<Region>) {
    let (mut at, mut from) = (start, start);
    while at < end && found.len() < MAX_REGIONS {
        let Some(value) = image.get(at).copied() else { break };
        let run = image.get(at..end).map_or(0, |rest| rest.iter().take_while(|byte| **byte == value).count());
        if matches!(value, 0 | 0xff) && (run >= MIN_PADDING || at == start && at + run == end) {
            unknown(image, from, at, found);
            found.push(region(image, at, at + run, "padding", None, Some(value)));
            from = at + run;
        }
        at += run.max(1);
    }
    unknown(image, from, end, found);
}

fn unknown(image: &[u8], start: usize, end: usize, found: &mut Vec<Region>) {
    if end <= start {
        return;
    }
    let bytes = image.get(start..end).unwrap_or_default();
    let printable = bytes.iter().filter(|byte| matches!(**byte, 0x20..=0x7e | b'\n' | b'\r' | b'\t')).count();
    let mut found_region = region(image, start, end, "unknown", None, None);
    if printable * 20 >= bytes.len() * 19 {
        found_region.kind = "text";
    } else if found_region.bits >= DENSE_BITS {
        found_region.kind = "dense";
    }
    found.push(found_region);
}
