//! What a recognised thing inside an image is, and what it carries against change.

use serde::Serialize;
use serde_json::{Map, Value};

/// What sort of thing it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// a format in which firmware is updated or started
    Firmware,
    /// a difference to an older version
    Patch,
    /// a file system
    Filesystem,
    /// a container of files
    Archive,
    /// compressed bytes
    Compressed,
    /// a program
    Executable,
    /// a description of hardware or partitions
    Table,
    /// pictures and other media
    Media,
    /// certificates, keys and signatures
    Crypto,
}

/// How a check protects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// finds accidents; anybody can compute it
    Checksum,
    /// a cryptographic hash without a key; anybody can compute it
    Hash,
    /// needs a secret that both sides share
    Mac,
    /// needs a private key
    Signature,
}

/// What came of a check.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// what is stored is what was computed
    Valid,
    /// it is not
    Invalid,
    /// it is there, and what it needs to be computed is not
    PresentUnverifiable,
    /// the bytes that it covers, or itself, are not all there
    Truncated,
}

/// A checksum, hash, MAC or signature inside an image.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// how it protects
    pub kind: CheckKind,
    /// algorithm or field, as the format's documentation names it
    pub name: String,
    /// first byte that it covers, from the image's start
    pub start: usize,
    /// one past the last byte that it covers
    pub end: usize,
    /// what came of it
    pub verdict: Verdict,
    /// what else is known: for signatures `scheme`, `digest`, `public_key`, `signature` (hexadecimal)
    pub detail: Map<String, Value>,
}

/// Whether content is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// the format says so
    Yes,
    /// the format says that it is not, or its content was read
    No,
    /// the format does not say
    Unknown,
}

/// Something recognised in an image.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// the format's name
    pub format: &'static str,
    /// sort of thing
    pub category: Category,
    /// where it begins in the image
    pub offset: usize,
    /// bytes that it says it has; none where only reading it all would tell
    pub length: Option<u64>,
    /// whether the image ends before it does
    pub truncated: bool,
    /// what its header says
    pub fields: Map<String, Value>,
    /// what protects it
    pub checks: Vec<Check>,
    /// whether what it holds is encrypted
    pub encrypted: Encryption,
    /// what says so
    pub encrypted_reason: String,
    /// whether its content is stored as it is, so that what is found inside is worth naming
    #[serde(skip)]
    pub transparent: bool,
    /// offsets where content begins that has no pattern of its own to be found by
    #[serde(skip)]
    pub inner: Vec<usize>,
    /// index of the part that holds this one
    pub parent: Option<usize>,
}

impl Part {
    /// A part without checks, not said to be encrypted, whose content may be looked into.
    pub fn new(format: &'static str, category: Category, offset: usize) -> Self {
        Self {
            format,
            category,
            offset,
            length: None,
            truncated: false,
            fields: Map::new(),
            checks: Vec::new(),
            encrypted: Encryption::Unknown,
            encrypted_reason: "the format does not say".to_owned(),
            transparent: true,
            inner: Vec::new(),
            parent: None,
        }
    }

    /// With its length; `available` is what the image has from the part's start.
    pub fn length(mut self, length: u64, available: usize) -> Self {
        self.length = Some(length);
        self.truncated = length > available as u64;
        self
    }

    /// With a field, where it has a value.
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !value.is_null() {
            self.fields.insert(name.to_owned(), value);
        }
        self
    }

    /// With a check.
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// With what is known of encryption.
    pub fn encryption(mut self, encrypted: Encryption, reason: &str) -> Self {
        self.encrypted = encrypted;
        reason.clone_into(&mut self.encrypted_reason);
        self
    }

    /// Content is compressed or encrypted: patterns inside mean nothing.
    pub fn opaque(mut self) -> Self {
        self.transparent = false;
        self
    }

    /// With a place where content begins.
    pub fn holds(mut self, offset: usize) -> Self {
        self.inner.push(offset);
        self
    }

    /// One past its last byte, as far as the image has it; its first byte where its length is not known.
    pub fn end(&self, image: usize) -> usize {
        let length = self.length.and_then(|length| usize::try_from(length).ok());
        self.offset.saturating_add(length.unwrap_or(0)).min(image)
    }
}

impl Check {
    /// A check whose outcome is known.
    pub fn new(kind: CheckKind, name: &str, covers: std::ops::Range<usize>, verdict: Verdict) -> Self {
        Self { kind, name: name.to_owned(), start: covers.start, end: covers.end, verdict, detail: Map::new() }
    }

    /// A check that compares what is stored with what was computed: truncated where one of them is not there.
    pub fn compare<T: PartialEq>(
        kind: CheckKind,
        name: &str,
        covers: std::ops::Range<usize>,
        stored: Option<T>,
        computed: Option<T>,
    ) -> Self {
        let verdict = match (stored, computed) {
            (Some(stored), Some(computed)) if stored == computed => Verdict::Valid,
            (Some(_), Some(_)) => Verdict::Invalid,
            _ => Verdict::Truncated,
        };
        Self::new(kind, name, covers, verdict)
    }

    /// With something else that is known.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}
