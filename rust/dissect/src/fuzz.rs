//! Mutations of what captures hold, layer by layer: `cargo test --release -p idletalk-dissect --lib -- --ignored --nocapture fuzz`.
//!
//! Seeds are the frames of all captures below `IDLETALK_CAPTURES` (without it there are none, and nothing is done). Each layer runs for
//! `FUZZ_SECONDS` (60) from `FUZZ_SEED` (1), so that what is found can be run again. A run that takes longer than
//! [`MAX_RUN`] is a fault as a panic is. Not guided by coverage: a compiler of the stable channel does not tell it.

use crate::app::testing::{datagrams, stream};
use crate::app::{Carrier, Direction, PROTOCOLS, Probe, Protocol, Verdict};
use crate::arp::Arp;
use crate::at::At;
use crate::capture::{LinkType, Reader};
use crate::eapol::Eapol;
use crate::group::Membership;
use crate::icmp::Icmp;
use crate::lldp::Lldp;
use crate::packet::{Network, Transport, head, transport};
use crate::sink::Sink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// One run: the largest is a few dozen kilobytes.
const MAX_RUN: Duration = Duration::from_secs(2);
/// Larger captures say the same again.
const MAX_CAPTURE_BYTES: u64 = 4 << 20;
/// Frames of one capture.
const MAX_FRAMES: usize = 400;
/// Messages of one run.
const MAX_MESSAGES: u64 = 6;
/// Bytes that lengths and counts break at.
const BOUNDARIES: [u8; 8] = [0, 1, 0x3f, 0x7f, 0x80, 0xc0, 0xfe, 0xff];

/// Numbers that look like chance (xorshift64*, Vigna 2016).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % most.max(1)
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// Bytes with some of them changed, left out, doubled, or followed by those of another seed.
    fn mutated(&mut self, seed: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            let place = self.index(bytes.len());
            match self.index(6) {
                0 => bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << (place % 8)),
                1 => bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte = BOUNDARIES[place % 8]),
                2 => bytes.truncate(place),
                3 => drop(bytes.drain(place..(place + 1 + place % 5).min(bytes.len()))),
                4 => bytes.extend_from_within(place..),
                _ => {
                    bytes.truncate(place);
                    bytes.extend_from_slice(&other[self.index(other.len()).min(other.len())..]);
                }
            }
            bytes.truncate(1 << 17);
        }
        bytes
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn captures() -> Vec<PathBuf> {
    let Some(root) = std::env::var_os("IDLETALK_CAPTURES") else { return Vec::new() };
    let (mut folders, mut files) = (vec![PathBuf::from(root)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if entry.metadata().is_ok_and(|about| about.len() < MAX_CAPTURE_BYTES) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
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

/// Runs a layer on mutated seeds until its time is over; gives the runs.
fn run(name: &str, seeds: &[Vec<u8>], mut layer: impl FnMut(usize, &mut Chance, &[u8], &[u8])) {
    let mut chance = Chance(number("FUZZ_SEED", 1).max(1));
    let end = Instant::now() + Duration::from_secs(number("FUZZ_SECONDS", 60));
    let mut runs = 0u64;
    while Instant::now() < end && !seeds.is_empty() {
        let (place, other) = (chance.index(seeds.len()), chance.index(seeds.len()));
        let bytes = chance.mutated(&seeds[place], &seeds[other]);
        let before = chance.0;
        let mut timed = |chance: &mut Chance| {
            let began = Instant::now();
            layer(place, chance, &bytes, &seeds[other]);
            began.elapsed()
        };
        // once may be a machine that has other things to do
        if timed(&mut chance) >= MAX_RUN {
            let again = timed(&mut Chance(before));
            assert!(again < MAX_RUN, "{name}: run {runs} took {again:?}");
        }
        runs += 1;
    }
    println!("{name}: {runs} runs of {} seeds", seeds.len());
}

fn place(address: [u8; 4]) -> At {
    let mut at = crate::app::testing::at(1, 2);
    at.source.address = Some(std::net::IpAddr::from(address));
    at
}

/// Payloads that a protocol claims, with the protocol.
fn claimed(carrier: Carrier) -> Vec<(&'static Protocol, Vec<u8>)> {
    let mut found = Vec::new();
    for (link_type, bytes) in captures().iter().flat_map(|path| frames(path)) {
        let Network::Ip(ip) = head(link_type, &bytes).network else { continue };
        let payload = match transport(ip.protocol, ip.payload, ip.payload_len).0 {
            Transport::Udp(udp) if carrier == Carrier::Udp => udp.payload,
            Transport::Tcp(tcp) if carrier == Carrier::Tcp => tcp.payload,
            _ => continue,
        };
        let at = crate::app::testing::at(1, 2);
        let probe = Probe { carrier, at: &at, bytes: payload, from_start: true, before: None };
        found.extend(
            PROTOCOLS.iter().filter(|one| (one.probe)(&probe) == Verdict::Yes).map(|one| (*one, payload.to_vec())),
        );
    }
    found
}

#[test]
#[ignore = "runs for minutes, on captures of others"]
fn fuzz_readers() {
    let seeds: Vec<_> = captures()
        .iter()
        .filter_map(|path| std::fs::read(path).ok())
        .map(|bytes| bytes[..bytes.len().min(1 << 16)].to_vec())
        .collect();
    let path = std::env::temp_dir().join(format!("idletalk-fuzz-{}", std::process::id()));
    run("readers", &seeds, |_, _, bytes, _| {
        std::fs::write(&path, bytes).unwrap();
        frames(&path);
    });
    let _ = std::fs::remove_file(&path);
}

#[test]
#[ignore = "runs for minutes, on captures of others"]
fn fuzz_packets() {
    let all: Vec<_> = captures().iter().flat_map(|path| frames(path)).collect();
    let seeds: Vec<_> = all.iter().map(|(_, bytes)| bytes.clone()).collect();
    let mut sink = Sink::default();
    run("packets", &seeds, |seed, chance, bytes, _| {
        let at = place([10, 0, 0, 1]);
        let rest = &bytes[chance.index(bytes.len() + 1)..];
        for (bytes, is_v6) in [(bytes, false), (rest, true)] {
            match head(all[seed].0, bytes).network {
                Network::Ip(ip) => drop(transport(ip.protocol, ip.payload, ip.payload_len)),
                Network::Arp(bytes) => Arp::read(&mut sink, at, bytes),
                _ => {}
            }
            Eapol::read(&mut sink, at, bytes);
            Lldp::read(&mut sink, at, bytes);
            Icmp::read(&mut sink, at, bytes);
            Membership::read(&mut sink, at, bytes, is_v6);
        }
        drop(sink.sheets.take());
    });
}

#[test]
#[ignore = "runs for minutes, on captures of others"]
fn fuzz_datagrams() {
    let all = claimed(Carrier::Udp);
    let seeds: Vec<_> = all.iter().map(|(_, bytes)| bytes.clone()).collect();
    run("datagrams", &seeds, |seed, _, bytes, other| drop(datagrams(all[seed].0, &[&seeds[seed], bytes, other])));
}

#[test]
#[ignore = "runs for minutes, on captures of others"]
fn fuzz_streams() {
    let all = claimed(Carrier::Tcp);
    let seeds: Vec<_> = all.iter().map(|(_, bytes)| bytes.clone()).collect();
    run("streams", &seeds, |seed, chance, bytes, other| {
        let mut pieces = Vec::new();
        let mut rest = bytes;
        for _ in 0..MAX_MESSAGES {
            let direction = if chance.index(4) == 0 { Direction::Down } else { Direction::Up };
            let (part, behind) = rest.split_at(chance.index(rest.len() + 1));
            pieces.push((direction, part));
            rest = behind;
        }
        pieces.extend([(Direction::Up, rest), (Direction::Down, other)]);
        drop(stream(all[seed].0, &pieces));
    });
}
