//! A frame that the capture holds twice: byte-equal, at another interface or in another file, within a window.
//!
//! A repeated frame on one interface is no duplicate: ARP and mDNS repeat themselves on purpose.

use crate::capture::Overlap;
use hashbrown::{DefaultHashBuilder, HashMap};
use std::collections::VecDeque;
use std::hash::BuildHasher;

/// Two sightings of one frame lie at most this far apart: interfaces of one box differ by microseconds; the rest
/// is for boxes whose clocks NTP holds together (RFC 5905 1 promises "tens of milliseconds" over the Internet).
pub const DUPLICATE_WINDOW_NS: i64 = 100_000_000;
/// Sightings remembered in one shard, at most: bounds memory when a capture puts many frames into one instant.
const MAX_SIGHTINGS: usize = 16_384;

/// Where a frame was captured: file and interface.
pub type Vantage = (u32, u32);

struct Sighting {
    time_ns: i64,
    vantages: Vec<Vantage>,
}

/// Remembers the frames of the last moments.
#[derive(Default)]
pub struct Duplicates {
    hasher: DefaultHashBuilder,
    recent: HashMap<u64, Vec<Sighting>>,
    order: VecDeque<(i64, u64)>,
}

impl Duplicates {
    /// Whether the frame is another sighting of one seen before at another vantage point.
    ///
    /// `bytes` and `original_len` identify the frame by a keyed 64-bit hash: a chance of 1 in 10^19 a pair.
    /// A frame before the point from which files are known to overlap is remembered, and never a repetition itself.
    pub fn is_repeated(
        &mut self,
        bytes: &[u8],
        original_len: u32,
        time_ns: i64,
        vantage: Vantage,
        overlap: Overlap,
    ) -> bool {
        self.forget(time_ns);
        let hash = self.hasher.hash_one((bytes, original_len));
        let sightings = self.recent.entry(hash).or_default();
        for sighting in sightings.iter_mut().filter(|_| overlap == Overlap::Here) {
            let near = time_ns.abs_diff(sighting.time_ns) <= DUPLICATE_WINDOW_NS.unsigned_abs();
            if near && !sighting.vantages.contains(&vantage) {
                sighting.vantages.push(vantage);
                return true;
            }
        }
        sightings.push(Sighting { time_ns, vantages: vec![vantage] });
        self.order.push_back((time_ns, hash));
        false
    }

    fn forget(&mut self, now_ns: i64) {
        while let Some((time_ns, hash)) = self.order.front().copied() {
            let old = now_ns.saturating_sub(time_ns) > DUPLICATE_WINDOW_NS;
            if !old && self.order.len() < MAX_SIGHTINGS {
                break;
            }
            self.order.pop_front();
            if let Some(sightings) = self.recent.get_mut(&hash) {
                if let Some(index) = sightings.iter().position(|sighting| sighting.time_ns == time_ns) {
                    sightings.remove(index);
                }
                if sightings.is_empty() {
                    self.recent.remove(&hash);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_at_two_interfaces_is_one() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_repeated(b"frame", 5, 0, (0, 0), Overlap::Here));
        assert!(seen.is_repeated(b"frame", 5, 1000, (0, 1), Overlap::Here));
    }

    #[test]
    fn a_frame_repeated_on_one_interface_is_two() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_repeated(b"arp", 3, 0, (0, 0), Overlap::Here));
        assert!(!seen.is_repeated(b"arp", 3, 1000, (0, 0), Overlap::Here));
        // and the other interface shows both again
        assert!(seen.is_repeated(b"arp", 3, 1100, (0, 1), Overlap::Here));
        assert!(seen.is_repeated(b"arp", 3, 1200, (0, 1), Overlap::Here));
        assert!(!seen.is_repeated(b"arp", 3, 1300, (0, 1), Overlap::Here));
    }

    #[test]
    fn outside_the_window_it_is_another_frame() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_repeated(b"frame", 5, 0, (0, 0), Overlap::Here));
        assert!(!seen.is_repeated(b"frame", 5, DUPLICATE_WINDOW_NS + 1, (0, 1), Overlap::Here));
    }

    #[test]
    fn a_frame_repeated_where_one_file_follows_another_is_two() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_repeated(b"arp", 3, 0, (0, 0), Overlap::Ahead));
        assert!(!seen.is_repeated(b"arp", 3, 1000, (1, 0), Overlap::Ahead));
    }

    #[test]
    fn a_frame_before_the_other_file_began_is_remembered() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_repeated(b"arp", 3, 0, (0, 0), Overlap::Ahead));
        assert!(seen.is_repeated(b"arp", 3, 1000, (1, 0), Overlap::Here));
    }
}
