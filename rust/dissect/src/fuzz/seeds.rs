//! What a fuzzer begins with: pieces of captures, as inputs of the layers.

use super::LINK_TYPES;
use crate::app::quic::keys::Keys;
use crate::app::quic::packet::{Kind, Long};
use crate::app::{Carrier, Direction, PROTOCOLS, Probe, Verdict, http};
use crate::capture::{LinkType, Reader};
use crate::packet::{Network, Transport, head, transport};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

/// Bytes of a file, and of a script: a fuzzer does best with short inputs.
const MAX_BYTES: usize = 16 << 10;
/// Frames of a capture that are looked at, and of a script.
const MAX_FRAMES: usize = 2000;
const MAX_STEPS: usize = 24;
/// Inputs of a capture for a layer and protocol: others like them follow in the next.
const MAX_ALIKE: usize = 2;

type Flow = (Carrier, Vec<(Direction, Vec<u8>)>);

/// Gives the inputs that a capture holds, each with its layer.
pub fn seeds(path: &Path, give: &mut dyn FnMut(&'static str, Vec<u8>)) {
    let Ok(file) = std::fs::read(path) else { return };
    give("readers", file[..file.len().min(MAX_BYTES)].to_vec());
    let frames = frames(path);
    for (link_type, bytes) in frames.iter().step_by(frames.len().div_ceil(MAX_ALIKE * 2).max(1)) {
        give("packets", [&[choice(*link_type)], &bytes[..]].concat());
    }
    if let Some((link_type, _)) = frames.first() {
        let alike = frames.iter().filter(|(other, _)| other == link_type).map(|(_, bytes)| (0, &bytes[..]));
        give("frames", script(choice(*link_type), alike));
    }
    let mut found = BTreeMap::new();
    for (carrier, messages) in flows(&frames) {
        let Some(number) = claimed(carrier, &messages[0].1) else { continue };
        let count = found.entry((carrier == Carrier::Tcp, number)).or_insert(0);
        *count += 1;
        if *count <= MAX_ALIKE {
            flow(carrier, number, &messages, give);
        }
    }
}

/// Inputs of a flow of which the first message was claimed by the protocol of this number.
fn flow(carrier: Carrier, number: u8, messages: &[(Direction, Vec<u8>)], give: &mut dyn FnMut(&'static str, Vec<u8>)) {
    let steps = || messages.iter().map(|(direction, bytes)| (u8::from(*direction == Direction::Down), &bytes[..]));
    let layer = if carrier == Carrier::Tcp { "streams" } else { "datagrams" };
    give(layer, script(number, steps()));
    let protocol = PROTOCOLS[usize::from(number)];
    match protocol.name {
        "http" => give("http", script(u8::from(std::ptr::eq(protocol, &http::h2::PROTOCOL)), steps())),
        "tls" => {
            give("handshakes", script(0, steps()));
            let sent: Vec<u8> = messages.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
            certificates(&sent, give);
        }
        "dtls" => give("handshakes", script(1, steps())),
        "quic" => {
            give("handshakes", script(2, steps()));
            let frames: Vec<_> = messages.iter().filter_map(|(_, bytes)| opened(bytes)).collect();
            give("handshakes", script(3, frames.iter().map(|bytes| (0, &bytes[..]))));
        }
        _ => {}
    }
}

fn frames(path: &Path) -> Vec<(LinkType, Vec<u8>)> {
    let mut found = Vec::new();
    if let Ok(mut reader) = Reader::open(path) {
        while let Some(frame) = reader.next() {
            found.push((frame.link_type, frame.bytes.to_vec()));
            if found.len() >= MAX_FRAMES {
                break;
            }
        }
    }
    found
}

fn choice(link_type: LinkType) -> u8 {
    let place = LINK_TYPES.iter().position(|one| *one == link_type);
    u8::try_from(place.unwrap_or(LINK_TYPES.len())).unwrap()
}

fn script<'a>(choice: u8, steps: impl Iterator<Item = (u8, &'a [u8])>) -> Vec<u8> {
    let mut out = vec![choice];
    for (control, bytes) in steps.take(MAX_STEPS) {
        if out.len() + bytes.len() > MAX_BYTES {
            break;
        }
        out.push(control);
        out.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
        out.extend(bytes);
    }
    out
}

/// Messages of each flow in the order of the capture; a TCP segment counts as one.
fn flows(frames: &[(LinkType, Vec<u8>)]) -> Vec<Flow> {
    let mut places = BTreeMap::new();
    let mut found: Vec<Flow> = Vec::new();
    for (link_type, bytes) in frames {
        let Network::Ip(ip) = head(*link_type, bytes).network else { continue };
        let (carrier, ports, payload) = match transport(ip.protocol, ip.payload, ip.payload_len).0 {
            Transport::Udp(udp) => (Carrier::Udp, (udp.source_port, udp.destination_port), udp.payload),
            Transport::Tcp(tcp) => (Carrier::Tcp, (tcp.source_port, tcp.destination_port), tcp.payload),
            _ => continue,
        };
        if payload.is_empty() {
            continue;
        }
        let (from, to) = (SocketAddr::new(ip.source, ports.0), SocketAddr::new(ip.destination, ports.1));
        let key = (carrier == Carrier::Tcp, from.min(to), from.max(to));
        let (place, first) = *places.entry(key).or_insert_with(|| {
            found.push((carrier, Vec::new()));
            (found.len() - 1, from)
        });
        let direction = if from == first { Direction::Up } else { Direction::Down };
        found[place].1.push((direction, payload.to_vec()));
    }
    found
}

/// The number of the protocol that claims the first message.
fn claimed(carrier: Carrier, bytes: &[u8]) -> Option<u8> {
    let at = crate::app::testing::at(1, 2);
    let probe = Probe { carrier, at: &at, bytes, from_start: true, before: None };
    let place = PROTOCOLS.iter().position(|one| (one.probe)(&probe) == Verdict::Yes)?;
    u8::try_from(place).ok()
}

/// What looks like certificates in the bytes of a handshake: two sequences, each with a length of two bytes.
fn certificates(bytes: &[u8], give: &mut dyn FnMut(&'static str, Vec<u8>)) {
    for place in 0..bytes.len() {
        if let [0x30, 0x82, high, low, 0x30, 0x82, ..] = &bytes[place..] {
            let end = place + 4 + usize::from(u16::from_be_bytes([*high, *low]));
            give("handshakes", [&[4], &bytes[place..end.min(bytes.len())]].concat());
        }
    }
}

/// The frames of a client's first packet.
fn opened(datagram: &[u8]) -> Option<Vec<u8>> {
    let (long, _) = Long::read(datagram).filter(|(long, _)| long.kind == Kind::Initial)?;
    Keys::initial(long.version, long.destination_id, true).find_map(|keys| keys.open(long.bytes, long.number_at))
}
