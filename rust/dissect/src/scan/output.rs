//! The file that selected frames go to.

use super::{ScanError, Source, Target};
use crate::capture::{Frame, InterfaceHeader, LinkType, PcapWriter, PcapngWriter, Summary, WriteError};
use rustc_hash::FxHashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes that a file of many waits for before it is opened: some dozen frames.
const WAITING_BYTES: usize = 16 << 10;

enum Writer {
    Pcapng(PcapngWriter<Box<dyn Write>>),
    Pcap(Option<PcapWriter<BufWriter<File>>>, BufWriter<File>, bool),
    None,
}

/// An open output file.
pub(super) struct Output {
    writer: Writer,
    interfaces: FxHashMap<(u32, u32), u32>,
}

impl Output {
    /// Creates the file.
    pub(super) fn new(target: &Target) -> Result<Self, ScanError> {
        let writer = match &target.path {
            None => Writer::None,
            Some(path) => {
                let file = BufWriter::new(File::create(path).map_err(WriteError::from)?);
                match target.pcap {
                    None => Writer::Pcapng(PcapngWriter::new(Box::new(file) as Box<dyn Write>, &target.application)?),
                    Some(nanoseconds) => Writer::Pcap(None, file, nanoseconds),
                }
            }
        };
        Ok(Self { writer, interfaces: FxHashMap::default() })
    }

    /// Creates a pcapng file that is one of many: it is open only while something is written to it.
    pub(super) fn one_of_many(path: &Path, application: &str) -> Result<Self, ScanError> {
        File::create(path).map_err(WriteError::from)?;
        let file: Box<dyn Write> = Box::new(Appended { path: path.to_owned(), waiting: Vec::new() });
        let writer = Writer::Pcapng(PcapngWriter::new(file, application)?);
        Ok(Self { writer, interfaces: FxHashMap::default() })
    }

    /// Adds a frame with its origin.
    pub(super) fn write(&mut self, source: &Source, frame: &Frame<'_>, summary: &Summary) -> Result<(), ScanError> {
        match &mut self.writer {
            Writer::None => {}
            Writer::Pcap(writer, file, nanoseconds) => {
                if writer.is_none() {
                    let file = BufWriter::new(file.get_ref().try_clone().map_err(WriteError::from)?);
                    *writer = Some(PcapWriter::new(file, frame.link_type, 0, *nanoseconds)?);
                }
                if let Some(writer) = writer {
                    writer.write(frame)?;
                }
            }
            Writer::Pcapng(writer) => {
                let key = (source.capture, frame.interface);
                let interface = match self.interfaces.get(&key) {
                    Some(interface) => *interface,
                    None => {
                        let header = describe(source, frame, summary);
                        let interface = writer.add_interface(&header)?;
                        self.interfaces.insert(key, interface);
                        interface
                    }
                };
                writer.write(interface, frame, Some(&format!("frame {} of {}", frame.number, source.name)))?;
            }
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn finish(self) -> Result<(), ScanError> {
        let mut file = match self.writer {
            Writer::None => return Ok(()),
            Writer::Pcapng(writer) => writer.into_inner(),
            Writer::Pcap(Some(writer), ..) => Box::new(writer.into_inner()),
            Writer::Pcap(None, mut file, nanoseconds) => {
                // no frame told a link type: an empty Ethernet capture
                PcapWriter::new(&mut file, LinkType::ETHERNET, 0, nanoseconds)?;
                Box::new(file)
            }
        };
        file.flush().map_err(WriteError::from)?;
        Ok(())
    }
}

/// A file that is opened to be appended to, and closed again.
struct Appended {
    path: PathBuf,
    waiting: Vec<u8>,
}

impl Write for Appended {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= WAITING_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        OpenOptions::new().append(true).open(&self.path)?.write_all(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }
}

/// The interface of a frame as the output describes it.
fn describe(source: &Source, frame: &Frame<'_>, summary: &Summary) -> InterfaceHeader {
    let known = usize::try_from(frame.interface).ok().and_then(|index| summary.interfaces.get(index));
    InterfaceHeader {
        link_type: frame.link_type,
        snaplen: known.map_or(0, |interface| interface.snaplen),
        name: known.and_then(|interface| interface.name.clone()).unwrap_or_default(),
        description: source.name.clone(),
        filter: known.and_then(|interface| interface.filter.clone()),
        fcs_bytes: known.and_then(|interface| interface.fcs_bytes),
    }
}
