//! Rows kept as columns until they are written, each with its place in the walk.

use super::{Cells, Record, TableSpec};

/// Where a row belongs: (position of the frame in the walk, sub-position). Rows are written in this order,
/// so that the number of threads cannot change a table.
pub type Key = (u64, u64);

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
        Self { spec, keys: Vec::new(), columns: spec.columns.iter().map(Cells::new).collect() }
    }

    /// no rows, and room for as many as there are here: growing step by step would copy them several times
    fn emptied(&self) -> Self {
        let columns = self.columns.iter().map(Cells::emptied).collect();
        Self { spec: self.spec, keys: Vec::with_capacity(self.keys.len()), columns }
    }

    /// memory that its rows take, bytes
    pub fn bytes(&self) -> usize {
        let keys = size_of_val(self.keys.as_slice());
        self.columns.iter().map(Cells::bytes).fold(keys, usize::saturating_add)
    }

    /// appends a row
    #[inline]
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
