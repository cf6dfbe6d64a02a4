//! Values of a column as codes of a dictionary, which holds each value once; once the dictionary is full, values stand as they
//! are.

use super::dictionary::Dictionary;

/// Bytes of a dictionary beyond which values stand as they are: few would repeat (parquet-mr's default, too).
const MAX_DICTIONARY_BYTES: usize = 1 << 20;

/// Codes, each in as few bytes as the largest needs: most columns have few values.
pub(super) enum Codes {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

impl Default for Codes {
    fn default() -> Self {
        Self::One(Vec::new())
    }
}

impl Codes {
    #[inline]
    fn push(&mut self, code: u32) {
        match self {
            Self::One(codes) => match u8::try_from(code) {
                Ok(code) => codes.push(code),
                Err(_) => self.push_wider(code),
            },
            Self::Two(codes) => match u16::try_from(code) {
                Ok(code) => codes.push(code),
                Err(_) => self.push_wider(code),
            },
            Self::Four(codes) => codes.push(code),
        }
    }

    #[cold]
    fn push_wider(&mut self, code: u32) {
        match self {
            Self::One(codes) => *self = Self::Two(codes.iter().map(|code| u16::from(*code)).collect()),
            Self::Two(codes) => *self = Self::Four(codes.iter().map(|code| u32::from(*code)).collect()),
            Self::Four(_) => {}
        }
        self.push(code);
    }
}

/// Gathers the values of a column in the order of the rows.
#[derive(Default)]
pub(super) struct Coder<D> {
    known: D,
    pub(super) entries: u32,
    pub(super) codes: Codes,
    pub(super) dictionary: Vec<u8>,
    /// values behind the place where the dictionary was full, and that place in slots
    pub(super) plain: Vec<u8>,
    pub(super) full_at: Option<usize>,
    /// rows, or elements of lists and rows without any
    pub(super) slots: usize,
    pub(super) definition: Vec<u8>,
    pub(super) repetition: Vec<u8>,
    pub(super) rows: u64,
}

impl<D: Dictionary> Coder<D> {
    /// Begins a row: levels of a list must not be torn apart by a page.
    #[inline]
    pub(super) fn row(&mut self) {
        self.rows = self.rows.wrapping_add(1);
        if self.full_at.is_none() && self.dictionary.len() > MAX_DICTIONARY_BYTES {
            self.full_at = Some(self.slots);
        }
    }

    /// Adds a slot with its levels, where the column has any (Dremel: how much of the path is there, and what repeats).
    #[inline]
    pub(super) fn slot(&mut self, definition: Option<u8>, repetition: Option<u8>) {
        self.slots = self.slots.wrapping_add(1);
        if let Some(definition) = definition {
            self.definition.push(definition);
        }
        if let Some(repetition) = repetition {
            self.repetition.push(repetition);
        }
    }

    /// Adds so many rows without a value.
    pub(super) fn missing(&mut self, rows: usize) {
        if rows > 0 {
            self.row();
            self.rows = self.rows.wrapping_add(rows as u64).wrapping_sub(1);
            self.slots = self.slots.wrapping_add(rows);
            self.definition.resize(self.definition.len().saturating_add(rows), 0);
        }
    }

    /// Adds a value; `write` gives its plain encoding.
    #[inline]
    pub(super) fn value(&mut self, key: D::Key<'_>, write: impl FnOnce(&mut Vec<u8>)) {
        if self.full_at.is_some() {
            return write(&mut self.plain);
        }
        let code = match self.known.find(key, &self.dictionary) {
            Ok(code) => code,
            Err(hash) => {
                let code = self.entries;
                self.entries = code.saturating_add(1);
                self.known.add(key, hash, code, self.dictionary.len());
                write(&mut self.dictionary);
                code
            }
        };
        self.codes.push(code);
    }
}
