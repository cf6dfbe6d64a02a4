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
    // a resolver may ask a name server from any port, this one too
    if probe.carrier == Carrier::Udp && probe.has_port(PORT) && !probe.has_port(NAME_SERVER) { dns::looks_like(probe.bytes, true) } else { Verdict::No }
}
