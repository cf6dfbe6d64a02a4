//! DTLS 1.0 (RFC 4347), 1.2 (RFC 6347) and 1.3 (RFC 9147): TLS in datagrams. Its rows are in the tables of TLS.

mod reader;

use super::{Carrier, Probe, Protocol, Verdict};
use reader::{DtlsParser, Header, content};

/// DTLS as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "dtls",
    tcp_ports: &[],
    // CoAP over DTLS, syslog over DTLS
    udp_ports: &[5684, 6514],
    probe,
    parser: || Box::new(DtlsParser::default()),
    tables: &[],
};

/// Records that follow one another to the datagram's end: 24 bits of type and version, and a length that fits.
fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier == Carrier::Udp && begins(probe.bytes) { Verdict::Yes } else { Verdict::No }
}

/// Whether a datagram is made of records.
pub fn begins(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut is_first = true;
    while !rest.is_empty() {
        let Some((header, payload, behind)) = Header::read(rest) else { return false };
        let is_cut = payload.len() < usize::from(header.length);
        // a hello's type and version tell it where the datagram was cut
        let is_hello = header.kind == content::HANDSHAKE && matches!(payload, [1..=3, ..]) && header.epoch == 0;
        if is_cut && !(is_first && is_hello) {
            return false;
        }
        is_first = false;
        rest = behind;
    }
    !is_first
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
