//! One column of a row group in the making. It takes rows at each meeting of the threads, while they are in a near cache; what
//! waits for the row group's end are codes, a fraction of the rows.

use super::coder::Coder;
use super::dictionary::{Copied, Dictionary, Texts, Words};
use super::pages::Packer;
use super::schema::GROWING;
use super::writer::TableError;
use super::{Cells, Column, ColumnType, Sheet};
use parquet::column::writer::ColumnWriter;
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::ColumnDescPtr;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};

/// Rows between two meetings of the threads: a sheet from each, and the order of the rows as (sheet, row).
pub(super) struct Rows<'a> {
    pub(super) sheets: &'a [Sheet],
    pub(super) order: &'a [(u32, u32)],
}

/// The values of one column of the rows so far.
pub(super) struct Gathered {
    column: &'static Column,
    values: Values,
}

enum Values {
    /// with the least and the greatest
    Ints(Coder<Copied<i64>>, i64, i64),
    /// flow ids and MACs
    Numbers(Coder<Copied<u64>>),
    Addresses(Coder<Copied<AddressKey>>),
    Words(Coder<Words>),
    Texts(Coder<Texts>),
    TextLists(Coder<Texts>),
    IntLists(Coder<Copied<i64>>),
    /// those that the library encodes, and which rows have one
    Growing(Vec<i64>, Vec<i16>),
    Bools(Vec<bool>, Vec<i16>),
    Doubles(Vec<f64>, Vec<i16>),
}

/// An address as a dictionary looks it up: the derived hash of one takes several steps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct AddressKey(IpAddr);

impl Hash for AddressKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            IpAddr::V4(v4) => state.write_u32(v4.to_bits()),
            IpAddr::V6(v6) => state.write_u128(v6.to_bits()),
        }
    }
}

/// Plain encoding of a number, and of a text.
fn put_number(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn value_at<T: Copy + Default>(values: &[T], place: usize) -> T {
    values.get(place).copied().unwrap_or_default()
}

fn address_at(values: &[IpAddr], place: usize) -> AddressKey {
    AddressKey(values.get(place).copied().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
}

fn itself(cells: &Cells) -> &Cells {
    cells
}

fn put_text(text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text);
}

impl<'a> Rows<'a> {
    /// The rows in order: what `values` gives of the cells of the column at `column`, and the place of the row's value in it.
    #[inline]
    fn each<V: Copy>(&self, column: usize, values: impl Fn(&'a Cells) -> V, mut visit: impl FnMut(V, Option<usize>)) {
        let sheets: Vec<(&Cells, V)> = self
            .sheets
            .iter()
            .filter_map(|sheet| sheet.columns.get(column))
            .map(|cells| (cells, values(cells)))
            .collect();
        for (sheet, row) in self.order {
            if let Some((cells, values)) = sheets.get(*sheet as usize) {
                visit(*values, cells.place(*row as usize));
            }
        }
    }
}

impl Rows<'_> {
    /// Whether no row has a value in a column, as often in wide tables.
    fn are_empty(&self, column: usize) -> bool {
        self.sheets.iter().filter_map(|sheet| sheet.columns.get(column)).all(Cells::is_empty)
    }
}

impl Gathered {
    pub(super) fn new(column: &'static Column) -> Self {
        let values = match column.kind {
            _ if GROWING.contains(&column.name) => Values::Growing(Vec::new(), Vec::new()),
            ColumnType::Bool => Values::Bools(Vec::new(), Vec::new()),
            ColumnType::Double => Values::Doubles(Vec::new(), Vec::new()),
            ColumnType::Int | ColumnType::Key => Values::Ints(Coder::default(), i64::MAX, i64::MIN),
            ColumnType::Flow | ColumnType::Mac => Values::Numbers(Coder::default()),
            ColumnType::Address => Values::Addresses(Coder::default()),
            ColumnType::Word => Values::Words(Coder::default()),
            ColumnType::Text | ColumnType::Blob => Values::Texts(Coder::default()),
            ColumnType::TextList => Values::TextLists(Coder::default()),
            ColumnType::IntList => Values::IntLists(Coder::default()),
        };
        Self { column, values }
    }

    /// Takes rows, of which this is the column at `place`.
    pub(super) fn take(&mut self, rows: &Rows<'_>, place: usize) {
        let nullable = self.column.nullable;
        match &mut self.values {
            Values::Ints(coder, least, greatest) => {
                leaves(coder, nullable, rows, place, (Cells::ints, value_at), |number, out| {
                    (*least, *greatest) = ((*least).min(number), (*greatest).max(number));
                    put_number(number, out);
                });
            }
            Values::Numbers(coder) if self.column.kind == ColumnType::Mac => {
                leaves(coder, nullable, rows, place, (Cells::numbers, value_at), |bits, out| {
                    put_text(&super::text::mac(bits), out);
                });
            }
            Values::Numbers(coder) => {
                leaves(coder, nullable, rows, place, (Cells::numbers, value_at), |id, out| {
                    put_text(&super::text::flow(id), out);
                });
            }
            Values::Addresses(coder) => {
                leaves(coder, nullable, rows, place, (Cells::addresses, address_at), |address, out| {
                    put_text(address.0.to_string().as_bytes(), out);
                });
            }
            Values::Words(coder) => {
                leaves(coder, nullable, rows, place, (Cells::words, value_at), |word, out| {
                    put_text(word.as_bytes(), out);
                });
            }
            Values::Texts(coder) => leaves(coder, nullable, rows, place, (itself, Cells::text), put_text),
            Values::TextLists(coder) => lists(coder, rows, place, Cells::text, put_text),
            Values::IntLists(coder) => lists(coder, rows, place, |cells, at| value_at(cells.ints(), at), put_number),
            Values::Growing(values, levels) => present(values, levels, nullable, rows, place, Cells::ints),
            Values::Bools(values, levels) => present(values, levels, nullable, rows, place, Cells::bools),
            Values::Doubles(values, levels) => present(values, levels, nullable, rows, place, Cells::doubles),
        }
    }

    /// Writes what was taken as the next column of a row group.
    pub(super) fn write(
        self,
        described: ColumnDescPtr,
        group: &mut SerializedRowGroupWriter<'_, File>,
        packer: &mut Packer,
    ) -> Result<(), TableError> {
        let (bytes, close) = match self.values {
            Values::Ints(coder, least, greatest) => {
                // least and greatest let DuckDB skip row groups; of texts nobody would use them
                let is_told = self.column.kind == ColumnType::Int && least <= greatest;
                let statistics = is_told.then(|| Statistics::int64(Some(least), Some(greatest), None, None, false));
                coder.finish(described, statistics, packer)?
            }
            Values::Numbers(coder) => coder.finish(described, None, packer)?,
            Values::Addresses(coder) => coder.finish(described, None, packer)?,
            Values::Words(coder) => coder.finish(described, None, packer)?,
            Values::Texts(coder) | Values::TextLists(coder) => coder.finish(described, None, packer)?,
            Values::IntLists(coder) => coder.finish(described, None, packer)?,
            Values::Growing(..) | Values::Bools(..) | Values::Doubles(..) => return self.write_plain(group),
        };
        Ok(group.append_column(&bytes, close)?)
    }

    fn write_plain(&self, group: &mut SerializedRowGroupWriter<'_, File>) -> Result<(), TableError> {
        let Some(mut writer) = group.next_column()? else {
            return Err(TableError::new("a table has fewer columns than declared"));
        };
        let (Values::Growing(_, levels) | Values::Bools(_, levels) | Values::Doubles(_, levels)) = &self.values else {
            return Ok(());
        };
        let levels = self.column.nullable.then_some(levels.as_slice());
        match (writer.untyped(), &self.values) {
            (ColumnWriter::Int64ColumnWriter(w), Values::Growing(v, _)) => w.write_batch(v, levels, None)?,
            (ColumnWriter::BoolColumnWriter(w), Values::Bools(v, _)) => w.write_batch(v, levels, None)?,
            (ColumnWriter::DoubleColumnWriter(w), Values::Doubles(v, _)) => w.write_batch(v, levels, None)?,
            _ => return Err(TableError::new("a column has a physical type that no field makes")),
        };
        Ok(writer.close()?)
    }
}

fn leaves<'a, D: Dictionary, V: Copy>(
    coder: &mut Coder<D>,
    nullable: bool,
    rows: &Rows<'a>,
    column: usize,
    (values, value): (impl Fn(&'a Cells) -> V, impl Fn(V, usize) -> D::Key<'a>),
    mut write: impl FnMut(D::Key<'a>, &mut Vec<u8>),
) {
    if nullable && rows.are_empty(column) {
        return coder.missing(rows.order.len());
    }
    rows.each(column, values, |values, place| {
        coder.row();
        coder.slot(nullable.then_some(u8::from(place.is_some())), None);
        if let Some(place) = place {
            let key = value(values, place);
            coder.value(key, |out| write(key, out));
        }
    });
}

/// Lists: definition 0 = no list, 1 = an empty one, 2 = an element; repetition 0 = the row's first slot.
fn lists<'a, D: Dictionary>(
    coder: &mut Coder<D>,
    rows: &Rows<'a>,
    column: usize,
    value: impl Fn(&'a Cells, usize) -> D::Key<'a>,
    mut write: impl FnMut(D::Key<'a>, &mut Vec<u8>),
) {
    rows.each(column, itself, |cells, place| {
        let elements = place.map_or(0..0, |place| cells.elements(place));
        coder.row();
        if elements.is_empty() {
            coder.slot(Some(u8::from(place.is_some())), Some(0));
        }
        let first = elements.start;
        for element in elements {
            coder.slot(Some(2), Some(u8::from(element > first)));
            let key = value(cells, element);
            coder.value(key, |out| write(key, out));
        }
    });
}

/// Columns that the library encodes: truth values, fractions, and integers that grow.
fn present<'a, T: Copy + Default + 'a>(
    values: &mut Vec<T>,
    levels: &mut Vec<i16>,
    nullable: bool,
    rows: &Rows<'a>,
    column: usize,
    of: impl Fn(&'a Cells) -> &'a [T],
) {
    rows.each(column, of, |cells, place| {
        if nullable {
            levels.push(i16::from(place.is_some()));
        }
        if let Some(place) = place {
            values.push(value_at(cells, place));
        }
    });
}
