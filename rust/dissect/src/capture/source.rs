//! Where a capture's bytes come from: a file, decompressed on the way where its content says so.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;

/// How a capture file is compressed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952), of one or more members.
    Gzip,
    /// Zstandard (RFC 8878), of one or more frames.
    Zstd,
    /// The LZ4 frame format, of one or more frames.
    Lz4,
}

impl Compression {
    /// The name as people write it: `none`, `gzip`, `zstd`, `lz4`.
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Lz4 => "lz4",
        }
    }
}

/// First bytes of a gzip member with the only method there is (RFC 1952 section 2.3.1).
pub(crate) const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// Magic number of a Zstandard frame (RFC 8878 section 3.1.1), little-endian.
const ZSTD_MAGIC: u32 = 0xfd2f_b528;
/// Magic number of an LZ4 frame (lz4_Frame_format.md), little-endian.
const LZ4_MAGIC: u32 = 0x184d_2204;
/// Magic number of the LZ4 frames of before 2014, which have no end mark.
const LZ4_LEGACY_MAGIC: u32 = 0x184c_2102;
/// Skippable frames of both formats begin with 0x184D2A50 to 0x184D2A5F (RFC 8878 section 3.1.2).
const SKIPPABLE_MAGIC: u32 = 0x184d_2a50;
/// The bits of it that count.
const SKIPPABLE_MASK: u32 = 0xffff_fff0;
/// Skippable frames looked past to find the first real one: pzstd writes one.
const MAX_LEADING_SKIPPABLE: usize = 16;
/// Compressed bytes read at a time. Large enough that system calls do not show.
const COMPRESSED_CHUNK_BYTES: usize = 128 * 1024;

/// A capture file being read, as its decompressed bytes.
pub(crate) enum Source {
    Plain(File),
    Gzip(Box<MultiGzDecoder<BufReader<File>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<File>>>),
    Lz4(Box<Lz4Frames>),
}

impl Source {
    /// Looks at the content of `file`, not at its name, and reads it from its first byte.
    pub(crate) fn new(mut file: File) -> io::Result<(Source, Compression)> {
        let compression = sniff(&mut file)?;
        file.seek(SeekFrom::Start(0))?;
        let source = match compression {
            Compression::None => Source::Plain(file),
            Compression::Gzip => Source::Gzip(Box::new(MultiGzDecoder::new(chunked(file)))),
            Compression::Zstd => Source::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(chunked(file))?)),
            Compression::Lz4 => Source::Lz4(Box::new(Lz4Frames::new(chunked(file)))),
        };
        Ok((source, compression))
    }

    /// Skips towards the byte `offset`, from the byte `at`: true where a seek did it, false where
    /// the bytes between have to be read.
    pub(crate) fn seek(&mut self, offset: u64) -> io::Result<bool> {
        match self {
            Source::Plain(file) => file.seek(SeekFrom::Start(offset)).map(|_| true),
            _ => Ok(false),
        }
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Source::Plain(file) => file.read(into),
            Source::Gzip(decoder) => decoder.read(into),
            Source::Zstd(decoder) => decoder.read(into),
            Source::Lz4(decoder) => decoder.read(into),
        }
    }
}

fn chunked(file: File) -> BufReader<File> {
    BufReader::with_capacity(COMPRESSED_CHUNK_BYTES, file)
}

/// Tells the compression from the first bytes; skippable frames, which zstd and LZ4 share, are
/// looked past.
fn sniff(file: &mut File) -> io::Result<Compression> {
    for _ in 0..MAX_LEADING_SKIPPABLE {
        let mut head = [0u8; 8];
        let len = read_up_to(file, &mut head)?;
        let head = head.get(..len).unwrap_or_default();
        if head.starts_with(&GZIP_MAGIC) {
            return Ok(Compression::Gzip);
        }
        let Some(magic) = head.first_chunk::<4>().map(|raw| u32::from_le_bytes(*raw)) else {
            break;
        };
        match magic {
            ZSTD_MAGIC => return Ok(Compression::Zstd),
            LZ4_MAGIC | LZ4_LEGACY_MAGIC => return Ok(Compression::Lz4),
            _ if magic & SKIPPABLE_MASK == SKIPPABLE_MAGIC => {
                let Some(size) = head.last_chunk::<4>().filter(|_| len == 8) else {
                    break;
                };
                file.seek(SeekFrom::Current(i64::from(u32::from_le_bytes(*size))))?;
            }
            _ => break,
        }
    }
    Ok(Compression::None)
}

/// Reads until `into` is full or the end is reached; returns how many bytes.
pub(crate) fn read_up_to(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0usize;
    while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(read) => filled = filled.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Concatenated LZ4 frames. `FrameDecoder` alone stops at the end of each frame, refuses skippable
/// frames, and takes a file cut between two blocks for a complete one.
pub(crate) struct Lz4Frames {
    decoder: FrameDecoder<Lz4Input>,
    within_frame: bool,
}

impl Lz4Frames {
    fn new(file: BufReader<File>) -> Lz4Frames {
        let input = Lz4Input { file, magic: [0; 4], magic_left: 0, at_end: false, legacy: false };
        Lz4Frames { decoder: FrameDecoder::new(input), within_frame: false }
    }
}

impl Read for Lz4Frames {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.within_frame && !self.decoder.get_mut().begin_frame()? {
                return Ok(0);
            }
            self.within_frame = true;
            let read = self.decoder.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            let input = self.decoder.get_mut();
            if input.at_end && !input.legacy {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if input.at_end {
                return Ok(0);
            }
            self.within_frame = false;
        }
    }
}

/// The compressed side of [`Lz4Frames`]: hands the magic number, which it has looked at, back first.
struct Lz4Input {
    file: BufReader<File>,
    magic: [u8; 4],
    magic_left: usize,
    at_end: bool,
    legacy: bool,
}

impl Lz4Input {
    /// Goes to the next frame that holds data; false at the end of the file.
    fn begin_frame(&mut self) -> io::Result<bool> {
        loop {
            let len = read_up_to(&mut self.file, &mut self.magic)?;
            if len == 0 {
                return Ok(false);
            }
            if len < self.magic.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let magic = u32::from_le_bytes(self.magic);
            if magic & SKIPPABLE_MASK != SKIPPABLE_MAGIC {
                self.magic_left = self.magic.len();
                self.legacy = magic == LZ4_LEGACY_MAGIC;
                return Ok(true);
            }
            let mut size = [0u8; 4];
            self.file.read_exact(&mut size)?;
            let size = u64::from(u32::from_le_bytes(size));
            if io::copy(&mut self.file.by_ref().take(size), &mut io::sink())? < size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

impl Read for Lz4Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.magic_left > 0 {
            let from = self.magic.len().saturating_sub(self.magic_left);
            let mut rest = self.magic.get(from..).unwrap_or_default();
            let read = rest.read(into)?;
            self.magic_left = self.magic_left.saturating_sub(read);
            return Ok(read);
        }
        if !into.is_empty() && self.file.fill_buf()?.is_empty() {
            self.at_end = true;
            return Ok(0);
        }
        self.file.read(into)
    }
}
