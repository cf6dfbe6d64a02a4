//! SHA-256 and MD5 of contents. The same short content comes again and again: its MD5, which takes longer than SHA-256, is then
//! known.

use crate::app::text::hex;
use md5::{Digest as _, Md5};
use ring::digest;
use rustc_hash::FxHashMap;

/// Contents of a shard whose MD5 is remembered; beyond, all are forgotten. With 16 shards 1 MiB.
const MAX_REMEMBERED: usize = 1024;

/// MD5 of the contents of one shard by their SHA-256.
#[derive(Default)]
pub struct Digests(FxHashMap<[u8; 32], [u8; 16]>);

/// Digests of a content that comes piece by piece.
pub struct Running {
    sha256: digest::Context,
    md5: Md5,
}

impl Digests {
    /// SHA-256 and MD5 of a whole content, as hexadecimal digits.
    pub fn of(&mut self, content: &[u8]) -> (String, String) {
        let sha256 = digest::digest(&digest::SHA256, content);
        let Ok(key) = <[u8; 32]>::try_from(sha256.as_ref()) else { return Running::of(content).finish() };
        if self.0.len() >= MAX_REMEMBERED {
            self.0.clear();
        }
        let md5 = self.0.entry(key).or_insert_with(|| Md5::digest(content).into());
        (hex(&key), hex(md5))
    }
}

impl Running {
    /// Begins with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut running = Self { sha256: digest::Context::new(&digest::SHA256), md5: Md5::new() };
        running.add(bytes);
        running
    }

    /// Takes the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.md5.update(bytes);
    }

    /// SHA-256 and MD5 of all bytes, as hexadecimal digits.
    pub fn finish(self) -> (String, String) {
        (hex(self.sha256.finish().as_ref()), hex(&self.md5.finalize()))
    }
}
