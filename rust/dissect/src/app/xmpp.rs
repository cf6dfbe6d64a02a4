//! XMPP (RFC 6120), until it turns to TLS.

use super::starttls::{ClearStart, begins, contains};
use super::{Carrier, Probe, Protocol, Verdict};

/// XMPP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "xmpp",
    // client to server, server to server
    tcp_ports: &[5222, 5269],
    udp_ports: &[],
    probe,
    parser: || Box::new(ClearStart::new("xmpp")),
    tables: &[],
};

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Tcp {
        return Verdict::No;
    }
    let bytes = probe.bytes;
    // RFC 6120 8: the three stanzas, for connections whose start was not captured
    let is_stanza = [&b"<iq "[..], b"<message ", b"<presence "].iter().any(|name| bytes.starts_with(name));
    if is_stanza && (contains(bytes, b" to=") || contains(bytes, b" from=")) {
        return Verdict::Yes;
    }
    if !probe.from_start {
        return Verdict::No;
    }
    if bytes.starts_with(b"<") && contains(bytes, b"http://etherx.jabber.org/streams") {
        Verdict::Yes
    } else if begins(bytes, b"<?xml") || begins(bytes, b"<stream:stream") {
        Verdict::Maybe
    } else {
        Verdict::No
    }
}
