//! Why a file could not be opened as a capture.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be opened as a capture. Damage further in is no error but a
/// [`super::Fault`] of the summary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CaptureError {
    /// The operating system could not open or read the file.
    Io {
        /// The file.
        path: PathBuf,
        /// Kind of error.
        kind: io::ErrorKind,
        /// Its words.
        message: String,
    },
    /// The file is no capture.
    NotACapture {
        /// The file.
        path: PathBuf,
        /// What it is instead, as `a PDF document` or `empty`.
        found: String,
    },
    /// The file is a capture, in a form that is not read here.
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Which form.
        found: String,
        /// What to do about it.
        advice: &'static str,
    },
}

impl CaptureError {
    /// The file that could not be opened.
    pub fn path(&self) -> &Path {
        match self {
            CaptureError::Io { path, .. }
            | CaptureError::NotACapture { path, .. }
            | CaptureError::Unsupported { path, .. } => path,
        }
    }

    pub(crate) fn io(path: &Path, error: &io::Error) -> CaptureError {
        CaptureError::Io { path: path.into(), kind: error.kind(), message: error.to_string() }
    }
}

impl fmt::Display for CaptureError {
    /// One line that names the file, says what is wrong and what to do. Control characters, which
    /// a file name may hold, are escaped.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = printable(&self.path().to_string_lossy());
        match self {
            CaptureError::Io { kind: io::ErrorKind::IsADirectory, .. } => {
                write!(out, "{path}: is a folder, not a capture file; name the files in it")
            }
            CaptureError::Io { message, .. } => {
                write!(out, "{path}: cannot be read ({}); check that it exists and may be read", printable(message))
            }
            CaptureError::NotACapture { found, .. } => {
                write!(out, "{path}: is not a packet capture but {}; give a pcap or pcapng file", printable(found))
            }
            CaptureError::Unsupported { found, advice, .. } => {
                write!(out, "{path}: is {}, which is not read here; {advice}", printable(found))
            }
        }
    }
}

impl std::error::Error for CaptureError {}

/// `text` with control and bidirectional-formatting characters escaped, so that a hostile file name
/// cannot rewrite a terminal.
fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        let reorders = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || reorders {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_whatever_the_file_is_called() {
        let error = CaptureError::NotACapture { path: PathBuf::from("a\n\u{1b}[2Jb\u{202e}"), found: "text".into() };
        assert_eq!(
            error.to_string(),
            "a\\u{a}\\u{1b}[2Jb\\u{202e}: is not a packet capture but text; give a pcap or pcapng file"
        );
    }
}
