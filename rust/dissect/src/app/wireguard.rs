//! WireGuard (Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel", 5.4): the kind of each message shows in its
//! form; everything else is encrypted.

use super::{Carrier, Context, Parser, Probe, Protocol, Verdict};
use crate::record;
use crate::tables::Record;

record! {
    /// A message of WireGuard's handshake.
    pub struct Wireguard in "wireguard" at {
        /// initiation, response, or cookie (the asked one is under load)
        kind: &'static str,
        /// Sender's number of the session
        sender_index: Option<u32>,
        /// Number that the receiver gave the session
        receiver_index: Option<u32>,
    }
}

/// WireGuard as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "wireguard",
    tcp_ports: &[],
    udp_ports: &[51820],
    probe,
    parser: || Box::new(WireguardParser),
    tables: &[Wireguard::SPEC],
};

/// Sizes of the messages (5.4.2 to 5.4.7); a transport message is a multiple of 16.
const INITIATION_BYTES: usize = 148;
const RESPONSE_BYTES: usize = 92;
const COOKIE_BYTES: usize = 64;
const MIN_TRANSPORT_BYTES: usize = 32;
/// Different values that the 32 bytes of a public key have at least; by chance fewer come once in 10^15.
const MIN_KEY_VALUES: usize = 18;
/// Transport messages that may be missing between two that tell the protocol.
const MAX_STEP: u64 = 64;

fn number(bytes: &[u8], place: usize) -> Option<u32> {
    bytes.get(place..)?.first_chunk::<4>().map(|octets| u32::from_le_bytes(*octets))
}

/// Whether 32 bytes look like a key.
fn is_random(bytes: Option<&[u8]>) -> bool {
    let mut values: Vec<u8> = bytes.unwrap_or_default().to_vec();
    values.sort_unstable();
    values.dedup();
    values.len() >= MIN_KEY_VALUES
}

/// Receiver and counter of a transport message.
fn transport(bytes: &[u8]) -> Option<(u32, u64)> {
    let counter = bytes.get(8..)?.first_chunk::<8>().map(|octets| u64::from_le_bytes(*octets))?;
    (number(bytes, 0)? == 4).then_some((number(bytes, 4)?, counter))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    if probe.carrier != Carrier::Udp || !matches!(bytes, [1..=4, 0, 0, 0, ..]) {
        return Verdict::No;
    }
    let is_one = match (number(bytes, 0), bytes.len()) {
        (Some(1), INITIATION_BYTES) => number(bytes, 4) != Some(0) && is_random(bytes.get(8..40)) && is_random(bytes.get(40..88)),
        (Some(2), RESPONSE_BYTES) => number(bytes, 4) != Some(0) && number(bytes, 8) != Some(0) && is_random(bytes.get(12..44)),
        (Some(4), size) if size >= MIN_TRANSPORT_BYTES && size % 16 == 0 => match (transport(bytes), probe.before.and_then(transport)) {
            (Some((receiver, counter)), Some((other, before))) => {
                receiver == other && receiver != 0 && counter.checked_sub(before).is_some_and(|step| (1..=MAX_STEP).contains(&step))
            }
            _ => false,
        },
        _ => false,
    };
    if is_one { Verdict::Yes } else { Verdict::No }
}

struct WireguardParser;

impl Parser for WireguardParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        let (kind, sender, receiver) = match (number(bytes, 0), bytes.len()) {
            (Some(1), INITIATION_BYTES) => ("initiation", number(bytes, 4), None),
            (Some(2), RESPONSE_BYTES) => ("response", number(bytes, 4), number(bytes, 8)),
            (Some(3), COOKIE_BYTES) => ("cookie", None, number(bytes, 4)),
            _ => return,
        };
        ctx.emit(&Wireguard { at: ctx.at, kind, sender_index: sender, receiver_index: receiver });
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, datagrams};
    use proptest::prelude::*;

    fn initiation() -> Vec<u8> {
        let mut bytes = vec![1, 0, 0, 0, 9, 0, 0, 0];
        bytes.extend((0..140u8).map(|n| n.wrapping_mul(37)));
        bytes
    }

    /// Type 4, receiver, counter, 16 bytes of tag.
    fn data(receiver: u8, counter: u8) -> Vec<u8> {
        let mut bytes = vec![4, 0, 0, 0, receiver, 0, 0, 0, counter, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend([7; 16]);
        bytes
    }

    fn probed(bytes: &[u8], before: Option<&[u8]>) -> Verdict {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(1, 2), bytes, from_start: true, before })
    }

    #[test]
    fn a_handshake_is_told_by_its_form() {
        assert_eq!(probed(&initiation(), None), Verdict::Yes);
        assert_eq!(probed(&initiation()[..147], None), Verdict::No);
        let row = &datagrams(&PROTOCOL, &[&initiation(), &data(3, 1)]);
        assert_eq!((row.len(), row[0].1["kind"].as_str(), row[0].1["sender_index"].as_str()), (1, "initiation", "9"));
    }

    #[test]
    fn without_its_start_only_a_counter_that_goes_on_tells() {
        assert_eq!(probed(&data(3, 5), None), Verdict::No);
        assert_eq!(probed(&data(3, 5), Some(&data(3, 4))), Verdict::Yes);
        assert_eq!(probed(&data(3, 5), Some(&data(3, 5))), Verdict::No);
        assert_eq!(probed(&data(3, 5), Some(&data(2, 4))), Verdict::No);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..160)) {
            let _ = probed(&bytes, Some(&bytes));
            datagrams(&PROTOCOL, &[&bytes]);
        }
    }
}
