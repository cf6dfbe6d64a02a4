//! RTSP (RFC 2326, RFC 7826), and RTP interleaved with it.

use super::http::head::{Head, Start, end_of_head};
use super::{Appetite, Buffer, Carrier, Context, Direction, Parser, Probe, Protocol, Verdict, rtcp, rtp, text};
use crate::record;
use crate::tables::Record;
use crate::weird::Weird;

record! {
    /// An RTSP request or response.
    pub struct Rtsp in "rtsp" at {
        /// False for a request, true for a response
        is_response: bool,
        /// Method of a request
        method: Option<String>,
        /// URL of a request
        url: Option<String>,
        /// Status of a response
        status: Option<u16>,
        /// Number by which an answer belongs to its request
        sequence: Option<u64>,
        /// What the client says it is
        user_agent: Option<String>,
        /// What the server says it is
        server: Option<String>,
        /// Scheme of the credentials that are sent or asked for: Basic sends them in clear, Digest proves them
        auth_scheme: Option<String>,
        /// How media are to be carried
        transport: Option<String>,
        /// Media type of the body
        content_type: Option<String>,
        /// Bytes of the body as announced
        content_length: Option<u64>,
    }
}

/// RTSP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "rtsp",
    tcp_ports: &[554, 8554],
    udp_ports: &[],
    probe,
    parser: || Box::new(RtspParser::default()),
    tables: &[Rtsp::SPEC],
};

/// RFC 2326 10 and RFC 7826 13.
const METHODS: [&[u8]; 12] = [
    b"OPTIONS", b"DESCRIBE", b"ANNOUNCE", b"SETUP", b"PLAY", b"PAUSE", b"TEARDOWN", b"GET_PARAMETER", b"SET_PARAMETER", b"REDIRECT",
    b"RECORD", b"PLAY_NOTIFY",
];
/// Longest head; a packet that is interleaved is at most 64 KiB too.
const MAX_BYTES: usize = 65_539;

fn is_version(text: &[u8]) -> bool {
    matches!(text, b"RTSP/1.0" | b"RTSP/2.0")
}

fn start_line(line: &[u8]) -> Option<Start> {
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let (first, second, third) = (words.next()?, words.next()?, words.next().unwrap_or_default());
    if is_version(first) {
        let status = std::str::from_utf8(second).ok()?.parse().ok().filter(|code| (100..=999).contains(code))?;
        return Some(Start::Response(text::lossy(first), status, None));
    }
    (METHODS.contains(&first) && is_version(third))
        .then(|| Start::Request(text::lossy(first), text::lossy(second), Some(text::lossy(third))))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let could_be = bytes.starts_with(b"RTSP/") || METHODS.iter().any(|method| bytes.starts_with(method));
    if probe.carrier != Carrier::Tcp || !could_be {
        return Verdict::No;
    }
    match bytes.iter().position(|byte| *byte == b'\n').and_then(|end| bytes.get(..end)) {
        Some(line) if start_line(line.trim_ascii_end()).is_some() => Verdict::Yes,
        Some(_) => Verdict::No,
        None => Verdict::Maybe,
    }
}

#[derive(Default)]
struct RtspParser {
    sides: [Side; 2],
    media: rtp::Media,
}

#[derive(Default)]
struct Side {
    stream: Buffer,
    /// bytes of a body that are still to come
    body: u64,
    is_lost: bool,
}

impl Parser for RtspParser {
    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let [up, down] = &mut self.sides;
        let mut side = std::mem::take(if direction == Direction::Up { up } else { down });
        if side.is_lost && start_line(super::http::head::line(bytes).0).is_some() {
            side.is_lost = false;
        }
        if !side.is_lost {
            if side.stream.push(bytes, MAX_BYTES.saturating_add(bytes.len()), ctx.budget) {
                self.messages(ctx, &mut side);
            } else {
                ctx.weird(Weird::MessageTooLong, None);
                side.is_lost = true;
            }
        }
        let [up, down] = &mut self.sides;
        *(if direction == Direction::Up { up } else { down }) = side;
        Appetite::More
    }

    fn gap(&mut self, _ctx: &mut Context<'_>, direction: Direction, _missing_bytes: u64) -> Appetite {
        let [up, down] = &mut self.sides;
        *(if direction == Direction::Up { up } else { down }) = Side { is_lost: true, ..Side::default() };
        Appetite::More
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        self.media.end(ctx);
    }
}

impl RtspParser {
    fn messages(&mut self, ctx: &mut Context<'_>, side: &mut Side) {
        loop {
            if side.body > 0 {
                let here = usize::try_from(side.body).unwrap_or(usize::MAX).min(side.stream.bytes().len());
                side.stream.consume(here);
                side.body = side.body.saturating_sub(here as u64);
            }
            let used = match side.stream.bytes() {
                [] => return,
                // RFC 2326 10.12: channel and length, then a packet
                [b'$', _, high, low, rest @ ..] => {
                    let length = usize::from(u16::from_be_bytes([*high, *low]));
                    let Some(packet) = rest.get(..length) else { return };
                    if rtcp::is_control(packet) { rtcp::read(ctx, packet) } else { self.media.packet(ctx, packet) }
                    length.saturating_add(4)
                }
                [b'$', ..] => return,
                // empty lines between messages
                [b'\r' | b'\n', ..] => 1,
                bytes => {
                    let Some(end) = end_of_head(bytes, 0) else { return };
                    let head = bytes.get(..end).unwrap_or(bytes);
                    let Some(parsed) = Head::parse_as(head, start_line) else {
                        ctx.weird(Weird::BadMessage, None);
                        side.stream.clear();
                        side.is_lost = true;
                        return;
                    };
                    ctx.payload(Some("head"), 0, head);
                    side.body = emit(ctx, &parsed);
                    end
                }
            };
            side.stream.consume(used);
        }
    }
}

/// Adds a row; gives the bytes of the body.
fn emit(ctx: &mut Context<'_>, head: &Head) -> u64 {
    let credentials = head.get("authorization").or_else(|| head.get("www-authenticate"));
    let content_length = head.get("content-length").and_then(|length| length.parse().ok());
    let (method, url, status) = match &head.start {
        Start::Request(method, url, _) => (Some(method.clone()), Some(url.clone()), None),
        Start::Response(_, status, _) => (None, None, Some(*status)),
    };
    ctx.emit(&Rtsp {
        at: ctx.at,
        is_response: status.is_some(),
        method,
        url,
        status,
        sequence: head.get("cseq").and_then(|number| number.parse().ok()),
        user_agent: head.text("user-agent"),
        server: head.text("server"),
        auth_scheme: credentials.and_then(|value| value.split_whitespace().next()).map(str::to_owned),
        transport: head.text("transport"),
        content_type: head.text("content-type"),
        content_length,
    });
    content_length.unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::PROTOCOL;
    use crate::app::testing::{at, cut, pieces_and_gaps, stream};
    use crate::app::{Carrier, Direction, Probe, Verdict};
    use proptest::prelude::*;

    const DESCRIBE: &[u8] = b"DESCRIBE rtsp://10.0.0.9/live RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Basic YTpi\r\nUser-Agent: x\r\n\r\n";
    const ANSWER: &[u8] = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";
    /// Channel 0, 14 bytes: version 2, type 96, sequence 1, ticks, source 7, two bytes.
    const PACKET: &[u8] = b"$\x00\x00\x0e\x80\x60\x00\x01\0\0\0\0\0\0\0\x07ab";

    fn probed(bytes: &[u8]) -> Verdict {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Tcp, at: &at(40000, 9), bytes, from_start: false, before: None })
    }

    #[test]
    fn requests_answers_and_media_are_told() {
        let talk = [ANSWER, PACKET, ANSWER].concat();
        let rows = stream(&PROTOCOL, &[(Direction::Up, DESCRIBE), (Direction::Down, &talk)]);
        let of = |table: &str| rows.iter().filter(|(name, _)| *name == table).map(|(_, row)| row.clone()).collect::<Vec<_>>();
        let messages = of("rtsp");
        assert_eq!([&messages[0]["method"], &messages[0]["url"], &messages[0]["auth_scheme"]], ["DESCRIBE", "rtsp://10.0.0.9/live", "Basic"]);
        assert_eq!([&messages[1]["status"], &messages[1]["content_length"], &messages[2]["sequence"]], ["200", "5", "2"]);
        assert_eq!([&of("rtp_streams")[0]["ssrc"], &of("rtp_streams")[0]["packets"]], ["7", "1"]);
    }

    #[test]
    fn after_a_gap_the_next_message_is_read() {
        let rows = pieces_and_gaps(&PROTOCOL, &[
            (Direction::Up, Some(&DESCRIBE[..20]), 0),
            (Direction::Up, None, 70),
            (Direction::Up, Some(b"rest of something"), 0),
            (Direction::Up, Some(DESCRIBE), 0),
        ]);
        assert_eq!(rows.iter().filter(|(table, _)| *table == "rtsp").count(), 1);
    }

    #[test]
    fn http_and_sip_are_others() {
        assert_eq!(probed(DESCRIBE), Verdict::Yes);
        assert_eq!(probed(b"OPTIONS * HTTP/1.1\r\n"), Verdict::No);
        assert_eq!(probed(b"OPTIONS sip:a@b SIP/2.0\r\n"), Verdict::No);
        assert_eq!(probed(&DESCRIBE[..12]), Verdict::Maybe);
    }

    proptest! {
        #[test]
        fn a_stream_is_read_however_it_is_cut(places in proptest::collection::vec(0usize..400, 0..8)) {
            let talk = [ANSWER, PACKET, ANSWER].concat();
            let rows = stream(&PROTOCOL, &cut(Direction::Down, &talk, &places));
            prop_assert_eq!(rows.iter().filter(|(table, _)| *table == "rtsp").count(), 2);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), place in 0usize..90, byte in any::<u8>()) {
            let _ = probed(&bytes);
            let mut changed = DESCRIBE.to_vec();
            if let Some(old) = changed.get_mut(place) { *old = byte; }
            stream(&PROTOCOL, &[(Direction::Up, &changed), (Direction::Up, &bytes), (Direction::Up, PACKET)]);
        }
    }
}
