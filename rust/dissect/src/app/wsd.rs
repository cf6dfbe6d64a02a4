//! WS-Discovery (OASIS WS-Discovery 1.1; the drafts of 2005): SOAP over UDP by which cameras and printers find each other.

use super::{Carrier, Context, Parser, Probe, Protocol, Verdict, starttls::contains, xml};
use crate::record;
use crate::tables::Record;
use crate::weird::Weird;

record! {
    /// A WS-Discovery message.
    pub struct Wsd in "wsd" at {
        /// Last part of its action: Probe, ProbeMatches, Hello, Bye, Resolve, ResolveMatches
        kind: Option<String>,
        /// Id of the message
        message_id: Option<String>,
        /// Id of the message that is answered
        relates_to: Option<String>,
        /// Lasting name of the device
        endpoint: Option<String>,
        /// What it is or what is looked for, names with their prefix
        types: Option<String>,
        /// Further properties (ONVIF: name, hardware, location)
        scopes: Option<String>,
        /// URLs at which it can be reached
        addresses: Option<String>,
    }
}

/// WS-Discovery as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "wsd",
    tcp_ports: &[],
    udp_ports: &[3702],
    probe,
    parser: || Box::new(WsdParser),
    tables: &[Wsd::SPEC],
};

/// Names of the protocol: OASIS 1.1, drafts of October 2004 and April 2005.
const NAMESPACES: [&[u8]; 3] = [
    b"docs.oasis-open.org/ws-dd/ns/discovery",
    b"schemas.xmlsoap.org/ws/2005/04/discovery",
    b"schemas.xmlsoap.org/ws/2004/10/discovery",
];

fn is_message(bytes: &[u8]) -> bool {
    NAMESPACES.iter().any(|namespace| contains(bytes, namespace))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let begins = probe.carrier == Carrier::Udp && matches!(probe.bytes.trim_ascii_start(), [b'<', ..] | [0xef, 0xbb, 0xbf, b'<', ..]);
    if begins && is_message(probe.bytes) { Verdict::Yes } else { Verdict::No }
}

struct WsdParser;

impl Parser for WsdParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        if !is_message(bytes) {
            return ctx.weird(Weird::BadMessage, None);
        }
        let endpoint = xml::inside(bytes, "Body").and_then(|body| xml::element(body, "Address"));
        let action = xml::element(bytes, "Action");
        ctx.emit(&Wsd {
            at: ctx.at,
            kind: action.and_then(|action| action.rsplit('/').next().map(str::to_owned)),
            message_id: xml::element(bytes, "MessageID"),
            relates_to: xml::element(bytes, "RelatesTo"),
            endpoint,
            types: xml::element(bytes, "Types"),
            scopes: xml::element(bytes, "Scopes"),
            addresses: xml::element(bytes, "XAddrs"),
        });
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::PROTOCOL;
    use crate::app::testing::{at, datagrams};
    use crate::app::{Carrier, Probe, Verdict};
    use proptest::prelude::*;

    const MATCHES: &[u8] = b"<?xml version=\"1.0\"?><s:Envelope xmlns:d='http://schemas.xmlsoap.org/ws/2005/04/discovery'><s:Header>
        <a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action><a:MessageID>uuid:2</a:MessageID><a:RelatesTo>uuid:1</a:RelatesTo>
        <a:ReplyTo><a:Address>anonymous</a:Address></a:ReplyTo></s:Header><s:Body><d:ProbeMatch>
        <a:EndpointReference><a:Address>urn:uuid:9</a:Address></a:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>
        <d:XAddrs>http://10.0.0.9/onvif</d:XAddrs></d:ProbeMatch></s:Body></s:Envelope>";

    #[test]
    fn an_answer_tells_what_and_where() {
        let row = &datagrams(&PROTOCOL, &[MATCHES])[0].1;
        assert_eq!([&row["kind"], &row["relates_to"], &row["endpoint"]], ["ProbeMatches", "uuid:1", "urn:uuid:9"]);
        assert_eq!([&row["types"], &row["addresses"]], ["dn:NetworkVideoTransmitter", "http://10.0.0.9/onvif"]);
    }

    #[test]
    fn other_xml_is_not_claimed() {
        let probed = |bytes: &[u8]| (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(1, 2), bytes, from_start: true, before: None });
        assert_eq!([probed(MATCHES), probed(b"<?xml version=\"1.0\"?><Probe/>")], [Verdict::Yes, Verdict::No]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(place in 0usize..700, byte in any::<u8>()) {
            let mut changed = MATCHES.to_vec();
            if let Some(old) = changed.get_mut(place) { *old = byte; }
            datagrams(&PROTOCOL, &[&changed, &MATCHES[..place.min(MATCHES.len())]]);
        }
    }
}
