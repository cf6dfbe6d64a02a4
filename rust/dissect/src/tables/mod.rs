//! Facts as tables: a record is declared once (field, unit, meaning) and goes to Parquet.
//!
//! [`record!`](crate::record) makes the struct and its [`TableSpec`]; a [`Sheet`] holds its rows as
//! columns with the place of each row in the walk; [`writer`] sorts the rows and writes them. Nobody else knows Parquet.

mod cells;
mod coder;
mod dictionary;
mod gathered;
mod pages;
mod record;
mod schema;
mod sheet;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
mod text;
mod writer;

pub use cells::Cells;
pub use record::{Field, FlowId, KeyValue, Record, Texts};
pub use sheet::{Key, Sheet, Sheets};
pub use writer::{TableError, TableWriter};

/// Physical shape of a column. Every integer is a signed 64-bit number, so that SQL arithmetic cannot wrap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnType {
    /// true or false
    Bool,
    /// 64-bit signed integer
    Int,
    /// 64-bit unsigned integer: only for keys that are compared, never added
    Key,
    /// 64-bit floating point number
    Double,
    /// UTF-8 text (invalid bytes from the wire are replaced)
    Text,
    /// text: a flow id, kept as its bits until it is written
    Flow,
    /// text: a MAC, kept as its bits until it is written
    Mac,
    /// text: an IP address, kept as it is until it is written
    Address,
    /// text: one of few words of ours
    Word,
    /// raw bytes
    Blob,
    /// list of text
    TextList,
    /// list of integers
    IntList,
}

impl ColumnType {
    /// The type's name in SQL, as DuckDB says it.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Bool => "BOOLEAN",
            Self::Int => "BIGINT",
            Self::Key => "UBIGINT",
            Self::Double => "DOUBLE",
            Self::Text | Self::Flow | Self::Mac | Self::Address | Self::Word => "VARCHAR",
            Self::Blob => "BLOB",
            Self::TextList => "VARCHAR[]",
            Self::IntList => "BIGINT[]",
        }
    }
}

/// A column of a table: name (with its unit in the name), type and meaning.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// name in Parquet and SQL
    pub name: &'static str,
    /// physical shape
    pub kind: ColumnType,
    /// whether a value can be missing
    pub nullable: bool,
    /// what the value means, in a sentence
    pub meaning: &'static str,
}

/// A table: one kind of fact.
#[derive(Debug)]
pub struct TableSpec {
    /// name in SQL; the file is `NAME.parquet`
    pub name: &'static str,
    /// what one row is
    pub meaning: &'static str,
    /// columns, in order
    pub columns: &'static [Column],
}
