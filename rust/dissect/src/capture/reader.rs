//! One capture file: its frames in file order.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::block::{BadHeader, CONVERT, Found, Stop};
use super::identify;
use super::input::{BUFFER_BYTES, Input};
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::source::Source;
use super::{ByteOrder, CaptureError, Fault, FaultKind, Format, Frame, Summary};

/// Bytes looked at to say what a file is that is no capture.
const IDENTIFY_BYTES: usize = 512;

/// How the file at hand is walked.
pub(super) enum Walk {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

/// A capture file being read. Memory: one buffer of 256 KiB, which grows to the largest block.
pub struct Reader {
    pub(super) path: PathBuf,
    pub(super) input: Input,
    pub(super) walk: Walk,
    pub(super) summary: Summary,
    pub(super) current: Found,
    /// There is a current frame.
    pub(super) has_current: bool,
    /// Number of the current frame.
    pub(super) number: u64,
    /// Number that the next frame will have.
    pub(super) next_number: u64,
    /// Time of the current frame, or of the last that had one.
    pub(super) time_ns: i64,
    pub(super) ended: bool,
    pub(super) fatal: Option<Fault>,
}

impl Reader {
    /// Opens a capture, compressed or not; what it is is told by its content, never by its name.
    pub fn open(path: &Path) -> Result<Reader, CaptureError> {
        Reader::open_buffered(path, BUFFER_BYTES)
    }

    /// The same with a buffer of `buffer_bytes`, for who has many files open.
    pub fn open_buffered(path: &Path, buffer_bytes: usize) -> Result<Reader, CaptureError> {
        let fail = |error: &io::Error| CaptureError::io(path, error);
        let file = File::open(path).map_err(|error| fail(&error))?;
        let metadata = file.metadata().map_err(|error| fail(&error))?;
        if metadata.is_dir() {
            return Err(fail(&io::ErrorKind::IsADirectory.into()));
        }
        let (source, compression) = Source::new(file).map_err(|error| fail(&error))?;
        let mut input = Input::new(source, buffer_bytes);
        // The format is put right below; until then any will do.
        let unknown = Format::Pcapng { byte_order: ByteOrder::Little, version: (0, 0) };
        let mut summary = Summary::new(unknown, compression, metadata.len());
        let walk = if let Some(opened) = Pcapng::open(&mut input, &mut summary) {
            opened.map(|pcapng| {
                summary.format = Format::Pcapng { byte_order: pcapng.order(), version: pcapng.version() };
                Walk::Pcapng(pcapng)
            })
        } else if let Some(opened) = Pcap::open(&mut input) {
            opened.map(|(pcap, format, interface)| {
                summary.format = format;
                summary.interfaces.push(interface);
                Walk::Pcap(pcap)
            })
        } else {
            input.ensure(IDENTIFY_BYTES);
            Err(Reader::unknown(&input, &summary))
        };
        let walk = walk.map_err(|bad| match bad {
            // What could not be read may be the fault of the disk, not of the format.
            _ if input.error.as_ref().is_some_and(is_read_error) => {
                CaptureError::io(path, input.error.as_ref().unwrap_or(&io::ErrorKind::Other.into()))
            }
            BadHeader::NotACapture(found) => CaptureError::NotACapture { path: path.into(), found },
            BadHeader::Unsupported(found, advice) => CaptureError::Unsupported { path: path.into(), found, advice },
        })?;
        summary.decompressed_bytes = input.offset();
        Ok(Reader {
            path: path.into(),
            input,
            walk,
            summary,
            current: Found::default(),
            has_current: false,
            number: 0,
            next_number: 1,
            time_ns: 0,
            ended: false,
            fatal: None,
        })
    }

    /// What a file is that begins neither as pcap nor as pcapng.
    fn unknown(input: &Input, summary: &Summary) -> BadHeader {
        let head = input.available();
        if let Some(name) = identify::other_capture(head) {
            return BadHeader::Unsupported(name.into(), CONVERT);
        }
        let found = identify::describe(head);
        BadHeader::NotACapture(match (summary.compression, &input.error) {
            (super::Compression::None, _) => found,
            (compression, Some(error)) if head.is_empty() => {
                format!("a damaged {} file ({error})", compression.name())
            }
            (compression, _) => format!("{found}, {}-compressed", compression.name()),
        })
    }

    /// The next frame; None at the end of the file or at damage that ends the reading, which
    /// [`Reader::fault`] tells apart.
    #[inline]
    #[allow(clippy::should_implement_trait)] // an Iterator cannot lend from itself
    pub fn next(&mut self) -> Option<Frame<'_>> {
        if self.advance() { self.current() } else { None }
    }

    /// Goes to the next frame; false where there is none.
    #[inline]
    pub(crate) fn advance(&mut self) -> bool {
        if self.ended {
            return false;
        }
        let step = match &mut self.walk {
            Walk::Pcap(pcap) => pcap.advance(&mut self.input, &mut self.current),
            Walk::Pcapng(pcapng) => {
                pcapng.advance(&mut self.input, &mut self.summary, &mut self.next_number, &mut self.current)
            }
        };
        if let Err(stop) = step {
            self.end(*stop);
            return false;
        }
        if self.current.original_len > self.current.link_type.max_original_bytes() {
            self.count_as_captured();
        }
        self.has_current = true;
        self.number = self.next_number;
        self.next_number = self.next_number.wrapping_add(1);
        self.count();
        true
    }

    /// The frame that [`Reader::advance`] went to.
    #[inline]
    pub fn current(&self) -> Option<Frame<'_>> {
        let found = &self.current;
        self.has_current.then(|| Frame {
            number: self.number,
            time_ns: self.time_ns,
            has_time: found.has_time,
            interface: found.interface,
            link_type: found.link_type,
            bytes: self.input.at(found.position, found.len),
            original_len: found.original_len,
            offset: found.offset,
        })
    }

    /// Time of the current frame, as [`Frame::time_ns`].
    #[inline]
    pub(crate) fn time_ns(&self) -> i64 {
        self.time_ns
    }

    /// Adds the current frame to the summary. The sums wrap only beyond 2^64.
    #[inline]
    fn count(&mut self) {
        let (found, summary) = (&self.current, &mut self.summary);
        summary.frames = summary.frames.wrapping_add(1);
        summary.captured_bytes = summary.captured_bytes.wrapping_add(found.len as u64);
        summary.original_bytes = summary.original_bytes.wrapping_add(u64::from(found.original_len));
        summary.decompressed_bytes = self.input.offset();
        let truncated = found.len < found.original_len as usize;
        summary.truncated_frames = summary.truncated_frames.wrapping_add(u64::from(truncated));
        if let Some(interface) = summary.interfaces.get_mut(found.interface as usize) {
            interface.frames = interface.frames.wrapping_add(1);
        }
        let time_ns = found.time_ns;
        match (summary.last_ns, summary.latest_ns) {
            // In order: the usual case.
            (Some(last), Some(latest)) if found.has_time && time_ns >= last => {
                let pause = time_ns.abs_diff(last);
                summary.longest_pause_ns = Some(summary.longest_pause_ns.map_or(pause, |longest| longest.max(pause)));
                summary.last_ns = Some(time_ns);
                summary.latest_ns = Some(latest.max(time_ns));
                self.time_ns = time_ns;
            }
            _ => self.count_unusual_time(),
        }
    }

    /// A length on the wire that no frame has is none: the captured length stands in for it.
    #[cold]
    fn count_as_captured(&mut self) {
        let found = &mut self.current;
        let len = u32::try_from(found.len).unwrap_or(u32::MAX);
        let told = std::mem::replace(&mut found.original_len, len);
        let number = self.next_number;
        let message = format!(
            "frame {number} of {len} captured bytes is said to have had {told} on the wire: counted as captured"
        );
        self.summary.add_fault(Fault { offset: found.offset, kind: FaultKind::BadLength, message });
    }

    /// The first time, a time that runs backwards, or none.
    #[cold]
    fn count_unusual_time(&mut self) {
        let (found, summary) = (&self.current, &mut self.summary);
        if !found.has_time {
            summary.frames_without_time = summary.frames_without_time.wrapping_add(1);
            return;
        }
        let time_ns = found.time_ns;
        if let Some(back) = summary.last_ns.filter(|last| time_ns < *last).map(|last| last.abs_diff(time_ns)) {
            summary.set_back = summary.set_back.filter(|(most, _)| *most >= back).or(Some((back, self.number)));
        }
        summary.first_ns = summary.first_ns.or(Some(time_ns));
        summary.last_ns = Some(time_ns);
        summary.earliest_ns = Some(summary.earliest_ns.map_or(time_ns, |t| t.min(time_ns)));
        summary.latest_ns = Some(summary.latest_ns.map_or(time_ns, |t| t.max(time_ns)));
        self.time_ns = time_ns;
    }

    #[cold]
    fn end(&mut self, stop: Stop) {
        self.ended = true;
        self.has_current = false;
        if let Stop::Broken(kind, message) = stop {
            let fault = Fault { offset: self.input.offset(), kind, message };
            self.summary.add_fault(fault.clone());
            self.fatal = Some(fault);
        }
        let tail = self.input.available().len() as u64;
        self.summary.decompressed_bytes = self.input.offset().saturating_add(tail);
    }

    /// The damage that ended the reading; None before the end, and for a file that ended well.
    pub fn fault(&self) -> Option<&Fault> {
        self.fatal.as_ref()
    }

    /// What is known of the file: of the part read so far, complete after its end.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A read that failed, as opposed to compressed data that make no sense.
fn is_read_error(error: &io::Error) -> bool {
    error.raw_os_error().is_some()
}
