//! Application protocols: the one registry, and what a protocol must provide.
//!
//! To add one: a file with a `PROTOCOL` (and its records), and its name in the list below. Protocols are recognised
//! by content first; a port alone gives a flow its label only where content did not contradict it.

mod buffer;
mod carried;
mod conversation;
mod dhcp_option;
mod earlier;
mod expected;
mod kept;
mod login;
mod pieces;
mod starttls;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
pub(crate) mod testing;
pub mod text;
pub(crate) mod x509;
mod xml;

pub use buffer::{Budget, Buffer, Reservation};
pub use carried::FileContent;
pub use conversation::{Conversation, FlowContent};
pub use expected::{Asked, Expectation, Expected};

use crate::at::At;
use crate::sink::Sink;
use crate::tables::{Record, TableSpec};
use crate::weird::Weird;

macro_rules! protocols {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every protocol, in the order in which they are asked. HTTP/2 is a part of HTTP, and begins otherwise.
        pub const PROTOCOLS: &[&Protocol] = &[$(&$module::PROTOCOL,)* &http::h2::PROTOCOL];
    };
}

protocols![
    // before DNS, which has its frame
    nbns, mdns, llmnr, dns, dhcp, ntp, ssdp, tls, dtls, stun, quic, http, mqtt, smtp, imap, pop3, ftp, xmpp, coap, rtsp,
    sip, ssh, telnet, wsd, tftp, wireguard, snmp, dhcpv6, syslog, rtcp, rtp,
];

/// What carries the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carrier {
    /// a TCP stream
    Tcp,
    /// UDP datagrams
    Udp,
}

/// Direction of bytes in a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// from the low to the high end
    Up,
    /// from the high to the low end
    Down,
}

impl Direction {
    /// 0 or 1
    pub fn index(self) -> usize {
        usize::from(self == Self::Down)
    }

    /// this direction's of a pair, Up's first
    pub fn of<T>(self, [up, down]: &mut [T; 2]) -> &mut T {
        if self == Self::Up { up } else { down }
    }

    /// the other one
    pub fn reversed(self) -> Self {
        if self == Self::Up { Self::Down } else { Self::Up }
    }
}

/// What a protocol is asked about: the first bytes of one direction, or a datagram.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// TCP or UDP
    pub carrier: Carrier,
    /// who sends to whom
    pub at: &'a At,
    /// the bytes
    pub bytes: &'a [u8],
    /// whether they begin a stream whose start was captured (datagrams: always)
    pub from_start: bool,
    /// the first bytes of the datagram before this one from the same sender, for protocols that only several tell
    pub before: Option<&'a [u8]>,
}

impl Probe<'_> {
    /// Whether one of the ports is `port`.
    pub fn has_port(&self, port: u16) -> bool {
        self.at.source.port == Some(port) || self.at.destination.port == Some(port)
    }
}

/// A protocol's answer to a probe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// certainly not
    No,
    /// cannot be told from so few bytes
    Maybe,
    /// it is
    Yes,
}

/// Whether a parser wants more of a direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Appetite {
    /// give the following bytes too
    More,
    /// nothing that follows in this direction is of interest
    Enough,
    /// give the following bytes too, but these are no message of this protocol: ask the others whose answer they are
    Foreign,
}

/// A protocol: how it is recognised and who reads it.
#[derive(Debug)]
pub struct Protocol {
    /// name in `flows.application`, lower case
    pub name: &'static str,
    /// registered or usual TCP ports
    pub tcp_ports: &'static [u16],
    /// registered or usual UDP ports
    pub udp_ports: &'static [u16],
    /// looks at bytes; must not claim what could be something else
    pub probe: fn(&Probe<'_>) -> Verdict,
    /// a reader for one flow
    pub parser: fn() -> Box<dyn Parser>,
    /// tables that it fills
    pub tables: &'static [&'static TableSpec],
}

/// Reads one flow of a protocol. Errors in the bytes are weirds; a parser never fails. Its shard is read now by one thread, now by another.
pub trait Parser: Send {
    /// The first bytes of the datagram before the one that told the protocol, at the place of that one.
    fn earlier(&mut self, _ctx: &mut Context<'_>, _head: &[u8]) {}

    /// What another conversation said of this one, before any of its bytes.
    fn told(&mut self, _asked: Asked) {}

    /// A datagram. `bytes` is what was captured of it (`ctx.is_cut` tells whether all).
    fn datagram(&mut self, _ctx: &mut Context<'_>, _bytes: &[u8]) {}

    /// The next bytes of a direction.
    fn data(&mut self, _ctx: &mut Context<'_>, _direction: Direction, _bytes: &[u8]) -> Appetite {
        Appetite::Enough
    }

    /// Bytes of a direction that never appeared.
    fn gap(&mut self, _ctx: &mut Context<'_>, _direction: Direction, _missing_bytes: u64) -> Appetite {
        Appetite::Enough
    }

    /// Another copy of bytes of a direction; they begin `back` bytes before the next one.
    fn again(&mut self, _ctx: &mut Context<'_>, _direction: Direction, _back: u64, _bytes: &[u8]) {}

    /// A direction ended (FIN), and all of its bytes were given, as far as they were captured.
    fn closed(&mut self, _ctx: &mut Context<'_>, _direction: Direction) {}

    /// The connection ended (FIN both ways, RST, or the end of the capture).
    fn end(&mut self, _ctx: &mut Context<'_>) {}
}

/// What a parser knows beside the bytes, and where its records go.
pub struct Context<'a> {
    /// frame, time and ends; the source is who sent the bytes at hand
    pub at: At,
    /// bytes of this datagram are missing (snap length)
    pub is_cut: bool,
    /// memory that parsers of this shard may use for waiting bytes
    pub budget: &'a Budget,
    pub(crate) sink: &'a mut Sink,
    pub(crate) protocol: &'static str,
}

impl Context<'_> {
    /// Adds a record.
    pub fn emit<R: Record>(&mut self, record: &R) {
        self.sink.emit(record);
    }

    /// Keeps payload in clear for whoever searches it; false where more of this sender in this flow is of no use.
    pub fn payload(&mut self, subject: Option<&str>, offset: u64, bytes: &[u8]) -> bool {
        self.sink.payload(&self.at, self.protocol, subject, offset, bytes)
    }

    /// Waits for a conversation between the two hosts of this one.
    pub fn expect(&mut self, next: Expectation) {
        self.sink.expect(next);
    }

    /// What another conversation said of this one.
    pub fn expected(&mut self) -> Option<Expectation> {
        self.sink.expected(&self.at)
    }

    /// Notes an oddity.
    pub fn weird(&mut self, kind: Weird, detail: Option<String>) {
        self.sink.weird(&self.at, kind, self.protocol, detail);
    }
}

/// The protocol whose registered port one end has, server's side first; for flows that content does not tell.
pub fn by_port(carrier: Carrier, server: Option<u16>, client: Option<u16>) -> Option<&'static Protocol> {
    [server, client].into_iter().flatten().find_map(|port| {
        PROTOCOLS.iter().copied().find(|protocol| match carrier {
            Carrier::Tcp => protocol.tcp_ports.contains(&port),
            Carrier::Udp => protocol.udp_ports.contains(&port),
        })
    })
}
