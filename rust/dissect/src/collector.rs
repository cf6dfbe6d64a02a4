//! Where facts meet: rows between two meetings are put together, in the order of the walk, before they are written. Whoever
//! comes by writes what is ready, one table at a time, so that writing takes all threads and no table waits for another.

use crate::tables::{Sheet, Sheets};
use std::collections::VecDeque;

/// Rows of one table, in bytes, whose room is used again; a table has as many as a thread makes between two meetings.
const MAX_SPARE_BYTES: usize = 2 << 20;

/// Rows that wait to be written.
#[derive(Default)]
pub struct Collector {
    /// the last epoch of which all rows have come
    complete: u64,
    /// sheets to write, by epoch and table, in order
    ready: VecDeque<(u64, Vec<Vec<Sheet>>)>,
    /// tables that a thread writes at the moment
    busy: Vec<&'static str>,
    /// sheets that were written, as room for the next rows
    spare: Vec<Sheet>,
}

impl Collector {
    /// Takes all rows of the next epoch.
    pub fn add(&mut self, epoch: u64, rooms: Vec<Sheets>) {
        let sheets = rooms.into_iter().flat_map(Sheets::into_sheets);
        let (sheets, empty): (Vec<_>, Vec<_>) = sheets.partition(|sheet| !sheet.keys.is_empty());
        self.spare.extend(empty);
        self.complete = epoch;
        self.ready.push_back((epoch, by_table(sheets)));
        self.drop_written();
    }

    /// Adds room for rows: that of earlier ones, as far as it is free.
    pub fn refilled(&mut self, mut room: Sheets) -> Sheets {
        room.refill(&mut self.spare);
        room
    }

    /// The earliest rows of a table that nobody writes; [`Collector::written`] is told when they are.
    pub fn take(&mut self) -> Option<Vec<Sheet>> {
        let mut passed: Vec<&'static str> = self.busy.clone();
        let mut found = None;
        for (_, tables) in &mut self.ready {
            if let Some(place) = tables.iter().position(|sheets| !passed.contains(&name(sheets))) {
                found = Some(tables.swap_remove(place));
                break;
            }
            passed.extend(tables.iter().map(|sheets| name(sheets)));
        }
        self.drop_written();
        self.busy.extend(found.as_deref().map(name));
        found
    }

    /// Says that rows of a table were written.
    pub fn written(&mut self, sheets: Vec<Sheet>) {
        let name = name(&sheets);
        self.busy.retain(|busy| *busy != name);
        self.spare.extend(sheets.into_iter().filter_map(emptied));
    }

    /// The last epoch of which nothing waits to be written.
    pub fn settled(&self) -> u64 {
        self.ready.front().map_or(self.complete, |(epoch, _)| epoch.saturating_sub(1))
    }

    /// Takes the room of earlier rows.
    pub fn spare(&mut self) -> Vec<Sheet> {
        std::mem::take(&mut self.spare)
    }

    /// Whether nothing waits or is written.
    pub fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.busy.is_empty()
    }

    fn drop_written(&mut self) {
        while self.ready.front().is_some_and(|(_, tables)| tables.is_empty()) {
            self.ready.pop_front();
        }
    }
}

/// A sheet without its rows; none where it became too large to be kept for the next ones.
fn emptied(mut sheet: Sheet) -> Option<Sheet> {
    let is_ordinary = sheet.bytes() <= MAX_SPARE_BYTES;
    sheet.clear();
    is_ordinary.then_some(sheet)
}

/// The sheets of each table together, in the tables' order of name, so that what is written does not depend on threads.
fn by_table(mut sheets: Vec<Sheet>) -> Vec<Vec<Sheet>> {
    sheets.sort_by_key(|sheet| sheet.spec.name);
    let mut tables: Vec<Vec<Sheet>> = Vec::new();
    for sheet in sheets {
        match tables.last_mut() {
            Some(table) if name(table) == sheet.spec.name => table.push(sheet),
            _ => tables.push(vec![sheet]),
        }
    }
    tables
}

/// The table of sheets that belong together.
pub fn name(sheets: &[Sheet]) -> &'static str {
    sheets.first().map_or("", |sheet| sheet.spec.name)
}
