//! Where and when a record was seen, and who sent it to whom: the first columns of every application table.

use crate::packet::Mac;
use crate::tables::{Cells, Column, Field, FlowId};
use std::net::IpAddr;

/// Place, time and ends of what a record tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    /// index of the capture file in time order
    pub capture: u32,
    /// frame number in that file, from 1
    pub frame: u64,
    /// when the frame was captured, UTC nanoseconds since 1970
    pub time_ns: i64,
    /// the flow it belongs to
    pub flow: FlowId,
    /// who sent it
    pub source: End,
    /// who it was sent to
    pub destination: End,
    /// the frame repeats one seen at another capture point
    pub is_repeated: bool,
}

/// One end of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct End {
    /// MAC, where the link tells one
    pub mac: Option<Mac>,
    /// IP address, where there is one
    pub address: Option<IpAddr>,
    /// port, where the transport has ports
    pub port: Option<u16>,
}

macro_rules! column {
    ($name:literal, $type:ty, $meaning:literal) => {
        Column { name: $name, kind: <$type as Field>::KIND, nullable: <$type as Field>::NULLABLE, meaning: $meaning }
    };
}

/// The columns that [`At`] fills.
pub const COLUMNS: [Column; 11] = [
    column!("capture", u32, "Capture file, by its index in time order (see captures)"),
    column!("frame", u64, "Frame that completed the record, as Wireshark numbers it in that file"),
    column!("time_ns", i64, "When that frame was captured, UTC nanoseconds since 1970"),
    column!("flow", FlowId, "Flow that the record belongs to (see flows)"),
    column!("source_mac", Option<Mac>, "Sender's MAC"),
    column!("source", Option<IpAddr>, "Sender's IP address"),
    column!("source_port", Option<u16>, "Sender's port"),
    column!("destination_mac", Option<Mac>, "Receiver's MAC"),
    column!("destination", Option<IpAddr>, "Receiver's IP address"),
    column!("destination_port", Option<u16>, "Receiver's port"),
    column!(
        "is_repeated",
        bool,
        "The frame repeats one seen at another interface or in another file: what it says was told before"
    ),
];

/// `COLUMNS` followed by a record's own.
///
/// `M` is their number together; evaluated at compile time, where a wrong `M` is an error.
#[allow(clippy::indexing_slicing)]
pub const fn with_columns<const M: usize>(own: &[Column]) -> [Column; M] {
    let mut all = [COLUMNS[0]; M];
    let mut index = 0;
    while index < M {
        all[index] = if index < COLUMNS.len() { COLUMNS[index] } else { own[index - COLUMNS.len()] };
        index += 1;
    }
    all
}

impl At {
    /// Appends the cells of [`COLUMNS`].
    pub fn put(&self, columns: &mut [Cells]) {
        let [
            capture,
            frame,
            time,
            flow,
            source_mac,
            source,
            source_port,
            destination_mac,
            destination,
            destination_port,
            is_repeated,
        ] = columns
        else {
            return;
        };
        self.capture.put(capture);
        self.frame.put(frame);
        self.time_ns.put(time);
        self.flow.put(flow);
        self.source.mac.put(source_mac);
        self.source.address.put(source);
        self.source.port.put(source_port);
        self.destination.mac.put(destination_mac);
        self.destination.address.put(destination);
        self.destination.port.put(destination_port);
        self.is_repeated.put(is_repeated);
    }

    /// The same frame, told from the other end: for bytes of one direction that a frame of the other sets free.
    pub fn reversed(mut self) -> Self {
        std::mem::swap(&mut self.source, &mut self.destination);
        self
    }
}
