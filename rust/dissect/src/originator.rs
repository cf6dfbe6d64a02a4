//! Who opened a conversation. For IoT the start is often not in the capture (a push connection lives for days),
//! so ports and scopes stand in for the handshake; what told it is kept.

use crate::flow::{Address, Endpoint};
use crate::packet::tcp_flags;
use std::net::IpAddr;

/// From here on ports are drawn for clients (RFC 6335 6: dynamic ports begin at 49152; Linux begins at 32768).
const FIRST_EPHEMERAL: u16 = 32_768;
/// Ports below are assigned by IANA to services (RFC 6335 6, system ports).
const FIRST_USER_PORT: u16 = 1024;

/// How likely a port is a service's: 2 assigned, 1 between, 0 drawn for a client.
fn service_rank(port: u16) -> u8 {
    let known = crate::app::PROTOCOLS.iter().any(|p| p.tcp_ports.contains(&port) || p.udp_ports.contains(&port));
    match port {
        _ if known => 2,
        1..FIRST_USER_PORT => 2,
        FIRST_USER_PORT..FIRST_EPHEMERAL => 1,
        _ => 0,
    }
}

/// Whether an address is one that only its own network knows (RFC 1918, 6598, 3927, 4193, 4291).
pub fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || v4.is_loopback() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => {
            let [first, ..] = v6.segments();
            first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 || v6.is_loopback()
        }
    }
}

fn is_group(address: Address) -> bool {
    match address {
        Address::Ip(IpAddr::V4(v4)) => v4.is_multicast() || v4.is_broadcast(),
        Address::Ip(IpAddr::V6(v6)) => v6.is_multicast(),
        Address::Mac(mac) => mac.is_some_and(crate::packet::Mac::is_group),
    }
}

/// Whether the first packet's sender is the originator, and what told it.
pub fn sender_is_originator(source: Endpoint, destination: Endpoint, flags: Option<u8>) -> (bool, &'static str) {
    if let Some(flags) = flags
        && flags & tcp_flags::SYN != 0
    {
        return (flags & tcp_flags::ACK == 0, "syn");
    }
    if is_group(destination.address) {
        return (true, "group");
    }
    let (from, to) = (service_rank(source.port), service_rank(destination.port));
    if source.port != 0 && from != to {
        return (to > from, "ports");
    }
    if let (Some(from), Some(to)) = (source.address.ip(), destination.address.ip())
        && is_local(from) != is_local(to)
        // a datagram is a start by itself; a TCP segment without SYN is the middle of something
        && flags.is_some()
    {
        return (is_local(from), "scope");
    }
    (true, "first")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(address: [u8; 4], port: u16) -> Endpoint {
        Endpoint { address: Address::Ip(IpAddr::from(address)), port }
    }

    #[test]
    fn a_push_on_a_connection_opened_before_is_the_servers() {
        let (cloud, plug) = (end([52, 1, 2, 3], 443), end([192, 168, 1, 2], 49_500));
        assert_eq!(sender_is_originator(cloud, plug, Some(tcp_flags::ACK)), (false, "ports"));
        assert_eq!(sender_is_originator(cloud, plug, Some(tcp_flags::SYN | tcp_flags::ACK)), (false, "syn"));
    }

    #[test]
    fn a_private_host_opens_where_ports_tell_nothing() {
        let (cloud, plug) = (end([52, 1, 2, 3], 50_443), end([192, 168, 1, 2], 49_500));
        assert_eq!(sender_is_originator(cloud, plug, Some(tcp_flags::ACK)), (false, "scope"));
        assert_eq!(sender_is_originator(cloud, plug, None), (true, "first"));
    }
}
