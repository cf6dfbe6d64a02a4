//! What is known of an interface that frames were captured at.

use super::{LinkType, TimeUnit};

/// An interface that frames were captured at. A pcap file has one, without a name.
#[derive(Clone, PartialEq, Debug)]
pub struct Interface {
    /// What its frames begin with.
    pub link_type: LinkType,
    /// Longest captured length in bytes; 0: no limit.
    pub snaplen: u32,
    /// Name, as `eth0` (if_name).
    pub name: Option<String>,
    /// What it is (if_description).
    pub description: Option<String>,
    /// Capture filter in BPF text (if_filter); None also where the file has the byte code only.
    pub filter: Option<String>,
    /// Operating system of the capturing machine (if_os).
    pub os: Option<String>,
    /// Hardware of the interface (if_hardware).
    pub hardware: Option<String>,
    /// Its own MAC address (if_MACaddr).
    pub mac: Option<[u8; 6]>,
    /// Speed in bits per second (if_speed).
    pub speed_bps: Option<u64>,
    /// Time zone (if_tzone): an obsolete field, of which no writer has said what it means.
    pub tz: Option<i32>,
    /// Length of a unit of its time stamps (if_tsresol).
    pub time_unit: TimeUnit,
    /// Seconds to add to its time stamps, already done in the frames' times (if_tsoffset).
    pub time_offset_s: i64,
    /// Bytes of frame check sequence at the end of each frame; None: not said (if_fcslen).
    pub fcs_bytes: Option<u8>,
    /// Frames read so far.
    pub frames: u64,
    /// Packets received, as its last statistics block counts since the start (isb_ifrecv).
    pub received: Option<u64>,
    /// Packets that the interface dropped for want of room (isb_ifdrop).
    pub dropped: Option<u64>,
    /// Packets that passed the filter (isb_filteraccept).
    pub filter_accepted: Option<u64>,
    /// Packets that the operating system dropped (isb_osdrop).
    pub os_dropped: Option<u64>,
}

impl Interface {
    /// An interface of which only what every file says is known.
    pub(crate) fn new(link_type: LinkType, snaplen: u32, time_unit: TimeUnit) -> Interface {
        Interface {
            link_type,
            snaplen,
            time_unit,
            name: None,
            description: None,
            filter: None,
            os: None,
            hardware: None,
            mac: None,
            speed_bps: None,
            tz: None,
            time_offset_s: 0,
            fcs_bytes: None,
            frames: 0,
            received: None,
            dropped: None,
            filter_accepted: None,
            os_dropped: None,
        }
    }
}
