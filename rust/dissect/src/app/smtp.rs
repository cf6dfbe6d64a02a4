//! SMTP (RFC 5321), until it turns to TLS (RFC 3207).

use super::starttls::{ClearStart, begins, contains};
use super::{Carrier, Probe, Protocol, Verdict};

/// SMTP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "smtp",
    // mail transfer, submission
    tcp_ports: &[25, 587],
    udp_ports: &[],
    probe,
    parser: || Box::new(ClearStart::new("smtp")),
    tables: &[],
};

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Tcp || !probe.from_start {
        return Verdict::No;
    }
    let bytes = probe.bytes;
    let is_greeting = begins(bytes, b"220 ") || begins(bytes, b"220-");
    if begins(bytes, b"EHLO ") || begins(bytes, b"HELO ") || (is_greeting && contains(bytes, b"SMTP")) {
        Verdict::Yes
    } else if is_greeting && !contains(bytes, b"FTP") {
        // the client's first line tells it from FTP
        Verdict::Maybe
    } else {
        Verdict::No
    }
}
