//! Every byte of an image once: parts, padding, text and what nobody knows.

use crate::entropy::{Histogram, measure};
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
pub fn regions(image: &[u8], histogram: &Histogram, parts: &[Part]) -> Vec<Region> {
    let mut map = Map { image, histogram, found: Vec::new() };
    let tops: Vec<(usize, &Part)> =
        parts.iter().enumerate().filter(|(_, part)| part.parent.is_none() && part.format != "pem-label").collect();
    let mut at = 0;
    for (position, (index, part)) in tops.iter().enumerate() {
        let next = tops.get(position + 1).map_or(image.len(), |(_, next)| next.offset);
        let end = if part.length.is_some() { part.end(image.len()).min(next.max(part.offset)) } else { next };
        if part.offset < at || end <= part.offset || map.found.len() >= MAX_REGIONS {
            continue;
        }
        map.gaps(at, part.offset);
        let bits = map.measured(part.offset, end).0;
        map.add(part.offset, end, "part", Some(*index), None, bits);
        at = end;
    }
    map.gaps(at, image.len());
    map.found
}

struct Map<'a> {
    image: &'a [u8],
    histogram: &'a Histogram,
    found: Vec<Region>,
}

impl Map<'_> {
    fn add(&mut self, start: usize, end: usize, kind: &'static str, part: Option<usize>, value: Option<u8>, bits: f64) {
        self.found.push(Region { offset: start, length: end - start, kind, part, value, bits });
    }

    /// Bits per byte of a stretch, and how many of its bytes text is made of.
    fn measured(&self, start: usize, end: usize) -> (f64, u64) {
        let counts = self.histogram.stretch(self.image, start, end);
        let printable =
            counts.iter().zip(0_u8..=u8::MAX).filter(|(_, byte)| matches!(byte, 0x20..=0x7e | b'\n' | b'\r' | b'\t'));
        ((measure(&counts).0 * 1000.0).round() / 1000.0, printable.map(|(count, _)| count).sum())
    }

    /// What lies between parts: padding apart from the rest.
    fn gaps(&mut self, start: usize, end: usize) {
        let (mut at, mut from) = (start, start);
        while at < end && self.found.len() < MAX_REGIONS {
            let Some(rest) = self.image.get(at..end) else { break };
            let Some(value) = rest.first().copied().filter(|value| is_padding(*value)) else {
                at += skipped(rest);
                continue;
            };
            let run = rest.iter().position(|byte| *byte != value).unwrap_or(rest.len());
            if run >= MIN_PADDING || at == start && at + run == end {
                self.unknown(from, at);
                self.add(at, at + run, "padding", None, Some(value), 0.0);
                from = at + run;
            }
            at += run;
        }
        self.unknown(from, end);
    }

    fn unknown(&mut self, start: usize, end: usize) {
        if end <= start {
            return;
        }
        let (bits, printable) = self.measured(start, end);
        let kind = if printable * 20 >= (end - start) as u64 * 19 {
            "text"
        } else if bits >= DENSE_BITS {
            "dense"
        } else {
            "unknown"
        };
        self.add(start, end, kind, None, None, bits);
    }
}

fn is_padding(byte: u8) -> bool {
    matches!(byte, 0 | 0xff)
}

/// Bytes to where padding can begin next. Only what ends behind them can be long enough: where the byte at the far end of a window
/// is none, all of the window is passed over.
fn skipped(rest: &[u8]) -> usize {
    match rest.get(MIN_PADDING - 1) {
        Some(far) if !is_padding(*far) => MIN_PADDING,
        _ => rest.iter().position(|byte| is_padding(*byte)).unwrap_or(rest.len()),
    }
}
