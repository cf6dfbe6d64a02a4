//! How a Rust value becomes a cell, and how a record is declared.

use super::{Cells, ColumnType, TableSpec};
use std::net::IpAddr;

/// Longest text kept in one cell, in bytes: enough for any name or URI that a person reads, small enough
/// that a hostile capture cannot fill the memory with one field. (RFC 9110 4.1 recommends 8,000 for a URI.)
const MAX_TEXT_BYTES: usize = 8192;
/// Most elements kept of one list.
const MAX_LIST: usize = 256;

/// A value that can stand in a cell.
pub trait Field {
    /// the column's physical shape
    const KIND: ColumnType;
    /// whether the value can be missing
    const NULLABLE: bool = false;
    /// appends the value to its column
    fn put(&self, cells: &mut Cells);
}

/// A record that is declared with [`record!`](crate::record).
pub trait Record {
    /// the table that the record belongs to
    const SPEC: &'static TableSpec;
    /// appends each field to its column
    fn put(&self, columns: &mut [Cells]);
}

/// Stable id of a flow, derived from its addresses and first time; shown as 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, PartialOrd, Ord)]
pub struct FlowId(pub u64);

macro_rules! integer_fields {
    ($($t:ty),*) => {$(
        impl Field for $t {
            const KIND: ColumnType = ColumnType::Int;
            fn put(&self, cells: &mut Cells) {
                cells.put_int(i64::try_from(*self).unwrap_or(i64::MAX));
            }
        }
    )*};
}
integer_fields!(u8, u16, u32, u64, i32, i64, usize);

/// A key that is only compared (see [`ColumnType::Key`]).
#[derive(Clone, Copy, Debug)]
pub struct KeyValue(pub u64);

impl Field for KeyValue {
    const KIND: ColumnType = ColumnType::Key;
    fn put(&self, cells: &mut Cells) {
        cells.put_int(self.0.cast_signed());
    }
}

impl Field for bool {
    const KIND: ColumnType = ColumnType::Bool;
    fn put(&self, cells: &mut Cells) {
        cells.put_bool(*self);
    }
}

impl Field for f64 {
    const KIND: ColumnType = ColumnType::Double;
    fn put(&self, cells: &mut Cells) {
        cells.put_double(*self);
    }
}

/// The longest prefix of at most `limit` bytes that ends at a character.
fn clip(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

impl Field for String {
    const KIND: ColumnType = ColumnType::Text;
    fn put(&self, cells: &mut Cells) {
        cells.put_text(clip(self, MAX_TEXT_BYTES).as_bytes());
    }
}

impl Field for &'static str {
    const KIND: ColumnType = ColumnType::Word;
    fn put(&self, cells: &mut Cells) {
        cells.put_word(self);
    }
}

impl Field for Vec<u8> {
    const KIND: ColumnType = ColumnType::Blob;
    fn put(&self, cells: &mut Cells) {
        cells.put_text(self.get(..MAX_TEXT_BYTES).unwrap_or(self));
    }
}

impl Field for FlowId {
    const KIND: ColumnType = ColumnType::Flow;
    fn put(&self, cells: &mut Cells) {
        cells.put_number(self.0);
    }
}

impl Field for crate::packet::Mac {
    const KIND: ColumnType = ColumnType::Mac;
    fn put(&self, cells: &mut Cells) {
        let [a, b, c, d, e, f] = self.0;
        cells.put_number(u64::from_be_bytes([0, 0, a, b, c, d, e, f]));
    }
}

impl Field for IpAddr {
    const KIND: ColumnType = ColumnType::Address;
    fn put(&self, cells: &mut Cells) {
        cells.put_address(*self);
    }
}

impl Field for Vec<String> {
    const KIND: ColumnType = ColumnType::TextList;
    fn put(&self, cells: &mut Cells) {
        cells.put_texts(self.iter().take(MAX_LIST).map(|text| clip(text, MAX_TEXT_BYTES)));
    }
}

/// Texts of a list in one piece of memory: many of them a message.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Without any; room for so many, and for about so many bytes.
    pub fn with_room(texts: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(texts) }
    }

    /// Adds one that is made of these parts.
    pub fn push(&mut self, parts: &[&str]) {
        parts.iter().for_each(|part| self.text.push_str(part));
        self.ends.push(self.text.len());
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| self.text.get(*start..*end).unwrap_or_default())
    }
}

impl Field for Texts {
    const KIND: ColumnType = ColumnType::TextList;
    fn put(&self, cells: &mut Cells) {
        cells.put_texts(self.iter().take(MAX_LIST).map(|text| clip(text, MAX_TEXT_BYTES)));
    }
}

impl Field for Vec<u16> {
    const KIND: ColumnType = ColumnType::IntList;
    fn put(&self, cells: &mut Cells) {
        cells.put_ints(self.iter().take(MAX_LIST).map(|n| i64::from(*n)));
    }
}

impl Field for Vec<i64> {
    const KIND: ColumnType = ColumnType::IntList;
    fn put(&self, cells: &mut Cells) {
        cells.put_ints(self.iter().take(MAX_LIST).copied());
    }
}

impl Field for Vec<u64> {
    const KIND: ColumnType = ColumnType::IntList;
    fn put(&self, cells: &mut Cells) {
        cells.put_ints(self.iter().take(MAX_LIST).map(|n| i64::try_from(*n).unwrap_or(i64::MAX)));
    }
}

impl<T: Field> Field for Option<T> {
    const KIND: ColumnType = T::KIND;
    const NULLABLE: bool = true;
    fn put(&self, cells: &mut Cells) {
        match self {
            Some(value) => value.put(cells),
            None => cells.put_null(),
        }
    }
}

/// Declares a record once: the struct, its table and the meaning of each column, from the doc comments.
///
/// `record! { /// what a row is \n pub struct Dns in "dns" at { ... } }`; with `at` the struct has a field
/// `at: `[`At`](crate::at::At) whose columns (where and when, who to whom) come first.
#[macro_export]
macro_rules! record {
    ($(#[doc = $doc:literal])* pub struct $name:ident in $table:literal at {
        $($(#[doc = $fdoc:literal])* $field:ident : $type:ty,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        #[allow(missing_docs)]
        pub struct $name { pub at: $crate::at::At, $($(#[doc = $fdoc])* pub $field: $type,)* }
        impl $crate::tables::Record for $name {
            const SPEC: &'static $crate::tables::TableSpec = &$crate::tables::TableSpec {
                name: $table,
                meaning: concat!($($doc),*),
                columns: &{
                    const OWN: &[$crate::tables::Column] = $crate::record!(@columns $($(#[doc = $fdoc])* $field : $type,)*);
                    const JOINED: [$crate::tables::Column; $crate::at::COLUMNS.len() + OWN.len()] = $crate::at::with_columns(OWN);
                    JOINED
                },
            };
            fn put(&self, columns: &mut [$crate::tables::Cells]) {
                let (at, rest) = columns.split_at_mut($crate::at::COLUMNS.len().min(columns.len()));
                self.at.put(at);
                let mut cells = rest.iter_mut();
                $(if let Some(column) = cells.next() { $crate::tables::Field::put(&self.$field, column); })*
            }
        }
    };
    ($(#[doc = $doc:literal])* pub struct $name:ident in $table:literal {
        $($(#[doc = $fdoc:literal])* $field:ident : $type:ty,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        #[allow(missing_docs)]
        pub struct $name { $($(#[doc = $fdoc])* pub $field: $type,)* }
        impl $crate::tables::Record for $name {
            const SPEC: &'static $crate::tables::TableSpec = &$crate::tables::TableSpec {
                name: $table,
                meaning: concat!($($doc),*),
                columns: $crate::record!(@columns $($(#[doc = $fdoc])* $field : $type,)*),
            };
            fn put(&self, columns: &mut [$crate::tables::Cells]) {
                let mut cells = columns.iter_mut();
                $(if let Some(column) = cells.next() { $crate::tables::Field::put(&self.$field, column); })*
            }
        }
    };
    (@columns $($(#[doc = $fdoc:literal])* $field:ident : $type:ty,)*) => {
        &[$($crate::tables::Column {
            name: stringify!($field),
            kind: <$type as $crate::tables::Field>::KIND,
            nullable: <$type as $crate::tables::Field>::NULLABLE,
            meaning: concat!($($fdoc),*),
        }),*]
    };
}
