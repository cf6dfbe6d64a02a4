//! Sheets to Parquet files: rows sorted by their place in the walk, one file a table.

use super::{Cells, ColumnType, Sheet, TableSpec};
use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    waiting: Sheet,
}

/// Writes each table of a list to a folder, also those that get no row.
pub struct TableWriter {
    tables: BTreeMap<&'static str, Table>,
}

impl TableWriter {
    /// Opens a file for each table in `folder`, which exists.
    ///
    /// # Errors
    /// when a file cannot be made
    pub fn new(folder: &Path, specs: &[&'static TableSpec]) -> Result<Self, TableError> {
        let properties = properties()?;
        let mut tables = BTreeMap::new();
        for spec in specs {
            let path: PathBuf = folder.join(format!("{}.parquet", spec.name));
            let file = File::create(&path).map_err(|error| TableError(format!("{}: {error}", path.display())))?;
            let file = SerializedFileWriter::new(file, schema(spec)?, Arc::clone(&properties))?;
            tables.insert(spec.name, Table { file, waiting: Sheet::new(spec) });
        }
        Ok(Self { tables })
    }

    /// Takes rows of one table; rows of later calls must belong behind those of earlier ones.
    ///
    /// # Errors
    /// when the disk is full or the table was not declared
    pub fn append(&mut self, sheet: Sheet) -> Result<(), TableError> {
        let name = sheet.spec.name;
        let table = self.tables.get_mut(name).ok_or_else(|| TableError(format!("table {name} is not in the registry")))?;
        table.waiting.append(sheet);
        if table.waiting.keys.len() >= ROW_GROUP_ROWS {
            flush(table)?;
        }
        Ok(())
    }

    /// Writes what waits and closes all files; gives the rows of each table.
    ///
    /// # Errors
    /// when the disk is full
    pub fn finish(self) -> Result<Vec<(&'static str, i64)>, TableError> {
        let mut rows = Vec::new();
        for (name, mut table) in self.tables {
            flush(&mut table)?;
            let metadata = table.file.close()?;
            rows.push((name, metadata.file_metadata().num_rows()));
        }
        Ok(rows)
    }
}

fn properties() -> Result<WriterPropertiesPtr, TableError> {
    Ok(Arc::new(
        WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_created_by("idletalk".to_owned())
            .build(),
    ))
}

fn schema(spec: &TableSpec) -> Result<TypePtr, TableError> {
    let mut fields = Vec::new();
    for column in spec.columns {
        let leaf = |name: &str, repetition| -> Result<Type, ParquetError> {
            let (physical, logical) = match column.kind {
                ColumnType::Bool => (PhysicalType::BOOLEAN, None),
                ColumnType::Int | ColumnType::IntList => (PhysicalType::INT64, None),
                ColumnType::Key => (PhysicalType::INT64, Some(LogicalType::integer(64, false))),
                ColumnType::Double => (PhysicalType::DOUBLE, None),
                ColumnType::Text | ColumnType::TextList => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
                ColumnType::Blob => (PhysicalType::BYTE_ARRAY, None),
            };
            Type::primitive_type_builder(name, physical).with_repetition(repetition).with_logical_type(logical).build()
        };
        let field = match column.kind {
            ColumnType::TextList | ColumnType::IntList => {
                let element = Arc::new(leaf("element", Repetition::REQUIRED)?);
                let list = Type::group_type_builder("list").with_repetition(Repetition::REPEATED).with_fields(vec![element]).build()?;
                Type::group_type_builder(column.name)
                    .with_repetition(Repetition::OPTIONAL)
                    .with_logical_type(Some(LogicalType::List))
                    .with_fields(vec![Arc::new(list)])
                    .build()?
            }
            _ => leaf(column.name, Repetition::OPTIONAL)?,
        };
        fields.push(Arc::new(field));
    }
    Ok(Arc::new(Type::group_type_builder(spec.name).with_fields(fields).build()?))
}

fn flush(table: &mut Table) -> Result<(), TableError> {
    let empty = Sheet::new(table.waiting.spec);
    let sheet = std::mem::replace(&mut table.waiting, empty);
    if sheet.keys.is_empty() {
        return Ok(());
    }
    let mut order: Vec<(super::Key, usize)> = sheet.keys.iter().copied().zip(0..).collect();
    order.sort_unstable();
    let order: Vec<usize> = order.into_iter().map(|(_, row)| row).collect();
    let mut group = table.file.next_row_group()?;
    for cells in &sheet.columns {
        let Some(mut column) = group.next_column()? else {
            return Err(TableError(format!("{}: fewer columns than declared", sheet.spec.name)));
        };
        write_column(column.untyped(), cells, &order)?;
        column.close()?;
    }
    group.close()?;
    Ok(())
}

/// Definition levels of an optional leaf: 1 where there is a value.
fn levels(cells: &Cells, order: &[usize]) -> Vec<i16> {
    order.iter().map(|row| i16::from(cells.is_present(*row))).collect()
}

/// The values that are there, in order.
fn present<'a, T>(cells: &'a Cells, order: &'a [usize], value: impl Fn(usize) -> T + 'a) -> Vec<T> {
    order.iter().filter(|row| cells.is_present(**row)).map(|row| value(*row)).collect()
}

fn text(bytes: &[u8], kind: ColumnType) -> ByteArray {
    match kind {
        ColumnType::Blob => ByteArray::from(bytes.to_vec()),
        _ => ByteArray::from(String::from_utf8_lossy(bytes).into_owned().into_bytes()),
    }
}

fn write_column(writer: &mut ColumnWriter<'_>, cells: &Cells, order: &[usize]) -> Result<(), TableError> {
    match (writer, cells.kind()) {
        (ColumnWriter::BoolColumnWriter(w), _) => {
            w.write_batch(&present(cells, order, |row| cells.bool_at(row)), Some(&levels(cells, order)), None)?;
        }
        (ColumnWriter::DoubleColumnWriter(w), _) => {
            w.write_batch(&present(cells, order, |row| cells.double_at(row)), Some(&levels(cells, order)), None)?;
        }
        (ColumnWriter::Int64ColumnWriter(w), ColumnType::IntList) => {
            let lists = ListLevels::new(cells, order, |row| cells.ints_at(row).to_vec());
            w.write_batch(&lists.values, Some(&lists.definition), Some(&lists.repetition))?;
        }
        (ColumnWriter::Int64ColumnWriter(w), _) => {
            w.write_batch(&present(cells, order, |row| cells.int_at(row)), Some(&levels(cells, order)), None)?;
        }
        (ColumnWriter::ByteArrayColumnWriter(w), ColumnType::TextList) => {
            let lists = ListLevels::new(cells, order, |row| {
                cells.texts_at(row).into_iter().map(|bytes| text(bytes, ColumnType::Text)).collect()
            });
            w.write_batch(&lists.values, Some(&lists.definition), Some(&lists.repetition))?;
        }
        (ColumnWriter::ByteArrayColumnWriter(w), kind) => {
            w.write_batch(&present(cells, order, |row| text(cells.text_at(row), kind)), Some(&levels(cells, order)), None)?;
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
    fn new(cells: &Cells, order: &[usize], list: impl Fn(usize) -> Vec<T>) -> Self {
        let mut levels = Self { values: Vec::new(), definition: Vec::new(), repetition: Vec::new() };
        for row in order {
            let elements = list(*row);
            if elements.is_empty() {
                levels.definition.push(i16::from(cells.is_present(*row)));
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
