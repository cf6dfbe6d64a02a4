//! A device's public address, as servers tell it.

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use memchr::memmem;
use regex::bytes::Regex;

use crate::decode::compiled;
use crate::within;

/// RFC 8489 section 5.
const STUN_COOKIE: u32 = 0x2112_A442;
const STUN_HEAD: usize = 20;
/// What answers a binding request; older servers answer one in error with the address too.
const BINDING_ANSWERS: [u16; 2] = [0x0101, 0x0111];
/// What answers a request for a relay (RFC 8656 7.3), which tells the masked address; MAPPED-ADDRESS is the relay's there
/// in drafts of 2005 that servers still follow (MS-TURN 2.2.2.2).
const ALLOCATED: u16 = 0x0103;
/// Longest message in which an address that is masked with a constant of the message itself is looked for.
const MAX_MASKED_BYTES: usize = 128;

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| compiled(r"([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::([0-9]{1,5}))?"));

/// An address told: as text (with its port where that is told too), how it was written, and the bytes that say it.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub text: String,
    pub encoding: &'static str,
    pub raw: Vec<u8>,
}

fn told(text: String, encoding: &'static str, raw: &[u8]) -> Told {
    Told { text, encoding, raw: raw.to_vec() }
}

fn short(content: &[u8], place: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*content.get(place..)?.first_chunk()?))
}

fn word(content: &[u8], place: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*content.get(place..)?.first_chunk()?))
}

/// The kind of a STUN message (RFC 8489, section 5), which says by its attributes what is an address.
fn stun_kind(content: &[u8]) -> Option<u16> {
    let kind = short(content, 0).filter(|kind| kind >> 14 == 0)?;
    (word(content, 4) == Some(STUN_COOKIE) && content.len() >= STUN_HEAD).then_some(kind)
}

/// What a STUN server tells back (RFC 8489 14.1, 14.2; the masked attribute 0x8020 of early drafts).
pub fn told_back(content: &[u8]) -> Vec<Told> {
    let mut found = Vec::new();
    let Some(kind) = stun_kind(content).filter(|kind| BINDING_ANSWERS.contains(kind) || *kind == ALLOCATED) else {
        return found;
    };
    let is_bound = kind != ALLOCATED;
    let length = short(content, 2).map_or(0, usize::from);
    let end = content.len().min(STUN_HEAD + length);
    let mut place = STUN_HEAD;
    while place + 4 <= end
        && let (Some(kind), Some(size)) = (short(content, place), short(content, place + 2).map(usize::from))
    {
        let is_masked = match kind {
            0x0001 if is_bound => Some(false),
            0x0020 | 0x8020 => Some(true),
            _ => None,
        };
        if let (8, Some(is_masked), Some(port), Some(number)) =
            (size, is_masked, short(content, place + 6), word(content, place + 8))
        {
            let mask = if is_masked { STUN_COOKIE } else { 0 };
            let text = format!("{}:{}", Ipv4Addr::from(number ^ mask), port ^ high(mask));
            let encoding = if is_masked { "stun-xor" } else { "stun" };
            found.push(told(text, encoding, within(content, place + 8, place + 12)));
        }
        place += 4 + size.next_multiple_of(4);
    }
    found
}

/// The upper half, with which a port is masked.
fn high(mask: u32) -> u16 {
    let [first, second, ..] = mask.to_be_bytes();
    u16::from_be_bytes([first, second])
}

/// Addresses in a text that stand there as such: behind a slash, a sign of a word or another number they are a version. STUN
/// has none in texts, but versions of servers.
pub fn addresses(content: &[u8]) -> Vec<Ipv4Addr> {
    if stun_kind(content).is_some() {
        return Vec::new();
    }
    let goes_on = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"./_-".contains(byte));
    let alone = ADDRESS.captures_iter(content).filter_map(|captures| captures.get(1)).filter(|found| {
        let before = found.start().checked_sub(1).and_then(|place| content.get(place));
        !goes_on(before) && !goes_on(content.get(found.end()))
    });
    alone.filter_map(|found| std::str::from_utf8(found.as_bytes()).ok()?.parse().ok()).collect()
}

/// The public address as text, with its port where that is told too.
pub fn written_in(content: &[u8], address: Ipv4Addr) -> Vec<Told> {
    let text = address.to_string();
    if memmem::find(content, text.as_bytes()).is_none() {
        return Vec::new();
    }
    ADDRESS.captures_iter(content).filter_map(|captures| as_text(content, &captures, &text)).collect()
}

/// The public address in what a device gets: as text, as bytes, or, in a short message, masked with a constant of the message.
/// What STUN tells is told by `told_back`.
pub fn told_to(content: &[u8], address: Ipv4Addr) -> Vec<Told> {
    if stun_kind(content).is_some() {
        return Vec::new();
    }
    let text = address.to_string();
    let mut found = written_in(content, address);
    let packed = address.octets();
    let backwards = address.to_bits().to_le_bytes();
    if let Some(place) = memmem::find(content, &packed) {
        // two zeros behind it are no port (RFC 6335, section 6: port 0 is reserved)
        let port = short(content, place + 4).filter(|port| *port != 0);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        found.push(told(text + &port, "binary", &packed));
    } else if memmem::find(content, &backwards).is_some() {
        found.push(told(text, "binary, backwards", &backwards));
    } else if content.len() <= MAX_MASKED_BYTES {
        found.extend(behind_constant(content, address));
    }
    found
}

fn as_text(content: &[u8], captures: &regex::bytes::Captures<'_>, wanted: &str) -> Option<Told> {
    let (whole, address) = (captures.get(0)?, captures.get(1)?);
    let goes_on = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.');
    let before = whole.start().checked_sub(1).and_then(|place| content.get(place));
    if address.as_bytes() != wanted.as_bytes() || goes_on(before) || goes_on(content.get(address.end())) {
        return None;
    }
    let port = captures.get(2).filter(|port| !goes_on(content.get(port.end())));
    let port = port.map(|port| format!(":{}", String::from_utf8_lossy(port.as_bytes()))).unwrap_or_default();
    Some(told(wanted.to_owned() + &port, "text", wanted.as_bytes()))
}

/// The address with an exclusive or of four bytes that stand before it in the same message, such as a magic number.
fn behind_constant(content: &[u8], address: Ipv4Addr) -> Option<Told> {
    let number = address.to_bits();
    let places = content.len().checked_sub(5)?;
    (4..places).find_map(|place| {
        let mask = word(content, place)? ^ number;
        let stands = |constant: u32| {
            let bytes = constant.to_be_bytes();
            within(content, 0, place).windows(4).any(|window| window == bytes)
        };
        if matches!(mask, 0 | u32::MAX) || !stands(mask) {
            return None;
        }
        let port = short(content, place + 4)? ^ high(mask);
        Some(told(format!("{address}:{port}"), "xor", within(content, place, place + 4)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);

    #[test]
    fn a_server_tells_the_address_by_stun_masked_or_not() {
        for (kind, encoding, mask) in [(1u16, "stun", 0), (0x20, "stun-xor", STUN_COOKIE)] {
            let mut answer = vec![1, 1, 0, 12];
            answer.extend(STUN_COOKIE.to_be_bytes());
            answer.extend([7; 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 8, 0, 1]);
            answer.extend((40000 ^ high(mask)).to_be_bytes());
            let told = (PUBLIC.to_bits() ^ mask).to_be_bytes();
            answer.extend(told);
            assert_eq!(told_back(&answer), [Told { text: "203.0.113.9:40000".into(), encoding, raw: told.to_vec() }]);
        }
    }

    /// A STUN message of one attribute.
    fn stun(kind: u16, attribute: u16, value: &[u8]) -> Vec<u8> {
        let size = u16::try_from(value.len()).unwrap_or_default();
        let head = [kind.to_be_bytes(), (4 + size).to_be_bytes()].concat();
        let attribute = [attribute.to_be_bytes(), size.to_be_bytes()].concat();
        [&head, STUN_COOKIE.to_be_bytes().as_slice(), &[7; 12], &attribute, value].concat()
    }

    #[test]
    fn who_is_given_a_relay_is_told_the_own_address_masked_and_the_relays_in_clear() {
        let masked = [
            &[0, 1],
            (40000 ^ high(STUN_COOKIE)).to_be_bytes().as_slice(),
            &(PUBLIC.to_bits() ^ STUN_COOKIE).to_be_bytes(),
        ]
        .concat();
        let own: Vec<_> = told_back(&stun(0x0103, 0x8020, &masked)).into_iter().map(|told| told.text).collect();
        assert_eq!(own, ["203.0.113.9:40000"]);
        assert_eq!(told_back(&stun(0x0103, 1, &[0, 1, 0x9C, 0x40, 203, 0, 113, 9])), []);
    }

    #[test]
    fn stun_tells_an_address_by_its_attributes_alone() {
        const SOFTWARE: u16 = 0x8022;
        let version = stun(0x0103, SOFTWARE, b"203.0.113.90");
        assert_eq!((addresses(&version), told_to(&version, Ipv4Addr::new(203, 0, 113, 90))), (vec![], vec![]));
        let masked = [&[0, 1, 0, 80], (PUBLIC.to_bits() ^ STUN_COOKIE).to_be_bytes().as_slice()].concat();
        assert_eq!(told_to(&stun(0x0103, 0x0020, &masked), PUBLIC), []);
    }

    #[test]
    fn an_address_stands_as_text_in_no_longer_one() {
        let read = |content: &[u8]| told_to(content, PUBLIC).into_iter().map(|told| told.text).collect::<Vec<_>>();
        assert_eq!(read(b"you are 203.0.113.9:5000, really"), ["203.0.113.9:5000"]);
        assert_eq!(read(b"you are 203.0.113.9: that is 7"), ["203.0.113.9"]);
        for other in [b"1203.0.113.9".as_slice(), b"203.0.113.90", b"203.0.113.9.1"] {
            assert_eq!(read(other), [""; 0]);
        }
    }

    #[test]
    fn an_address_is_read_as_a_little_endian_number_too() {
        let content = [&[0xF1, 1, 0x40, 0x9C], PUBLIC.to_bits().to_le_bytes().as_slice(), &[0, 0]].concat();
        let raw = vec![9, 113, 0, 203];
        assert_eq!(
            told_to(&content, PUBLIC),
            [Told { text: "203.0.113.9".into(), encoding: "binary, backwards", raw }]
        );
    }

    #[test]
    fn an_address_is_found_behind_a_constant_of_its_message() {
        let magic = 0x5A17_33C4u32;
        let mut content = magic.to_be_bytes().to_vec();
        content.extend((PUBLIC.to_bits() ^ magic).to_be_bytes());
        content.extend((40000 ^ high(magic)).to_be_bytes());
        assert_eq!(
            told_to(&content, PUBLIC).first().map(|told| (told.text.as_str(), told.encoding)),
            Some(("203.0.113.9:40000", "xor"))
        );
    }
}
