//! DNS (RFC 1035, EDNS RFC 6891) over UDP and TCP; multicast DNS and LLMNR share its messages and tables.

mod binding;
pub mod message;
#[cfg(test)]
#[allow(clippy::panic)]
mod tests;

use super::{Appetite, Buffer, Carrier, Context, Direction, Parser, Probe, Protocol, Verdict, text};
use crate::record;
use crate::tables::{KeyValue, Record};
use crate::weird::Weird;
use message::{Content, Header, Message, NAME_SERVER};
use std::net::IpAddr;

record! {
    /// A DNS, mDNS or LLMNR message.
    pub struct Dns in "dns" at {
        /// dns, mdns or llmnr
        protocol: &'static str,
        /// tcp or udp
        carrier: &'static str,
        /// Transaction id
        transaction_id: u16,
        /// False for a query, true for a response
        is_response: bool,
        /// Operation: 0 query, 4 notify, 5 update
        opcode: u8,
        /// Response code (0 no error, 3 no such name); null in a query
        rcode: Option<u8>,
        /// Answer comes from an authority
        is_authoritative: bool,
        /// The message was cut by the sender (TC)
        is_truncated: bool,
        /// Name of the first question
        query: Option<String>,
        /// Type of the first question (IANA DNS parameters)
        query_type: Option<u16>,
        /// Questions announced
        questions: u16,
        /// Answers announced
        answers: u16,
        /// Authority records announced
        authorities: u16,
        /// Additional records announced
        additionals: u16,
    }
}

record! {
    /// A question of a DNS, mDNS or LLMNR message.
    pub struct DnsQuestion in "dns_questions" at {
        /// dns, mdns or llmnr
        protocol: &'static str,
        /// Whether the message is a response that repeats the question
        is_response: bool,
        /// Place in the message, from 0
        position: usize,
        /// Name asked for, without the final dot
        name: String,
        /// Type asked for (IANA DNS parameters)
        kind: u16,
        /// Class, without mDNS's unicast bit
        class: u16,
        /// mDNS: a unicast answer is wanted (RFC 6762 5.4)
        wants_unicast: bool,
    }
}

record! {
    /// A resource record of a DNS, mDNS or LLMNR message.
    pub struct DnsRecord in "dns_records" at {
        /// dns, mdns or llmnr
        protocol: &'static str,
        /// Whether the message is a response (a query can carry known answers)
        is_response: bool,
        /// Transaction id of the message
        transaction_id: u16,
        /// answer, authority or additional
        section: &'static str,
        /// Place among the records of the message, from 0
        position: usize,
        /// Name of the first question of the message
        query: Option<String>,
        /// Owner name
        name: String,
        /// Type (IANA DNS parameters)
        kind: u16,
        /// Class, without mDNS's cache-flush bit
        class: u16,
        /// mDNS: other records of this name are out of date (RFC 6762 10.2)
        flushes_cache: bool,
        /// Time to live, seconds
        ttl_s: u32,
        /// Address of an A or AAAA record
        address: Option<IpAddr>,
        /// That address as a key of look-up tables
        address_key: Option<KeyValue>,
        /// Name that a CNAME, PTR, NS, SRV, MX, SVCB or HTTPS record points to
        target: Option<String>,
        /// Port of an SRV record
        port: Option<u16>,
        /// Priority of an SVCB or HTTPS record: 0 is an alias
        priority: Option<u16>,
        /// Parameters of an SVCB or HTTPS record, as `key=value` (RFC 9460)
        parameters: Option<Vec<String>>,
        /// Strings of a TXT record
        texts: Option<Vec<String>>,
        /// Data of other types, as it came
        raw: Option<Vec<u8>>,
    }
}

/// DNS as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "dns",
    tcp_ports: &[NAME_SERVER],
    udp_ports: &[NAME_SERVER],
    probe,
    parser: || Box::new(DnsParser::new("dns")),
    tables: &[Dns::SPEC, DnsQuestion::SPEC, DnsRecord::SPEC],
};

/// NetBIOS name service shares DNS's frame but not its names.
const NETBIOS_NAME_PORT: u16 = 137;

fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.carrier {
        Carrier::Udp if probe.has_port(NETBIOS_NAME_PORT) => Verdict::No,
        Carrier::Udp => looks_like(probe.bytes, probe.has_port(NAME_SERVER)),
        Carrier::Tcp => {
            // RFC 1035 4.2.2: two bytes of length first
            let Some((length, rest)) = probe.bytes.split_first_chunk::<2>() else { return Verdict::Maybe };
            let length = usize::from(u16::from_be_bytes(*length));
            match rest.get(..length) {
                _ if length < 12 => Verdict::No,
                // in the middle of a stream only a whole message on its port convinces
                _ if !probe.from_start && !probe.has_port(NAME_SERVER) => Verdict::No,
                Some(message) => looks_like(message, probe.has_port(NAME_SERVER)),
                None if !probe.from_start => Verdict::No,
                None if Header::parse(rest).is_some_and(|header| !is_plausible(&header)) => Verdict::No,
                None => Verdict::Maybe,
            }
        }
    }
}

fn is_plausible(header: &Header) -> bool {
    let [questions, answers, authorities, additionals] = header.counts;
    let entries = [questions, answers, authorities, additionals].iter().map(|n| u32::from(*n)).sum::<u32>();
    // the Z bit must be zero (RFC 6895 2); opcodes above 6 and rcodes above 10 are unassigned in the header
    matches!(header.opcode(), 0 | 1 | 2 | 4 | 5) && header.flags & 0x40 == 0 && header.rcode() <= 10 && (1..=600).contains(&entries)
}

/// Whether bytes are a DNS message. On its port one name that can be read is enough (servers answer oddly, experiments
/// use unassigned bits, the snap length cuts); elsewhere it must hold exactly what it announces.
pub fn looks_like(bytes: &[u8], on_its_port: bool) -> Verdict {
    let Some(header) = Header::parse(bytes) else { return Verdict::No };
    if !on_its_port && !is_plausible(&header) {
        return Verdict::No;
    }
    let Some(message) = message::parse(bytes) else { return Verdict::No };
    let has_names = !message.questions.is_empty() || !message.resources.is_empty();
    if on_its_port {
        return if has_names { Verdict::Yes } else { Verdict::No };
    }
    let known_class = |class: u16| matches!(class & 0x7fff, 1 | 3 | 4 | 254 | 255);
    let sane = message.questions.iter().all(|question| known_class(question.class))
        && message.resources.iter().all(|resource| {
            // DNSCrypt pads queries with a record of type and class 0
            let is_padding = resource.kind == 0 && resource.class == 0 && resource.name.is_empty();
            resource.kind == message::kind::OPT || is_padding || known_class(resource.class)
        });
    let exact = message.is_whole && message.trailing_bytes == 0 && header.counts.iter().all(|n| *n <= 60);
    if has_names && sane && exact { Verdict::Yes } else { Verdict::No }
}

/// Reads messages of one flow.
pub struct DnsParser {
    protocol: &'static str,
    streams: [Buffer; 2],
}

impl DnsParser {
    /// A reader that labels its records with `protocol`.
    pub fn new(protocol: &'static str) -> Self {
        Self { protocol, streams: [Buffer::default(), Buffer::default()] }
    }

    fn emit(&self, ctx: &mut Context<'_>, carrier: &'static str, bytes: &[u8]) {
        let Some(message) = message::parse(bytes) else {
            return ctx.weird(Weird::BadMessage, None);
        };
        if !message.is_whole && message.header.flags & 0x200 == 0 && !ctx.is_cut {
            ctx.weird(Weird::BadMessage, Some("fewer entries than announced".to_owned()));
        }
        ctx.emit(&row(ctx, self.protocol, carrier, &message));
        let (is_response, transaction_id) = (message.header.is_response(), message.header.id);
        let query = message.questions.first().map(|question| question.name.clone());
        for (position, question) in message.questions.into_iter().enumerate() {
            ctx.emit(&DnsQuestion {
                at: ctx.at,
                protocol: self.protocol,
                is_response,
                position,
                name: question.name,
                kind: question.kind,
                class: question.class & 0x7fff,
                wants_unicast: self.protocol == "mdns" && question.class & 0x8000 != 0,
            });
        }
        for (position, resource) in message.resources.into_iter().enumerate() {
            let is_option = resource.kind == message::kind::OPT;
            let (mut address, mut target, mut port, mut texts, mut raw) = (None, None, None, None, None);
            let (mut priority, mut parameters) = (None, None);
            match resource.content {
                Content::Address(ip) => address = Some(ip),
                Content::Name(name) | Content::Mail(_, name) => target = Some(name),
                Content::Service(_, _, number, name) => (port, target) = (Some(number), Some(name)),
                Content::Binding(order, name, told) => {
                    (priority, target, parameters) = (Some(order), Some(name), Some(told));
                }
                Content::Texts(strings) => {
                    ctx.payload(Some(&resource.name), 0, &strings.join(&b'\n'));
                    texts = Some(strings.iter().map(|string| text::lossy(string)).collect());
                }
                Content::Other(bytes) => raw = Some(bytes),
            }
            ctx.emit(&DnsRecord {
                at: ctx.at,
                protocol: self.protocol,
                is_response,
                transaction_id,
                section: resource.section,
                position,
                query: query.clone(),
                name: resource.name,
                kind: resource.kind,
                class: if is_option { resource.class } else { resource.class & 0x7fff },
                flushes_cache: !is_option && self.protocol == "mdns" && resource.class & 0x8000 != 0,
                ttl_s: resource.ttl_s,
                address,
                address_key: address.map(crate::flow::lookup_key),
                target,
                port,
                priority,
                parameters,
                texts,
                raw,
            });
        }
    }
}

fn row(ctx: &Context<'_>, protocol: &'static str, carrier: &'static str, message: &Message) -> Dns {
    let header = &message.header;
    let [questions, answers, authorities, additionals] = header.counts;
    Dns {
        at: ctx.at,
        protocol,
        carrier,
        transaction_id: header.id,
        is_response: header.is_response(),
        opcode: header.opcode(),
        rcode: header.is_response().then(|| header.rcode()),
        is_authoritative: header.flags & 0x400 != 0,
        is_truncated: header.flags & 0x200 != 0,
        query: message.questions.first().map(|question| question.name.clone()),
        query_type: message.questions.first().map(|question| question.kind),
        questions,
        answers,
        authorities,
        additionals,
    }
}

impl Parser for DnsParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        self.emit(ctx, "udp", bytes);
    }

    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let mut stream = std::mem::take(direction.of(&mut self.streams));
        // a message is at most 65,535 bytes and its length
        if !stream.push(bytes, 2 * (usize::from(u16::MAX) + 2) + bytes.len(), ctx.budget) {
            ctx.weird(Weird::MessageTooLong, None);
            return Appetite::Enough;
        }
        while let Some((length, rest)) = stream.bytes().split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            let Some(message) = rest.get(..length) else { break };
            let message = message.to_vec();
            stream.consume(length.saturating_add(2));
            self.emit(ctx, "tcp", &message);
        }
        *direction.of(&mut self.streams) = stream;
        Appetite::More
    }
}
