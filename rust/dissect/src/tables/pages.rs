//! Columns as Parquet pages. Format: github.com/apache/parquet-format, Encodings.md ("PLAIN", "RLE / bit-packing
//! hybrid", "RLE_DICTIONARY") and README.md (data page version 1).

use super::TableError;
use super::coder::{Coder, Codes};
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

/// Equal codes in a row from which on they are counted instead of packed.
const MIN_RUN: usize = 8;

impl<D> Coder<D> {
    /// The column's pages, as a row group takes them.
    pub(super) fn finish(
        self,
        column: ColumnDescPtr,
        statistics: Option<Statistics>,
        packer: &mut Packer,
    ) -> Result<(Bytes, ColumnCloseResult), TableError> {
        let mut pages = Pages { out: TrackedWrite::new(Vec::new()), sizes: (0, 0), packer };
        let entries = self.entries;
        if entries > 0 {
            pages.write(&self.dictionary, |buf| Page::DictionaryPage {
                buf,
                num_values: entries,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            })?;
        }
        let data_at = pages.sizes.1;
        let full_at = self.full_at.unwrap_or(self.slots);
        let width = u32::BITS.saturating_sub(entries.saturating_sub(1).leading_zeros());
        let levels = |from: usize, to: usize, bytes: &mut Vec<u8>| {
            put_levels(self.repetition.get(from..to).unwrap_or_default(), 1, bytes);
            let width = if self.repetition.is_empty() { 1 } else { 2 };
            put_levels(self.definition.get(from..to).unwrap_or_default(), width, bytes);
        };
        let mut bytes = std::mem::take(&mut pages.packer.page);
        bytes.clear();
        levels(0, full_at, &mut bytes);
        if entries > 0 {
            bytes.push(u8::try_from(width).unwrap_or(0));
            match &self.codes {
                Codes::One(codes) => put_hybrid(codes, width, &mut bytes),
                Codes::Two(codes) => put_hybrid(codes, width, &mut bytes),
                Codes::Four(codes) => put_hybrid(codes, width, &mut bytes),
            }
        }
        let encoding = if entries > 0 { Encoding::RLE_DICTIONARY } else { Encoding::PLAIN };
        pages.write_data(&bytes, full_at, encoding)?;
        if full_at < self.slots {
            bytes.clear();
            levels(full_at, self.slots, &mut bytes);
            bytes.extend_from_slice(&self.plain);
            pages.write_data(&bytes, self.slots.saturating_sub(full_at), Encoding::PLAIN)?;
        }
        pages.packer.page = bytes;
        let (uncompressed, compressed) = pages.sizes;
        let mut metadata = ColumnChunkMetaData::builder(column)
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
            .set_num_values(i64::try_from(self.slots).unwrap_or(i64::MAX))
            .set_total_uncompressed_size(uncompressed)
            .set_total_compressed_size(compressed)
            .set_dictionary_page_offset((entries > 0).then_some(0))
            .set_data_page_offset(data_at);
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: compressed.unsigned_abs(),
            rows_written: self.rows,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        let out = pages.out.into_inner()?;
        Ok((Bytes::from(out), close))
    }
}

/// Compresses pages; made once for many, since it is large.
pub(super) struct Packer {
    compressor: zstd::bulk::Compressor<'static>,
    /// room for a page, and for what becomes of it
    page: Vec<u8>,
    packed: Vec<u8>,
}

impl Packer {
    /// At the fastest of the usual levels.
    pub(super) fn new() -> Result<Self, TableError> {
        let compressor = zstd::bulk::Compressor::new(1).map_err(|error| TableError::from_io(&error))?;
        Ok(Self { compressor, page: Vec::new(), packed: Vec::new() })
    }

    fn pack(&mut self, bytes: &[u8]) -> Result<Bytes, TableError> {
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        self.compressor.compress_to_buffer(bytes, &mut self.packed).map_err(|error| TableError::from_io(&error))?;
        Ok(Bytes::copy_from_slice(&self.packed))
    }
}

struct Pages<'a> {
    out: TrackedWrite<Vec<u8>>,
    /// bytes before and after compression, headers included
    sizes: (i64, i64),
    packer: &'a mut Packer,
}

impl Pages<'_> {
    fn write_data(&mut self, bytes: &[u8], slots: usize, encoding: Encoding) -> Result<(), TableError> {
        self.write(bytes, |buf| Page::DataPage {
            buf,
            num_values: u32::try_from(slots).unwrap_or(u32::MAX),
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        })
    }

    fn write(&mut self, bytes: &[u8], page: impl FnOnce(Bytes) -> Page) -> Result<(), TableError> {
        let page = CompressedPage::new(page(self.packer.pack(bytes)?), bytes.len());
        let spec = SerializedPageWriter::new(&mut self.out).write_page(page)?;
        let size = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.sizes.0 = self.sizes.0.saturating_add(size(spec.uncompressed_size));
        self.sizes.1 = self.sizes.1.saturating_add(size(spec.compressed_size));
        Ok(())
    }
}

/// Levels of a page behind their length; nothing where the column has none.
fn put_levels(levels: &[u8], width: u32, out: &mut Vec<u8>) {
    if !levels.is_empty() {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        put_hybrid(levels, width, out);
        let length = u32::try_from(out.len().saturating_sub(start).saturating_sub(4)).unwrap_or(u32::MAX);
        if let Some(place) = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut::<4>) {
            *place = length.to_le_bytes();
        }
    }
}

/// Numbers below 2^`width`: runs of equal ones counted, others packed in groups of eight.
fn put_hybrid<N: Copy + Eq + Into<u32>>(numbers: &[N], width: u32, out: &mut Vec<u8>) {
    let (mut rest, mut packed) = (numbers, 0usize);
    while let Some(first) = rest.get(packed) {
        let run = rest.get(packed..).unwrap_or_default().iter().take_while(|number| *number == first).count();
        if run < MIN_RUN {
            packed = packed.saturating_add(MIN_RUN).min(rest.len());
            continue;
        }
        let (before, behind) = rest.split_at(packed);
        put_packed(before, width, out);
        put_varint((run as u64) << 1, out);
        let bytes = usize::try_from(width.div_ceil(8)).unwrap_or(4);
        out.extend_from_slice((*first).into().to_le_bytes().get(..bytes).unwrap_or_default());
        rest = behind.get(run..).unwrap_or_default();
        packed = 0;
    }
    put_packed(rest, width, out);
}

/// Groups of eight numbers, the lowest bits first; what lacks to the last group is zeros.
fn put_packed<N: Copy + Into<u32>>(numbers: &[N], width: u32, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    let groups = numbers.len().div_ceil(MIN_RUN);
    put_varint((groups as u64) << 1 | 1, out);
    let (mut bits, mut count) = (0u64, 0u32);
    let missing = groups.saturating_mul(MIN_RUN).saturating_sub(numbers.len());
    for number in numbers.iter().map(|number| (*number).into()).chain(std::iter::repeat_n(0, missing)) {
        bits |= u64::from(number) << count;
        count = count.wrapping_add(width);
        if count >= 32 {
            let [a, b, c, d, rest @ ..] = bits.to_le_bytes();
            out.extend_from_slice(&[a, b, c, d]);
            let [e, f, g, h] = rest;
            bits = u64::from(u32::from_le_bytes([e, f, g, h]));
            count = count.wrapping_sub(32);
        }
    }
    let left = usize::try_from(count.div_ceil(8)).unwrap_or(0);
    out.extend_from_slice(bits.to_le_bytes().get(..left).unwrap_or_default());
}

/// A number in groups of seven bits, the lowest first (ULEB128).
fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}
