//! The cells of a column while they wait to be written. What stands for a text in few bytes (an id, an address, a word
//! of ours) stays as it is: it becomes text once for each value, not once for each row.

mod room;

use super::{Column, ColumnType};
use std::net::IpAddr;

/// Place of a value that is missing.
const MISSING: u32 = u32::MAX;

/// The cells of one column.
#[derive(Debug)]
pub struct Cells {
    kind: ColumnType,
    nullable: bool,
    /// no row is without a value so far: a value's place is its row's number
    is_full: bool,
    /// else the place of each row's value. What is missing takes no more, since most cells of wide records are empty.
    places: Vec<u32>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Double(Vec<f64>),
    /// flow ids and MACs
    Number(Vec<u64>),
    Address(Vec<IpAddr>),
    Word(Vec<&'static str>),
    Text(Parts),
    TextList(Parts, Vec<usize>),
    IntList(Vec<i64>, Vec<usize>),
}

/// Bytes of all values one after another, and where each ends.
#[derive(Debug, Default)]
struct Parts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Parts {
    fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len());
    }

    fn at(&self, index: usize) -> &[u8] {
        self.bytes.get(span(&self.ends, index)).unwrap_or_default()
    }
}

fn span(ends: &[usize], row: usize) -> std::ops::Range<usize> {
    let start = row.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    start..ends.get(row).copied().unwrap_or(0)
}

/// A place, of which there are far less than 2^32 between two meetings.
#[inline]
fn place_of(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(MISSING)
}

impl Cells {
    pub(super) fn new(column: &Column) -> Self {
        let values = match column.kind {
            ColumnType::Bool => Values::Bool(Vec::new()),
            ColumnType::Int | ColumnType::Key => Values::Int(Vec::new()),
            ColumnType::Double => Values::Double(Vec::new()),
            ColumnType::Flow | ColumnType::Mac => Values::Number(Vec::new()),
            ColumnType::Address => Values::Address(Vec::new()),
            ColumnType::Word => Values::Word(Vec::new()),
            ColumnType::Text | ColumnType::Blob => Values::Text(Parts::default()),
            ColumnType::TextList => Values::TextList(Parts::default(), Vec::new()),
            ColumnType::IntList => Values::IntList(Vec::new(), Vec::new()),
        };
        Self { kind: column.kind, nullable: column.nullable, is_full: true, places: Vec::new(), values }
    }

    /// physical shape
    pub fn kind(&self) -> ColumnType {
        self.kind
    }

    /// whether the row has a value
    #[cfg(test)]
    pub fn is_present(&self, row: usize) -> bool {
        self.place(row).is_some()
    }

    /// The place of the row's value, where it has one.
    #[inline]
    pub(super) fn place(&self, row: usize) -> Option<usize> {
        if self.is_full {
            return Some(row);
        }
        self.places.get(row).filter(|place| **place != MISSING).map(|place| *place as usize)
    }

    /// appends a missing value
    #[inline]
    pub fn put_null(&mut self) {
        if self.is_full {
            self.begin_places();
        }
        self.places.push(MISSING);
    }

    /// Lists the places of all values so far.
    #[cold]
    fn begin_places(&mut self) {
        self.places.extend((0..self.values()).map(place_of));
        self.is_full = false;
    }

    /// appends a truth value
    pub fn put_bool(&mut self, value: bool) {
        if let Values::Bool(v) = &mut self.values {
            if !self.is_full {
                self.places.push(place_of(v.len()));
            }
            v.push(value);
        }
    }

    /// appends an integer (or a key's bits)
    #[inline]
    pub fn put_int(&mut self, value: i64) {
        if let Values::Int(v) = &mut self.values {
            if !self.is_full {
                self.places.push(place_of(v.len()));
            }
            v.push(value);
        }
    }

    /// appends a floating point number
    pub fn put_double(&mut self, value: f64) {
        if let Values::Double(v) = &mut self.values {
            if !self.is_full {
                self.places.push(place_of(v.len()));
            }
            v.push(value);
        }
    }

    /// appends the bits of a flow id or a MAC
    #[inline]
    pub fn put_number(&mut self, value: u64) {
        if let Values::Number(v) = &mut self.values {
            if !self.is_full {
                self.places.push(place_of(v.len()));
            }
            v.push(value);
        }
    }

    /// appends an IP address
    #[inline]
    pub fn put_address(&mut self, value: IpAddr) {
        if let Values::Address(v) = &mut self.values {
            if !self.is_full {
                self.places.push(place_of(v.len()));
            }
            v.push(value);
        }
    }

    /// appends a word of ours
    #[inline]
    pub fn put_word(&mut self, value: &'static str) {
        if let Values::Word(v) = &mut self.values {
            if !self.is_full {
                self.places.push(place_of(v.len()));
            }
            v.push(value);
        }
    }

    /// appends text or raw bytes
    #[inline]
    pub fn put_text(&mut self, value: &[u8]) {
        if let Values::Text(parts) = &mut self.values {
            if !self.is_full {
                self.places.push(place_of(parts.ends.len()));
            }
            parts.push(value);
        }
    }

    /// appends a list of texts
    pub fn put_texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        if let Values::TextList(parts, ends) = &mut self.values {
            if !self.is_full {
                self.places.push(place_of(ends.len()));
            }
            texts.for_each(|text| parts.push(text.as_bytes()));
            ends.push(parts.ends.len());
        }
    }

    /// appends a list of integers
    pub fn put_ints(&mut self, numbers: impl Iterator<Item = i64>) {
        if let Values::IntList(v, ends) = &mut self.values {
            if !self.is_full {
                self.places.push(place_of(ends.len()));
            }
            v.extend(numbers);
            ends.push(v.len());
        }
    }

    #[inline]
    pub(super) fn bools(&self) -> &[bool] {
        if let Values::Bool(v) = &self.values { v } else { &[] }
    }

    /// integers, or elements of the lists of integers
    #[inline]
    pub(super) fn ints(&self) -> &[i64] {
        if let Values::Int(v) | Values::IntList(v, _) = &self.values { v } else { &[] }
    }

    #[inline]
    pub(super) fn doubles(&self) -> &[f64] {
        if let Values::Double(v) = &self.values { v } else { &[] }
    }

    #[inline]
    pub(super) fn numbers(&self) -> &[u64] {
        if let Values::Number(v) = &self.values { v } else { &[] }
    }

    #[inline]
    pub(super) fn addresses(&self) -> &[IpAddr] {
        if let Values::Address(v) = &self.values { v } else { &[] }
    }

    #[inline]
    pub(super) fn words(&self) -> &[&'static str] {
        if let Values::Word(v) = &self.values { v } else { &[] }
    }

    /// The text, or the element of a list of texts, at a place.
    #[inline]
    pub(super) fn text(&self, place: usize) -> &[u8] {
        match &self.values {
            Values::Text(parts) | Values::TextList(parts, _) => parts.at(place),
            _ => &[],
        }
    }

    /// The places of the elements of the list at a place.
    #[inline]
    pub(super) fn elements(&self, place: usize) -> std::ops::Range<usize> {
        match &self.values {
            Values::TextList(_, ends) | Values::IntList(_, ends) => span(ends, place),
            _ => 0..0,
        }
    }

    /// the row's value as text, or the elements of its list
    #[cfg(test)]
    pub fn texts_at(&self, row: usize) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let Some(place) = self.place(row) else { return Vec::new() };
        match self.kind {
            ColumnType::Mac => self.numbers().get(place).map(|mac| text(&super::text::mac(*mac))).into_iter().collect(),
            ColumnType::Flow => self.numbers().get(place).map(|id| text(&super::text::flow(*id))).into_iter().collect(),
            ColumnType::Address => self.addresses().get(place).map(ToString::to_string).into_iter().collect(),
            ColumnType::Bool => self.bools().get(place).map(ToString::to_string).into_iter().collect(),
            ColumnType::Int | ColumnType::Key => self.ints().get(place).map(ToString::to_string).into_iter().collect(),
            ColumnType::Double => self.doubles().get(place).map(ToString::to_string).into_iter().collect(),
            ColumnType::TextList => self.elements(place).map(|element| text(self.text(element))).collect(),
            ColumnType::IntList => {
                self.ints().get(self.elements(place)).unwrap_or_default().iter().map(ToString::to_string).collect()
            }
            ColumnType::Word => self.words().get(place).map(ToString::to_string).into_iter().collect(),
            ColumnType::Text | ColumnType::Blob => vec![text(self.text(place))],
        }
    }
}
