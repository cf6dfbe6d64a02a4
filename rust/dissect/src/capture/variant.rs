//! Which flavour of pcap a file is, where its magic number leaves that open.
//!
//! Some systems of the 1990s wrote longer record headers under the usual magic number. As in
//! Wireshark, the first three records are read in each flavour, and what looks wrong is counted.
//! Unlike in Wireshark, a rare flavour under the usual magic number must look flawless: else a
//! usual file that is damaged near its beginning would be taken for one of them, and its sound
//! records would be lost.

use super::{ByteOrder, PcapVariant};

/// Records looked at (MAX_RECORDS_TO_TRY in Wireshark's `wiretap/libpcap.c`).
const RECORDS_TRIED: usize = 3;
/// Interface indices of that time stayed below this (same source).
const MAX_INTERFACE_INDEX: u32 = 10_000;
/// No frame on a wire is longer, in bytes (same source).
const MAX_ORIGINAL_BYTES: u32 = 128 * 1024 * 1024;
/// Linux packet types of that time: PACKET_HOST to PACKET_OUTGOING.
const MAX_PACKET_TYPE: u8 = 4;

/// What a file's header says, as far as it helps.
pub(super) struct Hints {
    pub order: ByteOrder,
    pub snaplen: u32,
    pub max_frame_bytes: u32,
    /// The bytes given are all that the file has.
    pub whole_file: bool,
}

impl PcapVariant {
    /// Bytes before the frame in each record.
    pub(super) fn record_header_bytes(self) -> usize {
        match self {
            PcapVariant::Standard | PcapVariant::Aix | PcapVariant::Ixia => 16,
            PcapVariant::Nokia => 20,
            PcapVariant::Modified990417 | PcapVariant::Modified991029 => 24,
            PcapVariant::Modified990915 => 28,
        }
    }
}

/// The flavour of the records that begin with `records`, under the usual magic number.
pub(super) fn under_usual_magic(records: &[u8], hints: &Hints) -> PcapVariant {
    let fits = |variant: &PcapVariant| oddities(records, hints, *variant) == 0;
    [PcapVariant::Standard, PcapVariant::Modified990417, PcapVariant::Nokia]
        .into_iter()
        .find(fits)
        .unwrap_or(PcapVariant::Standard)
}

/// The flavour under the magic number of Kuznetzov's patches: the one that looks less wrong.
pub(super) fn under_modified_magic(records: &[u8], hints: &Hints) -> PcapVariant {
    let short = oddities(records, hints, PcapVariant::Modified991029);
    let long = oddities(records, hints, PcapVariant::Modified990915);
    if long < short { PcapVariant::Modified990915 } else { PcapVariant::Modified991029 }
}

/// How much looks wrong in the first records, read in this flavour.
fn oddities(records: &[u8], hints: &Hints, variant: PcapVariant) -> u32 {
    let mut odd = 0u32;
    let mut rest = records;
    for _ in 0..RECORDS_TRIED {
        if rest.is_empty() {
            break;
        }
        let short = u32::from(hints.whole_file);
        let Some((header, after)) = rest.split_at_checked(variant.record_header_bytes()) else {
            return odd.saturating_add(short);
        };
        let word = |at: usize| hints.order.u32_at(header, at).unwrap_or_default();
        let (fraction, captured, original) = (word(4), word(8), word(12));
        let mut signs = vec![
            fraction >= 1_000_000,
            captured > hints.max_frame_bytes,
            captured > hints.snaplen,
            original > MAX_ORIGINAL_BYTES,
            captured > original,
        ];
        match variant {
            PcapVariant::Modified990417 | PcapVariant::Modified991029 | PcapVariant::Modified990915 => {
                let protocol = hints.order.u16_at(header, 20).unwrap_or_default();
                // Ethertypes, and what Linux then used below them: ETH_P_LOOP, _ECHO, _PUP and the
                // types that are not DIX (linux/if_ether.h).
                let known = matches!(protocol, 0..=0x17 | 0x60 | 0x200 | 0x400 | 0x600..);
                signs.push(word(16) > MAX_INTERFACE_INDEX);
                signs.push(!known);
                signs.push(header.get(22).is_some_and(|kind| *kind > MAX_PACKET_TYPE));
            }
            PcapVariant::Nokia => signs.push(!is_nokia_word(word(16))),
            PcapVariant::Standard | PcapVariant::Aix | PcapVariant::Ixia => {}
        }
        odd = odd.saturating_add(signs.iter().map(|sign| u32::from(*sign)).sum());
        if captured > hints.max_frame_bytes {
            return odd;
        }
        let Some(next) = after.get(captured as usize..) else {
            return odd.saturating_add(short);
        };
        rest = next;
    }
    odd
}

/// The values seen in the fifth word of Nokia records: 0x[9b]fbf[bd][69]0[12].
fn is_nokia_word(word: u32) -> bool {
    let nibble = |shift: u32| (word >> shift) & 0xf;
    (word & 0x0fff_00f0) == 0x0fbf_0000
        && matches!(nibble(28), 0x9 | 0xb)
        && matches!(nibble(12), 0xb | 0xd)
        && matches!(nibble(8), 0x6 | 0x9)
        && matches!(nibble(0), 1 | 2)
}
