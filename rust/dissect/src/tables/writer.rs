//! Sheets to Parquet files: rows sorted by their place in the walk, one file a table.

use super::gathered::{Gathered, Rows};
use super::pages::Packer;
use super::schema::{properties, schema};
use super::{Key, Sheet, TableSpec};
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

    /// What the system says.
    pub fn from_io(error: &std::io::Error) -> Self {
        Self(error.to_string())
    }

    /// A thread failed.
    pub fn failed() -> Self {
        Self("a thread failed: this is a bug".to_owned())
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
    spec: &'static TableSpec,
    file: SerializedFileWriter<File>,
    columns: Vec<Gathered>,
    rows: usize,
    /// what the rows took before they were taken apart
    bytes: usize,
}

impl Table {
    fn take(&mut self, sheets: &[Sheet]) {
        let mut places: Vec<(Key, u32, u32)> = Vec::with_capacity(sheets.iter().map(|sheet| sheet.keys.len()).sum());
        for (index, sheet) in (0..).zip(sheets) {
            places.extend(sheet.keys.iter().zip(0..).map(|(key, row)| (*key, index, row)));
        }
        // each sheet is nearly in order already, which a merging sort makes use of; rows of one place stay in the order of sheets
        places.sort_by_key(|((position, sub), _, _)| u128::from(*position) << 64 | u128::from(*sub));
        let order: Vec<(u32, u32)> = places.into_iter().map(|(_, sheet, row)| (sheet, row)).collect();
        self.rows = self.rows.saturating_add(order.len());
        self.bytes = sheets.iter().map(Sheet::bytes).fold(self.bytes, usize::saturating_add);
        let rows = Rows { sheets, order: &order };
        for (place, column) in self.columns.iter_mut().enumerate() {
            column.take(&rows, place);
        }
    }

    fn flush(&mut self) -> Result<(), TableError> {
        if std::mem::take(&mut self.rows) == 0 {
            return Ok(());
        }
        self.bytes = 0;
        let columns = std::mem::replace(&mut self.columns, gathered(self.spec));
        let described = self.file.schema_descr().columns().to_vec();
        let mut packer = Packer::new()?;
        let mut group = self.file.next_row_group()?;
        for (column, described) in columns.into_iter().zip(described) {
            column.write(described, &mut group, &mut packer)?;
        }
        group.close()?;
        Ok(())
    }
}

fn gathered(spec: &TableSpec) -> Vec<Gathered> {
    spec.columns.iter().map(Gathered::new).collect()
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
            tables.insert(spec.name, Mutex::new(Table { spec, file, columns: gathered(spec), rows: 0, bytes: 0 }));
        }
        Ok(Self { tables })
    }

    /// Takes rows of one table, which are put into order; rows of later calls come behind those of earlier ones. The sheets
    /// can be used again.
    ///
    /// # Errors
    /// when the disk is full or the table was not declared
    pub fn append(&self, name: &str, sheets: &[Sheet]) -> Result<(), TableError> {
        let table = self.tables.get(name).ok_or_else(|| TableError(format!("table {name} is not in the registry")))?;
        let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
        table.take(sheets);
        if table.rows >= ROW_GROUP_ROWS || table.bytes >= ROW_GROUP_BYTES { table.flush() } else { Ok(()) }
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
                table.flush()?;
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
