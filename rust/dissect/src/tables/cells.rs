//! The cells of a column while they wait to be written. What stands for a text in few bytes (an id, an address, a word
//! of ours) stays as it is: it becomes text once for each value, not once for each row.

mod room;

use super::{Column, ColumnType};
use std::net::IpAddr;

/// Stands in the slot of a missing address.
const NO_ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

/// The cells of one column, one slot a row.
#[derive(Debug)]
pub struct Cells {
    kind: ColumnType,
    /// of a column that can be empty: whether each row has a value
    present: Option<Vec<bool>>,
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
        Self { kind: column.kind, present: column.nullable.then(Vec::new), values }
    }

    /// physical shape
    pub fn kind(&self) -> ColumnType {
        self.kind
    }

    /// whether the row has a value
    #[inline]
    pub fn is_present(&self, row: usize) -> bool {
        self.present.as_ref().is_none_or(|present| present.get(row).copied().unwrap_or(false))
    }

    #[inline]
    fn is_there(&mut self, there: bool) {
        if let Some(present) = &mut self.present {
            present.push(there);
        }
    }

    /// appends a missing value
    #[inline]
    pub fn put_null(&mut self) {
        self.is_there(false);
        match &mut self.values {
            Values::Bool(v) => v.push(false),
            Values::Int(v) => v.push(0),
            Values::Double(v) => v.push(0.0),
            Values::Number(v) => v.push(0),
            Values::Address(v) => v.push(NO_ADDRESS),
            Values::Word(v) => v.push(""),
            Values::Text(parts) => parts.push(&[]),
            Values::TextList(parts, ends) => ends.push(parts.ends.len()),
            Values::IntList(v, ends) => ends.push(v.len()),
        }
    }

    /// appends a truth value
    pub fn put_bool(&mut self, value: bool) {
        self.is_there(true);
        if let Values::Bool(v) = &mut self.values {
            v.push(value);
        }
    }

    /// appends an integer (or a key's bits)
    #[inline]
    pub fn put_int(&mut self, value: i64) {
        self.is_there(true);
        if let Values::Int(v) = &mut self.values {
            v.push(value);
        }
    }

    /// appends a floating point number
    pub fn put_double(&mut self, value: f64) {
        self.is_there(true);
        if let Values::Double(v) = &mut self.values {
            v.push(value);
        }
    }

    /// appends the bits of a flow id or a MAC
    #[inline]
    pub fn put_number(&mut self, value: u64) {
        self.is_there(true);
        if let Values::Number(v) = &mut self.values {
            v.push(value);
        }
    }

    /// appends an IP address
    #[inline]
    pub fn put_address(&mut self, value: IpAddr) {
        self.is_there(true);
        if let Values::Address(v) = &mut self.values {
            v.push(value);
        }
    }

    /// appends a word of ours
    #[inline]
    pub fn put_word(&mut self, value: &'static str) {
        self.is_there(true);
        if let Values::Word(v) = &mut self.values {
            v.push(value);
        }
    }

    /// appends text or raw bytes
    #[inline]
    pub fn put_text(&mut self, value: &[u8]) {
        self.is_there(true);
        if let Values::Text(parts) = &mut self.values {
            parts.push(value);
        }
    }

    /// appends a list of texts
    pub fn put_texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        self.is_there(true);
        if let Values::TextList(parts, ends) = &mut self.values {
            texts.for_each(|text| parts.push(text.as_bytes()));
            ends.push(parts.ends.len());
        }
    }

    /// appends a list of integers
    pub fn put_ints(&mut self, numbers: impl Iterator<Item = i64>) {
        self.is_there(true);
        if let Values::IntList(v, ends) = &mut self.values {
            v.extend(numbers);
            ends.push(v.len());
        }
    }

    /// the row's truth value
    pub fn bool_at(&self, row: usize) -> bool {
        matches!(&self.values, Values::Bool(v) if v.get(row).copied().unwrap_or(false))
    }

    /// the row's integer
    #[inline]
    pub fn int_at(&self, row: usize) -> i64 {
        match &self.values {
            Values::Int(v) => v.get(row).copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// the row's floating point number
    pub fn double_at(&self, row: usize) -> f64 {
        match &self.values {
            Values::Double(v) => v.get(row).copied().unwrap_or(0.0),
            _ => 0.0,
        }
    }

    #[inline]
    pub(super) fn number_at(&self, row: usize) -> u64 {
        match &self.values {
            Values::Number(v) => v.get(row).copied().unwrap_or(0),
            _ => 0,
        }
    }

    #[inline]
    pub(super) fn address_at(&self, row: usize) -> IpAddr {
        match &self.values {
            Values::Address(v) => v.get(row).copied().unwrap_or(NO_ADDRESS),
            _ => NO_ADDRESS,
        }
    }

    #[inline]
    pub(super) fn text_at(&self, row: usize) -> &[u8] {
        match &self.values {
            Values::Text(parts) => parts.at(row),
            Values::Word(v) => v.get(row).map(|word| word.as_bytes()).unwrap_or_default(),
            _ => &[],
        }
    }

    #[inline]
    pub(super) fn element_text(&self, element: usize) -> &[u8] {
        match &self.values {
            Values::TextList(parts, _) => parts.at(element),
            _ => &[],
        }
    }

    #[inline]
    pub(super) fn element_int(&self, element: usize) -> i64 {
        match &self.values {
            Values::IntList(v, _) => v.get(element).copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// the elements of the row's list
    #[inline]
    pub(super) fn elements(&self, row: usize) -> std::ops::Range<usize> {
        match &self.values {
            Values::TextList(_, ends) | Values::IntList(_, ends) => span(ends, row),
            _ => 0..0,
        }
    }

    /// the row's text, whatever stands for it, or the elements of its list
    #[cfg(test)]
    pub fn texts_at(&self, row: usize) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self.kind {
            ColumnType::Mac => vec![text(&super::text::mac(self.number_at(row)))],
            ColumnType::Flow => vec![text(&super::text::flow(self.number_at(row)))],
            ColumnType::Address => vec![self.address_at(row).to_string()],
            ColumnType::TextList => self.elements(row).map(|element| text(self.element_text(element))).collect(),
            ColumnType::IntList => self.elements(row).map(|element| self.element_int(element).to_string()).collect(),
            _ => vec![text(self.text_at(row))],
        }
    }
}
