//! Values that are known, in every spelling, searched in one pass.

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::decode::is_text;
use crate::mask::differences;
use crate::numbers::Positions;
use crate::sought::Sought;
use crate::spelling::{Spelling, behind_mask, spelt};
use crate::within;

/// A value that is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The value.
    pub text: String,
    /// serial, mac, ...
    pub kind: String,
    /// Whether only a whole word counts: 1.2.3 is not told by 11.2.34.
    pub is_whole: bool,
}

/// How a known value stands in some bytes.
pub struct Found<'a> {
    /// Which one.
    pub known: &'a Known,
    /// The bytes that say it.
    pub raw: Vec<u8>,
    /// text, binary, md5, ...
    pub how: &'static str,
}

/// All spellings of all known values.
pub struct Patterns {
    known: Vec<Known>,
    plain: Sought,
    /// made when the first content that is no text is searched
    masked: OnceLock<Sought>,
    positions: Positions,
}

impl Patterns {
    /// Of these values.
    pub fn new(known: Vec<Known>) -> Self {
        let (plain, positions) = (sought(&known, spelt), Positions::of(&known));
        Self { known, plain, masked: OnceLock::new(), positions }
    }

    /// Every known value that stands in the content and is not among `seen`, which grows by it.
    pub fn find(&self, content: &[u8], seen: &mut HashSet<usize>) -> Vec<Found<'_>> {
        let mut found = Vec::new();
        self.plain.each(content, |hit| {
            if let Some(known) = self.known.get(hit.known)
                && hit.spelling.stands.is_so(content, hit.start, hit.end)
                && seen.insert(hit.known)
            {
                found.push(Found { known, raw: hit.spelling.raw.clone(), how: hit.spelling.how });
            }
        });
        found
    }

    /// A known position as numbers in bytes.
    pub fn find_positions(&self, content: &[u8], seen: &mut HashSet<usize>) -> Vec<Found<'_>> {
        if !self.positions.are_known() || is_text(content) {
            return Vec::new();
        }
        let places = self.positions.find(content).into_iter().flatten().filter(|place| seen.insert(place.known));
        places
            .filter_map(|place| {
                let raw = within(content, place.start, place.start + place.bytes).to_vec();
                Some(Found { known: self.known.get(place.known)?, raw, how: place.how })
            })
            .collect()
    }

    /// The same behind an exclusive or with one byte, or with the byte before, wherever in the content it begins: neighbours
    /// keep their difference under the one, and are the difference under the other.
    pub fn find_masked(&self, content: &[u8], seen: &mut HashSet<usize>) -> Vec<Found<'_>> {
        let masked = self.masked.get_or_init(|| sought(&self.known, behind_mask));
        let mut found = Vec::new();
        masked.each(&differences(content), |hit| {
            if let Some(known) = self.known.get(hit.known)
                && seen.insert(hit.known)
            {
                found.push(Found {
                    known,
                    raw: within(content, hit.start, hit.end + 1).to_vec(),
                    how: hit.spelling.how,
                });
            }
        });
        found
    }
}

fn sought(known: &[Known], spell: impl Fn(&Known) -> Vec<Spelling>) -> Sought {
    let spellings = known.iter().enumerate();
    Sought::new(spellings.flat_map(|(place, one)| spell(one).into_iter().map(move |spelling| (place, spelling))))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use md5::Md5;
    use sha1::Sha1;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::mask::xor;

    fn known(kind: &str, text: &str) -> Known {
        Known { text: text.into(), kind: kind.into(), is_whole: kind == "firmware" }
    }

    fn how(known: Known, content: &[u8]) -> Option<&'static str> {
        let (patterns, mut seen) = (Patterns::new(vec![known]), HashSet::new());
        let mut found = patterns.find(content, &mut seen);
        found.extend(patterns.find_masked(content, &mut seen));
        found.first().map(|found| found.how)
    }

    #[test]
    fn a_mac_is_found_in_every_spelling() {
        let mac = || known("mac", "02:00:5e:10:00:a1");
        for text in ["02:00:5E:10:00:A1", "02-00-5e-10-00-a1", "02005E1000A1", "0200.5e10.00a1"] {
            assert_eq!(how(mac(), format!("<{text}>").as_bytes()), Some("text"), "{text}");
        }
        for text in ["02005efffe1000a1", "02:00:5E:FF:FE:10:00:A1", "fe80::0000:5eff:fe10:00a1"] {
            assert_eq!(how(mac(), text.as_bytes()), Some("eui-64"), "{text}");
        }
        assert_eq!(how(mac(), &[9, 0x02, 0x00, 0x5E, 0x10, 0x00, 0xA1, 9]), Some("binary"));
        assert_eq!(how(mac(), &[0xA1, 0x00, 0x10, 0x5E, 0x00, 0x02]), Some("binary reversed"));
    }

    #[test]
    fn what_is_no_mac_is_searched_as_it_is_written() {
        assert_eq!(how(known("mac", "router"), b"the router's"), Some("text"));
        assert_eq!(how(known("mac", "router"), b"nothing of it"), None);
        assert_eq!(how(known("serial", ""), b"anything"), None);
    }

    #[test]
    fn a_serial_is_found_by_its_digests() {
        for (name, digest) in [
            ("md5", Md5::digest("sn4711-08").to_vec()),
            ("sha256", Sha256::digest("SN4711-08").to_vec()),
            ("sha1", Sha1::digest("SN471108").to_vec()),
        ] {
            assert_eq!(how(known("serial", "SN4711-08"), &digest), Some(name));
        }
    }

    #[test]
    fn a_version_is_told_by_a_whole_word_alone() {
        assert_eq!(how(known("firmware", "1.2.3"), b"fw 1.2.3, and"), Some("text"));
        for other in ["11.2.3", "1.2.34", "1.2.3.4", "v1.2.3"] {
            assert_eq!(how(known("firmware", "1.2.3"), other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_value_is_found_in_base64_at_each_alignment() {
        for lead in ["", "a", "bc", "def"] {
            let coded = STANDARD.encode(format!("{lead}SN4711-08 and more"));
            assert_eq!(how(known("serial", "SN4711-08"), format!("/v1/{coded}").as_bytes()), Some("base64"), "{lead}");
        }
        let mac = [[7].as_slice(), &[0x02, 0x00, 0x5E, 0xFB, 0xEF, 0xBE], &[9, 9]].concat();
        assert_eq!(how(known("mac", "02:00:5e:fb:ef:be"), URL_SAFE.encode(mac).as_bytes()), Some("base64"));
    }

    #[test]
    fn a_value_is_found_without_its_signs_in_hex_and_backwards() {
        let id = || known("device_id", "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9");
        assert_eq!(how(id(), b"0a1b2c3d4e5f60718293a4b5c6d7e8f9"), Some("text"));
        let own = crate::escapes::unhexed(b"0a1b2c3d4e5f60718293a4b5c6d7e8f9");
        assert_eq!(how(id(), &own), Some("binary"));
        let serial = || known("serial", "SN4711-08");
        assert_eq!(how(serial(), b"1:0f534e343731312d3038"), Some("hex"));
        assert_eq!(how(serial(), b"53 4E 34 37 31 31 2D 30 38"), Some("hex"));
        assert_eq!(how(serial(), b"80-1174NS"), Some("text reversed"));
    }

    #[test]
    fn a_value_is_found_behind_a_mask_between_bytes_of_any_kind() {
        let serial = || known("serial", "SN4711-08");
        let record = [&[1, 0xFE, 3, 9], b"SN4711-08".as_slice(), &[0, 0x80, 0x81]].concat();
        assert_eq!(how(serial(), &xor(&record, 0x5A)), Some("xor"));
        let mut key = 171;
        let turned: Vec<u8> = record
            .iter()
            .map(|byte| {
                key ^= byte;
                key
            })
            .collect();
        assert_eq!(how(serial(), &turned), Some("xor-autokey"));
        assert_eq!(how(known("serial", "11111111111"), &[7; 40]), None);
    }

    #[test]
    fn the_last_half_of_a_mac_tells_it_where_it_ends_a_name() {
        let mac = || known("mac", "02:00:5e:1b:00:a1");
        for text in ["esp-1b00a1.local", "ESP_1B00A1", "Hue - 1B00A1"] {
            assert_eq!(how(mac(), text.as_bytes()), Some("last three bytes"), "{text}");
        }
        for text in ["esp1b00a1", "esp-1b00a12", "esp-1b00a1ff"] {
            assert_eq!(how(mac(), text.as_bytes()), None, "{text}");
        }
    }
}
