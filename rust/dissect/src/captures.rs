//! The capture files themselves as facts: what capinfos says, interfaces, faults, and the sparse frame index.

use crate::capture::{CaptureError, Summary, TimeUnit};
use crate::packet::Mac;
use crate::record;
use crate::sink::Sink;
use std::path::Path;

record! {
    /// A capture file. Files are numbered in the order of their first frame's time.
    pub struct CaptureRow in "captures" {
        /// Index in time order, from 0
        capture: u32,
        /// Path as given (or found in a folder)
        path: String,
        /// Why the file could not be read at all; null when it was
        error: Option<String>,
        /// pcap, pcap-ns, pcap-modified, pcapng
        format: Option<String>,
        /// little or big endian
        byte_order: Option<String>,
        /// none, gzip, zstd, lz4
        compression: Option<String>,
        /// Link types of its interfaces, as capinfos names them
        link_types: Option<Vec<String>>,
        /// Size as stored, bytes
        file_bytes: Option<u64>,
        /// Bytes read, after decompression
        decompressed_bytes: Option<u64>,
        /// Frames read
        frames: Option<u64>,
        /// Bytes of the frames as captured
        captured_bytes: Option<u64>,
        /// Bytes of the frames on the wire
        original_bytes: Option<u64>,
        /// Frames cut by the snap length
        truncated_frames: Option<u64>,
        /// Frames without a time stamp
        frames_without_time: Option<u64>,
        /// Earliest time, UTC nanoseconds since 1970
        earliest_ns: Option<i64>,
        /// Latest time, UTC nanoseconds since 1970
        latest_ns: Option<i64>,
        /// Whether no frame is earlier than the one before it
        is_in_time_order: Option<bool>,
        /// The most that a frame is earlier than the one before it, nanoseconds; null in time order
        set_back_ns: Option<u64>,
        /// That frame
        set_back_frame: Option<u64>,
        /// Longest time from a frame to the next that is not earlier, nanoseconds: silence, while the capture went on
        longest_pause_ns: Option<u64>,
        /// Smallest snap length of its interfaces, bytes; null where unlimited
        snaplen_bytes: Option<u32>,
        /// Frames that its interfaces dropped, as they say; null where none says
        dropped: Option<u64>,
        /// Hardware of the capturing machine
        hardware: Option<String>,
        /// Operating system of the capturing machine
        os: Option<String>,
        /// Program that captured
        capture_application: Option<String>,
        /// Comments on the file
        comments: Option<Vec<String>>,
        /// TLS key log or other decryption secrets blocks
        decryption_secrets_blocks: Option<u64>,
        /// Faults beyond those listed in capture_faults
        faults_omitted: Option<u64>,
    }
}

record! {
    /// An interface that frames were captured at.
    pub struct InterfaceRow in "interfaces" {
        /// Capture file
        capture: u32,
        /// Index in the file, from 0, over all sections
        interface: usize,
        /// Link type as capinfos names it
        link_type: &'static str,
        /// Link type number (LINKTYPE_*)
        link_type_number: u16,
        /// Name, such as eth0
        name: Option<String>,
        /// Description
        description: Option<String>,
        /// Capture filter (BPF) in words; it hides what does not match
        filter: Option<String>,
        /// Snap length, bytes; null where unlimited
        snaplen_bytes: Option<u32>,
        /// Unit of its time stamps, seconds
        resolution_s: f64,
        /// Its own MAC
        mac: Option<Mac>,
        /// Operating system
        os: Option<String>,
        /// Frames in the file
        frames: u64,
        /// Packets received, as its statistics say
        received: Option<u64>,
        /// Packets dropped by the interface
        dropped: Option<u64>,
        /// Packets dropped by the operating system
        os_dropped: Option<u64>,
    }
}

record! {
    /// Damage in a capture file. What was read before it counts.
    pub struct FaultRow in "capture_faults" {
        /// Capture file
        capture: u32,
        /// Where the broken record or block begins, bytes of the decompressed file
        offset: u64,
        /// Kind of damage
        kind: String,
        /// What is wrong, in a line
        message: String,
    }
}

record! {
    /// Places from which frames can be read again: every 8,192nd frame of a file.
    pub struct IndexRow in "frame_index" {
        /// Capture file
        capture: u32,
        /// Number of the frame that begins here
        frame: u64,
        /// Where it begins, bytes of the decompressed file
        offset: u64,
        /// Up to here the file must be walked for interface descriptions, bytes
        described_to: u64,
        /// Time of the frame before, UTC nanoseconds since 1970
        time_ns: i64,
        /// Latest time of all frames before, UTC nanoseconds since 1970
        latest_before_ns: i64,
    }
}

/// Longest frame that a pcap writer promises without being limited (tcpdump's default; MAXIMUM_SNAPLEN of libpcap).
const UNLIMITED_SNAPLEN: u32 = 262_144;

fn limited(snaplen: u32) -> Option<u32> {
    (1..UNLIMITED_SNAPLEN).contains(&snaplen).then_some(snaplen)
}

/// Adds the rows of a file, or why it could not be opened.
pub fn emit(sink: &mut Sink, capture: u32, path: &Path, state: Result<&Summary, &CaptureError>) {
    let (summary, error) = (state.ok(), state.err().map(ToString::to_string));
    let of = |value: fn(&Summary) -> u64| summary.map(value);
    let total = |value: fn(&crate::capture::Interface) -> Option<u64>| {
        summary.and_then(|s| s.interfaces.iter().filter_map(value).reduce(u64::saturating_add))
    };
    sink.emit(&CaptureRow {
        capture,
        path: path.to_string_lossy().into_owned(),
        error,
        format: summary.map(|s| s.format.name().to_owned()),
        byte_order: summary.map(|s| s.format.byte_order().name().to_owned()),
        compression: summary.map(|s| s.compression.name().to_owned()),
        link_types: summary.map(|s| {
            let mut names: Vec<String> = s.interfaces.iter().map(|i| i.link_type.name().to_owned()).collect();
            names.sort();
            names.dedup();
            names
        }),
        file_bytes: of(|s| s.file_bytes),
        decompressed_bytes: of(|s| s.decompressed_bytes),
        frames: of(|s| s.frames),
        captured_bytes: of(|s| s.captured_bytes),
        original_bytes: of(|s| s.original_bytes),
        truncated_frames: of(|s| s.truncated_frames),
        frames_without_time: of(|s| s.frames_without_time),
        earliest_ns: summary.and_then(|s| s.earliest_ns),
        latest_ns: summary.and_then(|s| s.latest_ns),
        is_in_time_order: summary.map(|s| s.set_back.is_none()),
        set_back_ns: summary.and_then(|s| s.set_back).map(|(back, _)| back),
        set_back_frame: summary.and_then(|s| s.set_back).map(|(_, frame)| frame),
        longest_pause_ns: summary.and_then(|s| s.longest_pause_ns),
        snaplen_bytes: summary.and_then(|s| s.interfaces.iter().filter_map(|i| limited(i.snaplen)).min()),
        dropped: match (total(|i| i.dropped), total(|i| i.os_dropped)) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
        },
        hardware: summary.and_then(|s| s.hardware.clone()),
        os: summary.and_then(|s| s.os.clone()),
        capture_application: summary.and_then(|s| s.application.clone()),
        comments: summary.map(|s| s.comments.clone()),
        decryption_secrets_blocks: of(|s| s.decryption_secrets_blocks),
        faults_omitted: of(|s| s.faults_omitted),
    });
    let Some(summary) = summary else { return };
    for (interface, described) in summary.interfaces.iter().enumerate() {
        sink.emit(&InterfaceRow {
            capture,
            interface,
            link_type: described.link_type.name(),
            link_type_number: described.link_type.0,
            name: described.name.clone(),
            description: described.description.clone(),
            filter: described.filter.clone(),
            snaplen_bytes: limited(described.snaplen),
            resolution_s: TimeUnit::seconds(described.time_unit),
            mac: described.mac.map(Mac),
            os: described.os.clone(),
            frames: described.frames,
            received: described.received,
            dropped: described.dropped,
            os_dropped: described.os_dropped,
        });
    }
    for fault in &summary.faults {
        sink.emit(&FaultRow {
            capture,
            offset: fault.offset,
            kind: format!("{:?}", fault.kind),
            message: fault.message.clone(),
        });
    }
}
