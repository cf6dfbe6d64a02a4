//! ICMP (RFC 792) and ICMPv6 (RFC 4443) with neighbour discovery (RFC 4861), and the datagram that an error quotes.

use crate::at::At;
use crate::packet::{Cursor, Mac, Network, head};
use crate::record;
use crate::sink::Sink;
use std::net::{IpAddr, Ipv6Addr};

record! {
    /// An ICMP or ICMPv6 message.
    pub struct Icmp in "icmp" at {
        /// 4 or 6
        version: u8,
        /// Message type (IANA ICMP or ICMPv6 parameters)
        kind: u8,
        /// Code within the type
        code: u8,
        /// Identifier of an echo
        echo_id: Option<u16>,
        /// Sequence number of an echo
        echo_sequence: Option<u16>,
        /// Address that neighbour discovery asks for or tells
        neighbour: Option<IpAddr>,
        /// MAC that neighbour discovery tells for it (link-layer option)
        neighbour_mac: Option<Mac>,
        /// For how many seconds a router advertisement offers itself as a way out; 0: not at all
        router_lifetime_s: Option<u16>,
        /// Neighbour advertisement: whether its sender calls itself a router
        from_router: Option<bool>,
        /// Sender of the datagram that an error quotes
        quoted_source: Option<IpAddr>,
        /// Its port
        quoted_source_port: Option<u16>,
        /// Receiver of the datagram that an error quotes
        quoted_destination: Option<IpAddr>,
        /// Its port
        quoted_destination_port: Option<u16>,
        /// IP protocol number of the datagram that an error quotes
        quoted_protocol: Option<u8>,
    }
}

impl Icmp {
    /// Reads a message from its type on.
    pub fn read(sink: &mut Sink, at: At, bytes: &[u8]) {
        let is_v6 = at.source.address.is_some_and(|address| address.is_ipv6());
        let [kind, code, rest @ ..] = bytes else { return };
        let mut icmp = Self {
            at,
            version: if is_v6 { 6 } else { 4 },
            kind: *kind,
            code: *code,
            echo_id: None,
            echo_sequence: None,
            neighbour: None,
            neighbour_mac: None,
            router_lifetime_s: None,
            from_router: None,
            quoted_source: None,
            quoted_source_port: None,
            quoted_destination: None,
            quoted_destination_port: None,
            quoted_protocol: None,
        };
        let mut body = Cursor::new(rest);
        let _checksum = body.u16();
        match (is_v6, *kind) {
            (false, 0 | 8) | (true, 128 | 129) => {
                icmp.echo_id = body.u16();
                icmp.echo_sequence = body.u16();
            }
            // destination unreachable, quench, redirect, time exceeded, parameter problem (RFC 792); RFC 4443 2.1: below 128
            (false, 3 | 4 | 5 | 11 | 12) | (true, 1..=127) => icmp.quote(&mut body),
            // hop limit, flags, lifetime (RFC 4861 4.2)
            (true, 134) => icmp.router_lifetime_s = body.skip(2).and_then(|()| body.u16()),
            (true, 135 | 136) => icmp.discover(&mut body),
            _ => {}
        }
        sink.emit(&icmp);
    }

    fn quote(&mut self, body: &mut Cursor<'_>) {
        if body.skip(4).is_none() {
            return;
        }
        let Network::Ip(ip) = head(crate::capture::LinkType::RAW, body.rest()).network else { return };
        self.quoted_source = Some(ip.source);
        self.quoted_destination = Some(ip.destination);
        self.quoted_protocol = Some(ip.protocol);
        let mut ports = Cursor::new(ip.payload);
        if matches!(ip.protocol, 6 | 17 | 132) && ip.fragment.is_none_or(|part| part.offset == 0) {
            self.quoted_source_port = ports.u16();
            self.quoted_destination_port = ports.u16();
        }
    }

    /// Neighbour solicitation or advertisement: flags of the latter, target, options (type, length in 8 octets).
    fn discover(&mut self, body: &mut Cursor<'_>) {
        let Some(flags) = body.u32() else { return };
        // the highest bit (RFC 4861 4.4)
        self.from_router = (self.kind == 136).then_some(flags >> 31 == 1);
        self.neighbour = body.array::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(octets)));
        while let (Some(kind), Some(length)) = (body.u8(), body.u8()) {
            let Some(value) = (usize::from(length) * 8).checked_sub(2).and_then(|n| body.take(n)) else { return };
            if matches!(kind, 1 | 2) {
                self.neighbour_mac = value.first_chunk::<6>().map(|octets| Mac(*octets));
            }
        }
    }
}
