//! Sheets to Parquet files: rows sorted by their place in the walk, one file a table.

use super::schema::{properties, schema};
use super::{Cells, Column, ColumnType, Sheet, TableSpec};
use bytes::Bytes;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Rows gathered before a row group is written: DuckDB reads row groups of about 120,000 rows in parallel,
/// and waiting for more would cost memory.
const ROW_GROUP_ROWS: usize = 65_536;

/// A table that could not be written.
#[derive(Debug)]
pub struct TableError(String);

impl TableError {
    /// The run was stopped before its end.
    pub fn cancelled() -> Self {
        Self("stopped before the end".to_owned())
    }
}

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ParquetError> for TableError {
    fn from(error: ParquetError) -> Self {
        Self(error.to_string())
    }
}

struct Table {
    file: SerializedFileWriter<File>,
    waiting: Vec<Stretch>,
    waiting_rows: usize,
}

/// Rows between two meetings of the threads: a sheet from each, and the order of the rows as (sheet, row). Rows are not
/// moved together before they are written: copying them would be a fifth of a run.
struct Stretch {
    sheets: Vec<Sheet>,
    order: Vec<(usize, usize)>,
}

impl Stretch {
    fn new(sheets: Vec<Sheet>) -> Self {
        let mut places: Vec<(super::Key, usize, usize)> = Vec::new();
        for (index, sheet) in sheets.iter().enumerate() {
            places.extend(sheet.keys.iter().zip(0..).map(|(key, row)| (*key, index, row)));
        }
        places.sort_unstable();
        let order = places.into_iter().map(|(_, sheet, row)| (sheet, row)).collect();
        Self { sheets, order }
    }
}

/// Writes each table of a list to a folder, also those that get no row. Several threads may write different tables.
pub struct TableWriter {
    tables: BTreeMap<&'static str, Mutex<Table>>,
}

impl TableWriter {
    /// Opens a file for each table in `folder`, which exists.
    ///
    /// # Errors
    /// when a file cannot be made
    pub fn new(folder: &Path, specs: &[&'static TableSpec]) -> Result<Self, TableError> {
        let mut tables = BTreeMap::new();
        for spec in specs {
            let path: PathBuf = folder.join(format!("{}.parquet", spec.name));
            let file = File::create(&path).map_err(|error| TableError(format!("{}: {error}", path.display())))?;
            let file = SerializedFileWriter::new(file, schema(spec)?, properties(spec)?)?;
            tables.insert(spec.name, Mutex::new(Table { file, waiting: Vec::new(), waiting_rows: 0 }));
        }
        Ok(Self { tables })
    }

    /// Takes rows of one table, which are put into order; rows of later calls come behind those of earlier ones.
    ///
    /// # Errors
    /// when the disk is full or the table was not declared
    pub fn append(&self, name: &str, sheets: Vec<Sheet>) -> Result<(), TableError> {
        let table = self.tables.get(name).ok_or_else(|| TableError(format!("table {name} is not in the registry")))?;
        let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
        let stretch = Stretch::new(sheets);
        table.waiting_rows = table.waiting_rows.saturating_add(stretch.order.len());
        table.waiting.push(stretch);
        if table.waiting_rows >= ROW_GROUP_ROWS {
            flush(&mut table)?;
        }
        Ok(())
    }

    /// Writes what waits and closes all files; gives the rows of each table.
    ///
    /// # Errors
    /// when the disk is full
    pub fn finish(self, threads: usize) -> Result<Vec<(&'static str, i64)>, TableError> {
        let tables = Mutex::new(self.tables.into_iter());
        let close = || -> Result<Vec<(&'static str, i64)>, TableError> {
            let mut rows = Vec::new();
            loop {
                let next = tables.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((name, table)) = next else { return Ok(rows) };
                let mut table = table.into_inner().unwrap_or_else(PoisonError::into_inner);
                flush(&mut table)?;
                rows.push((name, table.file.close()?.file_metadata().num_rows()));
            }
        };
        let mut rows = Vec::new();
        std::thread::scope(|scope| {
            let workers: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(close)).collect();
            rows.extend(close()?);
            for worker in workers {
                rows.extend(worker.join().map_err(|_| TableError("a thread failed while writing".to_owned()))??);
            }
            Ok::<(), TableError>(())
        })?;
        rows.sort_unstable();
        Ok(rows)
    }
}

fn flush(table: &mut Table) -> Result<(), TableError> {
    let mut waiting = std::mem::take(&mut table.waiting);
    table.waiting_rows = 0;
    let Some(spec) = waiting.iter().flat_map(|stretch| &stretch.sheets).map(|sheet| sheet.spec).next() else {
        return Ok(());
    };
    let mut group = table.file.next_row_group()?;
    for (place, column) in spec.columns.iter().enumerate() {
        let Some(mut writer) = group.next_column()? else {
            return Err(TableError(format!("{}: fewer columns than declared", spec.name)));
        };
        for stretch in &mut waiting {
            let cells = stretch.sheets.iter_mut().filter_map(|sheet| sheet.columns.get_mut(place)).collect();
            write_column(writer.untyped(), column, &mut Gathered { cells, order: &stretch.order })?;
        }
        writer.close()?;
    }
    group.close()?;
    Ok(())
}

/// One column of a stretch: the cells of each sheet, and the order of the rows.
struct Gathered<'a> {
    cells: Vec<&'a mut Cells>,
    order: &'a [(usize, usize)],
}

impl Gathered<'_> {
    fn rows(&self) -> impl Iterator<Item = (usize, &Cells, usize)> {
        self.order.iter().filter_map(|(sheet, row)| self.cells.get(*sheet).map(|cells| (*sheet, &**cells, *row)))
    }

    /// Definition levels of an optional leaf: 1 where there is a value.
    fn levels(&self) -> Vec<i16> {
        self.rows().map(|(_, cells, row)| i16::from(cells.is_present(row))).collect()
    }

    /// The values that are there, in order.
    fn present<T>(&self, value: impl Fn(usize, &Cells, usize) -> T) -> Vec<T> {
        let mut values = Vec::with_capacity(self.order.len());
        values.extend(
            self.rows()
                .filter(|(_, cells, row)| cells.is_present(*row))
                .map(|(sheet, cells, row)| value(sheet, cells, row)),
        );
        values
    }

    /// The bytes of each sheet, of which each cell is a part; text is valid UTF-8, since all fields write it from `str`.
    fn take_bytes(&mut self) -> Vec<Bytes> {
        self.cells.iter_mut().map(|cells| Bytes::from(cells.take_bytes())).collect()
    }
}

fn part(all: &[Bytes], sheet: usize, span: std::ops::Range<usize>) -> ByteArray {
    ByteArray::from(all.get(sheet).map(|bytes| bytes.slice(span)).unwrap_or_default())
}

fn write_column(writer: &mut ColumnWriter<'_>, declared: &Column, column: &mut Gathered<'_>) -> Result<(), TableError> {
    let levels = declared.nullable.then(|| column.levels());
    match (writer, declared.kind) {
        (ColumnWriter::BoolColumnWriter(w), _) => {
            w.write_batch(&column.present(|_, cells, row| cells.bool_at(row)), levels.as_deref(), None)?;
        }
        (ColumnWriter::DoubleColumnWriter(w), _) => {
            w.write_batch(&column.present(|_, cells, row| cells.double_at(row)), levels.as_deref(), None)?;
        }
        (ColumnWriter::Int64ColumnWriter(w), ColumnType::IntList) => {
            let lists = ListLevels::new(column, |_, cells, row| cells.ints_at(row).to_vec());
            w.write_batch(&lists.values, Some(&lists.definition), Some(&lists.repetition))?;
        }
        (ColumnWriter::Int64ColumnWriter(w), _) => {
            w.write_batch(&column.present(|_, cells, row| cells.int_at(row)), levels.as_deref(), None)?;
        }
        (ColumnWriter::ByteArrayColumnWriter(w), ColumnType::TextList) => {
            let all = column.take_bytes();
            let lists = ListLevels::new(column, |sheet, cells, row| {
                cells.text_spans(row).into_iter().map(|span| part(&all, sheet, span)).collect()
            });
            w.write_batch(&lists.values, Some(&lists.definition), Some(&lists.repetition))?;
        }
        (ColumnWriter::ByteArrayColumnWriter(w), _) => {
            let all = column.take_bytes();
            let values = column.present(|sheet, cells, row| part(&all, sheet, cells.text_span(row)));
            w.write_batch(&values, levels.as_deref(), None)?;
        }
        _ => return Err(TableError("a column has a physical type that no field makes".to_owned())),
    }
    Ok(())
}

/// Dremel levels of an optional list of required elements: 0 = no list, 1 = empty list, 2 = element.
struct ListLevels<T> {
    values: Vec<T>,
    definition: Vec<i16>,
    repetition: Vec<i16>,
}

impl<T> ListLevels<T> {
    fn new(column: &Gathered<'_>, list: impl Fn(usize, &Cells, usize) -> Vec<T>) -> Self {
        let mut levels = Self { values: Vec::new(), definition: Vec::new(), repetition: Vec::new() };
        for (sheet, cells, row) in column.rows() {
            let elements = list(sheet, cells, row);
            if elements.is_empty() {
                levels.definition.push(i16::from(cells.is_present(row)));
                levels.repetition.push(0);
            }
            for (index, element) in elements.into_iter().enumerate() {
                levels.values.push(element);
                levels.definition.push(2);
                levels.repetition.push(i16::from(index > 0));
            }
        }
        levels
    }
}
