//! Coordinates that stand together under one key, as services tell where an address is: `"loc": "48.1374,11.5755"`.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::decode::compiled;
use crate::hints::Hints;
use crate::meaning::{Value, lossy, value};
use crate::plausible::is_plausible;

/// Words in the keys of [`PLACE`].
const HINTED: [&str; 6] = ["loc", "coord", "gps", "latl", "lat_l", "position"];
/// A key that means a place, and two numbers with three decimals (a hundred metres) and more: latitude first, as ISO 6709 has it.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r#"(?i)(?:^|[^a-z0-9])((?:geo_?|gps_?)?(?:loc|location|coords?|coordinates?|gps|lat_?lng|lat_?lon|lat_?long|position))\\?["']?\s{0,2}[:=]\s{0,2}\\?["']?([+\-]?[0-9]{1,2}\.[0-9]{3,15}),\s{0,2}([+\-]?[0-9]{1,3}\.[0-9]{3,15})(?:[^0-9.]|$)"#,
    )
});

/// Latitudes and longitudes that stand together.
pub fn places(content: &[u8], hints: &Hints, found: &mut Vec<Value>) {
    if !hints.any(&HINTED) {
        return;
    }
    for captures in PLACE.captures_iter(content) {
        let (_, [key, latitude, longitude]) = captures.extract();
        let both = [("latitude", lossy(latitude)), ("longitude", lossy(longitude))];
        if both.iter().all(|(kind, text)| is_plausible(kind, text)) {
            found.extend(both.map(|(kind, text)| value(kind, text, Some(&lossy(key)))));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::meaning::values;

    fn read(content: &str) -> Vec<(String, String)> {
        values(content.as_bytes(), &[].into()).into_iter().map(|value| (value.kind, value.text)).collect()
    }

    #[test]
    fn two_coordinates_under_one_key_are_read() {
        let both = [("latitude".into(), "48.1374".into()), ("longitude".into(), "-11.57549".into())];
        for content in [
            "{\"ip\":\"203.0.113.7\",\"loc\":\"48.1374,-11.57549\"}",
            "GET /weather?location=48.1374,-11.57549&units=c HTTP/1.1",
            "{'gps': '48.1374, -11.57549'}",
            "geo_position: 48.1374,-11.57549\r\n",
            "{\\\"lat_lng\\\":\\\"48.1374,-11.57549\\\"}",
        ] {
            assert_eq!(read(content), both, "{content}");
        }
    }

    #[test]
    fn other_pairs_of_numbers_are_none() {
        for content in [
            "{\"loc\":\"98.1374,11.5754\"}",
            "location: 1.2,3.4",
            "{\"position\":\"0.000,0.000\"}",
            "alloc=48.1374,11.5754",
            "gps=48.1374,11.5754.3",
            "{\"size\":\"48.1374,11.5754\"}",
        ] {
            assert_eq!(read(content), [], "{content}");
        }
    }
}
