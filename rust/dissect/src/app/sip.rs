//! SIP (RFC 3261) over UDP and TCP: who registers, calls and answers, and what programs they are.

mod address;

use super::http::head::{Head, Start, end_of_head, is_token, line};
use super::{Appetite, Buffer, Carrier, Context, Direction, Parser, Probe, Protocol, Verdict, text};
use crate::record;
use crate::tables::Record;
use crate::weird::Weird;
use address::{address, without_password};

record! {
    /// A SIP request or response.
    pub struct Sip in "sip" at {
        /// False for a request, true for a response
        is_response: bool,
        /// Method of a request; of a response that of the request that it answers (CSeq)
        method: Option<String>,
        /// What a request is for
        uri: Option<String>,
        /// Status of a response
        status: Option<u16>,
        /// Who asks (From), without the name that is shown
        from_uri: Option<String>,
        /// Who is asked (To)
        to_uri: Option<String>,
        /// Where the sender can be reached (Contact)
        contact_uri: Option<String>,
        /// Name of the call or registration
        call_id: Option<String>,
        /// Number by which an answer belongs to its request
        sequence: Option<u64>,
        /// What the sender says it is
        user_agent: Option<String>,
        /// What a server says it is
        server: Option<String>,
        /// Scheme of the credentials that are sent or asked for: Digest proves them
        auth_scheme: Option<String>,
        /// Media type of the body
        content_type: Option<String>,
        /// Bytes of the body as announced
        content_length: Option<u64>,
    }
}

/// SIP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "sip",
    tcp_ports: &[5060],
    udp_ports: &[5060],
    probe,
    parser: || Box::new(SipParser::default()),
    tables: &[Sip::SPEC],
};

/// Methods registered (IANA Session Initiation Protocol parameters).
const METHODS: &str = "INVITE ACK BYE CANCEL OPTIONS REGISTER PRACK SUBSCRIBE NOTIFY PUBLISH INFO REFER MESSAGE UPDATE";
const VERSION: &[u8] = b"SIP/2.0";
/// Longest method believed, as of HTTP.
const MAX_METHOD_BYTES: usize = 24;
/// Longest head: a datagram's.
const MAX_BYTES: usize = 65_535;
/// Names of one letter (RFC 3261 7.3.3) of fields that are read.
const SHORT: [(&str, &str); 6] =
    [("from", "f"), ("to", "t"), ("contact", "m"), ("call-id", "i"), ("content-type", "c"), ("content-length", "l")];
/// Fields of credentials and challenges.
const CREDENTIALS: [&str; 4] = ["authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate"];

fn start_line(line: &[u8]) -> Option<Start> {
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let (first, second, third) = (words.next()?, words.next()?, words.next().unwrap_or_default());
    if first == VERSION {
        let status = std::str::from_utf8(second).ok()?.parse().ok().filter(|code| (100..=699).contains(code))?;
        return Some(Start::Response(text::lossy(first), status, None));
    }
    let is_method = (1..=MAX_METHOD_BYTES).contains(&first.len()) && first.iter().copied().all(is_token);
    (is_method && !second.is_empty() && third.trim_ascii_end() == VERSION)
        .then(|| Start::Request(text::lossy(first), text::lossy(second), Some(text::lossy(third))))
}

/// Whether a stream may begin a message: its first line is not whole.
fn could_be(bytes: &[u8]) -> bool {
    let begins = |word: &[u8]| bytes.starts_with(word) || word.starts_with(bytes);
    begins(VERSION) || METHODS.split(' ').any(|method| begins(method.as_bytes()))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let (first, _) = line(probe.bytes);
    let is_whole = first.len() < probe.bytes.len();
    match probe.carrier {
        Carrier::Udp if is_whole && start_line(first).is_some() => Verdict::Yes,
        Carrier::Tcp if !could_be(probe.bytes) => Verdict::No,
        Carrier::Tcp if !is_whole => Verdict::Maybe,
        Carrier::Tcp if start_line(first).is_some() => Verdict::Yes,
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct SipParser {
    sides: [Side; 2],
}

#[derive(Default)]
struct Side {
    stream: Buffer,
    /// bytes of a body that are still to come
    body: u64,
    is_lost: bool,
}

impl Parser for SipParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        // what keeps a way through a router open (RFC 5626 3.5.1, and spaces and bytes of 0 by custom)
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' ' | 0)) {
            return;
        }
        let Some(head) = Head::parse_as(bytes, start_line) else {
            if !ctx.is_cut {
                ctx.weird(Weird::BadMessage, None);
            }
            return;
        };
        ctx.payload(Some("message"), 0, bytes);
        emit(ctx, &head);
    }

    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let mut side = std::mem::take(direction.of(&mut self.sides));
        if side.is_lost && start_line(line(bytes).0).is_some() {
            side.is_lost = false;
        }
        if !side.is_lost {
            if side.stream.push(bytes, MAX_BYTES.saturating_add(bytes.len()), ctx.budget) {
                side.messages(ctx);
            } else {
                ctx.weird(Weird::MessageTooLong, None);
                side.lose();
            }
        }
        *direction.of(&mut self.sides) = side;
        Appetite::More
    }

    fn gap(&mut self, _ctx: &mut Context<'_>, direction: Direction, _missing_bytes: u64) -> Appetite {
        direction.of(&mut self.sides).lose();
        Appetite::More
    }
}

impl Side {
    /// Nothing is known of what follows, until a message begins.
    fn lose(&mut self) {
        *self = Self { is_lost: true, ..Self::default() };
    }

    fn messages(&mut self, ctx: &mut Context<'_>) {
        loop {
            if self.body > 0 {
                let here = usize::try_from(self.body).unwrap_or(usize::MAX).min(self.stream.bytes().len());
                ctx.payload(Some("body"), 0, self.stream.bytes().get(..here).unwrap_or_default());
                self.stream.consume(here);
                self.body = self.body.saturating_sub(here as u64);
            }
            let used = match self.stream.bytes() {
                [] => return,
                // all at once: each taking away moves what is behind it
                bytes @ [b'\r' | b'\n', ..] => {
                    bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len())
                }
                bytes => {
                    let Some(end) = end_of_head(bytes, 0) else { return };
                    let head = bytes.get(..end).unwrap_or(bytes);
                    let Some(parsed) = Head::parse_as(head, start_line) else {
                        ctx.weird(Weird::BadMessage, None);
                        return self.lose();
                    };
                    ctx.payload(Some("message"), 0, head);
                    self.body = emit(ctx, &parsed);
                    end
                }
            };
            self.stream.consume(used);
        }
    }
}

/// Adds a row; gives the bytes of the body.
fn emit(ctx: &mut Context<'_>, head: &Head) -> u64 {
    let field = |name: &str| {
        let short = SHORT.into_iter().find(|(long, _)| *long == name).map_or(name, |(_, short)| short);
        head.get(name).or_else(|| head.get(short))
    };
    let own = |name: &str| field(name).map(str::to_owned).filter(|value| !value.is_empty());
    let mut counted = field("cseq").unwrap_or_default().split_whitespace();
    let (sequence, answered) = (counted.next().and_then(|number| number.parse().ok()), counted.next());
    let (method, uri, status) = match &head.start {
        Start::Request(method, uri, _) => (Some(method.clone()), Some(without_password(uri)), None),
        Start::Response(_, status, _) => (answered.map(str::to_owned), None, Some(*status)),
    };
    let credentials = CREDENTIALS.into_iter().find_map(|name| head.get(name));
    let content_length = field("content-length").and_then(|length| length.parse().ok());
    ctx.emit(&Sip {
        at: ctx.at,
        is_response: status.is_some(),
        method,
        uri,
        status,
        from_uri: field("from").and_then(address),
        to_uri: field("to").and_then(address),
        contact_uri: field("contact").and_then(address),
        call_id: own("call-id"),
        sequence,
        user_agent: own("user-agent"),
        server: own("server"),
        auth_scheme: credentials.and_then(|value| value.split_whitespace().next()).map(str::to_owned),
        content_type: own("content-type"),
        content_length,
    });
    content_length.unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::PROTOCOL;
    use crate::app::testing::{at, cut, datagrams, payloads, pieces_and_gaps, stream};
    use crate::app::{Carrier, Direction, Probe, Verdict};
    use proptest::prelude::*;

    const REGISTER: &[u8] = b"REGISTER sip:pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9\r\nFrom: \"Door\" <sip:door@pbx.example>;tag=1\r\n\
To: <sip:door@pbx.example>\r\nContact: <sip:door@10.0.0.9:5060;ob>\r\nCall-ID: a1\r\nCSeq: 2 REGISTER\r\nUser-Agent: Doorbell/1.2\r\n\
Authorization: Digest username=\"door\", realm=\"pbx\"\r\nContent-Length: 0\r\n\r\n";
    const ANSWER: &[u8] = b"SIP/2.0 200 OK\r\nf: sip:door@pbx.example;tag=1\r\nt: <sip:door@pbx.example>\r\ni: a1\r\nCSeq: 2 REGISTER\r\n\
Server: pbx\r\nc: text/plain\r\nl: 5\r\n\r\nhello";

    fn probed(carrier: Carrier, bytes: &[u8]) -> Verdict {
        (PROTOCOL.probe)(&Probe { carrier, at: &at(40000, 9), bytes, from_start: true, before: None })
    }

    #[test]
    fn a_registration_and_its_answer_are_told() {
        let rows = datagrams(&PROTOCOL, &[REGISTER, b"\r\n\r\n", b"\0\0\0\0", ANSWER]);
        assert_eq!(rows.iter().map(|(table, _)| *table).collect::<Vec<_>>(), ["sip", "sip"]);
        let of = |row: usize, names: &[&str]| names.iter().map(|name| rows[row].1[name].clone()).collect::<Vec<_>>();
        assert_eq!(of(0, &["method", "uri", "from_uri", "contact_uri"]), [
            "REGISTER", "sip:pbx.example", "sip:door@pbx.example", "sip:door@10.0.0.9:5060;ob",
        ]);
        assert_eq!(of(0, &["user_agent", "auth_scheme", "sequence", "content_length"]), ["Doorbell/1.2", "Digest", "2", "0"]);
        assert_eq!(of(1, &["method", "status", "from_uri", "call_id"]), ["REGISTER", "200", "sip:door@pbx.example", "a1"]);
        assert_eq!(of(1, &["server", "content_type", "content_length"]), ["pbx", "text/plain", "5"]);
    }

    #[test]
    fn what_it_says_is_kept_for_a_search() {
        let kept = payloads(&PROTOCOL, &[(Direction::Up, REGISTER), (Direction::Down, ANSWER)]);
        assert_eq!(kept.iter().map(|row| row["subject"].as_str()).collect::<Vec<_>>(), ["message", "message", "body"]);
    }

    #[test]
    fn http_and_rtsp_are_others() {
        for carrier in [Carrier::Tcp, Carrier::Udp] {
            assert_eq!([probed(carrier, REGISTER), probed(carrier, ANSWER)], [Verdict::Yes; 2]);
            assert_eq!(probed(carrier, b"OPTIONS * HTTP/1.1\r\n"), Verdict::No);
            assert_eq!(probed(carrier, b"OPTIONS rtsp://a/ RTSP/1.0\r\n"), Verdict::No);
        }
        assert_eq!([probed(Carrier::Tcp, &REGISTER[..12]), probed(Carrier::Tcp, b"SI")], [Verdict::Maybe; 2]);
        assert_eq!(probed(Carrier::Udp, &REGISTER[..12]), Verdict::No);
    }

    #[test]
    fn after_a_gap_the_next_message_is_read() {
        let pieces = [(Some(&REGISTER[..20]), 0), (None, 70), (Some(b"rest of something".as_slice()), 0), (Some(REGISTER), 0)];
        let rows = pieces_and_gaps(&PROTOCOL, &pieces.map(|(bytes, missing)| (Direction::Up, bytes, missing)));
        assert_eq!(rows.iter().filter(|(table, _)| *table == "sip").count(), 1);
    }

    proptest! {
        #[test]
        fn a_stream_is_read_however_it_is_cut(places in proptest::collection::vec(0usize..700, 0..8)) {
            let talk = [REGISTER, b"\r\n\r\n", ANSWER, REGISTER].concat();
            let rows = stream(&PROTOCOL, &cut(Direction::Down, &talk, &places));
            prop_assert_eq!(rows.iter().filter(|(table, _)| *table == "sip").count(), 3);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), place in 0usize..300, byte in any::<u8>()) {
            let mut changed = REGISTER.to_vec();
            if let Some(old) = changed.get_mut(place) { *old = byte; }
            let _ = probed(Carrier::Udp, &changed);
            datagrams(&PROTOCOL, &[&changed, &bytes]);
            stream(&PROTOCOL, &[(Direction::Up, &changed), (Direction::Up, &bytes)]);
        }
    }
}
