//! Words in the texts of Parquet files, and others in their place.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{io, thread};

use parquet::basic::{Compression, ConvertedType, LogicalType, Type, ZstdLevel};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_typed_column_reader};
use parquet::column::writer::{ColumnCloseResult, ColumnWriterImpl};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnDescriptor;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::words::Words;

/// Values that are read at a time.
const VALUES: usize = 8192;

/// Writes for each word its second text ([`Words`]) in the texts and bytes of Parquet files, on all processors. Columns whose name is
/// one of `skipped`, and files that hold no word, stay as they are, byte for byte.
///
/// # Errors
///
/// A file cannot be read or written, or is no Parquet file.
pub fn replace(files: &[PathBuf], skipped: &[String], words: &Words) -> io::Result<()> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            replace_in(file, skipped, words)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..thread::available_parallelism().map_or(1, usize::from)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().map_err(|_| io::Error::other("a file of a table could not be written anew"))?
        })
    })
}

/// The same in one file, which is written aside and renamed when it is whole.
fn replace_in(path: &Path, skipped: &[String], words: &Words) -> io::Result<()> {
    let file = File::open(path)?;
    let reader = SerializedFileReader::new(file.try_clone()?)?;
    let columns = reader.metadata().file_metadata().schema_descr_ptr();
    let mut held = vec![false; columns.num_columns()];
    for group in 0..reader.num_row_groups() {
        let rows = reader.get_row_group(group)?;
        for (place, (about, is_held)) in columns.columns().iter().zip(&mut held).enumerate() {
            if !*is_held && is_read(about, skipped) {
                *is_held = holds(rows.get_column_reader(place)?, about, words)?;
            }
        }
    }
    if !held.contains(&true) {
        return Ok(());
    }
    let aside = path.with_extension("new");
    let told = reader.metadata().file_metadata();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        // bounds of texts that are masked would tell them
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_key_value_metadata(told.key_value_metadata().cloned())
        .build();
    let mut written = SerializedFileWriter::new(File::create(&aside)?, columns.root_schema_ptr(), properties.into())?;
    for group in 0..reader.num_row_groups() {
        let rows = reader.get_row_group(group)?;
        let mut group = written.next_row_group()?;
        for (place, (about, is_held)) in columns.columns().iter().zip(&held).enumerate() {
            if !*is_held {
                let chunk = rows.metadata().column(place);
                group.append_column(&file, as_it_is(chunk, rows.metadata().num_rows()))?;
            } else if let Some(mut column) = group.next_column()? {
                write_anew(rows.get_column_reader(place)?, about, words, column.typed::<ByteArrayType>())?;
                column.close()?;
            }
        }
        group.close()?;
    }
    written.close()?;
    fs::rename(&aside, path)
}

/// Whether a column of texts or bytes, or of lists of them, is looked at.
fn is_read(about: &ColumnDescriptor, skipped: &[String]) -> bool {
    let is_text = match about.logical_type_ref() {
        Some(told) => matches!(told, LogicalType::String),
        None => matches!(about.converted_type(), ConvertedType::UTF8 | ConvertedType::NONE),
    } && about.physical_type() == Type::BYTE_ARRAY;
    let name = match about.path().parts() {
        [name] => name,
        [name, _, _] if about.max_rep_level() == 1 => name,
        _ => return false,
    };
    is_text && !skipped.contains(name)
}

/// A part of a column that is copied.
fn as_it_is(chunk: &ColumnChunkMetaData, rows: i64) -> ColumnCloseResult {
    ColumnCloseResult {
        bytes_written: u64::try_from(chunk.compressed_size()).unwrap_or_default(),
        rows_written: u64::try_from(rows).unwrap_or_default(),
        metadata: chunk.clone(),
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    }
}

/// Values of a part of a column, as many at a time as are looked at together, with their levels.
#[derive(Default)]
struct Batch {
    values: Vec<ByteArray>,
    defined: Vec<i16>,
    repeated: Vec<i16>,
}

impl Batch {
    /// Reads on; false at the end.
    fn read(&mut self, reader: &mut ColumnReaderImpl<ByteArrayType>, about: &ColumnDescriptor) -> io::Result<bool> {
        self.values.clear();
        self.defined.clear();
        self.repeated.clear();
        let (records, ..) = reader.read_records(
            VALUES,
            (about.max_def_level() > 0).then_some(&mut self.defined),
            (about.max_rep_level() > 0).then_some(&mut self.repeated),
            &mut self.values,
        )?;
        Ok(records > 0)
    }
}

/// Where a text lies: those that repeat lie in a dictionary and come as the same bytes, which are looked at once in a [`Batch`].
/// Beyond it another text may lie there.
type Place = (*const u8, usize);

fn place(text: &ByteArray) -> Place {
    (text.data().as_ptr(), text.len())
}

/// Whether a word stands in the texts of a part of a column.
fn holds(reader: ColumnReader, about: &ColumnDescriptor, words: &Words) -> io::Result<bool> {
    let mut reader = get_typed_column_reader::<ByteArrayType>(reader);
    let mut batch = Batch::default();
    let mut seen: FxHashSet<Place> = FxHashSet::default();
    while batch.read(&mut reader, about)? {
        seen.clear();
        if batch.values.iter().any(|value| seen.insert(place(value)) && words.stand_in(value.data())) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes a part of a column with other texts for the words in it.
fn write_anew(
    reader: ColumnReader,
    about: &ColumnDescriptor,
    words: &Words,
    writer: &mut ColumnWriterImpl<'_, ByteArrayType>,
) -> io::Result<()> {
    let mut reader = get_typed_column_reader::<ByteArrayType>(reader);
    let mut batch = Batch::default();
    let mut said: FxHashMap<Place, ByteArray> = FxHashMap::default();
    while batch.read(&mut reader, about)? {
        said.clear();
        for value in &mut batch.values {
            let told = said
                .entry(place(value))
                .or_insert_with(|| words.replaced(value.data()).map_or_else(|| value.clone(), ByteArray::from));
            *value = told.clone();
        }
        writer.write_batch(
            &batch.values,
            (about.max_def_level() > 0).then_some(&batch.defined),
            (about.max_rep_level() > 0).then_some(&batch.repeated),
        )?;
    }
    Ok(())
}
