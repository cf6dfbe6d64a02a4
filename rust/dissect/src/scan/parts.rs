//! Several small captures out of one walk: the evidence of many findings.

use super::output::Output;
use super::{ScanError, Source, read_near};
use crate::capture::WriteError;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Files that are written in one walk: each holds some kilobytes back (`output::WAITING_BYTES`), 64 MiB together.
const MAX_FILES: usize = 4096;

/// A file and the frames that belong into it.
#[derive(Clone, Debug)]
pub struct Part {
    /// pcapng file to be written
    pub path: PathBuf,
    /// (capture, frame number)
    pub frames: BTreeSet<(u32, u64)>,
}

/// Writes each part's frames into its file; a frame may belong to several. Gives the number of frames written to each. Parts of the
/// same frames are one file with several names, where the file system has such.
///
/// # Errors
/// when a file cannot be written
pub fn cut(sources: &[Source], parts: &[Part], application: &str) -> Result<Vec<u64>, ScanError> {
    let mut places = BTreeMap::new();
    let mut different: Vec<&Part> = Vec::new();
    let place_of: Vec<usize> = parts
        .iter()
        .map(|part| {
            *places.entry(&part.frames).or_insert_with(|| {
                different.push(part);
                different.len() - 1
            })
        })
        .collect();
    let mut written = Vec::with_capacity(different.len());
    for batch in different.chunks(MAX_FILES) {
        written.extend(cut_batch(sources, batch, application)?);
    }
    for (part, place) in parts.iter().zip(&place_of) {
        if let Some(first) = different.get(*place).filter(|first| first.path != part.path) {
            name_again(&first.path, &part.path).map_err(WriteError::from)?;
        }
    }
    Ok(place_of.into_iter().map(|place| written.get(place).copied().unwrap_or_default()).collect())
}

/// Gives a file a second name; what had it is let go of.
fn name_again(file: &Path, name: &Path) -> io::Result<()> {
    match fs::remove_file(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::hard_link(file, name).or_else(|_| fs::copy(file, name).map(|_| ()))
}

fn cut_batch(sources: &[Source], parts: &[&Part], application: &str) -> Result<Vec<u64>, ScanError> {
    let mut outputs = Vec::with_capacity(parts.len());
    let mut wanted: BTreeMap<u32, BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        outputs.push((Output::one_of_many(&part.path, application)?, 0u64));
        for (capture, frame) in &part.frames {
            wanted.entry(*capture).or_default().entry(*frame).or_default().push(index);
        }
    }
    for source in sources {
        let Some(frames) = wanted.get(&source.capture) else { continue };
        let numbers: BTreeSet<u64> = frames.keys().copied().collect();
        read_near(source, &numbers, |frame, summary| {
            for index in frames.get(&frame.number).into_iter().flatten() {
                if let Some((output, count)) = outputs.get_mut(*index) {
                    output.write(source, frame, summary)?;
                    *count = count.saturating_add(1);
                }
            }
            Ok(())
        })?;
    }
    outputs.into_iter().map(|(output, count)| output.finish().map(|()| count)).collect()
}
