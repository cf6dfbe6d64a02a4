//! Whatever the bytes, nothing panics; what is cut off takes nothing else with it.

use crate::common::{Seen, TempFile, block, drain, interface, option, packet, pcap, section, words};
use dissect::capture::{CaptureError, FaultKind, Reader, Timeline};
use proptest::prelude::*;

/// A pcapng file with every kind of block that is looked into.
fn pcapng() -> Vec<u8> {
    [
        section(),
        interface(1, 0, &[option(2, b"eth0"), option(9, &[9])].concat()),
        packet(0, 1_000_000_000, b"first frame"),
        interface(113, 40, &[option(9, &[0x86]), option(14, &[1; 8])].concat()),
        block(0xbad, &words(&[1, 2, 3])),
        packet(1, 2_000, b"second frame"),
        block(3, &[&words(&[4])[..], b"abcd"].concat()),
        block(4, &[option(1, b"\x0a\0\0\x01a\0b\0"), option(0, b"")].concat()),
        section(),
        interface(101, 0, &[]),
        block(2, &[&words(&[0, 0, 5, 2, 2])[..], b"ab"].concat()),
        block(5, &[words(&[0, 0, 0]), option(5, &7u64.to_le_bytes())].concat()),
        packet(0, 9, &[9; 200]),
    ]
    .concat()
}

fn classic() -> Vec<u8> {
    pcap(0xa1b2_c3d4, &[(1, 0, b"first"), (2, 5, &[5; 99]), (3, 0, b""), (4, 0, b"fourth")])
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut out, bytes).unwrap();
    out.finish().unwrap()
}

fn read(content: &[u8]) -> Result<(Vec<Seen>, Reader), CaptureError> {
    let file = TempFile::new(content);
    let mut reader = Reader::open(file.path())?;
    Ok((drain(&mut reader), reader))
}

#[test]
fn a_file_cut_anywhere_yields_a_prefix_and_says_so() {
    for whole in [classic(), pcapng()] {
        let (expected, _) = read(&whole).unwrap();
        for cut in 0..whole.len() {
            let Ok((frames, reader)) = read(&whole[..cut]) else {
                assert!(cut < 28, "only the file's header is needed to open it");
                continue;
            };
            assert_eq!(frames, expected[..frames.len()], "cut at {cut}");
            assert!(frames.len() < expected.len());
            let kind = reader.fault().map(|fault| fault.kind);
            assert!(matches!(kind, None | Some(FaultKind::CutShort)), "{kind:?} at {cut}");
            let consumed = frames.last().map_or(0, |last| last.offset as usize + last.bytes.len());
            assert!(consumed <= cut);
        }
    }
}

#[test]
fn a_mark_leads_back_to_every_frame() {
    for content in [classic(), pcapng(), gzipped(&classic()), gzipped(&pcapng())] {
        let file = TempFile::new(&content);
        let mut reader = Reader::open(file.path()).unwrap();
        let all = drain(&mut Reader::open(file.path()).unwrap());
        for index in 0..=all.len() {
            let before = reader.mark();
            let mut resumed = Reader::resume(file.path(), &before).unwrap();
            assert_eq!(drain(&mut resumed), all[index..]);
            if reader.next().is_some() {
                let mut again = Reader::resume(file.path(), &reader.mark_current()).unwrap();
                assert_eq!(drain(&mut again), all[index..]);
            }
        }
    }
}

#[test]
fn a_mark_beyond_the_file_is_an_error_or_the_end() {
    let file = TempFile::new(&pcapng());
    let mut mark = Reader::open(file.path()).unwrap().mark();
    mark.described_to = u64::MAX;
    assert!(Reader::resume(file.path(), &mark).is_err());
    mark.described_to = 0;
    mark.offset = 1 << 40;
    assert!(Reader::resume(file.path(), &mark).is_ok_and(|mut reader| reader.next().is_none()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn flipped_bytes_never_panic(
        which in 0..4usize,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut content = [classic(), pcapng(), gzipped(&classic()), gzipped(&pcapng())][which].clone();
        for (at, value) in flips {
            let at = at.index(content.len());
            content[at] = value;
        }
        if let Ok((frames, reader)) = read(&content) {
            prop_assert_eq!(frames.len() as u64, reader.summary().frames);
        }
        let file = TempFile::new(&content);
        let mut timeline = Timeline::new(vec![file.path().into()]);
        while timeline.next().is_some() {}
    }

    #[test]
    fn any_bytes_after_a_good_header_never_panic(
        which in 0..3usize,
        tail in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let head = match which {
            0 => pcap(0xa1b2_c3d4, &[]),
            1 => pcap(0xa1b2_cd34, &[]),
            _ => [section(), interface(1, 0, &[])].concat(),
        };
        let _ = read(&[head, tail].concat());
    }

    #[test]
    fn any_bytes_as_options_never_panic(
        block_type in 1..12u32,
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let content = [section(), interface(1, 0, &[]), block(block_type, &body), packet(0, 1, b"x")];
        let _ = read(&content.concat());
        let _ = read(&[section(), block(1, &body), packet(0, 1, b"x")].concat());
    }
}
