//! A device's public address where servers tell it without a name: what servers of two owners tell alike, as the one address
//! of a text, or in bytes beside the port at which the device got it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv4Addr;

use crate::Content;
use crate::plausible::is_public;
use crate::public::addresses;
use crate::within;

/// Longest message whose bytes are looked through, and whose text is: an answer to "who am I" is short.
const MAX_BINARY_BYTES: usize = 256;
const MAX_TEXT_BYTES: usize = 2048;
/// Different messages that are looked through.
const MAX_MESSAGES: usize = 4096;
/// How many times as often the most frequent address is told as another, for that to be none.
const CLEARLY: usize = 10;
/// Parts of a version are small numbers; those of one address in five thousand are.
const MAX_VERSION_PART: u8 = 31;

/// Who sent a content, and to which port of the device: the number of an owner of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Teller {
    /// Servers of one owner may tell alike what is no address.
    pub owner: u32,
    /// Many routers keep a port as it is; none: not known.
    pub port: Option<u16>,
}

/// Addresses that the contents tell from at least two owners; `tellers` of each by its id.
pub fn told_by_several<'a>(
    contents: impl Iterator<Item = &'a Content>,
    tellers: &HashMap<u64, Vec<Teller>>,
) -> Vec<Ipv4Addr> {
    let mut found: BTreeMap<Ipv4Addr, (usize, BTreeSet<u32>)> = BTreeMap::new();
    let told = contents.filter_map(|content| Some((content, tellers.get(&content.id)?)));
    for (content, tellers) in told.filter(|(content, _)| content.is_received).take(MAX_MESSAGES) {
        for teller in tellers {
            for address in candidates(&content.content, teller.port) {
                let (times, owners) = found.entry(address).or_default();
                *times += 1;
                owners.insert(teller.owner);
            }
        }
    }
    found.retain(|_, (_, owners)| owners.len() > 1);
    // bytes that overlap an address stand beside the port now and then by chance
    let most = found.values().map(|(times, _)| *times).max().unwrap_or_default();
    found.into_iter().filter(|(_, (times, _))| times * CLEARLY >= most).map(|(address, _)| address).collect()
}

/// Addresses that a message may tell. One of several in a text is one of a list of servers.
fn candidates(content: &[u8], port: Option<u16>) -> BTreeSet<Ipv4Addr> {
    let mut found = BTreeSet::new();
    if content.len() <= MAX_TEXT_BYTES {
        let told: BTreeSet<Ipv4Addr> = addresses(content).into_iter().filter(|one| is_public(*one)).collect();
        found.extend(told.iter().filter(|address| told.len() == 1 && !is_version(**address)));
    }
    if let Some(port) = port.filter(|_| content.len() <= MAX_BINARY_BYTES) {
        for (place, word) in content.windows(4).enumerate() {
            let before = place.checked_sub(2).map(|start| within(content, start, place)).unwrap_or_default();
            let beside = [before, within(content, place + 4, place + 6)];
            let Some(word) = word.first_chunk::<4>() else { continue };
            if beside.contains(&port.to_be_bytes().as_slice()) {
                found.insert(Ipv4Addr::from(*word));
            } else if beside.contains(&port.to_le_bytes().as_slice()) {
                // who writes the one as a little-endian number writes the other so
                found.insert(Ipv4Addr::from(u32::from_le_bytes(*word)));
            }
        }
    }
    found.retain(|address| is_public(*address) && is_varied(*address));
    found
}

/// Whether it has three different parts: name servers that all know are made to be remembered.
fn is_varied(address: Ipv4Addr) -> bool {
    BTreeSet::from(address.octets()).len() > 2
}

fn is_version(address: Ipv4Addr) -> bool {
    address.octets().iter().all(|part| *part <= MAX_VERSION_PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [Ipv4Addr; 0] = [];
    const OWN: Ipv4Addr = Ipv4Addr::new(93, 184, 216, 34);
    const PORT: u16 = 40000;

    fn found(contents: &[(&[u8], u32)]) -> Vec<Ipv4Addr> {
        let one = |(id, (content, _)): (usize, &(&[u8], u32))| Content {
            id: id as u64,
            content: content.to_vec(),
            is_received: true,
        };
        let all: Vec<Content> = contents.iter().enumerate().map(one).collect();
        let teller = |owner| vec![Teller { owner, port: Some(PORT) }];
        let tellers = contents.iter().enumerate().map(|(id, (_, owner))| (id as u64, teller(*owner))).collect();
        told_by_several(all.iter(), &tellers)
    }

    #[test]
    fn an_address_counts_that_two_owners_of_servers_tell() {
        let behind = [&[2, 0x81], OWN.octets().as_slice(), &PORT.to_be_bytes()].concat();
        let before = [&PORT.to_le_bytes(), OWN.to_bits().to_le_bytes().as_slice(), &[7]].concat();
        assert_eq!(found(&[(b"93.184.216.34\n", 1), (b"you: 93.184.216.34:4000", 2)]), [OWN]);
        assert_eq!(found(&[(b"93.184.216.34\n", 1), (&behind, 2)]), [OWN]);
        assert_eq!(found(&[(&behind, 1), (&before, 2)]), [OWN]);
        assert_eq!(found(&[(&behind, 1), (&behind, 1)]), NONE);
    }

    #[test]
    fn numbers_of_a_protocol_versions_and_lists_are_no_address() {
        for told in [
            [0x5A, 0x17, 0x33, 0xC4, 1, 2, 3, 4].as_slice(),
            b"version 2.10.4.1",
            b"Server: x/99.10.4.1",
            b"8.8.4.4",
            b"93.184.216.34 93.184.216.35",
        ] {
            assert_eq!(found(&[(told, 1), (told, 2)]), NONE, "{told:?}");
        }
    }
}
