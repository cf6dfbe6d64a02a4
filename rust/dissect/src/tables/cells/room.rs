//! Memory of cells: what they take, and what the next ones will take.

use super::{Cells, Parts, Values};

impl Parts {
    fn size(&self) -> usize {
        self.bytes.len().saturating_add(size_of_val(self.ends.as_slice()))
    }

    fn emptied(&self) -> Self {
        Self { bytes: Vec::with_capacity(self.bytes.len()), ends: Vec::with_capacity(self.ends.len()) }
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

    /// no rows, and room for as many as there are here
    pub(in crate::tables) fn emptied(&self) -> Self {
        let values = match &self.values {
            Values::Bool(v) => Values::Bool(Vec::with_capacity(v.len())),
            Values::Int(v) => Values::Int(Vec::with_capacity(v.len())),
            Values::Double(v) => Values::Double(Vec::with_capacity(v.len())),
            Values::Number(v) => Values::Number(Vec::with_capacity(v.len())),
            Values::Address(v) => Values::Address(Vec::with_capacity(v.len())),
            Values::Word(v) => Values::Word(Vec::with_capacity(v.len())),
            Values::Text(parts) => Values::Text(parts.emptied()),
            Values::TextList(parts, ends) => Values::TextList(parts.emptied(), Vec::with_capacity(ends.len())),
            Values::IntList(v, ends) => Values::IntList(Vec::with_capacity(v.len()), Vec::with_capacity(ends.len())),
        };
        Self { kind: self.kind, present: self.present.as_ref().map(|there| Vec::with_capacity(there.len())), values }
    }
}
