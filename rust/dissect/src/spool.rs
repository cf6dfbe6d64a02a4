//! Contents that were carried: long ones each in a file of its own at their offsets, so that holes stay holes, short ones
//! one after another in a file a shard, since making a file takes longer than reading its content. Names are ours, never
//! from the wire.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

/// Bytes written for one shard: twice the 2 GB of the largest single download that is to be kept. The folder never holds
/// more than the captures, of which each byte is written once.
const MAX_SHARD_BYTES: u64 = 4 << 30;
/// Files of one shard; with 16 shards about a million.
const MAX_SHARD_FILES: u64 = 65_536;

/// Short contents of a shard that are written together: a call of the system for each takes longer than its bytes.
const MAX_HELD_BYTES: usize = 64 << 10;

/// Where a content is kept.
#[derive(Clone, Debug)]
pub struct Place {
    /// file: shard and number in it, or the shard's file of short contents
    pub name: String,
    /// of the content's first byte in that file
    pub offset: u64,
}

/// The file of short contents.
#[derive(Debug)]
struct Short {
    file: File,
    /// its length, with what is held
    end: u64,
    /// contents that are not written yet
    held: Vec<u8>,
}

impl Short {
    fn flush(&mut self) -> std::io::Result<()> {
        let held = std::mem::take(&mut self.held);
        self.file.write_all(&held)?;
        self.held = held;
        self.held.clear();
        Ok(())
    }
}

/// The folder, as one shard sees it. What is written for a shard does not depend on other shards.
#[derive(Debug, Default)]
pub struct Spool {
    folder: Option<PathBuf>,
    shard: u64,
    files: u64,
    bytes: u64,
    short: Option<Short>,
    error: Option<std::io::Error>,
}

impl Spool {
    /// Of a shard, in an existing folder; without one nothing is kept.
    pub fn new(shard: u64, folder: Option<PathBuf>) -> Self {
        Self { folder, shard, ..Self::default() }
    }

    /// A new file; none where there is no room.
    pub fn file(&mut self) -> Option<Place> {
        self.folder.as_ref()?;
        if self.files >= MAX_SHARD_FILES || self.bytes >= MAX_SHARD_BYTES {
            return None;
        }
        let name = format!("{:02}-{:05}.bin", self.shard, self.files);
        self.files = self.files.saturating_add(1);
        Some(Place { name, offset: 0 })
    }

    /// Keeps a short content that is whole; none where there is no room.
    pub fn short(&mut self, bytes: &[u8]) -> Option<Place> {
        let folder = self.folder.as_ref()?;
        if self.bytes.saturating_add(bytes.len() as u64) > MAX_SHARD_BYTES {
            return None;
        }
        let name = format!("{:02}-short.bin", self.shard);
        if self.short.is_none() {
            let file = open(folder.join(&name)).ok()?;
            self.short = Some(Short { file, end: 0, held: Vec::new() });
        }
        let short = self.short.as_mut()?;
        if short.held.len().saturating_add(bytes.len()) > MAX_HELD_BYTES
            && let Err(error) = short.flush()
        {
            self.error.get_or_insert(error);
            return None;
        }
        let offset = short.end;
        short.held.extend_from_slice(bytes);
        short.end = offset.saturating_add(bytes.len() as u64);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        Some(Place { name, offset })
    }

    /// Writes what is held.
    ///
    /// # Errors
    /// the first one met since contents were held: what was told of them does not hold
    pub fn finish(&mut self) -> std::io::Result<()> {
        let first = self.error.take().map_or(Ok(()), Err);
        first.and(self.short.as_mut().map_or(Ok(()), Short::flush))
    }

    /// Writes bytes of a content that has a file of its own at their place; gives how many.
    pub fn write(&mut self, file: &Place, offset: u64, bytes: &[u8]) -> usize {
        let Some(folder) = &self.folder else { return 0 };
        let room = usize::try_from(MAX_SHARD_BYTES.saturating_sub(self.bytes)).unwrap_or(usize::MAX);
        let part = bytes.get(..room).unwrap_or(bytes);
        // opened for each block: thousands of bodies can be open at once, files cannot
        match open(folder.join(&file.name)).and_then(|mut file| {
            file.seek(SeekFrom::Start(offset))?;
            file.write_all(part)
        }) {
            Ok(()) => {
                self.bytes = self.bytes.saturating_add(part.len() as u64);
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
