//! SNMP versions 1, 2c and 3 (RFC 1157, RFC 3416, RFC 3412).

use super::{Carrier, Context, Parser, Probe, Protocol, Verdict, text};
use crate::packet::Cursor;
use crate::record;
use crate::tables::Record;
use crate::weird::Weird;

record! {
    /// An SNMP message.
    pub struct Snmp in "snmp" at {
        /// 1, 2c or 3
        version: &'static str,
        /// Community of versions 1 and 2c: a password that is sent in clear
        community: Option<String>,
        /// get, get-next, response, set, trap, get-bulk, inform, trap2 or report; null where it is encrypted
        pdu: Option<&'static str>,
    }
}

/// SNMP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "snmp",
    tcp_ports: &[],
    udp_ports: &[161, 162],
    probe,
    parser: || Box::new(SnmpParser),
    tables: &[Snmp::SPEC],
};

/// Tags of BER (ITU-T X.690 8).
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;

/// One value of BER: its tag, and what was captured of its content.
fn value<'a>(cursor: &mut Cursor<'a>) -> Option<(u8, usize, &'a [u8])> {
    let (tag, first) = (cursor.u8()?, cursor.u8()?);
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let count = usize::from(first & 0x7f);
        if !(1..=4).contains(&count) {
            return None;
        }
        cursor.take(count)?.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let content = cursor.take(length.min(cursor.remaining()))?;
    Some((tag, length, content))
}

/// A value of this tag that was captured whole.
fn whole<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Option<&'a [u8]> {
    value(cursor).filter(|(found, length, content)| *found == tag && *length == content.len()).map(|(_, _, content)| content)
}

/// Version, community and operation.
type Message<'a> = (&'static str, Option<&'a [u8]>, Option<&'static str>);

/// Reads a message; `None` where it is no message, `Some` also of one that is cut.
fn parse(bytes: &[u8]) -> Option<Message<'_>> {
    let (SEQUENCE, _, content) = value(&mut Cursor::new(bytes))? else { return None };
    let mut body = Cursor::new(content);
    match whole(&mut body, INTEGER)? {
        [version @ 0..=1] => {
            let community = whole(&mut body, OCTETS)?;
            let pdu = name(value(&mut body)?.0)?;
            Some((if *version == 0 { "1" } else { "2c" }, Some(community), Some(pdu)))
        }
        [3] => {
            // id, largest size, flags, security model (RFC 3412 6)
            let mut header = Cursor::new(whole(&mut body, SEQUENCE)?);
            let (_id, _size) = (whole(&mut header, INTEGER)?, whole(&mut header, INTEGER)?);
            let ([flags], [_model]) = (whole(&mut header, OCTETS)?, whole(&mut header, INTEGER)?) else { return None };
            let _security = whole(&mut body, OCTETS)?;
            let is_encrypted = flags & 2 != 0;
            let pdu = value(&mut body).filter(|_| !is_encrypted).and_then(|(_, _, scoped)| {
                let mut scoped = Cursor::new(scoped);
                let (_engine, _context) = (whole(&mut scoped, OCTETS)?, whole(&mut scoped, OCTETS)?);
                name(value(&mut scoped)?.0)
            });
            Some(("3", None, pdu))
        }
        _ => None,
    }
}

fn name(tag: u8) -> Option<&'static str> {
    let names = ["get", "get-next", "response", "set", "trap", "get-bulk", "inform", "trap2", "report"];
    names.get(usize::from(tag.checked_sub(0xa0)?)).copied()
}

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier == Carrier::Udp && probe.bytes.first() == Some(&SEQUENCE) && parse(probe.bytes).is_some() {
        Verdict::Yes
    } else {
        Verdict::No
    }
}

struct SnmpParser;

impl Parser for SnmpParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        match parse(bytes) {
            Some((version, community, pdu)) => {
                ctx.emit(&Snmp { at: ctx.at, version, community: community.map(text::lossy), pdu });
                // names, places and serial numbers stand among its values
                if pdu.is_some() {
                    ctx.payload(None, 0, bytes);
                }
            }
            None if ctx.is_cut => {}
            None => ctx.weird(Weird::BadMessage, None),
        }
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, datagrams, hex};
    use proptest::prelude::*;

    const GET: &str = "30 1a  02 01 01  04 06 7075626c6963        # version 2c, community `public`
        a0 0d 02 01 05 02 01 00 02 01 00 30 02 3000                # get";

    fn probed(bytes: &[u8]) -> Verdict {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(1, 2), bytes, from_start: true, before: None })
    }

    #[test]
    fn a_request_tells_its_community() {
        let row = &datagrams(&PROTOCOL, &[&hex(GET)])[0].1;
        assert_eq!([&row["version"], &row["community"], &row["pdu"]], ["2c", "public", "get"]);
        assert_eq!([probed(&hex(GET)), probed(&hex("30 03 02 01 01")), probed(&hex("30 0c 02 01 01 60 07 02 01 03"))], [Verdict::Yes, Verdict::No, Verdict::No]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40), place in 0usize..28, byte in any::<u8>()) {
            let mut changed = hex(GET);
            if let Some(old) = changed.get_mut(place) { *old = byte; }
            let _ = (probed(&bytes), probed(&changed));
            datagrams(&PROTOCOL, &[&bytes, &changed]);
        }
    }
}
