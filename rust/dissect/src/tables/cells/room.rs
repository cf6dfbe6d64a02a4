//! Memory of cells: how many there are, what they take, and room for the next ones.

use super::{Cells, Parts, Values};
use std::net::IpAddr;

impl Parts {
    fn size(&self) -> usize {
        self.bytes.len().saturating_add(size_of_val(self.ends.as_slice()))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

impl Cells {
    /// Memory that its rows would take if none were empty, bytes: row groups end where it is enough.
    pub(in crate::tables) fn bytes(&self, rows: usize) -> usize {
        let each = |bytes: usize| rows.saturating_mul(bytes);
        let values = match &self.values {
            Values::Bool(_) => each(size_of::<bool>()),
            Values::Int(_) => each(size_of::<i64>()),
            Values::Double(_) => each(size_of::<f64>()),
            Values::Number(_) => each(size_of::<u64>()),
            Values::Address(_) => each(size_of::<IpAddr>()),
            Values::Word(_) => each(size_of::<&str>()),
            Values::Text(parts) => parts.bytes.len().saturating_add(each(size_of::<usize>())),
            Values::TextList(parts, _) => parts.size().saturating_add(each(size_of::<usize>())),
            Values::IntList(v, _) => size_of_val(v.as_slice()).saturating_add(each(size_of::<usize>())),
        };
        values.saturating_add(if self.nullable { each(size_of::<bool>()) } else { 0 })
    }

    /// Values of all rows.
    pub(in crate::tables) fn values(&self) -> usize {
        match &self.values {
            Values::Bool(v) => v.len(),
            Values::Int(v) => v.len(),
            Values::Double(v) => v.len(),
            Values::Number(v) => v.len(),
            Values::Address(v) => v.len(),
            Values::Word(v) => v.len(),
            Values::Text(parts) => parts.ends.len(),
            Values::TextList(_, ends) | Values::IntList(_, ends) => ends.len(),
        }
    }

    /// Whether no row has a value.
    pub(in crate::tables) fn is_empty(&self) -> bool {
        self.values() == 0
    }

    /// Drops all rows; their room stays.
    pub(in crate::tables) fn clear(&mut self) {
        self.is_full = true;
        self.places.clear();
        match &mut self.values {
            Values::Bool(v) => v.clear(),
            Values::Int(v) => v.clear(),
            Values::Double(v) => v.clear(),
            Values::Number(v) => v.clear(),
            Values::Address(v) => v.clear(),
            Values::Word(v) => v.clear(),
            Values::Text(parts) => parts.clear(),
            Values::TextList(parts, ends) => {
                parts.clear();
                ends.clear();
            }
            Values::IntList(v, ends) => {
                v.clear();
                ends.clear();
            }
        }
    }
}
