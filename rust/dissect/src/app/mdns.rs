//! Multicast DNS (RFC 6762): DNS messages on UDP port 5353.

use super::dns::message::NAME_SERVER;
use super::dns::{self, DnsParser};
use super::{Carrier, Probe, Protocol, Verdict};

/// RFC 6762 3.
const PORT: u16 = 5353;

/// Multicast DNS as a protocol; its records stand in the tables of DNS.
pub const PROTOCOL: Protocol = Protocol {
    name: "mdns",
    tcp_ports: &[],
    udp_ports: &[PORT],
    probe,
    parser: || Box::new(DnsParser::new("mdns")),
    tables: &[],
};

fn probe(probe: &Probe<'_>) -> Verdict {
    is_at(PORT, probe)
}

/// Whether a datagram is a message of neighbours at a port, which LLMNR has too. A resolver may ask a name server from any port, from
/// these as well.
pub(super) fn is_at(port: u16, probe: &Probe<'_>) -> Verdict {
    let is_near = probe.carrier == Carrier::Udp && probe.has_port(port) && !probe.has_port(NAME_SERVER);
    if is_near { dns::looks_like(probe.bytes, true) } else { Verdict::No }
}
