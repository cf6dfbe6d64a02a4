//! LLMNR (RFC 4795): DNS messages on port 5355.

use super::dns::DnsParser;
use super::mdns::is_at;
use super::{Probe, Protocol, Verdict};

/// RFC 4795 2.
const PORT: u16 = 5355;

/// LLMNR as a protocol; its records stand in the tables of DNS.
pub const PROTOCOL: Protocol = Protocol {
    name: "llmnr",
    tcp_ports: &[PORT],
    udp_ports: &[PORT],
    probe,
    parser: || Box::new(DnsParser::new("llmnr")),
    tables: &[],
};

fn probe(probe: &Probe<'_>) -> Verdict {
    is_at(PORT, probe)
}
