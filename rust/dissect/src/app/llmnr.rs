//! LLMNR (RFC 4795): DNS messages on port 5355.

use super::dns::message::NAME_SERVER;
use super::dns::{self, DnsParser};
use super::{Carrier, Probe, Protocol, Verdict};

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
    // a resolver may ask a name server from any port, this one too
    if probe.carrier == Carrier::Udp && probe.has_port(PORT) && !probe.has_port(NAME_SERVER) { dns::looks_like(probe.bytes, true) } else { Verdict::No }
}
