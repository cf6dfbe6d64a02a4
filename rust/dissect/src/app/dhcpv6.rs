//! DHCPv6 (RFC 8415).

use super::dhcp_option;
use super::{Carrier, Context, Parser, Probe, Protocol, Verdict, text};
use crate::packet::Cursor;
use crate::record;
use crate::tables::Record;
use crate::weird::Weird;
use std::net::{IpAddr, Ipv6Addr};

record! {
    /// A DHCPv6 message; of one that a relay forwards, what is inside.
    pub struct Dhcpv6 in "dhcpv6" at {
        /// Type: 1 solicit, 2 advertise, 3 request, 5 renew, 7 reply, 8 release, 11 information request ...
        message_type: u8,
        /// Transaction id
        transaction_id: u32,
        /// Relays forwarded it
        is_relayed: bool,
        /// Client's DUID, in hexadecimal digits: lasts over reinstallation, often holds a MAC
        client_duid: Option<String>,
        /// Server's DUID, in hexadecimal digits
        server_duid: Option<String>,
        /// First address that is asked for or given
        address: Option<IpAddr>,
        /// Name that the client tells (option 39)
        fqdn: Option<String>,
        /// Kind of client that it says it is (option 16)
        vendor_class: Option<String>,
        /// IANA number of the enterprise that defines the vendor class
        enterprise: Option<u32>,
        /// Options that the client asks for
        requested_options: Option<Vec<u16>>,
        /// Numbers of all options, in order
        options: Vec<u16>,
    }
}

/// DHCPv6 as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "dhcpv6",
    tcp_ports: &[],
    udp_ports: &[546, 547],
    probe,
    parser: || Box::new(Dhcpv6Parser),
    tables: &[Dhcpv6::SPEC],
};

/// Relays that one message may pass (RFC 8415 7.6, HOP_COUNT_LIMIT).
const MAX_RELAYS: usize = 8;
/// The option that holds what a relay passes on (RFC 8415 21.10).
const RELAYED: u16 = 9;
/// Options of one message.
const MAX_OPTIONS: usize = 256;

/// Options in order; `None` where the last one is cut.
fn options(bytes: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let (mut cursor, mut all) = (Cursor::new(bytes), Vec::new());
    while cursor.remaining() > 0 && all.len() < MAX_OPTIONS {
        let (kind, length) = (cursor.u16()?, cursor.u16()?);
        all.push((kind, cursor.take(usize::from(length))?));
    }
    Some(all)
}

/// A message without its relays' heads.
struct Message<'a> {
    kind: u8,
    transaction_id: u32,
    options: Vec<(u16, &'a [u8])>,
    /// options that relays added, those of the one nearest to the server first
    relays: Vec<Vec<(u16, &'a [u8])>>,
}

fn parse(mut bytes: &[u8]) -> Option<Message<'_>> {
    let mut relays = Vec::new();
    while relays.len() <= MAX_RELAYS {
        let mut cursor = Cursor::new(bytes);
        match cursor.u8()? {
            // hop count, link and peer address; the message is in an option
            12 | 13 => {
                cursor.skip(33)?;
                let (message, added): (Vec<_>, Vec<_>) =
                    options(cursor.rest())?.into_iter().partition(|(kind, _)| *kind == RELAYED);
                bytes = message.first()?.1;
                relays.push(added);
            }
            kind @ 1..=36 => {
                return Some(Message { kind, transaction_id: cursor.u24()?, options: options(cursor.rest())?, relays });
            }
            _ => return None,
        }
    }
    None
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let is_its = probe.carrier == Carrier::Udp && (probe.has_port(546) || probe.has_port(547));
    if is_its && parse(probe.bytes).is_some_and(|message| !message.options.is_empty()) { Verdict::Yes } else { Verdict::No }
}

struct Dhcpv6Parser;

impl Parser for Dhcpv6Parser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        let Some(Message { kind: message_type, transaction_id, options, relays }) = parse(bytes) else {
            if !ctx.is_cut {
                ctx.weird(Weird::BadMessage, None);
            }
            return;
        };
        let get = |number: u16| options.iter().find(|(kind, _)| *kind == number).map(|(_, value)| *value);
        let class = get(16);
        ctx.emit(&Dhcpv6 {
            at: ctx.at,
            message_type,
            transaction_id,
            is_relayed: !relays.is_empty(),
            client_duid: get(1).map(text::hex),
            server_duid: get(2).map(text::hex),
            address: get(3).and_then(|value| address(value, 12)).or_else(|| get(4).and_then(|value| address(value, 4))),
            fqdn: get(39).and_then(|value| labels(value.get(1..)?)),
            vendor_class: class.and_then(|value| text::padded(value.get(6..)?)),
            enterprise: class.and_then(|value| Cursor::new(value).u32()),
            requested_options: get(6).map(|value| {
                value.chunks_exact(2).filter_map(|pair| Some(u16::from_be_bytes(*pair.first_chunk::<2>()?))).collect()
            }),
            options: options.iter().map(|(kind, _)| *kind).collect(),
        });
        for (kind, content) in options {
            dhcp_option::keep(ctx, kind, None, content);
        }
        for (relay, added) in (1..).zip(relays) {
            for (kind, content) in added {
                dhcp_option::keep(ctx, kind, Some(relay), content);
            }
        }
    }
}

/// The first address inside an association, behind its head (RFC 8415 21.4 to 21.6).
fn address(association: &[u8], head_bytes: usize) -> Option<IpAddr> {
    let inner = options(association.get(head_bytes..)?)?;
    let value = inner.into_iter().find(|(kind, _)| *kind == 5)?.1;
    value.first_chunk::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(*octets)))
}

/// A name in labels without compression (RFC 4704 4.2).
fn labels(bytes: &[u8]) -> Option<String> {
    let (mut cursor, mut parts) = (Cursor::new(bytes), Vec::new());
    while let Some(length @ 1..=63) = cursor.u8() {
        parts.push(text::lossy(cursor.take(usize::from(length))?));
    }
    (!parts.is_empty()).then(|| parts.join("."))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, datagrams, hex};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const SOLICIT: &str = "01 abcdef                                  # solicit, transaction
        0001 000a 0003 0001 020000000009                                   # client: DUID of a MAC
        0003 0028 00000001 00000000 00000000 0005 0018 20010db8000000000000000000000001 00000000 00000000
        0010 0009 0000000a 0003 616263                                     # vendor class `abc` of enterprise 10
        0027 0005 00 03 63616d                                             # name: cam
        0006 0004 0017 0018";

    /// Rows of a table that a message gives.
    fn of(table: &str, message: &str) -> Vec<BTreeMap<&'static str, String>> {
        datagrams(&PROTOCOL, &[&hex(message)]).into_iter().filter(|row| row.0 == table).map(|row| row.1).collect()
    }

    #[test]
    fn a_solicitation_tells_who_asks() {
        let row = &of("dhcpv6", SOLICIT)[0];
        assert_eq!([&row["message_type"], &row["client_duid"], &row["address"]], ["1", "00030001020000000009", "2001:db8::1"]);
        assert_eq!([&row["vendor_class"], &row["enterprise"], &row["fqdn"], &row["requested_options"]], ["abc", "10", "cam", "23 24"]);
    }

    #[test]
    fn options_are_kept_as_they_came_also_those_that_relays_add() {
        let relayed = format!(
            "0c 00 20010db8000000000000000000000002 fe800000000000000000000000000001  # forwarded: link, peer
             0025 0006 00000009 5341                                               # remote id
             0009 {:04x} {SOLICIT}",
            hex(SOLICIT).len()
        );
        assert_eq!(of("dhcpv6", &relayed)[0]["is_relayed"], "true");
        let options = of("dhcp_options", &relayed);
        let told = |name| options.iter().map(|row| row.get(name).map_or("", String::as_str)).collect::<Vec<_>>();
        assert_eq!(told("code"), ["1", "3", "16", "39", "6", "37"]);
        assert_eq!(told("relay"), ["", "", "", "", "", "1"]);
        assert_eq!([told("content")[2], told("content")[5]], ["\0\0\0\n\0\u{3}abc", "\0\0\0\tSA"]);
    }

    #[test]
    fn only_its_ports_are_believed() {
        let probed = |port, bytes: &[u8]| (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(9, port), bytes, from_start: true, before: None });
        assert_eq!([probed(547, &hex(SOLICIT)), probed(548, &hex(SOLICIT)), probed(547, &hex(SOLICIT)[..30])], [Verdict::Yes, Verdict::No, Verdict::No]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), place in 0usize..100, byte in any::<u8>()) {
            let mut changed = hex(SOLICIT);
            if let Some(old) = changed.get_mut(place) { *old = byte; }
            datagrams(&PROTOCOL, &[&bytes, &changed]);
        }
    }
}
