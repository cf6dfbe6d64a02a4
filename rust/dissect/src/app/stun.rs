//! STUN (RFC 8489, RFC 3489), TURN (RFC 8656) and ICE's checks (RFC 8445). A media session goes on with DTLS and RTP
//! between the same ports (RFC 7983), which are read by their own parsers.

mod message;

use super::{Appetite, Buffer, Carrier, Context, Direction, Parser, Probe, Protocol, Verdict, dtls, rtcp, rtp};
use crate::record;
use crate::tables::Record;
use crate::weird::Weird;
use message::{HEADER_BYTES, Message};
use std::net::IpAddr;

record! {
    /// A STUN or TURN message.
    pub struct Stun in "stun" at {
        /// tcp or udp
        carrier: &'static str,
        /// request, indication, success or error
        class: &'static str,
        /// Method (IANA STUN methods): 1 binding, 3 allocate, 4 refresh, 6 send, 7 data, 8 create permission, 9 channel bind
        method: u16,
        /// Transaction id, in hexadecimal digits
        transaction_id: String,
        /// Asker's address as the server sees it (MAPPED-ADDRESS)
        mapped_address: Option<IpAddr>,
        /// Its port
        mapped_port: Option<u16>,
        /// The same, written so that middleboxes do not change it (XOR-MAPPED-ADDRESS)
        xor_mapped_address: Option<IpAddr>,
        /// Its port
        xor_mapped_port: Option<u16>,
        /// Address that a TURN server lends (XOR-RELAYED-ADDRESS)
        relayed_address: Option<IpAddr>,
        /// Its port
        relayed_port: Option<u16>,
        /// First peer that TURN is to reach (XOR-PEER-ADDRESS)
        peer_address: Option<IpAddr>,
        /// Its port
        peer_port: Option<u16>,
        /// User name
        username: Option<String>,
        /// Realm of the credentials
        realm: Option<String>,
        /// What the sender says it is
        software: Option<String>,
        /// Code of an error
        error_code: Option<u16>,
        /// A MESSAGE-INTEGRITY attribute is there
        is_signed: bool,
    }
}

/// STUN and TURN as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "stun",
    tcp_ports: &[PORT],
    udp_ports: &[PORT],
    probe,
    parser: || Box::new(StunParser::default()),
    tables: &[Stun::SPEC],
};

/// RFC 8489 8.1.
const PORT: u16 = 3478;
/// Bytes that tell whether a length goes before a message: that length, type, length and cookie.
const FRAMED_HEAD_BYTES: usize = 10;
/// Largest message: length field and header.
const MAX_BYTES: usize = 65_535 + HEADER_BYTES;

fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.carrier {
        Carrier::Udp if message::is_modern(probe.bytes) || message::is_classic(probe.bytes, probe.has_port(PORT)) => Verdict::Yes,
        Carrier::Tcp if probe.from_start && probe.bytes.len() < FRAMED_HEAD_BYTES && may_begin(probe.bytes) => Verdict::Maybe,
        Carrier::Tcp if probe.from_start && (message::begins(probe.bytes) || message::is_framed(probe.bytes)) => Verdict::Yes,
        _ => Verdict::No,
    }
}

/// Whether so few bytes can begin a message, with a length before it or not: as much of the cookie as is there fits.
fn may_begin(bytes: &[u8]) -> bool {
    let fits = |place: usize| bytes.get(place..).is_none_or(|rest| rest.iter().zip(message::COOKIE).all(|(a, b)| *a == b));
    let is_long = match bytes {
        [high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])) >= HEADER_BYTES,
        _ => true,
    };
    matches!(bytes, [0 | 1, ..]) && ((!bytes.starts_with(&[0, 0]) && fits(4)) || (is_long && fits(6)))
}

/// Reads the messages of a flow, and hands over what a media session sends beside them.
#[derive(Default)]
struct StunParser {
    dtls: Option<Box<dyn Parser>>,
    media: rtp::Media,
    streams: [Buffer; 2],
}

impl Parser for StunParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        // RFC 7983 7: the first byte tells them apart
        match bytes.first() {
            Some(0..=3) => self.message(ctx, "udp", bytes),
            Some(20..=63) if self.dtls.is_some() || dtls::begins(bytes) => {
                ctx.protocol = "dtls";
                self.dtls.get_or_insert_with(dtls::PROTOCOL.parser).datagram(ctx, bytes);
            }
            Some(128..=191) if rtcp::is_control(bytes) => rtcp::read(ctx, bytes),
            Some(128..=191) => self.media.packet(ctx, bytes),
            _ => {}
        }
    }

    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let slot = direction.of(&mut self.streams);
        let mut stream = std::mem::take(slot);
        if !stream.push(bytes, MAX_BYTES.saturating_add(bytes.len()), ctx.budget) {
            return Appetite::Enough;
        }
        while stream.bytes().len() >= FRAMED_HEAD_BYTES {
            if message::is_framed(stream.bytes()) {
                stream.consume(2);
            }
            let Some(length) = message::framed_len(stream.bytes()) else { break };
            let Some(whole) = stream.bytes().get(..length).map(<[u8]>::to_vec) else { break };
            stream.consume(length);
            match whole.first() {
                Some(0..=3) => self.message(ctx, "tcp", &whole),
                // TURN's channels: four bytes of head, content of the peer
                Some(64..=79) => {}
                _ => return Appetite::Enough,
            }
        }
        let [up, down] = &mut self.streams;
        *(if direction == Direction::Up { up } else { down }) = stream;
        Appetite::More
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        if let Some(dtls) = &mut self.dtls {
            dtls.end(ctx);
        }
        self.media.end(ctx);
    }
}

impl StunParser {
    fn message(&mut self, ctx: &mut Context<'_>, carrier: &'static str, bytes: &[u8]) {
        // the public address that a server tells is searched for where other content of datagrams is
        let name = std::mem::replace(&mut ctx.protocol, carrier);
        ctx.payload(None, 0, bytes);
        ctx.protocol = name;
        match Message::parse(bytes) {
            Some(message) => ctx.emit(&row(ctx, carrier, message)),
            None if ctx.is_cut => {}
            None => ctx.weird(Weird::BadMessage, None),
        }
    }
}

fn row(ctx: &Context<'_>, carrier: &'static str, message: Message) -> Stun {
    let of = |end: Option<(IpAddr, u16)>| (end.map(|end| end.0), end.map(|end| end.1));
    let ((mapped_address, mapped_port), (xor_mapped_address, xor_mapped_port)) = (of(message.mapped), of(message.xor_mapped));
    let ((relayed_address, relayed_port), (peer_address, peer_port)) = (of(message.relayed), of(message.peer));
    Stun {
        at: ctx.at,
        carrier,
        class: message.class,
        method: message.method,
        transaction_id: message.transaction_id,
        mapped_address,
        mapped_port,
        xor_mapped_address,
        xor_mapped_port,
        relayed_address,
        relayed_port,
        peer_address,
        peer_port,
        username: message.username,
        realm: message.realm,
        software: message.software,
        error_code: message.error_code,
        is_signed: message.is_signed,
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests;

#[cfg(test)]
mod short_starts {
    use super::may_begin;

    #[test]
    fn a_start_that_cannot_be_stun_is_left_to_others() {
        assert!(may_begin(&[0]));
        assert!(may_begin(&[0, 1, 0, 8, 0x21, 0x12]));
        // RFC 4571: a length of 20 before the message
        assert!(may_begin(&[0, 20, 0, 1, 0, 0, 0x21, 0x12]));
        // PostgreSQL's request for TLS: length 8, code 80877103
        assert!(!may_begin(&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]));
    }
}
