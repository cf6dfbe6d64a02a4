//! Contents that were carried, each in a file of its own at their offsets: holes stay holes. Names are ours, never
//! from the wire.

use rustc_hash::FxHashMap;
use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

/// Bytes written for one shard: twice the 2 GB of the largest single download that is to be kept. The folder never holds
/// more than the captures, of which each byte is written once.
const MAX_SHARD_BYTES: u64 = 4 << 30;
/// Files of one shard; with 16 shards about a million.
const MAX_SHARD_FILES: u64 = 65_536;

/// A file of the folder.
#[derive(Clone, Debug)]
pub struct SpoolFile {
    /// shard and number in it
    pub name: String,
}

/// The folder, as one thread sees it. What is written for a shard does not depend on other shards.
#[derive(Debug, Default)]
pub struct Spool {
    folder: Option<PathBuf>,
    /// files and bytes by shard
    used: FxHashMap<u64, (u64, u64)>,
}

impl Spool {
    /// In an existing folder; without one nothing is kept.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, ..Self::default() }
    }

    /// A new file for a shard; none where there is no room.
    pub fn file(&mut self, shard: u64) -> Option<SpoolFile> {
        self.folder.as_ref()?;
        let (files, bytes) = self.used.entry(shard).or_insert((0, 0));
        if *files >= MAX_SHARD_FILES || *bytes >= MAX_SHARD_BYTES {
            return None;
        }
        let name = format!("{shard:02}-{files:05}.bin");
        *files = files.saturating_add(1);
        Some(SpoolFile { name })
    }

    /// Writes bytes at their place; gives how many.
    pub fn write(&mut self, shard: u64, file: &SpoolFile, offset: u64, bytes: &[u8]) -> usize {
        let Some(folder) = &self.folder else { return 0 };
        let (_, used) = self.used.entry(shard).or_insert((0, 0));
        let room = usize::try_from(MAX_SHARD_BYTES.saturating_sub(*used)).unwrap_or(usize::MAX);
        let part = bytes.get(..room).unwrap_or(bytes);
        // opened for each block: thousands of bodies can be open at once, files cannot
        match open(folder.join(&file.name)).and_then(|mut file| {
            file.seek(SeekFrom::Start(offset))?;
            file.write_all(part)
        }) {
            Ok(()) => {
                *used = used.saturating_add(part.len() as u64);
                part.len()
            }
            Err(_) => 0,
        }
    }
}

fn open(path: PathBuf) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
