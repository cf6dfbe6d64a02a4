//! A bounds-checked reader over bytes from the wire.

use super::Mac;

/// Reads forward; each read gives `None` where too few bytes are left, and then takes none.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// starts at the first byte
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// what has not been read
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// bytes that have not been read
    pub fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// the next `n` bytes
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.bytes.split_at_checked(n)?;
        self.bytes = tail;
        Some(head)
    }

    /// the next `N` bytes as an array
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = tail;
        Some(*head)
    }

    /// passes over `n` bytes
    pub fn skip(&mut self, n: usize) -> Option<()> {
        self.take(n).map(|_| ())
    }

    /// one byte
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// big-endian 16-bit number
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// big-endian 24-bit number
    pub fn u24(&mut self) -> Option<u32> {
        self.array::<3>().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// big-endian 32-bit number
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// big-endian 64-bit number
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// little-endian 16-bit number
    pub fn u16_le(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// a MAC address
    pub fn mac(&mut self) -> Option<Mac> {
        self.array().map(Mac)
    }
}
