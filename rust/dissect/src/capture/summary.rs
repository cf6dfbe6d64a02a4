//! What is known of a capture file apart from its frames.

use std::net::IpAddr;

use super::{ByteOrder, Compression, Interface};

/// Faults kept with their text; what comes after is only counted. A file ends at its first fatal
/// fault, so that only odd times and options can reach this.
pub const MAX_FAULTS: usize = 100;
/// Comments of a file kept (the sections', not the frames').
pub const MAX_COMMENTS: usize = 100;
/// Characters kept of a text in a capture's headers: room for a long BPF expression.
pub const MAX_TEXT_CHARS: usize = 4_096;
/// Names of hosts kept from name resolution blocks.
pub const MAX_NAMES: usize = 10_000;
/// Kinds of skipped blocks told apart.
pub const MAX_SKIPPED_TYPES: usize = 64;

/// Flavours of pcap, as Wireshark tells them apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PcapVariant {
    /// The usual form: records of 16 bytes of header.
    Standard,
    /// Kuznetzov's patches of 1999: 24 bytes of header, under the usual magic number (Red Hat 6.1).
    Modified990417,
    /// Kuznetzov's patches of 1999: 24 bytes of header, magic number a1b2cd34.
    Modified991029,
    /// Kuznetzov's patches of 1999: 28 bytes of header, magic number a1b2cd34 (SuSE 6.3).
    Modified990915,
    /// Nokia: 20 bytes of header under the usual magic number.
    Nokia,
    /// AIX: nanoseconds and interface types of RFC 1573, version 2.2.
    Aix,
    /// IXIA lcap: four more bytes in the file's header.
    Ixia,
}

/// How a capture file is written, compression apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    /// The format of libpcap.
    Pcap {
        /// Which of its flavours.
        variant: PcapVariant,
        /// Byte order of its headers.
        byte_order: ByteOrder,
        /// True for nanoseconds, false for microseconds.
        nanoseconds: bool,
        /// Version, usually 2.4.
        version: (u16, u16),
    },
    /// The block format of Wireshark.
    Pcapng {
        /// Byte order of the first section.
        byte_order: ByteOrder,
        /// Version of the first section, usually 1.0.
        version: (u16, u16),
    },
}

impl Format {
    /// Byte order of its headers (pcapng: of the first section's).
    pub fn byte_order(&self) -> ByteOrder {
        match self {
            Format::Pcap { byte_order, .. } | Format::Pcapng { byte_order, .. } => *byte_order,
        }
    }

    /// Short name: `pcap`, `pcap-ns`, `pcap-modified`, `pcap-nokia`, `pcap-aix`, `pcap-ixia`, `pcapng`.
    pub fn name(&self) -> &'static str {
        match self {
            Format::Pcapng { .. } => "pcapng",
            Format::Pcap { variant, nanoseconds, .. } => match variant {
                PcapVariant::Standard if *nanoseconds => "pcap-ns",
                PcapVariant::Standard => "pcap",
                PcapVariant::Nokia => "pcap-nokia",
                PcapVariant::Aix => "pcap-aix",
                PcapVariant::Ixia => "pcap-ixia",
                PcapVariant::Modified990417 | PcapVariant::Modified991029 | PcapVariant::Modified990915 => {
                    "pcap-modified"
                }
            },
        }
    }
}

/// A name of an address, as a name resolution block gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameRecord {
    /// The address.
    pub address: IpAddr,
    /// One of its names.
    pub name: String,
}

/// Blocks of one type that were passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SkippedBlocks {
    /// Block type as in the file.
    pub block_type: u32,
    /// How many.
    pub blocks: u64,
}

/// Kinds of damage. All but [`FaultKind::BadOption`], [`FaultKind::BadTime`] and [`FaultKind::BadLength`] end the
/// reading of the file; what was read before counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FaultKind {
    /// The file ends within a record or block: the capture was stopped or copied in the middle.
    CutShort,
    /// The operating system could not read on.
    Read,
    /// The compressed data are damaged, or followed by something else.
    Compression,
    /// A record claims more bytes than a frame can have: its header is damaged.
    Oversized,
    /// A block's length cannot be true: too small, too large, or unlike its repetition.
    BadBlockLength,
    /// A block's contents do not fit into it, or contradict the blocks before.
    BadBlock,
    /// More interfaces than [`super::MAX_INTERFACES`].
    TooManyInterfaces,
    /// An option is longer than its block; the options before it count.
    BadOption,
    /// A time so far from 1970 that 64 bits cannot hold the nanoseconds between two such; its frame counts as without time.
    BadTime,
    /// A length on the wire that is longer than any frame: the captured one counts.
    BadLength,
}

/// Something wrong with a capture file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Where the broken record or block begins, in bytes of the decompressed file.
    pub offset: u64,
    /// What kind of damage.
    pub kind: FaultKind,
    /// One line for people.
    pub message: String,
}

/// What is known of a capture file: of the part read so far, complete after its end.
#[derive(Clone, PartialEq, Debug)]
pub struct Summary {
    /// How it is written.
    pub format: Format,
    /// How it is compressed.
    pub compression: Compression,
    /// Size as stored, in bytes; 0 for what is no regular file.
    pub file_bytes: u64,
    /// Bytes read so far, after decompression.
    pub decompressed_bytes: u64,
    /// pcapng sections; 1 for pcap.
    pub sections: u64,
    /// Interfaces, in the order of their descriptions, over all sections.
    pub interfaces: Vec<Interface>,
    /// Hardware of the capturing machine (shb_hardware, first section that tells).
    pub hardware: Option<String>,
    /// Its operating system (shb_os).
    pub os: Option<String>,
    /// The capturing application (shb_userappl).
    pub application: Option<String>,
    /// Comments on the file, at most [`MAX_COMMENTS`].
    pub comments: Vec<String>,
    /// Blocks passed over, by type, at most [`MAX_SKIPPED_TYPES`] types.
    pub skipped_blocks: Vec<SkippedBlocks>,
    /// Of these, blocks to which Wireshark gives a frame number: custom, journal and sysdig events.
    pub numbered_other_blocks: u64,
    /// Decryption secrets blocks: the file holds keys to its own traffic.
    pub decryption_secrets_blocks: u64,
    /// Names of hosts in the file, at most [`MAX_NAMES`].
    pub names: Vec<NameRecord>,
    /// Names beyond these.
    pub names_omitted: u64,
    /// Frames read.
    pub frames: u64,
    /// Their captured bytes.
    pub captured_bytes: u64,
    /// Their bytes on the wire.
    pub original_bytes: u64,
    /// Frames of which fewer bytes were captured than were on the wire.
    pub truncated_frames: u64,
    /// Frames without a time.
    pub frames_without_time: u64,
    /// Earliest time, nanoseconds since 1970 UTC; None without any timed frame.
    pub earliest_ns: Option<i64>,
    /// Latest time.
    pub latest_ns: Option<i64>,
    /// Time of the first timed frame of the file.
    pub first_ns: Option<i64>,
    /// Time of the last timed frame of the file.
    pub last_ns: Option<i64>,
    /// The most that a frame is earlier than the one before it, nanoseconds, and its number; None in time order.
    pub set_back: Option<(u64, u64)>,
    /// The longest time from a frame to the next that is not earlier, nanoseconds; None where no frame follows one so.
    pub longest_pause_ns: Option<u64>,
    /// What was wrong, at most [`MAX_FAULTS`].
    pub faults: Vec<Fault>,
    /// Faults beyond these.
    pub faults_omitted: u64,
}

impl Summary {
    /// The summary of a file of which nothing was read yet.
    pub(crate) fn new(format: Format, compression: Compression, file_bytes: u64) -> Summary {
        Summary {
            format,
            compression,
            file_bytes,
            decompressed_bytes: 0,
            sections: 1,
            interfaces: Vec::new(),
            hardware: None,
            os: None,
            application: None,
            comments: Vec::new(),
            skipped_blocks: Vec::new(),
            numbered_other_blocks: 0,
            decryption_secrets_blocks: 0,
            names: Vec::new(),
            names_omitted: 0,
            frames: 0,
            captured_bytes: 0,
            original_bytes: 0,
            truncated_frames: 0,
            frames_without_time: 0,
            earliest_ns: None,
            latest_ns: None,
            first_ns: None,
            last_ns: None,
            set_back: None,
            longest_pause_ns: None,
            faults: Vec::new(),
            faults_omitted: 0,
        }
    }

    /// Adds a fault, or counts it where there are enough.
    pub(crate) fn add_fault(&mut self, fault: Fault) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        } else {
            self.faults_omitted = self.faults_omitted.saturating_add(1);
        }
    }

    /// Counts a block that was passed over.
    pub(crate) fn count_skipped(&mut self, block_type: u32) {
        if let Some(known) = self.skipped_blocks.iter_mut().find(|s| s.block_type == block_type) {
            known.blocks = known.blocks.saturating_add(1);
        } else if self.skipped_blocks.len() < MAX_SKIPPED_TYPES {
            self.skipped_blocks.push(SkippedBlocks { block_type, blocks: 1 });
        }
    }
}
