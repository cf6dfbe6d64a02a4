//! Words in the texts of Parquet files: which column of a table holds which of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{io, thread};

use aho_corasick::AhoCorasick;
use parquet::basic::{ConvertedType, LogicalType};
use parquet::column::reader::{ColumnReader, get_typed_column_reader};
use parquet::data_type::ByteArrayType;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

/// Values that are read at a time.
const VALUES: usize = 8192;

/// A column of a table, and which of the words stand in its texts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holding {
    /// index of the file
    pub file: usize,
    /// name of the column
    pub column: String,
    /// whether it holds lists of texts
    pub is_list: bool,
    /// indices of the words, in their order
    pub words: Vec<usize>,
}

/// Searches the texts of Parquet files, but for columns whose name is one of `skipped`, on all processors.
///
/// # Errors
///
/// A file cannot be read or is no Parquet file; more words than can be searched at once.
pub fn holding(files: &[PathBuf], skipped: &[String], words: &[String]) -> io::Result<Vec<Holding>> {
    let searched = AhoCorasick::new(words).map_err(io::Error::other)?;
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Ok(Vec::new())));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((index, file)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|index| Some((index, files.get(index)?)))
                {
                    let held = columns(index, file, skipped, &searched);
                    let Ok(mut all) = found.lock() else { return };
                    match (&mut *all, held) {
                        (Ok(all), Ok(held)) => all.extend(held),
                        (all, Err(error)) => *all = Err(error),
                        (Err(_), Ok(_)) => {}
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().map_err(|_| io::Error::other("a search ended early"))??;
    found.sort();
    Ok(found)
}

/// The columns of a file that hold words.
fn columns(file: usize, path: &Path, skipped: &[String], searched: &AhoCorasick) -> io::Result<Vec<Holding>> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    let mut held: BTreeMap<(String, bool), Vec<bool>> = BTreeMap::new();
    for group in 0..reader.num_row_groups() {
        let rows = reader.get_row_group(group)?;
        for (place, about) in reader.metadata().file_metadata().schema_descr().columns().iter().enumerate() {
            // a column of texts, or of lists of texts
            let (column, is_list) = match about.path().parts() {
                [column] => (column, false),
                [column, _, _] if about.max_rep_level() == 1 => (column, true),
                _ => continue,
            };
            if is_text(about) && !skipped.contains(column) {
                let words =
                    held.entry((column.clone(), is_list)).or_insert_with(|| vec![false; searched.patterns_len()]);
                look(rows.get_column_reader(place)?, about, searched, words)?;
            }
        }
    }
    let named = |((column, is_list), words): ((String, bool), Vec<bool>)| Holding {
        file,
        column,
        is_list,
        words: words.iter().enumerate().filter(|(_, is_held)| **is_held).map(|(word, _)| word).collect(),
    };
    Ok(held.into_iter().map(named).filter(|one| !one.words.is_empty()).collect())
}

fn is_text(about: &ColumnDescriptor) -> bool {
    matches!(about.logical_type_ref(), Some(LogicalType::String)) || about.converted_type() == ConvertedType::UTF8
}

/// Marks the words that stand in the texts of a part of a column.
fn look(reader: ColumnReader, about: &ColumnDescriptor, searched: &AhoCorasick, words: &mut [bool]) -> io::Result<()> {
    let mut reader = get_typed_column_reader::<ByteArrayType>(reader);
    let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    // texts that repeat lie in a dictionary and come as the same bytes: looked at once
    let mut last = (std::ptr::null(), 0);
    loop {
        values.clear();
        defined.clear();
        repeated.clear();
        let (records, ..) = reader.read_records(
            VALUES,
            (about.max_def_level() > 0).then_some(&mut defined),
            (about.max_rep_level() > 0).then_some(&mut repeated),
            &mut values,
        )?;
        for value in &values {
            let text = value.data();
            let place = (text.as_ptr(), text.len());
            if place != last {
                for word in searched.find_overlapping_iter(text) {
                    if let Some(is_held) = words.get_mut(word.pattern().as_usize()) {
                        *is_held = true;
                    }
                }
            }
            last = place;
        }
        if records == 0 {
            return Ok(());
        }
    }
}
