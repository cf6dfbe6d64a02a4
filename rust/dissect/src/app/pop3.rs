//! POP3 (RFC 1939), until it turns to TLS (RFC 2595).

use super::starttls::{ClearStart, begins};
use super::{Carrier, Probe, Protocol, Verdict};

const PORT: u16 = 110;

/// POP3 as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "pop3",
    // mailbox
    tcp_ports: &[PORT],
    udp_ports: &[],
    probe,
    parser: || Box::new(ClearStart::new("pop3")),
    tables: &[],
};

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Tcp || !probe.from_start {
        return Verdict::No;
    }
    let bytes = probe.bytes;
    let is_command = begins(bytes, b"CAPA\r\n") || begins(bytes, b"STLS\r\n");
    if is_command || begins(bytes, b"+OK ") {
        Verdict::Yes
    } else if begins(bytes, b"+OK\r\n") {
        // Redis answers so too: the client's first command tells
        if probe.has_port(PORT) { Verdict::Yes } else { Verdict::Maybe }
    } else {
        Verdict::No
    }
}
