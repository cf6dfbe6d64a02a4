//! Sheets to Parquet files: rows sorted by their place in the walk, one file a table.

use super::gathered::Gathered;
use super::pages::Packer;
use super::schema::{properties, schema};
use super::{Sheet, TableSpec};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Rows gathered before a row group is written: DuckDB reads row groups of about 120,000 rows in parallel,
/// and waiting for more would cost memory.
const ROW_GROUP_ROWS: usize = 65_536;
/// The same in bytes of memory: a dozen tables may gather rows at a time.
const ROW_GROUP_BYTES: usize = 6 << 20;

/// A table that could not be written.
#[derive(Debug)]
pub struct TableError(String);

impl TableError {
    pub(super) fn new(message: &str) -> Self {
        Self(message.to_owned())
    }

    pub(super) fn from_io(error: &std::io::Error) -> Self {
        Self(error.to_string())
    }

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
    waiting_bytes: usize,
}

/// Rows between two meetings of the threads: a sheet from each, and the order of the rows as (sheet, row). Rows are not
/// moved together before they are written: copying them would be a fifth of a run.
pub(super) struct Stretch {
    pub(super) sheets: Vec<Sheet>,
    pub(super) order: Vec<(u32, u32)>,
}

impl Stretch {
    fn new(sheets: Vec<Sheet>) -> Self {
        let mut places: Vec<(super::Key, u32, u32)> = Vec::new();
        for (index, sheet) in (0..).zip(&sheets) {
            places.extend(sheet.keys.iter().zip(0..).map(|(key, row)| (*key, index, row)));
        }
        // each sheet is nearly in order already, which a merging sort makes use of
        places.sort();
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
            tables
                .insert(spec.name, Mutex::new(Table { file, waiting: Vec::new(), waiting_rows: 0, waiting_bytes: 0 }));
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
        table.waiting_bytes = stretch.sheets.iter().map(Sheet::bytes).fold(table.waiting_bytes, usize::saturating_add);
        table.waiting.push(stretch);
        if table.waiting_rows >= ROW_GROUP_ROWS || table.waiting_bytes >= ROW_GROUP_BYTES {
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
    let waiting = std::mem::take(&mut table.waiting);
    let rows = std::mem::take(&mut table.waiting_rows);
    table.waiting_bytes = 0;
    let Some(spec) = waiting.iter().flat_map(|stretch| &stretch.sheets).map(|sheet| sheet.spec).next() else {
        return Ok(());
    };
    let described = table.file.schema_descr().columns().to_vec();
    let mut packer = Packer::new()?;
    let mut group = table.file.next_row_group()?;
    for (place, (column, described)) in spec.columns.iter().zip(described).enumerate() {
        let gathered = Gathered { waiting: &waiting, place, rows };
        match gathered.coded(column, described, &mut packer)? {
            Some((bytes, close)) => group.append_column(&bytes, close)?,
            None => {
                let Some(mut writer) = group.next_column()? else {
                    return Err(TableError(format!("{}: fewer columns than declared", spec.name)));
                };
                gathered.write(writer.untyped(), column)?;
                writer.close()?;
            }
        }
    }
    group.close()?;
    Ok(())
}
