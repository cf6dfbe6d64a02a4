//! FTP (RFC 959): its control connection, until it turns to TLS (RFC 4217), and the data connections that it speaks of.

mod content;
mod control;

use super::starttls::{begins, contains};
use super::{Carrier, Probe, Protocol, Verdict};

/// FTP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "ftp",
    // control connection
    tcp_ports: &[CONTROL],
    udp_ports: &[],
    probe,
    parser: || Box::new(control::Control::default()),
    tables: &[],
};

/// RFC 959 8.
const CONTROL: u16 = 21;
/// Commands that tell where a file goes (RFC 959 4.1, RFC 2428), and which.
const COMMANDS: [&[u8]; 8] = [b"PASV", b"EPSV", b"PORT ", b"EPRT ", b"RETR ", b"STOR ", b"TYPE ", b"SIZE "];

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
    if probe.carrier != Carrier::Tcp {
        return Verdict::No;
    }
    let bytes = probe.bytes;
    if !probe.from_start {
        // open before the capture: a command that begins or announces a transfer
        let is_known = probe.has_port(CONTROL) && COMMANDS.iter().any(|word| begins(bytes, word)) && bytes.ends_with(b"\r\n");
        return if is_known { Verdict::Yes } else { Verdict::No };
    }
    let is_greeting = begins(bytes, b"220 ") || begins(bytes, b"220-");
    let is_command = [&b"AUTH TLS\r\n"[..], b"AUTH SSL\r\n", b"FEAT\r\n"].iter().any(|line| begins(bytes, line));
    if is_command || (is_greeting && contains(bytes, b"FTP")) || (begins(bytes, b"USER ") && probe.has_port(CONTROL)) {
        Verdict::Yes
    } else if is_greeting && !contains(bytes, b"SMTP") {
        Verdict::Maybe
    } else {
        Verdict::No
    }
}
