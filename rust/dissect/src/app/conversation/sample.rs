//! What the bytes of a flow that nobody knows look like: statistics over the first bytes of each direction. They are
//! facts; whether the content is encrypted is judged from them elsewhere.

use super::coded::Coded;
use super::signature::signature;
use crate::app::Direction;
use crate::at::At;
use crate::record;
use crate::sink::Sink;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// Bytes of a direction that are counted. A stream compressed by deflate needs some thousand bytes to differ from chance
/// (docs/validation.md); more would tell little more.
const SAMPLE_BYTES: u32 = 16 << 10;
/// Bytes behind these in which a format is sought, as many as are kept of a flow: a picture of video can have 100 KiB, and only the next
/// one has a start code.
const SEARCHED_BYTES: u32 = 240 << 10;
/// Smaller samples are no row: nothing could be said of them.
const MIN_BYTES: u32 = 16;
/// Bytes kept as they are before a table of counts is made, so that a flood of small datagrams costs little memory.
const EARLY_BYTES: usize = 256;
/// Values of a byte whose counts are compared with chance. The 16 most frequent ones are left out: constant bytes of heads
/// (record headers, connection ids, sequence numbers) make a few values frequent whatever follows them.
const RARER_VALUES: usize = 240;
/// Printable bytes in a row that count as text; among random bytes 8 in a row begin once in 2,500 places.
const MIN_RUN: u32 = 8;
/// Bytes 255 that must be seen before they tell a JPEG: chance gives 64 in 16 KiB.
const MIN_MARKS: u32 = 8;
/// What stands before the first byte: zeros would be a part of signatures.
const NO_BYTES: u32 = 0xaaaa_aaaa;
/// Pieces that are remembered, so that the same content sent again does not count again.
const REMEMBERED: usize = 32;

record! {
    /// What the first bytes of one direction of a flow look like that no parser claims: at most 16 KiB, content sent again counted once. Where a flow has several rows of a direction (it left memory and came back), the one with the most bytes tells.
    pub struct FlowContent in "flow_content" at {
        /// Bytes looked at
        sampled_bytes: u32,
        /// Bytes passed over since the same content came shortly before
        repeated_bytes: u64,
        /// Entropy, bits per byte, corrected for the size of the sample (Miller and Madow 1955): at most 8
        entropy_bits: f64,
        /// Pearson's chi-square of the 256 byte values against a uniform distribution (255 degrees of freedom); about 255 for random bytes
        chi_square: f64,
        /// The same over the 240 rarer values, per degree of freedom: 0.8 for random bytes, whatever a few frequent values of heads are; grows with any structure
        rest_dispersion: f64,
        /// Share of the bytes that are the 16 most frequent values
        frequent_ratio: f64,
        /// Bytes in runs of 8 or more printable ones (ASCII with tab, CR, LF)
        text_bytes: u32,
        /// Compressed or media format whose signature is found anywhere in the sample, or that its middle shows (jpeg; in 240 KiB behind the sample too: h26x, mpeg-ts, mpeg-ps, zlib, deflate)
        signature: Option<&'static str>,
        /// Start codes of video (ITU-T H.264, H.265) with a unit behind them that fits, where most do; of one or two nothing can be said
        video_units: u32,
    }
}

/// Samples of both directions.
#[derive(Default)]
pub struct Samples([Option<Box<Sample>>; 2]);

struct Sample {
    first: At,
    early: Vec<u8>,
    counts: Option<Box<[u16; 256]>>,
    bytes: u32,
    run: u32,
    text: u32,
    /// the last four bytes
    window: u32,
    signature: Option<&'static str>,
    coded: Coded,
    searched: u32,
    /// bytes behind a byte 255, and those of them that JPEG writes there
    marks: u32,
    jpeg_marks: u32,
    seen: Vec<u64>,
    oldest: usize,
    repeated: u64,
    is_told: bool,
}

impl Samples {
    /// Takes the next bytes of a direction; `continues`: they follow on those before. False where no more are wanted.
    pub fn add(&mut self, sink: &mut Sink, at: &At, direction: Direction, bytes: &[u8], continues: bool) -> bool {
        let side = direction.of(&mut self.0);
        let sample = side.get_or_insert_with(|| Box::new(Sample::new(*at)));
        sample.add(bytes, continues);
        if sample.is_enough() {
            sample.tell(sink);
        }
        !sample.is_told
    }

    /// Tells what there is, as the flow ends.
    pub fn finish(&mut self, sink: &mut Sink) {
        for sample in self.0.iter_mut().flatten() {
            sample.tell(sink);
        }
    }

    /// Forgets all: somebody knows the flow.
    pub fn clear(&mut self) {
        self.0 = [None, None];
    }
}

impl Sample {
    fn new(first: At) -> Self {
        Self {
            first,
            early: Vec::new(),
            counts: None,
            bytes: 0,
            run: 0,
            text: 0,
            window: NO_BYTES,
            signature: None,
            coded: Coded::default(),
            searched: 0,
            marks: 0,
            jpeg_marks: 0,
            seen: Vec::new(),
            oldest: 0,
            repeated: 0,
            is_told: false,
        }
    }

    /// Whether further bytes would tell nothing more.
    fn is_enough(&self) -> bool {
        let is_known = self.signature.is_some() || self.coded.format().is_some();
        self.bytes >= SAMPLE_BYTES && (is_known || self.searched >= SEARCHED_BYTES)
    }

    fn add(&mut self, bytes: &[u8], continues: bool) {
        if self.is_told {
            return;
        }
        if self.bytes >= SAMPLE_BYTES {
            self.searched = self.searched.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            return self.coded.piece(bytes);
        }
        if self.is_again(bytes) {
            return;
        }
        let room = usize::try_from(SAMPLE_BYTES.saturating_sub(self.bytes)).unwrap_or(0);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        self.bytes = self.bytes.saturating_add(u32::try_from(bytes.len()).unwrap_or(0));
        if !continues {
            (self.run, self.window) = (0, NO_BYTES);
        }
        self.coded.piece(bytes);
        for byte in bytes {
            self.run = if is_printable(*byte) { self.run.saturating_add(1) } else { 0 };
            match self.run {
                MIN_RUN => self.text = self.text.saturating_add(MIN_RUN),
                run if run > MIN_RUN => self.text = self.text.saturating_add(1),
                _ => {}
            }
            if self.window & 0xff == 0xff {
                self.marks = self.marks.saturating_add(1);
                self.jpeg_marks = self.jpeg_marks.saturating_add(u32::from(matches!(byte, 0 | 0xd0..=0xd7)));
            }
            self.window = self.window << 8 | u32::from(*byte);
            if self.signature.is_none() {
                self.signature = signature(self.window);
            }
        }
        if self.counts.is_none() && self.early.len().saturating_add(bytes.len()) <= EARLY_BYTES {
            self.early.extend_from_slice(bytes);
            return;
        }
        self.count(bytes);
    }

    /// Whether a piece came shortly before.
    fn is_again(&mut self, bytes: &[u8]) -> bool {
        let mut hasher = FxHasher::default();
        hasher.write(bytes);
        let hash = hasher.finish();
        if self.seen.contains(&hash) {
            self.repeated = self.repeated.saturating_add(bytes.len() as u64);
            return true;
        }
        if self.seen.len() < REMEMBERED {
            self.seen.push(hash);
        } else if let Some(slot) = self.seen.get_mut(self.oldest) {
            *slot = hash;
            self.oldest = self.oldest.wrapping_add(1) % REMEMBERED;
        }
        false
    }

    /// Counts bytes, and those that were kept before them.
    fn count(&mut self, bytes: &[u8]) {
        let early = std::mem::take(&mut self.early);
        let counts = self.counts.get_or_insert_with(|| Box::new([0; 256]));
        for byte in early.iter().chain(bytes) {
            if let Some(count) = counts.get_mut(usize::from(*byte)) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// Whether the bytes are the middle of a JPEG: there a byte 255 is followed by a zero or a restart marker
    /// (ITU-T T.81 B.1.1.5), which random bytes do once in 28 times.
    fn is_jpeg_scan(&self) -> bool {
        self.marks >= MIN_MARKS && self.jpeg_marks.saturating_mul(10) >= self.marks.saturating_mul(9)
    }

    fn tell(&mut self, sink: &mut Sink) {
        if std::mem::replace(&mut self.is_told, true) || self.bytes < MIN_BYTES {
            return;
        }
        self.count(&[]);
        let counts = self.counts.take().unwrap_or_else(|| Box::new([0; 256]));
        self.seen = Vec::new();
        let shape = Shape::of(*counts, self.bytes);
        sink.emit(&FlowContent {
            at: self.first,
            sampled_bytes: self.bytes,
            repeated_bytes: self.repeated,
            entropy_bits: shape.entropy_bits,
            chi_square: shape.chi_square,
            rest_dispersion: shape.rest_dispersion,
            frequent_ratio: shape.frequent_ratio,
            text_bytes: self.text,
            signature: self.signature.or_else(|| self.coded.format()).or_else(|| self.is_jpeg_scan().then_some("jpeg")),
            video_units: self.coded.units(),
        });
    }
}

/// What counts of byte values say.
struct Shape {
    entropy_bits: f64,
    chi_square: f64,
    rest_dispersion: f64,
    frequent_ratio: f64,
}

impl Shape {
    fn of(mut counts: [u16; 256], bytes: u32) -> Self {
        let total = f64::from(bytes);
        let mut weighted = 0.0;
        let mut values = 0.0;
        for count in counts.iter().filter(|count| **count > 0) {
            let count = f64::from(*count);
            weighted += count * count.log2();
            values += 1.0;
        }
        let correction = (values - 1.0) / (2.0 * total * std::f64::consts::LN_2);
        let entropy_bits = (total.log2() - weighted / total + correction).clamp(0.0, 8.0);
        counts.sort_unstable();
        let (rarer, frequent) = counts.split_at(RARER_VALUES);
        let rest: f64 = rarer.iter().map(|count| f64::from(*count)).sum();
        let most: f64 = frequent.iter().map(|count| f64::from(*count)).sum();
        let freedom = f64::from(u8::MAX) - frequent.len() as f64;
        Self {
            entropy_bits,
            chi_square: spread(&counts, total / counts.len() as f64),
            rest_dispersion: spread(rarer, rest / rarer.len() as f64) / freedom,
            frequent_ratio: most / total,
        }
    }
}

/// Sum of the squared distances from what is expected, in its units.
fn spread(counts: &[u16], expected: f64) -> f64 {
    if expected > 0.0 {
        counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
    } else {
        0.0
    }
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
