//! Known positions as numbers in bytes: doubles and floats, as protobuf and vendors' structures hold them, and whole numbers of
//! 1e-7 degrees (Meshtastic's `latitude_i`, MAVLink's GLOBAL_POSITION_INT).

use crate::known::Known;
use crate::within;

/// Bytes between the beginnings of a latitude and its longitude, at most: another number and the tags of both.
const MAX_APART: usize = 24;
/// How near a number must be: half of the last decimal that is known, and at least what a float can tell (IEEE 754: 180 has steps of 1.5e-5).
const MIN_NEAR: f64 = 1e-5;
/// Degrees below which it may be no position, as of values by key.
const MIN_DEGREES: f64 = 0.01;
/// Known positions: each takes time in every content.
const MAX_KNOWN: usize = 64;
/// Whole numbers of one degree.
const FIXED: f64 = 1e7;
/// How a number is written, and its bytes.
const FORMS: [(&str, usize); 3] = [("double", 8), ("float", 4), ("fixed-point", 4)];

/// A degree that is known.
struct Degree {
    known: usize,
    from: f64,
    to: f64,
}

/// Known latitudes and longitudes.
#[derive(Default)]
pub struct Positions {
    latitudes: Vec<Degree>,
    longitudes: Vec<Degree>,
}

/// A latitude or longitude: the number of its value, how it is written, and where.
pub struct Place {
    pub known: usize,
    pub how: &'static str,
    pub start: usize,
    pub bytes: usize,
}

impl Positions {
    /// Those among known values.
    pub fn of(known: &[Known]) -> Self {
        let degrees = |kind: &str| {
            let own = known.iter().enumerate().filter(|(_, one)| one.kind == kind);
            own.filter_map(|(place, one)| Degree::of(place, &one.text)).take(MAX_KNOWN).collect()
        };
        Self { latitudes: degrees("latitude"), longitudes: degrees("longitude") }
    }

    /// Whether there is anything to find.
    pub fn are_known(&self) -> bool {
        !self.latitudes.is_empty() && !self.longitudes.is_empty()
    }

    /// The first pair of both in a content: one number alone may be there by chance.
    pub fn find(&self, content: &[u8]) -> Option<[Place; 2]> {
        FORMS.into_iter().find_map(|(how, bytes)| {
            (0..content.len().saturating_sub(bytes - 1)).find_map(|start| {
                [false, true].into_iter().find_map(|is_big| {
                    let at = |start: usize, known: &[Degree]| {
                        let value = read(within(content, start, start + bytes), how, is_big)?;
                        let degree = known.iter().find(|degree| (degree.from..=degree.to).contains(&value))?;
                        Some(Place { known: degree.known, how, start, bytes })
                    };
                    let latitude = at(start, &self.latitudes)?;
                    let near = (start.saturating_sub(MAX_APART)..=start + MAX_APART)
                        .filter(|other| other.abs_diff(start) >= bytes);
                    let longitude = near.into_iter().find_map(|other| at(other, &self.longitudes))?;
                    Some([latitude, longitude])
                })
            })
        })
    }
}

impl Degree {
    fn of(known: usize, text: &str) -> Option<Self> {
        let decimals = text.split_once('.')?.1.len();
        let value: f64 = text.parse().ok().filter(|value: &f64| value.abs() >= MIN_DEGREES)?;
        let near = (0.5 * 10f64.powi(-i32::try_from(decimals).ok()?)).max(MIN_NEAR);
        Some(Self { known, from: value - near, to: value + near })
    }
}

/// A number in bytes.
fn read(raw: &[u8], how: &str, is_big: bool) -> Option<f64> {
    if how == "double" {
        let raw: [u8; 8] = raw.try_into().ok()?;
        return Some(if is_big { f64::from_be_bytes(raw) } else { f64::from_le_bytes(raw) });
    }
    let raw: [u8; 4] = raw.try_into().ok()?;
    let bits = if is_big { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) };
    Some(if how == "float" { f64::from(f32::from_bits(bits)) } else { f64::from(bits.cast_signed()) / FIXED })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content: &[u8]) -> Option<(&'static str, Vec<usize>)> {
        let known = |kind: &str, text: &str| Known { text: text.into(), kind: kind.into(), is_whole: false };
        let all = [known("latitude", "48.1374"), known("serial", "SN4711"), known("longitude", "-11.57549")];
        let pair = Positions::of(&all).find(content)?;
        Some((pair[0].how, pair.iter().map(|place| place.known).collect()))
    }

    #[test]
    fn a_known_position_is_found_as_numbers() {
        let both = |how| Some((how, vec![0, 2]));
        let protobuf = [&[0x0A, 0x12, 0x09][..], &48.137_41f64.to_le_bytes(), &[0x11], &(-11.575_49f64).to_le_bytes()];
        assert_eq!(found(&protobuf.concat()), both("double"));
        let floats = [&(-11.575_49f32).to_be_bytes()[..], &48.1374f32.to_be_bytes(), &[1]];
        assert_eq!(found(&floats.concat()), both("float"));
        let whole = [&[0x0D][..], &481_374_000i32.to_le_bytes(), &[0x15], &(-115_754_900i32).to_le_bytes()];
        assert_eq!(found(&whole.concat()), both("fixed-point"));
    }

    #[test]
    fn one_number_alone_and_another_place_are_none() {
        assert_eq!(found(&48.1374f64.to_le_bytes()), None);
        let far = [&48.1374f64.to_le_bytes()[..], &[0; 40], &(-11.575_49f64).to_le_bytes()];
        assert_eq!(found(&far.concat()), None);
        let other = [48.1376f64.to_le_bytes(), (-11.575_49f64).to_le_bytes()];
        assert_eq!(found(&other.concat()), None);
    }
}
