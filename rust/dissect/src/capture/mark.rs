//! Places in a capture file to which a later reader can return.

use std::path::Path;

use super::block::Found;
use super::reader::Walk;
use super::{CaptureError, Reader, Summary};

/// A place between two frames of a file, from which reading can go on later. Four numbers, to be
/// stored wherever they are needed; they hold for the file's decompressed content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Mark {
    /// Where the next record or block begins, in bytes of the decompressed file.
    pub offset: u64,
    /// The number that the next frame has, if no block with a number of its own comes before it.
    pub number: u64,
    /// Up to here the file has to be walked for the descriptions that the next frame needs: the end
    /// of the last pcapng section header or interface description, or of the pcap header.
    pub described_to: u64,
    /// Time of the frame before: what a next frame without a time gets.
    pub time_ns: i64,
}

impl Reader {
    /// Opens a capture at a mark that an earlier reader of the same file gave. Numbers, times and
    /// interfaces are as if the file had been read from its start; the summary's counts are of what
    /// is read from here. An uncompressed file is sought in, a compressed one decompressed up to there.
    pub fn resume(path: &Path, at: &Mark) -> Result<Reader, CaptureError> {
        let mut reader = Reader::open(path)?;
        let changed = || CaptureError::NotACapture {
            path: path.into(),
            found: "another file than when it was first read".into(),
        };
        let mut described = reader.summary.clone();
        if let Walk::Pcapng(pcapng) = &mut reader.walk {
            // Frames on the way are passed over, not counted.
            let mut ignored_number = 0;
            let mut ignored_frame = Found::default();
            while reader.input.offset() < at.described_to {
                let step = pcapng.step(&mut reader.input, &mut described, &mut ignored_number, &mut ignored_frame);
                step.map_err(|_| changed())?;
            }
        }
        let arrived = reader.input.go_to(at.offset);
        if !arrived.map_err(|error| CaptureError::io(path, &error))? {
            return Err(changed());
        }
        reader.summary = Summary {
            format: described.format,
            sections: described.sections,
            interfaces: described.interfaces,
            hardware: described.hardware,
            os: described.os,
            application: described.application,
            decompressed_bytes: at.offset,
            ..Summary::new(described.format, described.compression, described.file_bytes)
        };
        reader.next_number = at.number;
        reader.time_ns = at.time_ns;
        Ok(reader)
    }

    /// Where the next call of [`Reader::next`] reads on.
    pub fn mark(&self) -> Mark {
        self.mark_of(self.input.offset(), self.next_number)
    }

    /// A mark from which the frame that was read last is read once more.
    pub fn mark_current(&self) -> Mark {
        if !self.has_current {
            return self.mark();
        }
        self.mark_of(self.current.offset, self.number)
    }

    fn mark_of(&self, offset: u64, number: u64) -> Mark {
        let described_to = match &self.walk {
            Walk::Pcap(_) => 0,
            Walk::Pcapng(pcapng) => pcapng.described_to,
        };
        Mark { offset, number, described_to, time_ns: self.time_ns }
    }
}
