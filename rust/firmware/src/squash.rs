//! Files out of a SquashFS, one after the other, under limits. Names are given as they are stored: whoever writes cleans them.

use backhand::{FilesystemReader, InnerNode, kind::Kind};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

/// What a walk may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// files
    pub files: u64,
    /// bytes of all files
    pub bytes: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Walked {
    /// files that were read
    pub files: u64,
    /// bytes of them
    pub bytes: u64,
    /// links and devices, which are not made
    pub skipped: u64,
    /// why it ended before its end
    pub stopped: Option<String>,
}

/// Hand every regular file to `open`, which says where its bytes go, or nowhere.
///
/// # Errors
/// When the image is no SquashFS that can be read, or a target cannot be written.
pub fn walk<W: Write>(
    image: &Path,
    offset: u64,
    limits: Limits,
    mut open: impl FnMut(&Path) -> io::Result<Option<W>>,
) -> io::Result<Walked> {
    let reader = FilesystemReader::from_reader_with_offset_and_kind(
        BufReader::new(File::open(image)?),
        offset,
        Kind::from_target("le_v4_0").map_err(io::Error::other)?,
    )
    .map_err(io::Error::other)?;
    let mut walked = Walked::default();
    for node in reader.files() {
        let InnerNode::File(file) = &node.inner else {
            walked.skipped += u64::from(!matches!(node.inner, InnerNode::Dir(_)));
            continue;
        };
        if walked.files >= limits.files {
            walked.stopped = Some(format!("more than {} files", limits.files));
            break;
        }
        let Some(mut target) = open(&node.fullpath)? else { continue };
        walked.files += 1;
        let left = limits.bytes.saturating_sub(walked.bytes);
        let copied = io::copy(&mut reader.file(file).reader().take(left.saturating_add(1)), &mut target);
        match copied {
            Ok(count) => walked.bytes += count,
            Err(error) => walked.stopped = Some(format!("{}: {error}", node.fullpath.display())),
        }
        if walked.bytes > limits.bytes {
            walked.stopped = Some(format!("more than {} bytes", limits.bytes));
            break;
        }
    }
    Ok(walked)
}
