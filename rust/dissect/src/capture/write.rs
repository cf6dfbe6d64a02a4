//! Frames back into capture files: pcapng for evidence, pcap where one link type is enough.

use std::fmt;
use std::io::{self, Write};

use super::metadata::{BYTE_ORDER_MAGIC, INTERFACE_DESCRIPTION};
use super::pcapng::{ENHANCED_PACKET, SECTION_HEADER};
use super::time::NS_PER_S;
use super::{Frame, LinkType, MAX_FRAME_BYTES};

/// Longest option value written, in bytes: the length field has 16 bits, and the value must still
/// be padded to four.
const MAX_OPTION_BYTES: usize = 0xfffc;
/// Options (draft-ietf-opsawg-pcapng sections 3.5, 4.1, 4.2).
const OPT_COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_DESCRIPTION: u16 = 3;
const IF_TSRESOL: u16 = 9;
const IF_FILTER: u16 = 11;
const IF_FCSLEN: u16 = 13;
/// if_tsresol: 10^-9 s.
const NANOSECONDS: u8 = 9;
/// The magic numbers of pcap.
const PCAP_MICROSECONDS: u32 = 0xa1b2_c3d4;
const PCAP_NANOSECONDS: u32 = 0xa1b2_3c4d;

/// Why a frame could not be written.
#[derive(Debug)]
pub enum WriteError {
    /// The operating system could not write.
    Io(io::Error),
    /// The frame does not fit into the format; which says why.
    Unwritable(&'static str),
}

impl fmt::Display for WriteError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Io(error) => write!(out, "the capture cannot be written: {error}"),
            WriteError::Unwritable(why) => write!(out, "the frame cannot be written: {why}"),
        }
    }
}

impl std::error::Error for WriteError {}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> WriteError {
        WriteError::Io(error)
    }
}

/// What an interface description says: one for each interface of each source file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InterfaceHeader {
    /// What its frames begin with.
    pub link_type: LinkType,
    /// Longest captured length in bytes; 0: no limit.
    pub snaplen: u32,
    /// Name; empty: none.
    pub name: String,
    /// Description, as the file that the frames come from; empty: none.
    pub description: String,
    /// Capture filter in BPF text.
    pub filter: Option<String>,
    /// Bytes of frame check sequence at the end of each frame.
    pub fcs_bytes: Option<u8>,
}

/// Writes pcapng: little-endian, one section, times in nanoseconds. Same frames, same bytes. The
/// output is not buffered here, and written a block at a time.
pub struct PcapngWriter<W: Write> {
    out: W,
    interfaces: u32,
    block: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins a file; `application` names the program that writes it (shb_userappl).
    pub fn new(out: W, application: &str) -> Result<PcapngWriter<W>, WriteError> {
        let mut writer = PcapngWriter { out, interfaces: 0, block: Vec::new() };
        writer.begin(SECTION_HEADER);
        writer.put_u32(BYTE_ORDER_MAGIC);
        writer.put_u32(1); // version 1.0: major, then minor, of 16 bits each
        writer.put(&u64::MAX.to_le_bytes()); // section length: not said
        writer.put_text(SHB_USERAPPL, application);
        writer.end()?;
        Ok(writer)
    }

    /// Describes an interface; gives its index for [`PcapngWriter::write`].
    pub fn add_interface(&mut self, header: &InterfaceHeader) -> Result<u32, WriteError> {
        let index = self.interfaces;
        self.interfaces = index.checked_add(1).ok_or(WriteError::Unwritable("too many interfaces"))?;
        self.begin(INTERFACE_DESCRIPTION);
        self.put_u32(u32::from(header.link_type.0));
        self.put_u32(header.snaplen);
        self.put_text(IF_NAME, &header.name);
        self.put_text(IF_DESCRIPTION, &header.description);
        self.put_option(IF_TSRESOL, &[NANOSECONDS]);
        if let Some(filter) = header.filter.as_deref().filter(|filter| !filter.is_empty()) {
            self.put_text(IF_FILTER, &format!("\0{filter}")); // 0: text, not byte code
        }
        if let Some(fcs_bytes) = header.fcs_bytes {
            self.put_option(IF_FCSLEN, &[fcs_bytes]);
        }
        self.end()?;
        Ok(index)
    }

    /// Writes a frame with its exact time and lengths, and a comment, which Wireshark shows.
    /// [`Frame::interface`] is of the file that it was read from: `interface` counts here. A frame
    /// without a time gets that of the frame before it, which its `time_ns` holds.
    pub fn write(&mut self, interface: u32, frame: &Frame<'_>, comment: Option<&str>) -> Result<(), WriteError> {
        if interface >= self.interfaces {
            return Err(WriteError::Unwritable("its interface was not described"));
        }
        let too_early = WriteError::Unwritable("its time is before 1970");
        let time = u64::try_from(frame.time_ns).map_err(|_| too_early)?;
        self.begin(ENHANCED_PACKET);
        self.put_u32(interface);
        self.put_u32((time >> 32) as u32);
        self.put_u32((time & 0xffff_ffff) as u32);
        self.put_u32(captured_len(frame)?);
        self.put_u32(frame.original_len);
        self.put(frame.bytes);
        self.pad();
        if let Some(comment) = comment {
            self.put_text(OPT_COMMENT, comment);
        }
        self.end()
    }

    /// Gives the output back.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn begin(&mut self, block_type: u32) {
        self.block.clear();
        self.put_u32(block_type);
        self.put_u32(0); // the length, which end() knows
    }

    fn end(&mut self) -> Result<(), WriteError> {
        let total = u32::try_from(self.block.len().saturating_add(4))
            .map_err(|_| WriteError::Unwritable("its block is too large"))?;
        if let Some(length) = self.block.get_mut(4..8) {
            length.copy_from_slice(&total.to_le_bytes());
        }
        self.put_u32(total);
        self.out.write_all(&self.block)?;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) {
        self.block.extend_from_slice(bytes);
    }

    fn put_u32(&mut self, word: u32) {
        self.put(&word.to_le_bytes());
    }

    fn pad(&mut self) {
        let padded = super::options::padded(self.block.len());
        self.block.resize(padded, 0);
    }

    /// An option; values beyond [`MAX_OPTION_BYTES`] are the caller's to avoid, and are cut.
    fn put_option(&mut self, code: u16, value: &[u8]) {
        let value = value.get(..MAX_OPTION_BYTES).unwrap_or(value);
        self.put(&code.to_le_bytes());
        self.put(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
        self.put(value);
        self.pad();
    }

    /// A text option, cut at a character where it is too long; none where empty. Options need no
    /// end-of-options mark where the block ends (section 3.5).
    fn put_text(&mut self, code: u16, text: &str) {
        let mut end = text.len().min(MAX_OPTION_BYTES);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let value = text.get(..end).unwrap_or_default();
        if !value.is_empty() {
            self.put_option(code, value.as_bytes());
        }
    }
}

/// Writes pcap: little-endian, version 2.4, one link type. The output is not buffered here.
pub struct PcapWriter<W: Write> {
    out: W,
    link_type: LinkType,
    nanoseconds: bool,
}

impl<W: Write> PcapWriter<W> {
    /// Begins a file. The header says whether times are nanoseconds, so that it must be known
    /// before: see [`PcapWriter::needs_nanoseconds`]. A `snaplen` of 0, which tcpdump does not
    /// take, is written as the largest there is.
    pub fn new(mut out: W, link_type: LinkType, snaplen: u32, nanoseconds: bool) -> Result<PcapWriter<W>, WriteError> {
        let magic = if nanoseconds { PCAP_NANOSECONDS } else { PCAP_MICROSECONDS };
        let snaplen = if snaplen == 0 { MAX_FRAME_BYTES } else { snaplen };
        let version = 0x0004_0002; // 2.4: major, then minor, of 16 bits each
        let mut header = Vec::new();
        for word in [magic, version, 0, 0, snaplen, u32::from(link_type.0)] {
            header.extend_from_slice(&word.to_le_bytes());
        }
        out.write_all(&header)?;
        Ok(PcapWriter { out, link_type, nanoseconds })
    }

    /// True where this time cannot be told in microseconds: one such frame, and the file needs
    /// nanoseconds.
    pub fn needs_nanoseconds(time_ns: i64) -> bool {
        time_ns.checked_rem(1_000) != Some(0)
    }

    /// Writes a frame with its exact time and lengths. What a frame without a time has in `time_ns`
    /// is written.
    pub fn write(&mut self, frame: &Frame<'_>) -> Result<(), WriteError> {
        if frame.link_type != self.link_type {
            return Err(WriteError::Unwritable("a pcap file has one link type: use pcapng"));
        }
        if !self.nanoseconds && PcapWriter::<W>::needs_nanoseconds(frame.time_ns) {
            return Err(WriteError::Unwritable("its time needs a file in nanoseconds"));
        }
        let seconds = u32::try_from(frame.time_ns.div_euclid(NS_PER_S))
            .map_err(|_| WriteError::Unwritable("its time is not in the years 1970 to 2106"))?;
        let ns = u32::try_from(frame.time_ns.rem_euclid(NS_PER_S)).unwrap_or_default();
        let fraction = if self.nanoseconds { ns } else { ns / 1_000 };
        let captured = captured_len(frame)?;
        let mut header = [0u8; 16];
        let words = [seconds, fraction, captured, frame.original_len];
        for (field, word) in header.chunks_exact_mut(4).zip(words) {
            field.copy_from_slice(&word.to_le_bytes());
        }
        self.out.write_all(&header)?;
        self.out.write_all(frame.bytes)?;
        Ok(())
    }

    /// Gives the output back.
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// The captured length, where readers will believe it.
fn captured_len(frame: &Frame<'_>) -> Result<u32, WriteError> {
    u32::try_from(frame.bytes.len())
        .ok()
        .filter(|len| *len <= frame.link_type.max_frame_bytes())
        .ok_or(WriteError::Unwritable("it is longer than readers believe"))
}
