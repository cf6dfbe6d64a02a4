//! FTP (RFC 959): its control connection, until it turns to TLS (RFC 4217), and the data connections that it speaks of.

mod content;
mod control;

use super::starttls::{begins, contains};
use super::{Carrier, Probe, Protocol, Verdict};

/// FTP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "ftp",
    // control connection
    tcp_ports: &[21],
    udp_ports: &[],
    probe,
    parser: || Box::new(control::Control::default()),
    tables: &[],
};

/// Its data connections, which only the control connection tells.
pub const DATA: Protocol = Protocol {
    name: "ftp-data",
    tcp_ports: &[],
    udp_ports: &[],
    probe: |_| Verdict::No,
    parser: || Box::new(content::DataConnection::default()),
    tables: &[],
};

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Tcp || !probe.from_start {
        return Verdict::No;
    }
    let bytes = probe.bytes;
    let is_greeting = begins(bytes, b"220 ") || begins(bytes, b"220-");
    let is_command = [&b"AUTH TLS\r\n"[..], b"AUTH SSL\r\n", b"FEAT\r\n"].iter().any(|line| begins(bytes, line));
    if is_command || (is_greeting && contains(bytes, b"FTP")) || (begins(bytes, b"USER ") && probe.has_port(21)) {
        Verdict::Yes
    } else if is_greeting && !contains(bytes, b"SMTP") {
        Verdict::Maybe
    } else {
        Verdict::No
    }
}
