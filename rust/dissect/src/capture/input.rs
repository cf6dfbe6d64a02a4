//! The window on a capture's bytes in which frames are borrowed.

use std::io::{self, Read};

use super::source::Source;

/// Bytes read at a time from an uncompressed file: small enough to stay in a core's cache between
/// the kernel's copy and our look, large enough that system calls do not show.
pub(crate) const BUFFER_BYTES: usize = 256 * 1024;

/// A buffer that slides over the decompressed file. It grows only as data arrive, so that a lying
/// length costs nothing.
pub(crate) struct Input {
    source: Source,
    buffer: Vec<u8>,
    /// First byte of `buffer` not consumed.
    start: usize,
    /// One past the last byte of `buffer` that was read.
    end: usize,
    /// Offset in the file of the first byte of `buffer`.
    base: u64,
    /// The source gave its last byte.
    at_end: bool,
    /// Why it gave no more, where that was no ordinary end.
    pub(crate) error: Option<io::Error>,
}

impl Input {
    /// A window of `bytes` on `source`, at its beginning.
    pub(crate) fn new(source: Source, bytes: usize) -> Input {
        Input { source, buffer: vec![0; bytes.max(1)], start: 0, end: 0, base: 0, at_end: false, error: None }
    }

    /// Offset in the file of the next byte.
    #[inline]
    pub(crate) fn offset(&self) -> u64 {
        self.base.saturating_add(self.start as u64)
    }

    /// The unconsumed bytes in the window.
    #[inline]
    pub(crate) fn available(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Index in the window of the next byte, for [`Input::at`].
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.start
    }

    /// `len` bytes at index `position`; valid until [`Input::ensure`] is called.
    #[inline]
    pub(crate) fn at(&self, position: usize, len: usize) -> &[u8] {
        self.buffer.get(position..position.saturating_add(len)).unwrap_or_default()
    }

    /// Passes over `len` bytes that are in the window.
    #[inline]
    pub(crate) fn consume(&mut self, len: usize) {
        self.start = self.start.saturating_add(len).min(self.end);
    }

    /// Makes `need` bytes available; false where the file has not that many.
    #[inline]
    pub(crate) fn ensure(&mut self, need: usize) -> bool {
        self.end.saturating_sub(self.start) >= need || self.refill(need)
    }

    #[cold]
    fn refill(&mut self, need: usize) -> bool {
        self.buffer.copy_within(self.start..self.end, 0);
        self.base = self.base.saturating_add(self.start as u64);
        self.end = self.end.saturating_sub(self.start);
        self.start = 0;
        while self.end < need && !self.at_end {
            if self.end == self.buffer.len() {
                let doubled = self.buffer.len().saturating_mul(2);
                self.buffer.resize(doubled.min(need.max(self.buffer.len().saturating_add(1))), 0);
            }
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.source.read(free) {
                Ok(0) => self.at_end = true,
                Ok(read) => self.end = self.end.saturating_add(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.at_end = true;
                    self.error = Some(error);
                }
            }
        }
        self.end >= need
    }

    /// Passes over `len` bytes, in the window or beyond; false where the file ends before.
    pub(crate) fn skip(&mut self, len: u64) -> bool {
        let mut left = len;
        while left > 0 {
            if !self.ensure(1) {
                return false;
            }
            let step = left.min(self.available().len() as u64);
            self.consume(usize::try_from(step).unwrap_or(usize::MAX));
            left = left.saturating_sub(step);
        }
        true
    }

    /// Goes forward to `offset`: by a seek where the file is not compressed, else by reading; false
    /// where the file ends before.
    pub(crate) fn go_to(&mut self, offset: u64) -> io::Result<bool> {
        let ahead = offset.saturating_sub(self.offset());
        if ahead > self.available().len() as u64 && self.source.seek(offset)? {
            self.base = offset;
            self.start = 0;
            self.end = 0;
            return Ok(true);
        }
        Ok(self.skip(ahead))
    }
}
