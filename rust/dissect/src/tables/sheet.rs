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

    /// drops all rows; their room stays for the next ones
    pub fn clear(&mut self) {
        self.keys.clear();
        self.columns.iter_mut().for_each(Cells::clear);
    }

    /// memory that its rows would take if no cell were empty, bytes
    pub fn bytes(&self) -> usize {
        let keys = size_of_val(self.keys.as_slice());
        self.columns.iter().map(|cells| cells.bytes(self.keys.len())).fold(keys, usize::saturating_add)
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

    /// its sheets, also those without rows
    pub fn into_sheets(self) -> Vec<Sheet> {
        self.0
    }

    /// takes all rows out, in the tables' order of name
    #[cfg(any(test, fuzzing))]
    pub fn take(&mut self) -> Vec<Sheet> {
        let mut sheets = std::mem::take(&mut self.0);
        sheets.retain(|sheet| !sheet.keys.is_empty());
        sheets.sort_by_key(|sheet| sheet.spec.name);
        sheets
    }

    /// takes sheets of tables that have none here, so that what follows finds room
    pub fn refill(&mut self, spare: &mut Vec<Sheet>) {
        let mut rest = Vec::new();
        for sheet in spare.drain(..) {
            let has_one = self.0.iter().any(|ours| ours.spec.name == sheet.spec.name);
            if has_one { &mut rest } else { &mut self.0 }.push(sheet);
        }
        *spare = rest;
    }
}
