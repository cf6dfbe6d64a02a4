//! Which values of a column are known, and their codes.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::{BuildHasher, Hash};

/// Bytes before each text in its plain encoding: its length.
pub(super) const LENGTH_BYTES: usize = 4;

/// Codes by value.
pub(super) trait Dictionary: Default {
    /// what stands for a value
    type Key<'k>: Copy;
    /// The code of a value, or its hash where it is not known; `written` has the plain encoding of all that are.
    fn find(&mut self, key: Self::Key<'_>, written: &[u8]) -> Result<u32, u64>;
    /// Adds one that is not known, whose plain encoding will begin at `place`.
    fn add(&mut self, key: Self::Key<'_>, hash: u64, code: u32, place: usize);
}

/// Of values in few bytes.
pub(super) struct Copied<K> {
    hasher: DefaultHashBuilder,
    known: HashTable<(K, u32)>,
    last: Option<(K, u32)>,
}

impl<K> Default for Copied<K> {
    fn default() -> Self {
        Self { hasher: DefaultHashBuilder::default(), known: HashTable::new(), last: None }
    }
}

impl<K: Copy + Eq + Hash> Dictionary for Copied<K> {
    type Key<'k> = K;

    #[inline]
    fn find(&mut self, key: K, _: &[u8]) -> Result<u32, u64> {
        if let Some((last, code)) = self.last
            && last == key
        {
            return Ok(code);
        }
        let hash = self.hasher.hash_one(key);
        let (_, code) = self.known.find(hash, |(known, _)| *known == key).ok_or(hash)?;
        self.last = Some((key, *code));
        Ok(*code)
    }

    #[inline]
    fn add(&mut self, key: K, hash: u64, code: u32, _: usize) {
        self.known.insert_unique(hash, (key, code), |(known, _)| self.hasher.hash_one(known));
        self.last = Some((key, code));
    }
}

/// Of texts, each of which is kept once: where it is written.
#[derive(Default)]
pub(super) struct Texts {
    hasher: DefaultHashBuilder,
    known: HashTable<(u64, Text)>,
    last: Option<Text>,
}

#[derive(Clone, Copy)]
struct Text {
    start: u32,
    length: u32,
    code: u32,
}

impl Text {
    #[inline]
    fn is(&self, key: &[u8], written: &[u8]) -> bool {
        let start = self.start as usize;
        self.length as usize == key.len() && written.get(start..start.saturating_add(key.len())) == Some(key)
    }
}

impl Dictionary for Texts {
    type Key<'k> = &'k [u8];

    #[inline]
    fn find(&mut self, key: &[u8], written: &[u8]) -> Result<u32, u64> {
        if let Some(last) = self.last
            && last.is(key, written)
        {
            return Ok(last.code);
        }
        let hash = self.hasher.hash_one(key);
        let (_, text) = self.known.find(hash, |(known, text)| *known == hash && text.is(key, written)).ok_or(hash)?;
        self.last = Some(*text);
        Ok(text.code)
    }

    #[inline]
    fn add(&mut self, key: &[u8], hash: u64, code: u32, place: usize) {
        // dictionaries are bounded far below 4 GiB
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let text = Text { start: number(place.saturating_add(LENGTH_BYTES)), length: number(key.len()), code };
        self.known.insert_unique(hash, (hash, text), |(hash, _)| *hash);
        self.last = Some(text);
    }
}

/// Of words of ours: the same one again lies at the same place, which is told without a look at it.
#[derive(Default)]
pub(super) struct Words {
    texts: Texts,
    last: Option<(&'static str, u32)>,
}

impl Dictionary for Words {
    type Key<'k> = &'static str;

    #[inline]
    fn find(&mut self, key: &'static str, written: &[u8]) -> Result<u32, u64> {
        if let Some((last, code)) = self.last
            && std::ptr::eq(last, key)
        {
            return Ok(code);
        }
        let code = self.texts.find(key.as_bytes(), written)?;
        self.last = Some((key, code));
        Ok(code)
    }

    #[inline]
    fn add(&mut self, key: &'static str, hash: u64, code: u32, place: usize) {
        self.texts.add(key.as_bytes(), hash, code, place);
        self.last = Some((key, code));
    }
}
