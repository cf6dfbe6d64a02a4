//! Distinguished encoding (X.690), read leniently: what real certificates violate without losing their meaning is taken.

use crate::packet::Cursor;

/// Tags (X.690 8.1.2, X.680 8).
pub mod tag {
    #![allow(missing_docs)]
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const BMP_STRING: u8 = 0x1e;
    pub const SEQUENCE: u8 = 0x30;
}

/// A tag with its content.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    /// identifier octet
    pub tag: u8,
    /// content
    pub body: &'a [u8],
    /// the element with tag and length
    pub whole: &'a [u8],
}

/// Elements one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Der<'a>(Cursor<'a>);

impl<'a> Der<'a> {
    /// Reads these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Cursor::new(bytes))
    }

    /// The next element; `None` at the end, or where it is cut short.
    pub fn next(&mut self) -> Option<Element<'a>> {
        let before = self.0.rest();
        let mut cursor = self.0;
        let tag = cursor.u8()?;
        let first = cursor.u8()?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            // more octets of length than needed are wrong in DER, and common
            let octets = cursor.take(usize::from(first & 0x7f))?;
            octets.iter().try_fold(0usize, |sum, octet| sum.checked_mul(256)?.checked_add(usize::from(*octet)))?
        };
        let body = cursor.take(length)?;
        let whole = before.get(..before.len().saturating_sub(cursor.remaining()))?;
        self.0 = cursor;
        Some(Element { tag, body, whole })
    }

    /// The next element, where it has this tag; else nothing is taken.
    pub fn next_if(&mut self, tag: u8) -> Option<Element<'a>> {
        let mut ahead = *self;
        let element = ahead.next().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(element)
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.0.rest()
    }
}

/// An object identifier in dots; `None` where it is none.
pub fn oid(body: &[u8]) -> Option<String> {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0u64;
    for byte in body {
        arc = arc.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.push(first);
                arc = arc.saturating_sub(first.saturating_mul(40));
            }
            arcs.push(arc);
            arc = 0;
        }
    }
    (!arcs.is_empty()).then(|| arcs.iter().map(u64::to_string).collect::<Vec<_>>().join("."))
}

/// Text of any string type; bytes that are none are replaced.
pub fn text(element: &Element<'_>) -> String {
    if element.tag == tag::BMP_STRING {
        let units: Vec<u16> = element.body.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
        return String::from_utf16_lossy(&units);
    }
    match std::str::from_utf8(element.body) {
        Ok(text) => text.to_owned(),
        // T61String in practice is Latin-1
        Err(_) => element.body.iter().copied().map(char::from).collect(),
    }
}

/// UTCTime or GeneralizedTime as nanoseconds since 1970 (RFC 5280 4.1.2.5); also without seconds and with a zone.
/// Years that nanoseconds do not hold (9999: no end) stand as the last one that they hold, 2262.
pub fn time_ns(element: &Element<'_>) -> Option<i64> {
    let text = std::str::from_utf8(element.body).ok()?;
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, zone) = text.split_at_checked(end)?;
    let pair = |place: usize| digits.get(place..place.checked_add(2)?)?.parse::<i64>().ok();
    let (year, rest) = match element.tag {
        tag::UTC_TIME => {
            let short = pair(0)?;
            (if short < 50 { short.checked_add(2000)? } else { short.checked_add(1900)? }, 2)
        }
        tag::GENERALIZED_TIME => (digits.get(..4)?.parse().ok()?, 4),
        _ => return None,
    };
    let (month, day, hour, minute) = (pair(rest)?, pair(rest + 2)?, pair(rest + 4)?, pair(rest + 6)?);
    let second = pair(rest + 8).unwrap_or(0);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let zone = zone.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset_minutes = match zone.as_bytes() {
        [sign @ (b'+' | b'-'), h1, h2, m1, m2] => {
            let number =
                |a: &u8, b: &u8| Some(i64::from(char::from(*a).to_digit(10)? * 10 + char::from(*b).to_digit(10)?));
            let minutes = number(h1, h2)? * 60 + number(m1, m2)?;
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => 0,
    };
    // days from civil (proleptic Gregorian calendar), years counted from March
    let (shifted, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * 86_400 + hour * 3600 + (minute - offset_minutes) * 60 + second;
    Some(seconds.saturating_mul(1_000_000_000))
}
