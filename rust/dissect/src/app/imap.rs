//! IMAP (RFC 9051), until it turns to TLS.

use super::starttls::{ClearStart, begins};
use super::{Carrier, Probe, Protocol, Verdict};

/// IMAP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "imap",
    // mailbox
    tcp_ports: &[143],
    udp_ports: &[],
    probe,
    parser: || Box::new(ClearStart::new("imap")),
    tables: &[],
};

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Tcp || !probe.from_start {
        return Verdict::No;
    }
    let bytes = probe.bytes;
    if begins(bytes, b"* OK ") || begins(bytes, b"* PREAUTH ") || begins(bytes, b"* BYE ") { Verdict::Yes } else { Verdict::No }
}
