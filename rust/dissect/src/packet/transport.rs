//! TCP, UDP and ICMP headers over an IP payload.

use super::Cursor;
use crate::weird::Weird;

/// Bits of the TCP flags byte (RFC 9293 3.1).
pub mod tcp_flags {
    #![allow(missing_docs)]
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
}

/// Protocol numbers (IANA).
pub mod protocol {
    #![allow(missing_docs)]
    pub const ICMP: u8 = 1;
    pub const IGMP: u8 = 2;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const ICMPV6: u8 = 58;
}

/// A TCP segment.
#[derive(Clone, Copy, Debug)]
pub struct Tcp<'a> {
    /// sender's port
    pub source_port: u16,
    /// receiver's port
    pub destination_port: u16,
    /// sequence number of the first payload byte (or of SYN/FIN)
    pub sequence: u32,
    /// acknowledgement number
    pub acknowledgement: u32,
    /// flags, see [`tcp_flags`]
    pub flags: u8,
    /// payload as far as captured
    pub payload: &'a [u8],
    /// payload bytes on the wire
    pub payload_len: u32,
}

/// A UDP datagram.
#[derive(Clone, Copy, Debug)]
pub struct Udp<'a> {
    /// sender's port
    pub source_port: u16,
    /// receiver's port
    pub destination_port: u16,
    /// payload as far as captured
    pub payload: &'a [u8],
    /// payload bytes on the wire
    pub payload_len: u32,
}

/// What an IP packet carries.
#[derive(Clone, Copy, Debug)]
pub enum Transport<'a> {
    /// TCP
    Tcp(Tcp<'a>),
    /// UDP
    Udp(Udp<'a>),
    /// ICMP or ICMPv6 from its type on
    Icmp(&'a [u8]),
    /// IGMP from its type on
    Igmp(&'a [u8]),
    /// another protocol number, or a header that is cut
    Other,
}

/// Decodes the transport header; `payload_len` is the IP payload's length on the wire.
pub fn transport(number: u8, payload: &[u8], payload_len: u32) -> (Transport<'_>, Option<Weird>) {
    let decoded = match number {
        protocol::TCP => tcp(payload, payload_len),
        protocol::UDP => udp(payload),
        protocol::ICMP | protocol::ICMPV6 if !payload.is_empty() => Some((Transport::Icmp(payload), None)),
        protocol::IGMP => Some((Transport::Igmp(payload), None)),
        protocol::ICMP | protocol::ICMPV6 => None,
        _ => return (Transport::Other, None),
    };
    decoded.unwrap_or((Transport::Other, Some(Weird::TruncatedTransport)))
}

#[inline]
fn tcp(bytes: &[u8], claimed: u32) -> Option<(Transport<'_>, Option<Weird>)> {
    let mut cursor = Cursor::new(bytes);
    let (source_port, destination_port) = (cursor.u16()?, cursor.u16()?);
    let (sequence, acknowledgement) = (cursor.u32()?, cursor.u32()?);
    let [offset, flags] = cursor.array()?;
    let header_len = usize::from(offset >> 4) * 4;
    let (payload, payload_len, weird) = if header_len < 20 {
        (&[][..], 0, Some(Weird::BadTcpHeaderLength))
    } else {
        let payload = bytes.get(header_len..).unwrap_or_default();
        (payload, claimed.saturating_sub(u32::try_from(header_len).unwrap_or(u32::MAX)), None)
    };
    Some((
        Transport::Tcp(Tcp { source_port, destination_port, sequence, acknowledgement, flags, payload, payload_len }),
        weird,
    ))
}

#[inline]
fn udp(bytes: &[u8]) -> Option<(Transport<'_>, Option<Weird>)> {
    let mut cursor = Cursor::new(bytes);
    let (source_port, destination_port) = (cursor.u16()?, cursor.u16()?);
    let length = usize::from(cursor.u16()?);
    cursor.skip(2)?; // checksum
    let rest = cursor.rest();
    // RFC 2675 4: zero means "longer than 65,535", otherwise header and payload
    let (claimed, weird) = match length {
        0 => (rest.len(), None),
        8.. => (length.saturating_sub(8), None),
        _ => (0, Some(Weird::BadUdpLength)),
    };
    let payload = rest.get(..claimed).unwrap_or(rest);
    let payload_len = u32::try_from(claimed).unwrap_or(u32::MAX);
    Some((Transport::Udp(Udp { source_port, destination_port, payload, payload_len }), weird))
}
