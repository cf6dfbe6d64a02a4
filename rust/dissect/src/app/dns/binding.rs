//! Parameters of SVCB and HTTPS records (RFC 9460): how a service can be reached, before it is asked.

use crate::app::text;
use crate::packet::Cursor;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Keys that RFC 9460 14.3.2 and RFC 9461 name, in the order of their numbers.
const KEYS: [&str; 8] =
    ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath"];
/// Parameters told of a record; a key stands once, and clients know nine.
const MAX_PARAMETERS: usize = 32;

/// Parameters as `key=value`, in order, values as RFC 9460 writes them; what has no form of its own in hexadecimal digits. As far as they are whole.
pub fn parameters(bytes: &[u8]) -> Vec<String> {
    let mut cursor = Cursor::new(bytes);
    let mut told = Vec::new();
    while told.len() < MAX_PARAMETERS {
        let (Some(key), Some(length)) = (cursor.u16(), cursor.u16()) else { break };
        let Some(value) = cursor.take(usize::from(length)) else { break };
        let name = KEYS.get(usize::from(key)).map_or_else(|| key_name(key), |name| (*name).to_owned());
        told.push(if value.is_empty() { name } else { format!("{name}={}", shown(key, value)) });
    }
    told
}

fn key_name(key: u16) -> String {
    format!("key{key}")
}

fn shown(key: u16, value: &[u8]) -> String {
    let listed = |parts: Vec<String>| parts.join(",");
    match key {
        0 => listed(value.chunks_exact(2).filter_map(|pair| pair.first_chunk()).map(|pair| {
            let key = u16::from_be_bytes(*pair);
            KEYS.get(usize::from(key)).map_or_else(|| key_name(key), |name| (*name).to_owned())
        }).collect()),
        1 => {
            let mut cursor = Cursor::new(value);
            let next = || cursor.u8().and_then(|length| cursor.take(usize::from(length))).map(text::lossy);
            listed(std::iter::from_fn(next).collect())
        }
        3 => value.first_chunk().map_or_else(|| text::hex(value), |port| u16::from_be_bytes(*port).to_string()),
        4 => listed(value.chunks_exact(4).filter_map(|part| part.first_chunk::<4>()).map(|part| Ipv4Addr::from(*part).to_string()).collect()),
        6 => listed(value.chunks_exact(16).filter_map(|part| part.first_chunk::<16>()).map(|part| Ipv6Addr::from(*part).to_string()).collect()),
        7 => text::lossy(value),
        _ => text::hex(value),
    }
}

#[cfg(test)]
mod tests {
    use super::parameters;
    use crate::app::testing::hex;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_written_as_in_the_standard() {
        let bytes = hex(
            "0001 0006 02 6832 02 6833      # alpn h2, h3
             0003 0002 01bb                 # port 443
             0004 0008 c0000201 c0000202    # addresses
             0006 0010 20010db8000000000000000000000001
             0005 0002 abcd                 # ech
             0002 0000  0000 0004 0001 0003 # no default, mandatory alpn and port
             ff01 0001 07",
        );
        assert_eq!(
            parameters(&bytes),
            ["alpn=h2,h3", "port=443", "ipv4hint=192.0.2.1,192.0.2.2", "ipv6hint=2001:db8::1", "ech=abcd", "no-default-alpn",
             "mandatory=alpn,port", "key65281=07"]
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            parameters(&bytes);
        }
    }
}
