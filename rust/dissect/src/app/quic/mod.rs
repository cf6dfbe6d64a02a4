//! QUIC (RFC 9000, RFC 9001, RFC 9369), also as Google spoke it before: what can be seen of a connection without its keys.

mod frames;
mod google;
pub(crate) mod keys;
#[cfg(any(test, fuzzing))]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]
pub mod made;
pub(crate) mod packet;
mod parameters;
mod reader;

use super::{Carrier, Probe, Protocol, Verdict};
use crate::record;
use crate::tables::Record;
use packet::{Kind, Long};
use reader::QuicParser;

/// Smallest datagram with a client's first packet (RFC 9000 14.1).
const MIN_FIRST_DATAGRAM_BYTES: usize = 1200;

/// Set in every packet, unless both sides agreed to ignore it (RFC 9000 17.2, RFC 9287).
const FIXED_BIT: u8 = 0x40;

record! {
    /// A QUIC connection, told when it ended or left memory (rows of one flow add up). Place and time are those of its first packet; the source is the client. Its hellos are in tls_client_hellos and tls_server_hellos (carrier quic).
    pub struct QuicConnection in "quic_connections" at {
        /// Capture file of the last packet
        last_capture: u32,
        /// Frame of the last packet
        last_frame: u64,
        /// When that frame was captured, UTC nanoseconds since 1970
        last_ns: i64,
        /// Version of the last packet that names it: v1, v2, Google's four letters (Q043, T051), or 8 hex digits of another
        version: String,
        /// Connection id that the client chose for the server at first (hex); the keys of the first packets come from it
        original_destination_id: Option<String>,
        /// Client's connection id (hex)
        client_id: Option<String>,
        /// Server's connection id (hex)
        server_id: Option<String>,
        /// Versions that the server named in a version negotiation (8 hex digits each); null where there was none
        negotiated_versions: Option<Vec<String>>,
        /// The server made the client begin again with a token (Retry)
        has_retry: bool,
        /// The client showed a token, of a Retry or of an earlier connection
        has_token: bool,
        /// Initial packets could be decrypted; false: their start was not captured, they are damaged, or the version (up to Q046) has none: its hello is in clear
        is_decrypted: bool,
        /// Host name that the client asked for (SNI)
        server_name: Option<String>,
        /// Application protocols offered, best first (ALPN); which was chosen is encrypted
        alpn_offered: Option<Vec<String>>,
        /// Cipher suite chosen (IANA number)
        cipher: Option<u16>,
        /// Both sides went beyond the handshake, as far as their packets tell
        is_established: bool,
        /// Error code with which either side ended the handshake, where that can be read
        close_error: Option<u64>,
        /// The reason given with it
        close_reason: Option<String>,
        /// Client: idle connections are dropped after so many milliseconds
        idle_timeout_ms: Option<u64>,
        /// Client: largest datagram payload accepted, bytes
        max_datagram_bytes: Option<u64>,
        /// Client: bytes accepted at first on the whole connection
        initial_max_data: Option<u64>,
        /// Client program, where it tells (Google's transport parameter or hello)
        user_agent: Option<String>,
        /// Versions that the client could speak (RFC 9368; 8 hex digits each)
        client_versions: Option<Vec<String>>,
        /// Initial packets of both sides
        initial_packets: u64,
        /// Packets with early data of the client (0-RTT)
        zero_rtt_packets: u64,
        /// Handshake packets of both sides
        handshake_packets: u64,
        /// Datagrams from the source that begin with a short header: application data
        source_short_datagrams: u64,
        /// Datagrams from the destination that begin with a short header
        destination_short_datagrams: u64,
    }
}

/// QUIC as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "quic",
    tcp_ports: &[],
    // HTTP/3, DNS over QUIC
    udp_ports: &[443, 853],
    probe,
    parser: || Box::new(QuicParser::default()),
    tables: &[QuicConnection::SPEC],
};

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Udp {
        return Verdict::No;
    }
    if google::read(probe.bytes).is_some() {
        return Verdict::Yes;
    }
    match Long::read(probe.bytes) {
        // 32 bits of version, a bit that is set and lengths that fit; the version 0 of a negotiation tells less
        Some((long, _)) if long.kind != Kind::VersionNegotiation && probe.bytes.first().is_some_and(|first| first & FIXED_BIT != 0) => Verdict::Yes,
        Some((long, _)) if !long.destination_id.is_empty() && long.versions().into_iter().any(keys::is_known) => Verdict::Yes,
        // RFC 9000 15: versions of this form are named to make the server negotiate
        _ => match probe.bytes {
            [0xc0..=0xff, a, b, c, d, 8..=20, ..]
                if keys::is_reserved(u32::from_be_bytes([*a, *b, *c, *d])) && probe.bytes.len() >= MIN_FIRST_DATAGRAM_BYTES =>
            {
                Verdict::Yes
            }
            _ => Verdict::No,
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
