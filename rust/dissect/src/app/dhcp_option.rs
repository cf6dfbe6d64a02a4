//! Options of DHCP and DHCPv6 as they came: what no column of those tables tells is not lost.

use super::Context;
use crate::record;

record! {
    /// An option of a DHCP or DHCPv6 message, its bytes as they came: vendors put models and serial numbers into 43, 60, 77, 82, 124 and 125 (DHCPv6: 16, 17, 37).
    pub struct DhcpOption in "dhcp_options" at {
        /// dhcp or dhcpv6
        protocol: &'static str,
        /// Number of the option, as IANA lists them for its protocol
        code: u16,
        /// Relay that added it (DHCPv6), the one nearest to the server being 1; null: client or server sent it
        relay: Option<u8>,
        /// Bytes of its content; of a DHCP option in several parts (RFC 3396), of all of them
        length_bytes: u64,
        /// Its content, at most 8192 bytes
        content: Vec<u8>,
    }
}

/// Keeps an option of the message at hand.
pub fn keep(ctx: &mut Context<'_>, code: u16, relay: Option<u8>, content: &[u8]) {
    let row = DhcpOption {
        at: ctx.at,
        protocol: ctx.protocol,
        code,
        relay,
        length_bytes: content.len() as u64,
        content: content.to_vec(),
    };
    ctx.emit(&row);
}
