//! Rows kept as columns until they are written, each with its place in the walk.

use super::{ColumnType, Record, TableSpec};
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

    /// takes out the bytes of all rows one after another
    pub fn take_bytes(&mut self) -> Vec<u8> {
        match &mut self.values {
            Values::Text(bytes, _) | Values::TextList(bytes, ..) => std::mem::take(bytes),
            _ => Vec::new(),
        }
    }

    /// the bytes of all rows one after another
    #[cfg(test)]
    pub fn bytes(&self) -> &[u8] {
        match &self.values {
            Values::Text(bytes, _) | Values::TextList(bytes, ..) => bytes,
            _ => &[],
        }
    }

    /// where in [`Cells::take_bytes`] the row's text lies
    pub fn text_span(&self, row: usize) -> std::ops::Range<usize> {
        match &self.values {
            Values::Text(_, ends) => span(ends, row),
            _ => 0..0,
        }
    }

    /// where in [`Cells::take_bytes`] the row's texts lie
    pub fn text_spans(&self, row: usize) -> Vec<std::ops::Range<usize>> {
        match &self.values {
            Values::TextList(_, element_ends, ends) => {
                span(ends, row).map(|element| span(element_ends, element)).collect()
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

    /// no rows, and room for as many as there are here
    fn emptied(&self) -> Self {
        let values = match &self.values {
            Values::Bool(v) => Values::Bool(Vec::with_capacity(v.len())),
            Values::Int(v) => Values::Int(Vec::with_capacity(v.len())),
            Values::Double(v) => Values::Double(Vec::with_capacity(v.len())),
            Values::Text(bytes, ends) => Values::Text(Vec::with_capacity(bytes.len()), Vec::with_capacity(ends.len())),
            Values::TextList(bytes, elements, ends) => Values::TextList(
                Vec::with_capacity(bytes.len()),
                Vec::with_capacity(elements.len()),
                Vec::with_capacity(ends.len()),
            ),
            Values::IntList(v, ends) => Values::IntList(Vec::with_capacity(v.len()), Vec::with_capacity(ends.len())),
        };
        Self { kind: self.kind, present: Vec::with_capacity(self.present.len()), values }
    }
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

    /// no rows, and room for as many as there are here: growing step by step would copy them several times
    fn emptied(&self) -> Self {
        let columns = self.columns.iter().map(Cells::emptied).collect();
        Self { spec: self.spec, keys: Vec::with_capacity(self.keys.len()), columns }
    }

    /// appends a row
    pub fn push<R: Record>(&mut self, key: Key, record: &R) {
        self.keys.push(key);
        record.put(&mut self.columns);
    }
}

/// The sheets of several tables. They are few, so that looking through them beats hashing a name for each row.
#[derive(Debug, Default)]
pub struct Sheets(Vec<Sheet>);

impl Sheets {
    /// appends a row to its table
    pub fn push<R: Record>(&mut self, key: Key, record: &R) {
        // a table's declaration may have several addresses: those that differ are told by name
        match self.0.iter_mut().find(|sheet| std::ptr::eq(sheet.spec, R::SPEC)) {
            Some(sheet) => sheet.push(key, record),
            None => self.of(R::SPEC).push(key, record),
        }
    }

    fn of(&mut self, spec: &'static TableSpec) -> &mut Sheet {
        let place = self.0.iter().position(|sheet| sheet.spec.name == spec.name).unwrap_or(self.0.len());
        if place == self.0.len() {
            self.0.push(Sheet::new(spec));
        }
        #[allow(clippy::indexing_slicing)] // found or pushed above
        &mut self.0[place]
    }

    /// takes all rows out, in the tables' order of name; what follows is expected to be as much
    pub fn take(&mut self) -> Vec<Sheet> {
        let expected = self.0.iter().map(Sheet::emptied).collect();
        let mut sheets = std::mem::replace(&mut self.0, expected);
        sheets.retain(|sheet| !sheet.keys.is_empty());
        sheets.sort_by_key(|sheet| sheet.spec.name);
        sheets
    }
}
