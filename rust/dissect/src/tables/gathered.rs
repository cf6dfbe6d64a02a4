//! One column of rows that wait: its values in the order of the rows, and how each kind is encoded.

use super::pages::{Coder, Packer};
use super::schema::GROWING;
use super::writer::{Stretch, TableError};
use super::{Cells, Column, ColumnType};
use bytes::Bytes;
use parquet::column::writer::{ColumnCloseResult, ColumnWriter};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;
use std::hash::Hash;

/// One column of the rows that wait.
pub(super) struct Gathered<'a> {
    /// the rows
    pub(super) waiting: &'a [Stretch],
    /// place of the column in its table
    pub(super) place: usize,
    /// how many rows
    pub(super) rows: usize,
}

impl<'a> Gathered<'a> {
    /// The rows in order: cells and the place in them.
    #[inline]
    fn each(&self, mut visit: impl FnMut(&'a Cells, usize)) {
        for stretch in self.waiting {
            let cells: Vec<&Cells> = stretch.sheets.iter().filter_map(|sheet| sheet.columns.get(self.place)).collect();
            for (sheet, row) in &stretch.order {
                if let Some(cells) = cells.get(*sheet as usize) {
                    visit(cells, *row as usize);
                }
            }
        }
    }

    /// A column that we encode ourselves; `None` for the others.
    pub(super) fn coded(
        &self,
        column: &Column,
        described: ColumnDescPtr,
        packer: &mut Packer,
    ) -> Result<Option<(Bytes, ColumnCloseResult)>, TableError> {
        let text = |text: &[u8], out: &mut Vec<u8>| {
            out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend_from_slice(text);
        };
        let mut statistics = None;
        let pages = match column.kind {
            _ if GROWING.contains(&column.name) => return Ok(None),
            ColumnType::Bool | ColumnType::Double => return Ok(None),
            ColumnType::Int | ColumnType::Key => {
                let (mut least, mut greatest) = (i64::MAX, i64::MIN);
                let coder = self.leaves(column, Cells::int_at, |number, out| {
                    (least, greatest) = (least.min(number), greatest.max(number));
                    out.extend_from_slice(&number.to_le_bytes());
                });
                if column.kind == ColumnType::Int && least <= greatest {
                    // least and greatest let DuckDB skip row groups; of texts nobody would use them
                    statistics = Some(Statistics::int64(Some(least), Some(greatest), None, None, false));
                }
                coder.finish(described, statistics, packer)
            }
            ColumnType::Flow => self
                .leaves(column, Cells::number_at, |id, out| text(&super::text::flow(id), out))
                .finish(described, statistics, packer),
            ColumnType::Mac => self
                .leaves(column, Cells::number_at, |bits, out| text(&super::text::mac(bits), out))
                .finish(described, statistics, packer),
            ColumnType::Address => self
                .leaves(column, Cells::address_at, |address, out| text(address.to_string().as_bytes(), out))
                .finish(described, statistics, packer),
            ColumnType::Word | ColumnType::Text | ColumnType::Blob => {
                self.leaves(column, Cells::text_at, text).finish(described, statistics, packer)
            }
            ColumnType::TextList => self.lists(Cells::element_text, text).finish(described, statistics, packer),
            ColumnType::IntList => self
                .lists(Cells::element_int, |number: i64, out| out.extend_from_slice(&number.to_le_bytes()))
                .finish(described, statistics, packer),
        };
        pages.map(Some)
    }

    fn leaves<K: Copy + Eq + Hash>(
        &self,
        column: &Column,
        value: impl Fn(&'a Cells, usize) -> K,
        mut write: impl FnMut(K, &mut Vec<u8>),
    ) -> Coder<K> {
        let mut coder = Coder::new(self.rows);
        self.each(|cells, row| {
            let there = cells.is_present(row);
            coder.row();
            coder.slot(column.nullable.then_some(u32::from(there)), None);
            if there {
                coder.value(value(cells, row), &mut write);
            }
        });
        coder
    }

    /// Lists: definition 0 = no list, 1 = an empty one, 2 = an element; repetition 0 = the row's first slot.
    fn lists<K: Copy + Eq + Hash>(
        &self,
        value: impl Fn(&'a Cells, usize) -> K,
        mut write: impl FnMut(K, &mut Vec<u8>),
    ) -> Coder<K> {
        let mut coder = Coder::new(self.rows);
        self.each(|cells, row| {
            let elements = cells.elements(row);
            coder.row();
            if elements.is_empty() {
                coder.slot(Some(u32::from(cells.is_present(row))), Some(0));
            }
            let first = elements.start;
            for element in elements {
                coder.slot(Some(2), Some(u32::from(element > first)));
                coder.value(value(cells, element), &mut write);
            }
        });
        coder
    }

    /// The columns that the library encodes: truth values, fractions, and integers that grow.
    pub(super) fn write(&self, writer: &mut ColumnWriter<'_>, column: &Column) -> Result<(), TableError> {
        let mut levels = Vec::new();
        self.each(|cells, row| levels.push(i16::from(cells.is_present(row))));
        let levels = column.nullable.then_some(levels.as_slice());
        match writer {
            ColumnWriter::BoolColumnWriter(w) => w.write_batch(&self.present(Cells::bool_at), levels, None)?,
            ColumnWriter::DoubleColumnWriter(w) => w.write_batch(&self.present(Cells::double_at), levels, None)?,
            ColumnWriter::Int64ColumnWriter(w) => w.write_batch(&self.present(Cells::int_at), levels, None)?,
            _ => return Err(TableError::new("a column has a physical type that no field makes")),
        };
        Ok(())
    }

    fn present<T>(&self, value: impl Fn(&'a Cells, usize) -> T) -> Vec<T> {
        let mut values = Vec::with_capacity(self.rows);
        self.each(|cells, row| {
            if cells.is_present(row) {
                values.push(value(cells, row));
            }
        });
        values
    }
}
