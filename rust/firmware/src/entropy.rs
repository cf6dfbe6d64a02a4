//! Entropy and chi-square along an image.

use serde::Serialize;

/// Points of a curve: more than a picture can show helps nobody.
pub const MAX_POINTS: usize = 1024;
/// Smallest block: fewer bytes cannot fill 256 values.
pub const MIN_BLOCK: usize = 4096;
/// 4096 random bytes have less entropy than this less than once in a million times (measured: mean 7.954, deviation 0.004).
pub const RANDOM_BITS: f64 = 7.93;

/// Entropy by block.
#[derive(Debug, Default, Serialize)]
pub struct Curve {
    /// bytes of a block; the last may have fewer
    pub block_bytes: usize,
    /// bits per byte, 0 to 8, of each block
    pub bits: Vec<f64>,
    /// chi-square of each block against 256 values equally often: 255 is expected of random bytes, give or take 23
    pub chi_square: Vec<f64>,
    /// bits per byte over everything
    pub total_bits: f64,
    /// chi-square over everything
    pub total_chi_square: f64,
}

/// Entropy in bits per byte, and chi-square against 256 values equally often.
pub fn measure(counts: &[u64; 256]) -> (f64, f64) {
    let total: u64 = counts.iter().sum();
    if total == 0 {
        return (0.0, 0.0);
    }
    let all = total as f64;
    let expected = all / 256.0;
    counts.iter().fold((0.0, 0.0), |(bits, chi), count| {
        let seen = *count as f64;
        let share = seen / all;
        let part = if *count == 0 { 0.0 } else { -share * share.log2() };
        (bits + part, chi + (seen - expected) * (seen - expected) / expected)
    })
}

/// Counts of byte values.
pub fn counts(bytes: &[u8]) -> [u64; 256] {
    let mut tables = [[0_u32; 256]; 4];
    let mut sums = [0_u64; 256];
    // four tables: the same value twice in a row does not wait for itself
    for chunk in bytes.chunks(1 << 24) {
        for four in chunk.chunks(4) {
            for (table, byte) in tables.iter_mut().zip(four) {
                if let Some(slot) = table.get_mut(usize::from(*byte)) {
                    *slot += 1;
                }
            }
        }
        for table in &mut tables {
            for (sum, count) in sums.iter_mut().zip(table.iter_mut()) {
                *sum += u64::from(*count);
                *count = 0;
            }
        }
    }
    sums
}

/// Byte values of every block of an image: one count serves the curve, and the entropy of any stretch.
#[derive(Debug, Default)]
pub struct Histogram {
    block_bytes: usize,
    blocks: Vec<[u32; 256]>,
}

impl Histogram {
    /// Count an image.
    pub fn new(image: &[u8]) -> Self {
        let block_bytes = image.len().div_ceil(MAX_POINTS).next_multiple_of(MIN_BLOCK).max(MIN_BLOCK);
        let narrow = |wide: [u64; 256]| wide.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        Self { block_bytes, blocks: image.chunks(block_bytes).map(|block| narrow(counts(block))).collect() }
    }

    /// Counts of a stretch: whole blocks are added up, only its edges are read.
    pub fn stretch(&self, image: &[u8], start: usize, end: usize) -> [u64; 256] {
        let (first, last) = (start.div_ceil(self.block_bytes.max(1)), end / self.block_bytes.max(1));
        let Some(blocks) = self.blocks.get(first..last) else {
            return counts(image.get(start..end).unwrap_or_default());
        };
        let before = counts(image.get(start..first * self.block_bytes).unwrap_or_default());
        let mut sums = counts(image.get(last * self.block_bytes..end).unwrap_or_default());
        for (sum, count) in sums.iter_mut().zip(&before) {
            *sum += count;
        }
        add(&mut sums, blocks);
        sums
    }

    /// The curve of the image.
    pub fn curve(&self) -> Curve {
        let (mut bits, mut chi_square) = (Vec::new(), Vec::new());
        for block in &self.blocks {
            let (entropy, chi) = measure(&block.map(u64::from));
            bits.push((entropy * 1000.0).round() / 1000.0);
            chi_square.push(chi.round());
        }
        let mut total = [0_u64; 256];
        add(&mut total, &self.blocks);
        let (total_bits, total_chi_square) = measure(&total);
        Curve { block_bytes: self.block_bytes, bits, chi_square, total_bits, total_chi_square }
    }
}

fn add(sums: &mut [u64; 256], blocks: &[[u32; 256]]) {
    for block in blocks {
        for (sum, count) in sums.iter_mut().zip(block) {
            *sum += u64::from(*count);
        }
    }
}
