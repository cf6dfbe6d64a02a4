//! What identifies a flow at a moment. Made for each packet, hashed and compared: in few steps for IPv4.

use crate::flow::{Address, Endpoint, Kind};
use crate::tables::FlowId;
use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// What identifies a flow at a moment: its ends in order, and its kind.
#[derive(Clone, Copy, Eq, Debug)]
pub struct FlowKey {
    /// the smaller end
    pub low: Endpoint,
    /// the larger end
    pub high: Endpoint,
    /// protocol
    pub kind: Kind,
}

/// Made for each packet: IPv4 in as few steps as there can be.
impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Some(addresses) = self.ipv4() {
            state.write_u64(addresses);
        } else {
            self.low.address.hash(state);
            self.high.address.hash(state);
        }
        state.write_u64(self.ports_and_kind());
    }
}

/// As for each field, in few steps for IPv4.
impl PartialEq for FlowKey {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let alike = match (self.ipv4(), other.ipv4()) {
            (Some(ours), Some(theirs)) => ours == theirs,
            (None, None) => self.low.address == other.low.address && self.high.address == other.high.address,
            _ => false,
        };
        alike && self.ports_and_kind() == other.ports_and_kind()
    }
}

/// Whether `a` is the smaller end or both are the same: as the order of endpoints, in one step for IPv4.
#[inline]
fn comes_first(a: &Endpoint, b: &Endpoint) -> bool {
    match (a.address, b.address) {
        (Address::Ip(IpAddr::V4(x)), Address::Ip(IpAddr::V4(y))) => (u32::from(x), a.port) <= (u32::from(y), b.port),
        _ => a <= b,
    }
}

impl FlowKey {
    /// Both addresses, where they are IPv4.
    #[inline]
    fn ipv4(&self) -> Option<u64> {
        match (self.low.address, self.high.address) {
            (Address::Ip(IpAddr::V4(low)), Address::Ip(IpAddr::V4(high))) => {
                Some(u64::from(u32::from(low)) << 32 | u64::from(u32::from(high)))
            }
            _ => None,
        }
    }

    /// All but the addresses; different for different ones.
    #[inline]
    fn ports_and_kind(&self) -> u64 {
        let (kind, number) = match self.kind {
            Kind::Ip(number) => (0, u16::from(number)),
            Kind::Fragment(number) => (1, u16::from(number)),
            Kind::EtherType(number) => (2, number),
            Kind::Llc(number) => (3, u16::from(number)),
            Kind::WlanControl => (4, 0),
            Kind::WlanProtected => (5, 0),
            Kind::Unknown => (6, 0),
        };
        let ports = u64::from(self.low.port) << 16 | u64::from(self.high.port);
        ports << 32 | kind << 16 | u64::from(number)
    }

    /// The key of a packet, and whether it goes from the low to the high end.
    #[inline]
    pub fn new(source: Endpoint, destination: Endpoint, kind: Kind) -> (Self, bool) {
        if comes_first(&source, &destination) {
            (Self { low: source, high: destination, kind }, true)
        } else {
            (Self { low: destination, high: source, kind }, false)
        }
    }

    /// Stable id: the first 64 bits of SHA-256 over ends, kind and first time.
    pub fn id(&self, first_ns: i64) -> FlowId {
        let mut hash = Sha256::new();
        hash.update(format!("{:?} {:?} {:?} {first_ns}", self.low, self.high, self.kind));
        let digest: [u8; 32] = hash.finalize().into();
        FlowId(digest.first_chunk::<8>().map_or(0, |head| u64::from_be_bytes(*head)))
    }
}
