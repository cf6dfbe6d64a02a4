//! Rows kept as columns until they are written, each with its place in the walk.

use super::{ColumnType, Record, TableSpec};
use rustc_hash::FxHashMap;
use std::fmt;

/// Where a row belongs: (position of the frame in the walk, sub-position). Rows are written in this order,
/// so that the number of threads cannot change a table.
pub type Key = (u64, u64);

/// The cells of one column, one slot a row.
#[derive(Debug)]
pub struct Cells {
    kind: ColumnType,
    present: Vec<bool>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Double(Vec<f64>),
    /// bytes of all rows, and the end of each
    Text(Vec<u8>, Vec<usize>),
    /// element bytes, end of each element, end (in elements) of each row
    TextList(Vec<u8>, Vec<usize>, Vec<usize>),
    IntList(Vec<i64>, Vec<usize>),
}

fn start_of(ends: &[usize], row: usize) -> usize {
    row.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0)
}

fn span(ends: &[usize], row: usize) -> std::ops::Range<usize> {
    start_of(ends, row)..ends.get(row).copied().unwrap_or(0)
}

impl Cells {
    fn new(kind: ColumnType) -> Self {
        let values = match kind {
            ColumnType::Bool => Values::Bool(Vec::new()),
            ColumnType::Int | ColumnType::Key => Values::Int(Vec::new()),
            ColumnType::Double => Values::Double(Vec::new()),
            ColumnType::Text | ColumnType::Blob => Values::Text(Vec::new(), Vec::new()),
            ColumnType::TextList => Values::TextList(Vec::new(), Vec::new(), Vec::new()),
            ColumnType::IntList => Values::IntList(Vec::new(), Vec::new()),
        };
        Self { kind, present: Vec::new(), values }
    }

    /// the column's physical shape
    pub fn kind(&self) -> ColumnType {
        self.kind
    }

    /// whether the row has a value
    pub fn is_present(&self, row: usize) -> bool {
        self.present.get(row).copied().unwrap_or(false)
    }

    /// appends a missing value
    pub fn put_null(&mut self) {
        self.present.push(false);
        match &mut self.values {
            Values::Bool(v) => v.push(false),
            Values::Int(v) => v.push(0),
            Values::Double(v) => v.push(0.0),
            Values::Text(bytes, ends) => ends.push(bytes.len()),
            Values::TextList(_, element_ends, ends) => ends.push(element_ends.len()),
            Values::IntList(v, ends) => ends.push(v.len()),
        }
    }

    /// appends a truth value
    pub fn put_bool(&mut self, value: bool) {
        self.present.push(true);
        if let Values::Bool(v) = &mut self.values {
            v.push(value);
        }
    }

    /// appends an integer (or a key's bits)
    pub fn put_int(&mut self, value: i64) {
        self.present.push(true);
        if let Values::Int(v) = &mut self.values {
            v.push(value);
        }
    }

    /// appends a floating point number
    pub fn put_double(&mut self, value: f64) {
        self.present.push(true);
        if let Values::Double(v) = &mut self.values {
            v.push(value);
        }
    }

    /// appends text or raw bytes
    pub fn put_text(&mut self, value: &[u8]) {
        self.present.push(true);
        if let Values::Text(bytes, ends) = &mut self.values {
            bytes.extend_from_slice(value);
            ends.push(bytes.len());
        }
    }

    /// appends text that `write` prints
    pub fn put_display(&mut self, write: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result) {
        struct Bytes<'a>(&'a mut Vec<u8>);
        impl fmt::Write for Bytes<'_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.extend_from_slice(text.as_bytes());
                Ok(())
            }
        }
        self.present.push(true);
        if let Values::Text(bytes, ends) = &mut self.values {
            // writing into a Vec cannot fail
            let _ = write(&mut Bytes(bytes));
            ends.push(bytes.len());
        }
    }

    /// appends a list of texts
    pub fn put_texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        self.present.push(true);
        if let Values::TextList(bytes, element_ends, ends) = &mut self.values {
            for text in texts {
                bytes.extend_from_slice(text.as_bytes());
                element_ends.push(bytes.len());
            }
            ends.push(element_ends.len());
        }
    }

    /// appends a list of integers
    pub fn put_ints(&mut self, numbers: impl Iterator<Item = i64>) {
        self.present.push(true);
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

    /// the row's bytes
    pub fn text_at(&self, row: usize) -> &[u8] {
        match &self.values {
            Values::Text(bytes, ends) => bytes.get(span(ends, row)).unwrap_or_default(),
            _ => &[],
        }
    }

    /// the row's list of texts
    pub fn texts_at(&self, row: usize) -> Vec<&[u8]> {
        match &self.values {
            Values::TextList(bytes, element_ends, ends) => {
                span(ends, row).map(|element| bytes.get(span(element_ends, element)).unwrap_or_default()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// the row's list of integers
    pub fn ints_at(&self, row: usize) -> &[i64] {
        match &self.values {
            Values::IntList(v, ends) => v.get(span(ends, row)).unwrap_or_default(),
            _ => &[],
        }
    }

    fn append(&mut self, mut other: Cells) {
        self.present.append(&mut other.present);
        match (&mut self.values, &mut other.values) {
            (Values::Bool(a), Values::Bool(b)) => a.append(b),
            (Values::Int(a), Values::Int(b)) => a.append(b),
            (Values::Double(a), Values::Double(b)) => a.append(b),
            (Values::Text(a, ends), Values::Text(b, other_ends)) => shift_onto(a, ends, b, other_ends),
            (Values::IntList(a, ends), Values::IntList(b, other_ends)) => shift_onto(a, ends, b, other_ends),
            (Values::TextList(a, ea, ra), Values::TextList(b, eb, rb)) => {
                let elements = ea.len();
                shift_onto(a, ea, b, eb);
                ra.extend(rb.drain(..).map(|end| end.saturating_add(elements)));
            }
            // sheets of one table have the same columns
            _ => {}
        }
    }
}

fn shift_onto<T>(a: &mut Vec<T>, ends: &mut Vec<usize>, b: &mut Vec<T>, other_ends: &mut Vec<usize>) {
    let before = a.len();
    a.append(b);
    ends.extend(other_ends.drain(..).map(|end| end.saturating_add(before)));
}

/// Rows of one table.
#[derive(Debug)]
pub struct Sheet {
    /// the table
    pub spec: &'static TableSpec,
    /// place of each row
    pub keys: Vec<Key>,
    /// cells by column
    pub columns: Vec<Cells>,
}

impl Sheet {
    /// an empty sheet
    pub fn new(spec: &'static TableSpec) -> Self {
        Self { spec, keys: Vec::new(), columns: spec.columns.iter().map(|column| Cells::new(column.kind)).collect() }
    }

    /// appends a row
    pub fn push<R: Record>(&mut self, key: Key, record: &R) {
        self.keys.push(key);
        record.put(&mut self.columns);
    }

    /// appends all rows of `other`
    pub fn append(&mut self, other: Sheet) {
        self.keys.extend_from_slice(&other.keys);
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            column.append(more);
        }
    }
}

/// The sheets of several tables.
#[derive(Debug, Default)]
pub struct Sheets(FxHashMap<&'static str, Sheet>);

impl Sheets {
    /// appends a row to its table
    pub fn push<R: Record>(&mut self, key: Key, record: &R) {
        self.0.entry(R::SPEC.name).or_insert_with(|| Sheet::new(R::SPEC)).push(key, record);
    }

    /// appends a sheet to its table's
    pub fn append(&mut self, sheet: Sheet) {
        match self.0.get_mut(sheet.spec.name) {
            Some(mine) => mine.append(sheet),
            None => {
                self.0.insert(sheet.spec.name, sheet);
            }
        }
    }

    /// takes all sheets out, in the tables' order of name
    pub fn take(&mut self) -> Vec<Sheet> {
        let mut sheets: Vec<Sheet> = std::mem::take(&mut self.0).into_values().collect();
        sheets.sort_by_key(|sheet| sheet.spec.name);
        sheets
    }
}
