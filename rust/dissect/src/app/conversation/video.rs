//! Video without its beginning: units of ITU-T H.264 and H.265 behind start codes, and packs of program streams.

use memchr::memmem;

/// A start code, and bytes from it on that are looked at.
const START: &[u8] = &[0, 0, 1];
const HEAD_BYTES: usize = 8;
/// Zeros before a start code that has one of its own besides (ITU-T H.264 B.1.1), with which it would be a number.
const COUNTER: &[u8] = &[0, 0];
/// Profiles of ITU-T H.264 (annexes A, F, G).
const PROFILES: [u8; 16] = [44, 66, 77, 83, 86, 88, 100, 110, 118, 122, 128, 134, 138, 139, 144, 244];
/// Head of a pack, and packs that must be there.
const PACK_BYTES: usize = 14;
const MIN_PACKS: u32 = 2;
/// Units of video that must fit for a stream to be one: one or two may be a counter before encrypted bytes.
const MIN_UNITS: u32 = 3;
/// Of start codes so many in ten must have a unit behind them that fits: bytes of other protocols may look like one.
const MIN_TENTHS: u32 = 9;

/// What start codes of a direction show.
#[derive(Default)]
pub struct Video {
    starts: u32,
    h264: Units,
    h265: Units,
    packs: u32,
}

/// What a unit behind a start code is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// parameters of all that follows
    Parameters,
    /// the first part of a picture
    First,
    /// another part, or what belongs to it
    Other,
}

/// Units of one standard.
#[derive(Default)]
struct Units {
    fitting: u32,
    has_parameters: bool,
    /// of a picture the first part was there, as of each that is whole
    has_first: bool,
}

impl Units {
    fn add(&mut self, unit: Option<Unit>) {
        self.fitting = self.fitting.saturating_add(u32::from(unit.is_some()));
        self.has_parameters |= unit == Some(Unit::Parameters);
        self.has_first |= unit == Some(Unit::First);
    }

    fn are_shown(&self, starts: u32) -> bool {
        self.has_parameters && self.fitting.saturating_mul(2) >= starts
            || self.has_first && self.fitting >= MIN_UNITS && self.are_most(starts)
    }

    fn are_most(&self, starts: u32) -> bool {
        self.fitting.saturating_mul(10) >= starts.saturating_mul(MIN_TENTHS)
    }
}

impl Video {
    /// Looks at a datagram, or what came of a stream at a time; a unit whose head goes on in the next one is left out.
    pub fn piece(&mut self, bytes: &[u8]) {
        for place in memmem::find_iter(bytes, START) {
            let Some(head) = bytes.get(place..).and_then(<[u8]>::first_chunk) else { break };
            self.starts = self.starts.saturating_add(1);
            // more zeros are those of a number: a nonce of TLS counts in eight bytes before what it encrypts (RFC 5288 3)
            if bytes.get(..place).is_some_and(|before| before.ends_with(COUNTER)) {
                continue;
            }
            self.h264.add(h264(head));
            self.h265.add(h265(head));
            self.packs = self.packs.saturating_add(u32::from(is_pack(bytes, place)));
        }
    }

    /// What it is, where that is shown.
    pub fn format(&self) -> Option<&'static str> {
        if [&self.h264, &self.h265].iter().any(|units| units.are_shown(self.starts)) {
            return Some("h26x");
        }
        (self.packs >= MIN_PACKS).then_some("mpeg-ps")
    }

    /// Units of video that fit, where most do: of H.264 or H.265, of which there are more.
    pub fn units(&self) -> u32 {
        let most = self.h264.fitting.max(self.h265.fitting);
        if [&self.h264, &self.h265].iter().any(|units| units.are_most(self.starts)) { most } else { 0 }
    }
}

/// A unit of ITU-T H.264 (7.3.1, 7.4.1) behind a start code.
fn h264([_, _, _, head, bits @ ..]: &[u8; HEAD_BYTES]) -> Option<Unit> {
    let [profile, flags, ..] = *bits;
    let bits = u32::from_be_bytes(*bits);
    let (is_reference, kind) = (head >> 5 & 3 > 0, head & 0x1f);
    if head & 0x80 > 0 {
        return None;
    }
    match kind {
        1 | 5 => {
            let mut bits = Bits(bits);
            let (first, slice) = (bits.number()?, bits.number()?);
            // a picture that can be decoded alone is a reference and has no parts that are predicted (table 7-6)
            let fits = if kind == 5 { is_reference && matches!(slice, 2 | 4 | 7 | 9) } else { slice <= 9 };
            fits.then_some(if first == 0 { Unit::First } else { Unit::Other })
        }
        // sets of parameters are of references, those of a sequence have two bits that are zero; messages and delimiters are of none
        7 => (is_reference && PROFILES.contains(&profile) && flags & 3 == 0).then_some(Unit::Parameters),
        8 => is_reference.then_some(Unit::Other),
        6 => (!is_reference && profile <= 0x2f).then_some(Unit::Other),
        9 => (!is_reference && profile & 0x1f == 0x10).then_some(Unit::Other),
        _ => None,
    }
}

/// The same of ITU-T H.265 (7.3.1.2, table 7-1); of its sets of parameters the first one is told by bits that are ones (7.3.2.1).
fn h265([_, _, _, head, layer, third, ..]: &[u8; HEAD_BYTES]) -> Option<Unit> {
    // no extension layers, and a temporal id plus one
    if head & 0x81 > 0 || !(1..=7).contains(layer) {
        return None;
    }
    match head >> 1 {
        0..=9 | 16..=21 => Some(if third >> 7 == 1 { Unit::First } else { Unit::Other }),
        32 if *layer == 1 && *third == 0x0c => Some(Unit::Parameters),
        32..=40 => Some(Unit::Other),
        _ => None,
    }
}

/// Whether a pack of a program stream begins, behind whose head another start code stands (ISO/IEC 13818-1 2.5.3.3), as video recorders send it.
fn is_pack(bytes: &[u8], place: usize) -> bool {
    let Some([_, _, _, 0xba, first, .., stuffing]) = bytes.get(place..).and_then(<[u8]>::first_chunk::<PACK_BYTES>)
    else {
        return false;
    };
    let end = place.saturating_add(PACK_BYTES).saturating_add(usize::from(stuffing & 7));
    first & 0xc4 == 0x44 && bytes.get(end..).is_some_and(|rest| rest.starts_with(START))
}

/// Bits from the first on.
struct Bits(u32);

impl Bits {
    /// The next number of Exp-Golomb code (ITU-T H.264 9.1); of parts of pictures few take more than 12 bits.
    fn number(&mut self) -> Option<u32> {
        let zeros = self.0.leading_zeros();
        let length = zeros.checked_mul(2)?.checked_add(1).filter(|length| *length <= 25)?;
        let code = self.0.checked_shr(32u32.checked_sub(length)?)?;
        self.0 = self.0.checked_shl(length)?;
        code.checked_sub(1)
    }
}
