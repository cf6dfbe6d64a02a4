//! Capture files in, frames out: pcap and pcapng, plain or in gzip, zstd or lz4.
//!
//! [`Reader`] walks one file, [`Timeline`] several files as one capture in time order,
//! [`PcapngWriter`] and [`PcapWriter`] write frames back. Frames are borrowed from the reader's
//! buffer, so that walking a file copies nothing but what `read()` copies. Files are never
//! memory-mapped: a file cut while it is mapped would kill the process.
//!
//! Sources: draft-ietf-opsawg-pcap (pcap), draft-ietf-opsawg-pcapng (pcapng), and, where files in
//! the wild differ from these, what Wireshark accepts, since frames are cited by the number that
//! Wireshark gives them.

mod block;
mod bytes;
mod error;
mod identify;
mod input;
mod interface;
mod link_type;
mod mark;
mod merge;
mod metadata;
mod options;
mod pcap;
mod pcapng;
mod reader;
mod source;
mod summary;
mod time;
mod variant;
mod write;

pub use bytes::ByteOrder;
pub use error::CaptureError;
pub use interface::Interface;
pub use link_type::LinkType;
pub use mark::Mark;
pub use merge::{CaptureState, Overlap, Step, Timeline};
pub use reader::Reader;
pub use source::Compression;
pub use summary::{Fault, FaultKind, Format, NameRecord, PcapVariant, SkippedBlocks, Summary};
pub use summary::{MAX_COMMENTS, MAX_FAULTS, MAX_NAMES, MAX_SKIPPED_TYPES, MAX_TEXT_CHARS};
pub use time::TimeUnit;
pub use write::{InterfaceHeader, PcapWriter, PcapngWriter, WriteError};

/// A frame as captured, borrowed from the reader's buffer until the reader moves on.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Position in the file, from 1, as Wireshark counts: a pcapng custom block, systemd journal
    /// entry or sysdig event has a number too, and so leaves a hole here.
    pub number: u64,
    /// Time of capture, nanoseconds since 1970-01-01 UTC. Where [`Frame::has_time`] is false: the
    /// time of the frame before it in the file, 0 for the first.
    pub time_ns: i64,
    /// False for a pcapng simple packet block, which has no time, and for a time outside the years
    /// 1823 to 2116: nanoseconds between two such may not fit an `i64`.
    pub has_time: bool,
    /// Index into [`Summary::interfaces`]: counted over the whole file, across its sections.
    pub interface: u32,
    /// What the first byte of [`Frame::bytes`] belongs to.
    pub link_type: LinkType,
    /// The captured bytes, from the link layer on, with a frame check sequence where the interface
    /// says that there is one ([`Interface::fcs_bytes`]).
    pub bytes: &'a [u8],
    /// Length of the frame on the wire in bytes, as the file says, and so does Wireshark: usually at least the captured
    /// length, but some writers leave it smaller or 0. Where no frame can be as long as the file says, the captured length.
    pub original_len: u32,
    /// Where the record or block of this frame begins, in bytes of the decompressed file.
    pub offset: u64,
}

/// Largest captured length believed, in bytes: WTAP_MAX_PACKET_SIZE_STANDARD of Wireshark
/// (`wiretap/wtap.h`) and MAXIMUM_SNAPLEN of libpcap. A record that claims more is taken for damage.
pub const MAX_FRAME_BYTES: u32 = 262_144;

/// Largest length on the wire believed, in bytes: twice GSO_MAX_SIZE of Linux (`include/linux/netdevice.h`: 8 times
/// 65,535 bytes, BIG TCP), and so room for headers of the link.
pub const MAX_WIRE_BYTES: u32 = 1024 * 1024;

/// Largest captured length believed for D-Bus and USBPcap, whose messages may be larger: WTAP_MAX_PACKET_SIZE_DBUS and
/// WTAP_MAX_PACKET_SIZE_USBPCAP of Wireshark.
pub const MAX_LARGE_FRAME_BYTES: u32 = 128 * 1024 * 1024;

/// Largest pcapng block believed, in bytes: the largest frame with 128 KiB of options, as
/// MAX_BLOCK_SIZE in Wireshark's `wiretap/pcapng.c`. Only blocks of frames are ever held whole.
pub const MAX_BLOCK_BYTES: u32 = MAX_LARGE_FRAME_BYTES + 128 * 1024 + 32;

/// Interfaces kept for one file. A hostile file of nothing but interface descriptions would
/// otherwise fill the memory; the largest real captures (`-i any` on routers) have some hundreds.
pub const MAX_INTERFACES: usize = 65_536;
