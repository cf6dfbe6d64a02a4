//! What a firmware image is made of, and what checks it carries.
//!
//! One search for many patterns says where to look; what is claimed was parsed. Pure: no clock, no network, no writing.
//! An image is in memory, whole or its first part: whoever reads it says how large the file is.

pub mod bytes;
pub mod digest;
pub mod entropy;
pub mod formats;
pub mod map;
pub mod markers;
pub mod part;
pub mod search;
pub mod squash;
pub mod strings;

use serde::Serialize;

/// Everything that was recognised.
#[derive(Debug, Serialize)]
pub struct Found {
    /// bytes of the file
    pub size_bytes: u64,
    /// bytes that were read
    pub read_bytes: u64,
    /// hashes of what was read
    pub md5: String,
    /// SHA-1
    pub sha1: String,
    /// SHA-256
    pub sha256: String,
    /// what was recognised, by offset; a part's parent comes before it
    pub parts: Vec<part::Part>,
    /// parts that were not kept because there are too many
    pub parts_left_out: u64,
    /// pattern hits that parsed inside of compressed or encrypted parts, and so mean nothing
    pub inside_opaque: u64,
    /// pattern hits in all
    pub pattern_hits: u64,
    /// every byte once: parts on the outermost level, and what lies between
    pub map: Vec<map::Region>,
    /// entropy and chi-square along the image
    pub entropy: entropy::Curve,
    /// strings of interest
    pub strings: Vec<strings::Interesting>,
    /// strings of interest that were not kept because there are too many
    pub strings_left_out: u64,
    /// names of the formats that were looked for
    pub checked: Vec<&'static str>,
}

/// Shorter images are not worth a second thread: most files of a file system are.
const ALONE: usize = 256 << 10;

/// Recognise bytes; `size` is the whole file's, of which they are the first.
pub fn recognise(image: &[u8], size: u64) -> Found {
    let content = || {
        let searched = search::search(image);
        let strings = strings::interesting(image, &searched.parts, &searched.markers);
        (searched, strings)
    };
    let secure = || digest::hash("sha256", image);
    let others = || ["md5", "sha1"].map(|name| digest::hash(name, image));
    let ((searched, (strings, strings_left_out)), histogram, sha256, [md5, sha1]) = if image.len() < ALONE {
        (content(), entropy::Histogram::new(image), secure(), others())
    } else {
        std::thread::scope(|scope| {
            let (secure, others) = (scope.spawn(secure), scope.spawn(others));
            let histogram = scope.spawn(|| entropy::Histogram::new(image));
            let found = content();
            let histogram = histogram.join().unwrap_or_default();
            (found, histogram, secure.join().unwrap_or_default(), others.join().unwrap_or_default())
        })
    };
    let hex = |hash: Option<Vec<u8>>| hash.as_deref().map(bytes::hex).unwrap_or_default();
    Found {
        size_bytes: size,
        read_bytes: image.len() as u64,
        md5: hex(md5),
        sha1: hex(sha1),
        sha256: hex(sha256),
        map: map::regions(image, &histogram, &searched.parts),
        parts: searched.parts,
        parts_left_out: searched.left_out,
        inside_opaque: searched.inside_opaque,
        pattern_hits: searched.hits,
        entropy: histogram.curve(),
        strings,
        strings_left_out,
        checked: formats::FORMATS.iter().flat_map(|list| list.iter()).map(|format| format.name).collect(),
    }
}

/// As JSON.
///
/// # Errors
/// Never in practice: every key is text.
pub fn to_json(found: &Found) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(found)
}
