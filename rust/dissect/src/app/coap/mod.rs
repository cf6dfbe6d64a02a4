//! CoAP (RFC 7252) over UDP, with block-wise transfer (RFC 7959) and observation (RFC 7641).

mod blocks;

use super::{Carrier, Context, Parser, Probe, Protocol, Verdict, text};
use crate::packet::Cursor;
use crate::record;
use crate::tables::Record;
use crate::weird::Weird;
use blocks::Blocks;

record! {
    /// A CoAP message.
    pub struct Coap in "coap" at {
        /// con (to be confirmed), non, ack or rst
        kind: &'static str,
        /// Class and detail: 0.01 GET, 0.02 POST, 0.03 PUT, 0.04 DELETE, 2.05 Content, 4.04 Not Found; 0.00 empty
        code: String,
        /// Number by which duplicates and acknowledgements are told
        message_id: u16,
        /// Number by which an answer belongs to its request, in hexadecimal digits
        token: Option<String>,
        /// Host that is asked for
        uri_host: Option<String>,
        /// Path that is asked for, segments joined by `/`
        uri_path: Option<String>,
        /// Query, arguments joined by `&`
        uri_query: Option<String>,
        /// Format of the payload (IANA CoAP content formats: 0 text, 40 links, 50 JSON, 60 CBOR)
        content_format: Option<u32>,
        /// Observe: in a request 0 begins and 1 ends it, in an answer a sequence number
        observe: Option<u32>,
        /// Block of the request's payload: its number
        block1_number: Option<u32>,
        /// More blocks of the request follow
        block1_more: Option<bool>,
        /// Bytes of a block of the request
        block1_bytes: Option<u32>,
        /// Block of the answer's payload: its number
        block2_number: Option<u32>,
        /// More blocks of the answer follow
        block2_more: Option<bool>,
        /// Bytes of a block of the answer
        block2_bytes: Option<u32>,
        /// Numbers of all options, in order
        options: Vec<u16>,
        /// Bytes of payload captured
        payload_bytes: usize,
    }
}

/// CoAP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "coap",
    tcp_ports: &[],
    udp_ports: &[PORT],
    probe,
    parser: || Box::new(CoapParser::default()),
    tables: &[Coap::SPEC],
};

/// RFC 7252 6.1.
const PORT: u16 = 5683;
/// Options of one message.
const MAX_OPTIONS: usize = 64;

/// Numbers of options (IANA CoAP option numbers).
mod option {
    pub const URI_HOST: u16 = 3;
    pub const OBSERVE: u16 = 6;
    pub const URI_PATH: u16 = 11;
    pub const CONTENT_FORMAT: u16 = 12;
    pub const URI_QUERY: u16 = 15;
    pub const BLOCK2: u16 = 23;
    pub const BLOCK1: u16 = 27;
    pub const SIZE2: u16 = 28;
    pub const SIZE1: u16 = 60;
}

/// Parts of a message.
struct Message<'a> {
    kind: &'static str,
    code: u8,
    id: u16,
    token: &'a [u8],
    options: Vec<(u16, &'a [u8])>,
    payload: &'a [u8],
}

impl<'a> Message<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let (first, code, id) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
        let token_len = usize::from(first & 15);
        // 9 to 15 are reserved; an empty message has nothing behind its id (RFC 7252 3 and 4.1)
        if first >> 6 != 1 || token_len > 8 || (code == 0 && bytes.len() != 4) {
            return None;
        }
        let token = cursor.take(token_len)?;
        let kind = match first >> 4 & 3 {
            0 => "con",
            1 => "non",
            2 => "ack",
            _ => "rst",
        };
        let mut message = Self { kind, code, id, token, options: Vec::new(), payload: &[] };
        let mut number = 0u16;
        while let Some(head) = cursor.u8() {
            if head == 0xff {
                message.payload = cursor.rest();
                // a marker without payload is an error (RFC 7252 3)
                return (!message.payload.is_empty()).then_some(message);
            }
            number = number.checked_add(extended(head >> 4, &mut cursor)?)?;
            let length = extended(head & 15, &mut cursor)?;
            message.options.push((number, cursor.take(usize::from(length))?));
            if message.options.len() > MAX_OPTIONS {
                return None;
            }
        }
        Some(message)
    }

    fn texts(&self, number: u16, between: &str) -> Option<String> {
        let parts: Vec<String> = self.options.iter().filter(|(known, _)| *known == number).map(|(_, value)| text::lossy(value)).collect();
        (!parts.is_empty()).then(|| parts.join(between))
    }

    fn number(&self, number: u16) -> Option<u32> {
        let (_, value) = self.options.iter().find(|(known, value)| *known == number && value.len() <= 4)?;
        Some(value.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
    }

    /// Number, whether more follow, and size of a block (RFC 7959 2.2).
    fn block(&self, number: u16) -> (Option<u32>, Option<bool>, Option<u32>) {
        let value = self.number(number);
        (value.map(|value| value >> 4), value.map(|value| value & 8 != 0), value.and_then(|value| 16u32.checked_shl(value & 7)))
    }
}

/// Extended delta or length (RFC 7252 3.1).
fn extended(nibble: u8, cursor: &mut Cursor<'_>) -> Option<u16> {
    match nibble {
        13 => u16::from(cursor.u8()?).checked_add(13),
        14 => cursor.u16()?.checked_add(269),
        15 => None,
        _ => Some(u16::from(nibble)),
    }
}

/// Codes that the registry has (IANA CoAP codes), by class.
fn is_known(code: u8) -> bool {
    matches!((code >> 5, code & 31), (0, 0..=7) | (2, 1..=5 | 31) | (4, 0..=9 | 12 | 13 | 15 | 22 | 29) | (5, 0..=5 | 8))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Udp || !matches!(probe.bytes, [0x40..=0x7f, ..]) {
        return Verdict::No;
    }
    let Some(message) = Message::parse(probe.bytes).filter(|message| is_known(message.code)) else { return Verdict::No };
    if probe.has_port(PORT) {
        return Verdict::Yes;
    }
    // elsewhere a request with a readable path, made of options that are known
    let is_request = (1..=7).contains(&message.code) && matches!(message.kind, "con" | "non");
    let known = |number: &u16| matches!(number, 1 | 3..=9 | 11 | 12 | 14..=17 | 20 | 21 | 23 | 27 | 28 | 35 | 39 | 60 | 258);
    let is_readable = |(number, value): &(u16, &[u8])| {
        !matches!(*number, option::URI_PATH | option::URI_HOST | option::URI_QUERY)
            || (!value.is_empty() && value.iter().all(|byte| (0x20..0x7f).contains(byte)))
    };
    let has_path = message.options.iter().any(|(number, value)| *number == option::URI_PATH && value.len() > 1);
    let is_sane = message.options.iter().all(|one| known(&one.0) && is_readable(one));
    if is_request && has_path && is_sane { Verdict::Yes } else { Verdict::No }
}

/// Reads one flow.
#[derive(Default)]
struct CoapParser {
    blocks: Blocks,
}

impl Parser for CoapParser {
    fn end(&mut self, ctx: &mut Context<'_>) {
        self.blocks.finish(ctx);
    }

    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        let Some(message) = Message::parse(bytes) else {
            if !ctx.is_cut {
                ctx.weird(Weird::BadMessage, None);
            }
            return;
        };
        self.blocks.message(ctx, &message);
        let path = message.texts(option::URI_PATH, "/");
        ctx.payload(path.as_deref(), 0, message.payload);
        let (block1_number, block1_more, block1_bytes) = message.block(option::BLOCK1);
        let (block2_number, block2_more, block2_bytes) = message.block(option::BLOCK2);
        ctx.emit(&Coap {
            at: ctx.at,
            kind: message.kind,
            code: format!("{}.{:02}", message.code >> 5, message.code & 31),
            message_id: message.id,
            token: (!message.token.is_empty()).then(|| text::hex(message.token)),
            uri_host: message.texts(option::URI_HOST, ","),
            uri_path: path,
            uri_query: message.texts(option::URI_QUERY, "&"),
            content_format: message.number(option::CONTENT_FORMAT),
            observe: message.number(option::OBSERVE),
            block1_number,
            block1_more,
            block1_bytes,
            block2_number,
            block2_more,
            block2_bytes,
            options: message.options.iter().map(|(number, _)| *number).collect(),
            payload_bytes: message.payload.len(),
        });
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, datagrams, hex};
    use proptest::prelude::*;

    const GET: &str = "42 01 cafe aabb      # version 1, con, two bytes of token; GET; message id; token
        b4 74657374                  # option 11, Uri-Path: test
        03 6f6e65                    # another segment: one
        44 613d6220                  # option 15, Uri-Query
        81 16                        # option 23, Block2: number 1, no more, 1024 bytes
        ff 7b7d7b7d                  # payload";

    fn probed(bytes: &[u8], port: u16) -> Verdict {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(40000, port), bytes, from_start: true, before: None })
    }

    #[test]
    fn a_request_tells_path_and_block() {
        let rows = datagrams(&PROTOCOL, &[&hex(GET)]);
        let row = &rows.iter().find(|(table, _)| *table == "coap").map(|(_, row)| row.clone()).unwrap_or_default();
        assert_eq!([&row["code"], &row["message_id"], &row["token"], &row["uri_path"]], ["0.01", "51966", "aabb", "test/one"]);
        assert_eq!([&row["block2_number"], &row["block2_more"], &row["block2_bytes"], &row["payload_bytes"]], ["1", "false", "1024", "4"]);
    }

    #[test]
    fn elsewhere_only_a_request_with_a_path_is_believed() {
        assert_eq!(probed(&hex(GET), 9), Verdict::Yes);
        assert_eq!(probed(&hex("60 45 cafe"), 9), Verdict::No);
        assert_eq!(probed(&hex("60 45 cafe"), PORT), Verdict::Yes);
        assert_eq!(probed(&hex("40 01 cafe b4 00010203"), 9), Verdict::No);
        assert_eq!(probed(&hex("40 01 cafe ff"), PORT), Verdict::No);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40), place in 0usize..30, byte in any::<u8>()) {
            let _ = probed(&bytes, PORT);
            let mut changed = hex(GET);
            if let Some(old) = changed.get_mut(place) { *old = byte; }
            let _ = probed(&changed, 9);
            datagrams(&PROTOCOL, &[&bytes, &changed]);
        }
    }
}
