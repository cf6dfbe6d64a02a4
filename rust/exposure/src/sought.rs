//! Bytes that are sought together: where any of many spellings stands in a content.
//!
//! The spellings lie sorted. Where the next bytes of a content may begin one, as a table of bits tells, the last spelling that
//! does not sort behind the rest of the content is looked up: what stands there is that one or a beginning of it, and each knows
//! its longest beginning. So neither spellings that begin alike nor a content of one byte make many comparisons. To make an
//! automaton of them instead takes longer than to search what most captures hold.

use crate::spelling::Spelling;

/// Most first bytes of a spelling that the table tells, as many as a number has.
const MAX_HEAD_BYTES: usize = 8;
/// Bits of the table for each spelling: of other heads one in so many is taken for one; and most bits (half a MiB).
const BITS_EACH: usize = 32;
const MAX_BITS: usize = 1 << 22;
const WORD_BITS: usize = 64;
/// 2^64 over the golden ratio: its multiples spread in their upper bits (Knuth, The Art of Computer Programming 3, 6.4).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// A spelling among the others.
struct Entry {
    first: u64,
    known: usize,
    spelling: Spelling,
}

/// Where a spelling stands.
pub struct Hit<'a> {
    /// The number of its value.
    pub known: usize,
    pub spelling: &'a Spelling,
    pub start: usize,
    pub end: usize,
}

/// Spellings that are sought.
#[derive(Default)]
pub struct Sought {
    /// sorted by their bytes
    entries: Vec<Entry>,
    /// the longest other one with which each begins
    beginnings: Vec<Option<usize>>,
    /// the first bytes of each as a number
    heads: Vec<u64>,
    head_bytes: usize,
    /// by the hash of a head whether it may be one of these
    table: Vec<u64>,
    /// how far a hash is shifted to be the number of a bit
    shift: u32,
}

impl Sought {
    /// Of these, each with the number of its value; of equal ones of a value the first counts. What is empty stands everywhere,
    /// and is left out.
    pub fn new(spellings: impl Iterator<Item = (usize, Spelling)>) -> Self {
        let entry = |(known, spelling): (usize, Spelling)| {
            let first = first_bytes(&spelling.raw);
            Entry { first, known, spelling }
        };
        let mut entries: Vec<Entry> = spellings.filter(|(_, spelling)| !spelling.raw.is_empty()).map(entry).collect();
        entries
            .sort_by(|one, other| one.first.cmp(&other.first).then_with(|| one.spelling.raw.cmp(&other.spelling.raw)));
        entries.dedup_by(|one, kept| one.known == kept.known && one.spelling.raw == kept.spelling.raw);
        let Some(shortest) = entries.iter().map(|entry| entry.spelling.raw.len()).min() else { return Self::default() };
        let beginnings = beginnings(&entries);
        let head_bytes = shortest.min(MAX_HEAD_BYTES);
        let heads: Vec<u64> = entries.iter().map(|entry| entry.first >> (WORD_BITS - 8 * head_bytes)).collect();
        let bits = (entries.len() * BITS_EACH).clamp(WORD_BITS, MAX_BITS).next_power_of_two();
        let shift = u64::BITS - bits.ilog2();
        let mut table = vec![0; bits / WORD_BITS];
        for head in &heads {
            let (word, bit) = place(*head, shift);
            if let Some(word) = table.get_mut(word) {
                *word |= bit;
            }
        }
        Self { entries, beginnings, heads, head_bytes, table, shift }
    }

    /// Tells of each that stands in the content, by where it starts.
    pub fn each<'a>(&'a self, content: &[u8], mut tell: impl FnMut(Hit<'a>)) {
        if self.entries.is_empty() {
            return;
        }
        let used = u64::MAX >> (WORD_BITS - 8 * self.head_bytes);
        let mut recent = 0;
        for (last, byte) in content.iter().enumerate() {
            recent = recent << 8 | u64::from(*byte);
            let head = recent & used;
            let (word, bit) = place(head, self.shift);
            if self.table.get(word).is_none_or(|word| word & bit == 0) {
                continue;
            }
            let Some(start) = (last + 1).checked_sub(self.head_bytes) else { continue };
            let Some(rest) = content.get(start..).filter(|_| self.heads.binary_search(&head).is_ok()) else { continue };
            let behind = self.entries.partition_point(|entry| entry.spelling.raw.as_slice() <= rest);
            let mut next = behind.checked_sub(1);
            while let Some(place) = next
                && let Some(Entry { known, spelling, .. }) = self.entries.get(place)
            {
                if rest.starts_with(&spelling.raw) {
                    tell(Hit { known: *known, spelling, start, end: start + spelling.raw.len() });
                }
                next = self.beginnings.get(place).copied().flatten();
            }
        }
    }
}

/// The first bytes as a number that sorts as they do; zeros where there are fewer.
fn first_bytes(raw: &[u8]) -> u64 {
    let mut first = [0; MAX_HEAD_BYTES];
    first.iter_mut().zip(raw).for_each(|(place, byte)| *place = *byte);
    u64::from_be_bytes(first)
}

/// Word of the table and bit in it that tell of a head.
fn place(head: u64, shift: u32) -> (usize, u64) {
    let number = usize::try_from(head.wrapping_mul(SPREAD) >> shift).unwrap_or_default();
    (number / WORD_BITS, 1 << (number % WORD_BITS))
}

/// With which other one each begins, of sorted ones.
fn beginnings(entries: &[Entry]) -> Vec<Option<usize>> {
    let mut open: Vec<(usize, &[u8])> = Vec::new();
    let mut found = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let raw = entry.spelling.raw.as_slice();
        while open.pop_if(|(_, before)| !raw.starts_with(before)).is_some() {}
        found.push(open.last().map(|(place, _)| *place));
        open.push((place, raw));
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spelling::Stands;

    fn sought(spellings: &[Vec<u8>]) -> Sought {
        let one = |(known, raw): (usize, &Vec<u8>)| {
            (known, Spelling { raw: raw.clone(), how: "text", stands: Stands::Anywhere })
        };
        Sought::new(spellings.iter().enumerate().map(one))
    }

    fn found(spellings: &[Vec<u8>], content: &[u8]) -> Vec<(usize, usize, usize)> {
        let mut hits = Vec::new();
        sought(spellings).each(content, |hit| hits.push((hit.start, hit.end, hit.known)));
        hits.sort_unstable();
        hits
    }

    fn standing(spellings: &[Vec<u8>], content: &[u8]) -> Vec<(usize, usize, usize)> {
        let mut hits = Vec::new();
        for start in 0..content.len() {
            for (known, raw) in spellings.iter().enumerate().filter(|(_, raw)| !raw.is_empty()) {
                if content.get(start..).is_some_and(|rest| rest.starts_with(raw)) {
                    hits.push((start, start + raw.len(), known));
                }
            }
        }
        hits.sort_unstable();
        hits
    }

    #[test]
    fn of_equal_spellings_of_a_value_the_first_counts() {
        let one = |how| Spelling { raw: b"SN4711".to_vec(), how, stands: Stands::Anywhere };
        let mut told = Vec::new();
        Sought::new([(0, one("text")), (0, one("hex")), (1, one("md5"))].into_iter())
            .each(b"SN4711", |hit| told.push((hit.known, hit.spelling.how)));
        told.sort_unstable();
        assert_eq!(told, [(0, "text"), (1, "md5")]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn each_is_found_wherever_it_stands(
            spellings in proptest::collection::vec(proptest::collection::vec(b'a'..b'd', 0..12), 0..12),
            content in proptest::collection::vec(b'a'..b'd', 0..80),
        ) {
            prop_assert_eq!(found(&spellings, &content), standing(&spellings, &content));
        }

        #[test]
        fn long_ones_are_found_in_any_bytes(
            spelling in proptest::collection::vec(any::<u8>(), 5..40),
            before in proptest::collection::vec(any::<u8>(), 0..20),
            after in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let content = [before, spelling.clone(), after].concat();
            prop_assert_eq!(found(std::slice::from_ref(&spelling), &content), standing(&[spelling], &content));
        }
    }
}
