//! SSDP (UPnP Device Architecture 1.1 and 2.0, section 1): searching, announcing and answering over UDP.

use super::http::head::{Head, Start};
use super::{Carrier, Context, Parser, Probe, Protocol, Verdict};
use crate::record;
use crate::tables::{Record, Texts};
use crate::weird::Weird;

record! {
    /// An SSDP message.
    pub struct Ssdp in "ssdp" at {
        /// search (M-SEARCH), notify (an announcement) or response (to a search)
        kind: &'static str,
        /// What is searched (ST) or announced (NT)
        search_target: Option<String>,
        /// Unique name of the service
        usn: Option<String>,
        /// URL of the device's description
        location: Option<String>,
        /// What the announcer says it is
        server: Option<String>,
        /// What the searcher says it is
        user_agent: Option<String>,
        /// Kind of announcement: ssdp:alive, ssdp:byebye, ssdp:update
        nts: Option<String>,
        /// Longest delay of an answer that the searcher waits for, seconds
        mx_s: Option<u64>,
        /// Time that the announcement holds, seconds (Cache-Control)
        max_age_s: Option<u64>,
        /// Status of a response
        status: Option<u16>,
        /// All fields as `Name: value`, in order
        headers: Texts,
    }
}

/// SSDP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "ssdp",
    tcp_ports: &[],
    udp_ports: &[PORT],
    probe,
    parser: || Box::new(SsdpParser),
    tables: &[Ssdp::SPEC],
};

/// UPnP Device Architecture 1.1, 1.2.2.
const PORT: u16 = 1900;

fn probe(probe: &Probe<'_>) -> Verdict {
    // a look at the first bytes, since every datagram of an unknown flow comes here
    let could_be = [b"M-SEARCH ".as_slice(), b"NOTIFY * ", b"HTTP/1."].iter().any(|start| probe.bytes.starts_with(start));
    if probe.carrier != Carrier::Udp || !could_be {
        return Verdict::No;
    }
    match Head::parse(probe.bytes).as_ref().and_then(|head| Some((kind(head)?, head))) {
        // the answer to a search goes to the searcher's port, often from another than 1900
        Some(("response", head)) if !probe.has_port(PORT) && (head.get("st").is_none() || head.get("usn").is_none()) => Verdict::No,
        Some(_) => Verdict::Yes,
        None => Verdict::No,
    }
}

fn kind(head: &Head) -> Option<&'static str> {
    match &head.start {
        Start::Request(method, ..) if method == "M-SEARCH" => Some("search"),
        Start::Request(method, ..) if method == "NOTIFY" => Some("notify"),
        Start::Request(..) => None,
        Start::Response(..) => Some("response"),
    }
}

struct SsdpParser;

impl Parser for SsdpParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        let Some((kind, head)) = Head::parse(bytes).and_then(|head| Some((kind(&head)?, head))) else {
            return ctx.weird(Weird::BadMessage, None);
        };
        if head.has_bad_line && !ctx.is_cut {
            ctx.weird(Weird::BadMessage, Some("header field".to_owned()));
        }
        ctx.emit(&Ssdp {
            at: ctx.at,
            kind,
            search_target: head.text(if kind == "notify" { "nt" } else { "st" }),
            usn: head.text("usn"),
            location: head.text("location"),
            server: head.text("server"),
            user_agent: head.text("user-agent"),
            nts: head.text("nts"),
            mx_s: head.get("mx").and_then(|value| value.parse().ok()),
            max_age_s: head.get("cache-control").and_then(max_age),
            status: if let Start::Response(_, status, _) = head.start { Some(status) } else { None },
            headers: head.lines(),
        });
    }
}

/// Seconds of `max-age = N` (RFC 9111 5.2; spaces are common in UPnP).
fn max_age(value: &str) -> Option<u64> {
    value.split(',').find_map(|part| {
        let (name, number) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("max-age").then(|| number.trim().parse().ok())?
    })
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::PROTOCOL;
    use crate::app::testing::{at, datagrams};
    use crate::app::{Carrier, Probe, Verdict};
    use proptest::prelude::*;

    const SEARCH: &[u8] = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: ssdp:all\r\n\r\n";
    const NOTIFY: &[u8] = b"NOTIFY * HTTP/1.1\r\nCACHE-CONTROL: max-age = 1800\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\nUSN: uuid:1::upnp:rootdevice\r\n\r\n";
    const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:1\r\nLOCATION: http://10.0.0.9:49152/d.xml\r\n\r\n";

    fn probed(bytes: &[u8]) -> Verdict {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(50000, 50001), bytes, from_start: true, before: None })
    }

    #[test]
    fn searches_announcements_and_answers_are_told_apart() {
        let rows = datagrams(&PROTOCOL, &[SEARCH, NOTIFY, RESPONSE]);
        let kinds: Vec<_> = rows.iter().map(|row| row.1["kind"].as_str()).collect();
        assert_eq!(kinds, ["search", "notify", "response"]);
        assert_eq!(rows[0].1["search_target"], "ssdp:all");
        assert_eq!(rows[0].1["mx_s"], "2");
        assert_eq!(rows[1].1["search_target"], "upnp:rootdevice");
        assert_eq!(rows[1].1["max_age_s"], "1800");
        assert_eq!(rows[2].1["location"], "http://10.0.0.9:49152/d.xml");
    }

    #[test]
    fn it_is_recognised_on_any_port_by_content() {
        assert!([SEARCH, NOTIFY, RESPONSE].iter().all(|bytes| probed(bytes) == Verdict::Yes));
        assert_eq!(probed(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"), Verdict::No);
        assert_eq!(probed(b"NOTIFY sip:a@b SIP/2.0\r\n\r\n"), Verdict::No);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), place in 0usize..140, byte in any::<u8>()) {
            let _ = probed(&bytes);
            datagrams(&PROTOCOL, &[&bytes]);
            let mut changed = RESPONSE.to_vec();
            if let Some(old) = changed.get_mut(place) { *old = byte; }
            let _ = probed(&changed);
            datagrams(&PROTOCOL, &[&changed, &changed[..place.min(changed.len())]]);
        }
    }
}
