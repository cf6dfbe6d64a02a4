//! Positions as receivers of satellites tell them (NMEA 0183, sentences RMC, GGA and GLL), which trackers' own protocols keep.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::decode::compiled;
use crate::hints::Hints;
use crate::meaning::{Value, lossy, value};
use crate::plausible::is_plausible;

/// What stands between a latitude and its longitude.
const HINTED: [&str; 2] = [",n,", ",s,"];
/// Degrees and minutes with their hemispheres: `4807.038,N,01131.000,E`; before it the status of RMC, behind it the quality of GGA.
static POSITION: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?:\b([AV]),)?\b([0-9]{2})([0-5][0-9]\.[0-9]{2,7}),([NS]),([01][0-9]{2})([0-5][0-9]\.[0-9]{2,7}),([EW])\b(?:,(0),)?",
    )
});
/// Minutes of a degree.
const MINUTES: f64 = 60.0;
/// Decimals of a degree that tell as much as one of a minute, and most of them (a centimetre).
const MORE_DECIMALS: usize = 2;
const MAX_DECIMALS: usize = 7;

/// Latitudes and longitudes of positions that were fixed, in degrees.
pub fn sentences(content: &[u8], hints: &Hints, found: &mut Vec<Value>) {
    if !hints.any(&HINTED) {
        return;
    }
    for captures in POSITION.captures_iter(content) {
        let part = |number: usize| captures.get(number).map(|part| part.as_bytes()).unwrap_or_default();
        // V: a receiver's warning; quality 0: no fix
        let is_void = part(1) == b"V" || part(1).is_empty() && part(8) == b"0";
        let told = [("latitude", 2, b"S"), ("longitude", 5, b"W")].map(|(kind, first, negative)| {
            let text = degrees(part(first), part(first + 1), part(first + 2) == negative)?;
            let raw = [part(first), part(first + 1), b",", part(first + 2)].concat();
            is_plausible(kind, &text).then(|| Value { written: Some(("nmea", raw)), ..value(kind, text, None) })
        });
        if let ([Some(latitude), Some(longitude)], false) = (told, is_void) {
            found.extend([latitude, longitude]);
        }
    }
}

/// Whole degrees, and minutes, with as many decimals as they are worth.
fn degrees(whole: &[u8], minutes: &[u8], is_negative: bool) -> Option<String> {
    let (whole, minutes) = (lossy(whole), lossy(minutes));
    let decimals = minutes.split_once('.').map_or(0, |(_, behind)| behind.len()) + MORE_DECIMALS;
    let value = whole.parse::<f64>().ok()? + minutes.parse::<f64>().ok()? / MINUTES;
    Some(format!("{:.*}", decimals.min(MAX_DECIMALS), if is_negative { -value } else { value }))
}

#[cfg(test)]
mod tests {
    use crate::meaning::values;

    fn read(content: &str) -> Vec<String> {
        values(content.as_bytes(), &[].into())
            .into_iter()
            .map(|value| format!("{} {}", value.kind, value.text))
            .collect()
    }

    #[test]
    fn positions_of_receivers_are_read_in_degrees() {
        for content in [
            "$GPRMC,123519,A,4807.038,N,01131.000,E,0,084.4,230394,003.1,W*6A",
            "$GNGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
            "$GPGLL,4807.038,N,01131.000,E,225444,A,*1D",
            "imei:490154203237518,tracker,0809231929,13554900601,F,112909.397,A,4807.038,N,01131.000,E,0.00,0;",
        ] {
            assert_eq!(read(content), ["latitude 48.11730", "longitude 11.51667"], "{content}");
        }
        let south = "$GPRMC,123519,A,3351.5216,S,07032.12,W,0.1,0,230394,,*6A";
        assert_eq!(read(south), ["latitude -33.858693", "longitude -70.5353"]);
    }

    #[test]
    fn a_receiver_without_a_fix_tells_none() {
        for content in [
            "$GPRMC,123519,V,4807.038,N,01131.000,E,0,0,230394,,*6A",
            "$GPGGA,123519,4807.038,N,01131.000,E,0,00,,,M,,M,,*47",
            "$GPRMC,123519,V,,,,,,,230394,,*6A",
            "$GPRMC,123519,A,9907.038,N,01131.000,E,1,0,230394,,*6A",
            "4867.038,N,01131.000,E",
        ] {
            assert_eq!(read(content), [""; 0], "{content}");
        }
    }
}
