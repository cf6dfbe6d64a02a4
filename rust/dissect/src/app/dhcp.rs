//! DHCP for IPv4 and BOOTP (RFC 2131, options RFC 2132): what hosts say of themselves and what they are given.

use super::dhcp_option::{self, DhcpOption};
use super::{Carrier, Context, Parser, Probe, Protocol, Verdict, text};
use crate::packet::{Cursor, Mac};
use crate::record;
use crate::tables::Record;
use crate::weird::Weird;
use std::net::{IpAddr, Ipv4Addr};

record! {
    /// A DHCPv4 or BOOTP message.
    pub struct Dhcp in "dhcp" at {
        /// Kind of message (option 53: 1 discover, 2 offer, 3 request, 4 decline, 5 acknowledge, 6 refuse, 7 release, 8 inform); null for BOOTP
        message_type: Option<u8>,
        /// False for a client's message, true for a server's
        is_reply: bool,
        /// Transaction id
        transaction_id: u32,
        /// Seconds since the client began
        elapsed_s: u16,
        /// The client asks for an answer by broadcast
        wants_broadcast: bool,
        /// Client's MAC as written in the message; null where it is no Ethernet address
        client_mac: Option<Mac>,
        /// Address that the client already uses (ciaddr; 0.0.0.0: none)
        client_address: Option<IpAddr>,
        /// Address given to the client (yiaddr; 0.0.0.0: none)
        your_address: Option<IpAddr>,
        /// Server to boot from next (siaddr; 0.0.0.0: none)
        server_address: Option<IpAddr>,
        /// Relay that passed the message on (giaddr; 0.0.0.0: none)
        relay_address: Option<IpAddr>,
        /// Address that the client asks for (option 50)
        requested_address: Option<IpAddr>,
        /// Name that the client gives itself, or that it is given (option 12)
        hostname: Option<String>,
        /// What the client says it is (option 60)
        vendor_class: Option<String>,
        /// Options that the client asks for, in its order (option 55), telling of its system
        parameter_list: Option<Vec<u16>>,
        /// Client identifier as hex digits (option 61); 01 before a MAC
        client_id: Option<String>,
        /// Fully qualified name of the client (option 81)
        fqdn: Option<String>,
        /// Classes of the user or application (option 77)
        user_class: Option<String>,
        /// Network mask (option 1)
        subnet_mask: Option<IpAddr>,
        /// Gateways (option 3)
        routers: Option<Vec<String>>,
        /// Name servers (option 6)
        dns_servers: Option<Vec<String>>,
        /// Domain of the client (option 15)
        domain: Option<String>,
        /// NTP servers (option 42)
        ntp_servers: Option<Vec<String>>,
        /// Time that the address is lent for, seconds (option 51); 4294967295 for ever
        lease_s: Option<u32>,
        /// DHCP server (option 54)
        server_id: Option<IpAddr>,
        /// Name of the boot server (field or option 66)
        boot_server: Option<String>,
        /// Boot file (field or option 67)
        boot_file: Option<String>,
        /// Reason for a refusal (option 56)
        message: Option<String>,
        /// Codes of the options present, in order
        options: Vec<u16>,
    }
}

/// DHCPv4 as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "dhcp",
    tcp_ports: &[],
    udp_ports: &[67, 68],
    probe,
    parser: || Box::new(DhcpParser),
    tables: &[Dhcp::SPEC, DhcpOption::SPEC],
};

/// RFC 2131 3: the first four octets of the options field.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// Bytes before the options (RFC 2131 2, without the cookie).
const FIXED_BYTES: usize = 236;
/// Bytes up to the end of the client's hardware address.
const ADDRESSED_BYTES: usize = 44;
/// Hardware type Ethernet (IANA ARP parameters).
const ETHERNET: u8 = 1;

fn probe(probe: &Probe<'_>) -> Verdict {
    let [op, hardware, hardware_bytes, hops, ..] = probe.bytes else { return Verdict::No };
    // RFC 1542 4.1.1: a relay drops messages with more than 16 hops
    if probe.carrier != Carrier::Udp || !matches!(op, 1 | 2) || *hardware_bytes > 16 || *hops > 16 {
        return Verdict::No;
    }
    let has_cookie = probe.bytes.get(FIXED_BYTES..).is_some_and(|rest| rest.starts_with(&COOKIE));
    // BOOTP without vendor extensions (RFC 951 3), or cut by the snap length, has nothing but its ports
    let is_bootp = probe.has_port(67) && (*hardware, *hardware_bytes) == (ETHERNET, 6) && probe.bytes.len() >= ADDRESSED_BYTES;
    if has_cookie || is_bootp { Verdict::Yes } else { Verdict::No }
}

struct DhcpParser;

impl Parser for DhcpParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        match read(ctx, bytes) {
            Some((row, options, is_whole)) => {
                ctx.emit(&row);
                for (code, content) in &options.0 {
                    dhcp_option::keep(ctx, u16::from(*code), None, content);
                }
                if !is_whole && !ctx.is_cut {
                    ctx.weird(Weird::BadMessage, Some("an option is cut short".to_owned()));
                }
            }
            None if ctx.is_cut => {}
            None => ctx.weird(Weird::BadMessage, None),
        }
    }
}

/// Options by code, parts of one put together (RFC 3396 5).
#[derive(Default)]
struct Options(Vec<(u8, Vec<u8>)>);

impl Options {
    /// Reads a field of options; false where one is cut short.
    fn read(&mut self, field: &[u8]) -> bool {
        let mut cursor = Cursor::new(field);
        while let Some(code) = cursor.u8() {
            match code {
                // pad, end: RFC 2132 3.1, 3.2
                0 => continue,
                255 => return true,
                _ => {}
            }
            let Some(value) = cursor.u8().and_then(|length| cursor.take(usize::from(length))) else { return false };
            match self.0.iter_mut().find(|(known, _)| *known == code) {
                Some((_, whole)) => whole.extend_from_slice(value),
                None => self.0.push((code, value.to_vec())),
            }
        }
        true
    }

    fn get(&self, code: u8) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == code).map(|(_, value)| value.as_slice())
    }

    fn text(&self, code: u8) -> Option<String> {
        self.get(code).and_then(text::padded)
    }

    fn number(&self, code: u8) -> Option<u32> {
        self.get(code).and_then(|value| Cursor::new(value).u32())
    }

    fn address(&self, code: u8) -> Option<IpAddr> {
        self.number(code).map(address)
    }

    fn addresses(&self, code: u8) -> Option<Vec<String>> {
        let mut cursor = Cursor::new(self.get(code)?);
        Some(std::iter::from_fn(|| cursor.u32()).map(|bits| address(bits).to_string()).collect())
    }
}

fn address(bits: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(bits))
}

/// The record, its options, and whether all of these could be read.
fn read(ctx: &Context<'_>, bytes: &[u8]) -> Option<(Dhcp, Options, bool)> {
    let mut cursor = Cursor::new(bytes);
    let (op, hardware, hardware_bytes, _hops) = (cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?);
    let (transaction_id, elapsed_s, flags) = (cursor.u32()?, cursor.u16()?, cursor.u16()?);
    let [client, yours, server, relay] = [cursor.u32()?, cursor.u32()?, cursor.u32()?, cursor.u32()?];
    let hardware_address = cursor.take(16)?;
    // what the snap length cut off is missing, not wrong
    let (server_name, file) = match (cursor.take(64), cursor.take(128)) {
        (Some(server_name), Some(file)) => (server_name, file),
        _ if ctx.is_cut => (&[][..], &[][..]),
        _ => return None,
    };
    let mut options = Options::default();
    let mut is_whole = true;
    let has_options = cursor.array() == Some(COOKIE);
    if has_options {
        is_whole = options.read(cursor.rest());
    }
    // option 52 lends the two fields to options: 1 file, 2 sname, 3 both (RFC 2132 9.3)
    let overload = options.get(52).and_then(|value| value.first().copied()).unwrap_or(0);
    let (lends_file, lends_name) = (overload & 1 != 0, overload & 2 != 0);
    if lends_file {
        is_whole &= options.read(file);
    }
    if lends_name {
        is_whole &= options.read(server_name);
    }
    let row = Dhcp {
        at: ctx.at,
        message_type: options.get(53).and_then(|value| value.first().copied()),
        is_reply: op == 2,
        transaction_id,
        elapsed_s,
        wants_broadcast: flags & 0x8000 != 0,
        client_mac: if (hardware, hardware_bytes) == (ETHERNET, 6) { Cursor::new(hardware_address).mac() } else { None },
        client_address: Some(address(client)),
        your_address: Some(address(yours)),
        server_address: Some(address(server)),
        relay_address: Some(address(relay)),
        requested_address: options.address(50),
        hostname: options.text(12),
        vendor_class: options.text(60),
        parameter_list: options.get(55).map(|codes| codes.iter().map(|code| u16::from(*code)).collect()),
        client_id: options.get(61).map(text::hex),
        fqdn: options.get(81).and_then(fqdn),
        user_class: options.get(77).and_then(user_class),
        subnet_mask: options.address(1),
        routers: options.addresses(3),
        dns_servers: options.addresses(6),
        domain: options.text(15),
        ntp_servers: options.addresses(42),
        lease_s: options.number(51),
        server_id: options.address(54),
        boot_server: options.text(66).or_else(|| text::padded(server_name).filter(|_| !lends_name)),
        boot_file: options.text(67).or_else(|| text::padded(file).filter(|_| !lends_file)),
        message: options.text(56),
        options: options.0.iter().map(|(code, _)| u16::from(*code)).collect(),
    };
    Some((row, options, is_whole))
}

/// RFC 4702 2: flags and two response codes, then the name; with the E bit in DNS's labels, else as text.
fn fqdn(value: &[u8]) -> Option<String> {
    let (head, name) = value.split_first_chunk::<3>()?;
    if head.first()? & 0x04 == 0 {
        return text::padded(name);
    }
    let mut labels = Vec::new();
    let mut cursor = Cursor::new(name);
    while let Some(length @ 1..=63) = cursor.u8() {
        labels.push(text::lossy(cursor.take(usize::from(length))?));
    }
    (!labels.is_empty()).then(|| labels.join("."))
}

/// RFC 3004 4: classes, each after its length; many clients send plain text instead.
fn user_class(value: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(value);
    let mut classes = Vec::new();
    while let Some(length) = cursor.u8() {
        match cursor.take(usize::from(length)) {
            Some(class) if length > 0 => classes.push(text::lossy(class)),
            _ => return text::padded(value),
        }
    }
    (!classes.is_empty()).then(|| classes.join(", "))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests;
