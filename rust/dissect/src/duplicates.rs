//! A frame that the capture holds twice, at another interface or in another file, within a window: byte-equal, or where one of
//! the two links has no MACs, the same packet.
//!
//! A repeated frame on one interface is no duplicate: ARP and mDNS repeat themselves on purpose.

use crate::capture::Overlap;
use crate::packet::{Head, Network};
use hashbrown::{DefaultHashBuilder, HashMap};
use std::collections::VecDeque;
use std::hash::BuildHasher;

/// Two sightings of one frame lie at most this far apart: interfaces of one box differ by microseconds; the rest
/// is for boxes whose clocks NTP holds together (RFC 5905 1 promises "tens of milliseconds" over the Internet).
pub const DUPLICATE_WINDOW_NS: i64 = 100_000_000;
/// Sightings remembered in one shard, at most: bounds memory when a capture puts many frames into one instant.
const MAX_SIGHTINGS: usize = 16_384;

/// Sightings of frames that are alike, and places where one was seen, at most: each is looked through for every such frame.
const MAX_ALIKE: usize = 64;

/// Bytes of an IP packet's payload by which it is looked up, and told from others where a capture has cut it: ports, sequence number
/// and checksum are among them, and a capture that cuts its frames seldom cuts them shorter (tcpdump's old default left 68 bytes, 34 of
/// which are heads below).
const TELLING_BYTES: usize = 34;

/// Where a frame was captured: file, interface, and where on the machine it passed ([`crate::packet::Passed::device`]; 0: not told).
pub type Vantage = (u32, u32, u64);

/// What makes a frame the same one elsewhere, as keyed 64-bit hashes: a chance of 1 in 10^19 a pair.
#[derive(Clone, Copy)]
pub struct Identity {
    /// all its bytes and its length on the wire
    whole: u64,
    /// its MACs and its length on the wire: with `packet` what tells a frame of which a capture has the beginning only
    link: u64,
    /// ends, length and first bytes of its IP packet (a router on the way may count down its time to live, and a snap length cut
    /// one of the two); without one as `whole`
    packet: u64,
    /// all its IP packet's payload that was captured: a checksum need not stand for it (RFC 768: zero is none)
    payload: u64,
    /// whether the capture has its beginning only
    is_cut: bool,
    /// whether its link has no MACs
    is_bare: bool,
}

struct Sighting {
    time_ns: i64,
    /// the frame with MACs, once one was seen
    full: Option<Identity>,
    /// the frame without, once one was seen
    bare: Option<Identity>,
    /// payload of its packet, of the sighting that has most of it
    payload: u64,
    is_cut: bool,
    vantages: Vec<Vantage>,
}

impl Sighting {
    fn fits(&self, frame: Identity, time_ns: i64, vantage: Vantage, overlap: Overlap) -> bool {
        let own = if frame.is_bare { self.bare } else { self.full };
        // one file, and the next of the same capture, may hold a frame where it came in and where it left
        let passes = || vantage.2 > 0 && self.vantages.iter().all(|known| known.2 > 0 && known.2 != vantage.2);
        (overlap == Overlap::Here || passes())
            && self.vantages.len() < MAX_ALIKE
            && time_ns.abs_diff(self.time_ns) <= DUPLICATE_WINDOW_NS.unsigned_abs()
            && !self.vantages.contains(&vantage)
            && own.is_none_or(|known| {
                known.whole == frame.whole || ((known.is_cut || frame.is_cut) && known.link == frame.link)
            })
            && (self.payload == frame.payload || self.is_cut || frame.is_cut)
    }

    fn take(&mut self, frame: Identity, vantage: Vantage) {
        let own = if frame.is_bare { &mut self.bare } else { &mut self.full };
        if own.is_none_or(|known| known.is_cut) {
            *own = Some(frame);
        }
        if self.is_cut && !frame.is_cut {
            (self.payload, self.is_cut) = (frame.payload, false);
        }
        self.vantages.push(vantage);
    }
}

/// Remembers the frames of the last moments.
#[derive(Default)]
pub struct Duplicates {
    hasher: DefaultHashBuilder,
    recent: HashMap<u64, Vec<Sighting>>,
    order: VecDeque<(i64, u64)>,
}

impl Duplicates {
    /// What tells the frame from others: its bytes in two parts, without what tells where it passed.
    pub fn identity(&self, bytes: [&[u8]; 2], original_len: u32, is_cut: bool, head: &Head<'_>) -> Identity {
        let whole = self.hasher.hash_one((bytes, original_len));
        let (packet, payload) = match &head.network {
            Network::Ip(ip) => {
                let place = ip.fragment.map(|fragment| (fragment.id, fragment.offset));
                let first = ip.payload.get(..TELLING_BYTES).unwrap_or(ip.payload);
                let packet =
                    self.hasher.hash_one((ip.source, ip.destination, ip.protocol, place, ip.payload_len, first));
                (packet, self.hasher.hash_one(ip.payload))
            }
            _ => (whole, whole),
        };
        let link = self.hasher.hash_one((head.source, head.destination, head.vlan, original_len));
        Identity { whole, link, packet, payload, is_cut, is_bare: head.source.is_none() && head.destination.is_none() }
    }

    /// Whether the frame is another sighting of one seen before at another vantage point.
    ///
    /// A frame before the point from which files are known to overlap is remembered, and never a repetition itself.
    pub fn is_repeated(&mut self, frame: Identity, time_ns: i64, vantage: Vantage, overlap: Overlap) -> bool {
        self.forget(time_ns);
        let sightings = self.recent.entry(frame.packet).or_default();
        if let Some(sighting) = sightings.iter_mut().find(|one| one.fits(frame, time_ns, vantage, overlap)) {
            sighting.take(frame, vantage);
            return true;
        }
        if sightings.len() >= MAX_ALIKE {
            sightings.remove(0);
        }
        let Identity { payload, is_cut, .. } = frame;
        let mut first = Sighting { time_ns, full: None, bare: None, payload, is_cut, vantages: Vec::new() };
        first.take(frame, vantage);
        sightings.push(first);
        self.order.push_back((time_ns, frame.packet));
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

    /// A frame with MACs whose bytes are told by a number, of a packet told by another one.
    fn full(whole: u64, packet: u64) -> Identity {
        Identity { whole, link: whole, packet, payload: packet, is_cut: false, is_bare: false }
    }

    fn bare(whole: u64, packet: u64) -> Identity {
        Identity { is_bare: true, ..full(whole, packet) }
    }

    #[test]
    fn a_frame_at_two_interfaces_is_one() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_repeated(full(1, 1), 0, (0, 0, 0), Overlap::Here));
        assert!(seen.is_repeated(full(1, 1), 1000, (0, 1, 0), Overlap::Here));
    }

    #[test]
    fn a_frame_repeated_on_one_interface_is_two() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_repeated(full(2, 2), 0, (0, 0, 0), Overlap::Here));
        assert!(!seen.is_repeated(full(2, 2), 1000, (0, 0, 0), Overlap::Here));
        // and the other interface shows both again
        assert!(seen.is_repeated(full(2, 2), 1100, (0, 1, 0), Overlap::Here));
        assert!(seen.is_repeated(full(2, 2), 1200, (0, 1, 0), Overlap::Here));
        assert!(!seen.is_repeated(full(2, 2), 1300, (0, 1, 0), Overlap::Here));
    }

    #[test]
    fn a_frame_that_passes_interfaces_of_one_machine_is_one_across_files_too() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_repeated(full(3, 3), 0, (0, 0, 8), Overlap::None));
        assert!(seen.is_repeated(full(3, 3), 1000, (0, 0, 12), Overlap::None));
        // the next file begins; what is seen there again at the first interface was sent again
        assert!(seen.is_repeated(full(3, 3), 2000, (1, 0, 7), Overlap::Ahead));
        assert!(!seen.is_repeated(full(3, 3), 3000, (1, 0, 8), Overlap::None));
    }

    #[test]
    fn of_frames_that_are_alike_some_are_remembered() {
        let mut seen = Duplicates::default();
        for device in 1..10_000 {
            seen.is_repeated(full(4, 4), 0, (0, 0, device), Overlap::None);
            seen.is_repeated(full(4, 4), 0, (0, 0, 1), Overlap::None);
        }
        assert!(seen.recent.values().all(|alike| alike.len() <= MAX_ALIKE));
        assert!(seen.recent.values().flatten().all(|sighting| sighting.vantages.len() <= MAX_ALIKE));
    }

    #[test]
    fn outside_the_window_it_is_another_frame() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_repeated(full(1, 1), 0, (0, 0, 0), Overlap::Here));
        assert!(!seen.is_repeated(full(1, 1), DUPLICATE_WINDOW_NS + 1, (0, 1, 0), Overlap::Here));
    }

    #[test]
    fn a_frame_repeated_where_one_file_follows_another_is_two() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_repeated(full(2, 2), 0, (0, 0, 0), Overlap::Ahead));
        assert!(!seen.is_repeated(full(2, 2), 1000, (1, 0, 0), Overlap::Ahead));
    }

    #[test]
    fn a_frame_before_the_other_file_began_is_remembered() {
        let mut seen = Duplicates::default();
        assert!(!seen.is_repeated(full(2, 2), 0, (0, 0, 0), Overlap::Ahead));
        assert!(seen.is_repeated(full(2, 2), 1000, (1, 0, 0), Overlap::Here));
    }

    #[test]
    fn a_packet_without_macs_is_the_frame_s_whichever_comes_first() {
        for (one, other) in [(full(1, 9), bare(2, 9)), (bare(2, 9), full(1, 9))] {
            let mut seen = Duplicates::default();
            assert!(!seen.is_repeated(one, 0, (0, 0, 0), Overlap::Here));
            assert!(seen.is_repeated(other, 1000, (1, 0, 0), Overlap::Here));
            // another packet, and the same between other MACs, are their own
            assert!(!seen.is_repeated(bare(3, 8), 1000, (1, 0, 0), Overlap::Here));
            assert!(!seen.is_repeated(full(4, 9), 1000, (2, 0, 0), Overlap::Here));
        }
    }

    #[test]
    fn a_frame_of_which_one_interface_has_the_beginning_is_one() {
        let cut = Identity { whole: 7, payload: 7, is_cut: true, ..full(1, 9) };
        // between other MACs it is another one: a repeater sent it on
        for (other, is_one) in [(cut, true), (Identity { link: 7, ..cut }, false)] {
            for (first, second) in [(full(1, 9), other), (other, full(1, 9))] {
                let mut seen = Duplicates::default();
                assert!(!seen.is_repeated(first, 0, (0, 0, 0), Overlap::Here));
                assert_eq!(seen.is_repeated(second, 1000, (0, 1, 0), Overlap::Here), is_one);
                // a third interface, which cuts elsewhere
                let shorter = Identity { whole: 8, payload: 8, ..cut };
                assert!(seen.is_repeated(shorter, 2000, (0, 2, 0), Overlap::Here));
            }
        }
    }

    #[test]
    fn packets_that_begin_alike_are_one_only_where_one_is_cut() {
        let other = Identity { payload: 5, ..bare(2, 9) };
        for (other, is_one) in [(other, false), (Identity { is_cut: true, ..other }, true)] {
            for (first, second) in [(full(1, 9), other), (other, full(1, 9))] {
                let mut seen = Duplicates::default();
                assert!(!seen.is_repeated(first, 0, (0, 0, 0), Overlap::Here));
                assert_eq!(seen.is_repeated(second, 1000, (1, 0, 0), Overlap::Here), is_one);
            }
        }
    }
}
