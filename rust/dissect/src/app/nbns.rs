//! NetBIOS name service (RFC 1002 4.2): DNS's frame with encoded names.

use super::{Carrier, Context, Parser, Probe, Protocol, Verdict, text};
use crate::packet::{Cursor, Mac};
use crate::record;
use crate::tables::Record;
use crate::weird::Weird;
use std::net::{IpAddr, Ipv4Addr};

record! {
    /// A message of the NetBIOS name service.
    pub struct Nbns in "nbns" at {
        /// Transaction id
        transaction_id: u16,
        /// False for a request, true for a response
        is_response: bool,
        /// Operation: 0 query, 5 registration, 6 release, 7 wait, 8 refresh
        opcode: u8,
        /// Result of a response; 0 no error
        rcode: Option<u8>,
        /// Name that is asked for or claimed
        name: Option<String>,
        /// Last byte of that name: what it is the name of (0x00 workstation, 0x20 file server, 0x1b domain master)
        suffix: Option<u8>,
        /// 32 name, 33 status of a node
        query_type: Option<u16>,
        /// First address that belongs to the name
        address: Option<IpAddr>,
        /// Names that a node has, in a status response
        names: Vec<String>,
        /// MAC that a node tells in a status response
        node_mac: Option<Mac>,
    }
}

/// NetBIOS name service as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "nbns",
    tcp_ports: &[],
    udp_ports: &[137],
    probe,
    parser: || Box::new(NbnsParser),
    tables: &[Nbns::SPEC],
};

/// Bytes of an encoded name: 16 in two letters each (RFC 1001 14.1).
const ENCODED_BYTES: usize = 32;
/// Types (RFC 1002 4.2.1.3).
const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;

struct Message {
    id: u16,
    flags: u16,
    name: Option<(String, u8)>,
    kind: Option<u16>,
    address: Option<IpAddr>,
    names: Vec<String>,
    mac: Option<Mac>,
}

/// A name; a pointer stands for the one of the question, and is none here.
fn name(cursor: &mut Cursor<'_>) -> Option<Option<(String, u8)>> {
    let length = usize::from(cursor.u8()?);
    if length & 0xc0 == 0xc0 {
        cursor.u8()?;
        return Some(None);
    }
    if length != ENCODED_BYTES {
        return None;
    }
    let mut octets = Vec::with_capacity(16);
    for pair in cursor.take(ENCODED_BYTES)?.chunks_exact(2) {
        let [high, low] = pair else { return None };
        if !(b'A'..=b'P').contains(high) || !(b'A'..=b'P').contains(low) {
            return None;
        }
        octets.push(high.wrapping_sub(b'A') << 4 | low.wrapping_sub(b'A'));
    }
    // the scope, labels as in DNS
    while let Some(label @ 1..=63) = cursor.u8() {
        cursor.skip(usize::from(label))?;
    }
    let (suffix, padded) = octets.split_last()?;
    Some(Some((text::padded(padded).unwrap_or_default(), *suffix)))
}

fn parse(bytes: &[u8]) -> Option<Message> {
    let mut cursor = Cursor::new(bytes);
    let (id, flags) = (cursor.u16()?, cursor.u16()?);
    let [questions, answers, authorities, additionals] = [cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?];
    // RFC 1002 4.2: one name a message, asked or answered
    if questions > 1 || answers > 1 || authorities > 1 || additionals > 1 || (questions == 0 && answers == 0) {
        return None;
    }
    let mut message = Message { id, flags, name: None, kind: None, address: None, names: Vec::new(), mac: None };
    if questions == 1 {
        message.name = name(&mut cursor)?;
        let (kind, class) = (cursor.u16()?, cursor.u16()?);
        if !matches!(kind, NB | NBSTAT) || class & 0x7fff != 1 {
            return None;
        }
        message.kind = Some(kind);
    }
    message.resource(&mut cursor);
    (message.name.is_some()).then_some(message)
}

impl Message {
    fn resource(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let owner = name(cursor)?;
        self.name = self.name.take().or(owner);
        let (kind, _class, _ttl, length) = (cursor.u16()?, cursor.u16()?, cursor.u32()?, cursor.u16()?);
        self.kind = self.kind.or(Some(kind));
        let mut body = Cursor::new(cursor.take(usize::from(length))?);
        if kind == NB {
            let _flags = body.u16()?;
            self.address = body.array::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
        } else if kind == NBSTAT {
            for _ in 0..body.u8()? {
                let own = body.take(16)?;
                self.names.extend(text::padded(own.get(..15).unwrap_or(own)));
                body.u16()?;
            }
            self.mac = body.mac();
        }
        Some(())
    }
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let is_nbns = probe.carrier == Carrier::Udp
        // the first byte of the first name
        && probe.bytes.get(12) == Some(&0x20)
        && parse(probe.bytes).is_some();
    if is_nbns { Verdict::Yes } else { Verdict::No }
}

struct NbnsParser;

impl Parser for NbnsParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        let Some(message) = parse(bytes) else {
            if !ctx.is_cut {
                ctx.weird(Weird::BadMessage, None);
            }
            return;
        };
        let is_response = message.flags & 0x8000 != 0;
        let rcode = u8::try_from(message.flags & 15).ok();
        let (name, suffix) = message.name.map_or((None, None), |(name, suffix)| (Some(name), Some(suffix)));
        ctx.emit(&Nbns {
            at: ctx.at,
            transaction_id: message.id,
            is_response,
            opcode: u8::try_from(message.flags >> 11 & 15).unwrap_or(0),
            rcode: rcode.filter(|_| is_response),
            name,
            suffix,
            query_type: message.kind,
            address: message.address,
            names: message.names,
            node_mac: message.mac,
        });
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, datagrams, hex};
    use proptest::prelude::*;

    const REGISTRATION: &str = "8a2b 2910 0001 0000 0000 0001      # id; registration, broadcast; a question, an additional record
        20 4544 4542 454e 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 4141 00   # CAM, then spaces; workstation
        0020 0001
        c00c 0020 0001 000493e0 0006 0000 c0a80109                      # the same name, 300,000 s, 192.168.1.9";

    fn probed(bytes: &[u8], port: u16) -> Verdict {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(40000, port), bytes, from_start: true, before: None })
    }

    #[test]
    fn a_registration_tells_name_and_address() {
        let row = &datagrams(&PROTOCOL, &[&hex(REGISTRATION)])[0].1;
        assert_eq!([&row["opcode"], &row["suffix"], &row["query_type"], &row["address"]], ["5", "0", "32", "192.168.1.9"]);
        assert_eq!(row["name"], "CAM");
        assert!(!row.contains_key("rcode"));
    }

    #[test]
    fn it_is_told_by_its_names_on_any_port() {
        assert_eq!(probed(&hex(REGISTRATION), 9), Verdict::Yes);
        let dns = hex("0001 0100 0001 0000 0000 0000 03 777777 00 0001 0001");
        assert_eq!(probed(&dns, 137), Verdict::No);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..90), place in 0usize..70, byte in any::<u8>()) {
            let _ = probed(&bytes, 137);
            let mut changed = hex(REGISTRATION);
            if let Some(old) = changed.get_mut(place) { *old = byte; }
            datagrams(&PROTOCOL, &[&bytes, &changed]);
        }
    }
}
