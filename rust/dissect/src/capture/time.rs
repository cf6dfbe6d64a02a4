//! From a capture file's time stamps to nanoseconds since 1970.

/// Nanoseconds in a second.
pub(crate) const NS_PER_S: i64 = 1_000_000_000;
/// The power of ten of a nanosecond.
const NS_EXPONENT: u32 = 9;
/// if_tsresol: the most significant bit tells a power of two from a power of ten.
const POWER_OF_TWO_BIT: u8 = 0x80;

/// Length of one unit of an interface's time stamps (pcapng if_tsresol, draft-ietf-opsawg-pcapng
/// section 4.2), in the form that makes conversion cheap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeUnit {
    /// A unit is this many nanoseconds.
    Nanoseconds(u64),
    /// This many units make a nanosecond: 10^-10 s and finer.
    PerNanosecond(u128),
    /// 2^this units make a second.
    BinaryFraction(u32),
}

impl TimeUnit {
    /// A microsecond: pcap, and pcapng without if_tsresol.
    pub const MICROSECOND: TimeUnit = TimeUnit::Nanoseconds(1_000);
    /// A nanosecond.
    pub const NANOSECOND: TimeUnit = TimeUnit::Nanoseconds(1);

    /// The unit that an if_tsresol byte means.
    pub(crate) fn from_tsresol(tsresol: u8) -> TimeUnit {
        let exponent = u32::from(tsresol & !POWER_OF_TWO_BIT);
        if tsresol & POWER_OF_TWO_BIT != 0 {
            return TimeUnit::BinaryFraction(exponent);
        }
        match NS_EXPONENT.checked_sub(exponent) {
            Some(zeros) => TimeUnit::Nanoseconds(10u64.saturating_pow(zeros)),
            None => {
                let zeros = exponent.saturating_sub(NS_EXPONENT);
                TimeUnit::PerNanosecond(10u128.saturating_pow(zeros))
            }
        }
    }

    /// Length of a unit in seconds, for people to read; times are converted exactly, without it.
    pub fn seconds(self) -> f64 {
        match self {
            TimeUnit::Nanoseconds(ns) => ns as f64 / 1e9,
            TimeUnit::PerNanosecond(units) => 1e-9 / units as f64,
            TimeUnit::BinaryFraction(exponent) => 0.5f64.powi(exponent.try_into().unwrap_or(i32::MAX)),
        }
    }

    /// `units` of time since 1970 and `offset_s` seconds in nanoseconds, rounded down; None where
    /// the result does not fit (before 1677, after 2262).
    #[inline]
    pub(crate) fn to_ns(self, units: u64, offset_s: i64) -> Option<i64> {
        if offset_s == 0
            && let TimeUnit::Nanoseconds(ns) = self
        {
            return i64::try_from(units.checked_mul(ns)?).ok();
        }
        self.to_ns_wide(units, offset_s)
    }

    /// The rare cases: all of it in 128 bits, where nothing below can overflow.
    #[cold]
    fn to_ns_wide(self, units: u64, offset_s: i64) -> Option<i64> {
        let units = u128::from(units);
        let ns = match self {
            TimeUnit::Nanoseconds(ns) => units.checked_mul(u128::from(ns))?,
            TimeUnit::PerNanosecond(per_ns) => units.checked_div(per_ns)?,
            TimeUnit::BinaryFraction(exponent) => units.checked_mul(1_000_000_000)?.checked_shr(exponent).unwrap_or(0),
        };
        let offset_ns = i128::from(offset_s).checked_mul(i128::from(NS_PER_S))?;
        i64::try_from(i128::try_from(ns).ok()?.checked_add(offset_ns)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::TimeUnit;

    #[test]
    fn every_resolution_byte_means_what_the_draft_says() {
        // (if_tsresol, units, nanoseconds)
        let cases: [(u8, u64, Option<i64>); 10] = [
            (0, 3, Some(3_000_000_000)),
            (3, 1_500, Some(1_500_000_000)),
            (6, 1_500_000, Some(1_500_000_000)),
            (9, 1_500_000_001, Some(1_500_000_001)),
            (12, 1_500_000_001_999, Some(1_500_000_001)),
            (127, u64::MAX, Some(0)),
            (0x80, 3, Some(3_000_000_000)),
            (0x80 | 10, 1536, Some(1_500_000_000)),
            (0x80 | 63, 3 << 62, Some(1_500_000_000)),
            (6, u64::MAX, None),
        ];
        for (tsresol, units, ns) in cases {
            assert_eq!(TimeUnit::from_tsresol(tsresol).to_ns(units, 0), ns, "if_tsresol {tsresol}");
        }
        assert_eq!(TimeUnit::from_tsresol(0xff).to_ns(u64::MAX, 0), Some(0));
    }

    #[test]
    fn an_offset_moves_whole_seconds_and_may_be_negative() {
        assert_eq!(TimeUnit::MICROSECOND.to_ns(5, 2), Some(2_000_005_000));
        assert_eq!(TimeUnit::MICROSECOND.to_ns(5, -2), Some(-1_999_995_000));
        assert_eq!(TimeUnit::MICROSECOND.to_ns(5, i64::MAX), None);
    }
}
