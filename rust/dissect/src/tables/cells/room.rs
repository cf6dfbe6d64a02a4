//! Memory of cells: what they take, and room for the next ones.

use super::{Cells, Parts, Values};

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
    /// Memory that its rows take, bytes.
    pub(in crate::tables) fn bytes(&self) -> usize {
        let values = match &self.values {
            Values::Bool(v) => size_of_val(v.as_slice()),
            Values::Int(v) => size_of_val(v.as_slice()),
            Values::Double(v) => size_of_val(v.as_slice()),
            Values::Number(v) => size_of_val(v.as_slice()),
            Values::Address(v) => size_of_val(v.as_slice()),
            Values::Word(v) => size_of_val(v.as_slice()),
            Values::Text(parts) => parts.size(),
            Values::TextList(parts, ends) => parts.size().saturating_add(size_of_val(ends.as_slice())),
            Values::IntList(v, ends) => size_of_val(v.as_slice()).saturating_add(size_of_val(ends.as_slice())),
        };
        values.saturating_add(self.present.as_ref().map_or(0, Vec::len))
    }

    /// Drops all rows; their room stays.
    pub(in crate::tables) fn clear(&mut self) {
        if let Some(present) = &mut self.present {
            present.clear();
        }
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
