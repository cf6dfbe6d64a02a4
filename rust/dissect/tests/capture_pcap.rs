//! pcap files: every flavour, damage, compression.

use std::io::Write;

use crate::common::{TempFile, drain, hex, pcap, read};
use dissect::capture::{ByteOrder, CaptureError, Compression, FaultKind, Format, LinkType, PcapVariant, Reader};

#[test]
fn a_big_endian_nanosecond_file_is_read_to_the_nanosecond() {
    let (frames, reader) = read(&hex("a1b23c4d 0002 0004   # nanoseconds, version 2.4
         00000000 00000000    # time zone, accuracy
         00000040 24000001    # snaplen 64; 4 bits FCS length = 2 words, FCS present, Ethernet
         65000000 3b9ac9ff    # 1694498816 s, 999999999 ns
         00000003 000005dc    # 3 bytes captured of 1500
         aabbcc"));
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].time_ns, 1_694_498_816_999_999_999);
    assert_eq!((frames[0].number, frames[0].offset, frames[0].original_len), (1, 24, 1500));
    assert_eq!(frames[0].bytes, [0xaa, 0xbb, 0xcc]);
    let summary = reader.summary();
    assert_eq!(summary.interfaces[0].link_type, LinkType::ETHERNET);
    assert_eq!(summary.interfaces[0].fcs_bytes, Some(4));
    assert_eq!(summary.interfaces[0].snaplen, 64);
    assert_eq!((summary.frames, summary.truncated_frames), (1, 1));
    assert_eq!(
        summary.format,
        Format::Pcap { variant: PcapVariant::Standard, byte_order: ByteOrder::Big, nanoseconds: true, version: (2, 4) }
    );
    assert_eq!(reader.fault(), None);
}

#[test]
fn kuznetzovs_longer_records_are_read() {
    let (frames, reader) = read(&hex("34cdb2a1 0200 0400 00000000 00000000 ffff0000 01000000  # magic a1b2cd34
         01000000 02000000 04000000 04000000  # 1.000002 s, 4 of 4 bytes
         03000000 0008 00 00                  # interface 3, IPv4, to this host, padding
         01020304
         02000000 02000000 01000000 01000000
         03000000 0008 04 00
         05"));
    assert_eq!(frames.iter().map(|f| f.bytes.clone()).collect::<Vec<_>>(), [vec![1, 2, 3, 4], vec![5]]);
    assert_eq!(frames[0].time_ns, 1_000_002_000);
    assert_eq!(reader.summary().format.name(), "pcap-modified");
}

#[test]
fn a_file_of_version_2_2_has_its_lengths_exchanged() {
    let (frames, _) = read(&hex("d4c3b2a1 0200 0200 00000000 00000000 ffff0000 01000000
         01000000 00000000 00010000 02000000  # original 256, captured 2
         0102"));
    assert_eq!((frames[0].bytes.as_slice(), frames[0].original_len), (&[1u8, 2][..], 256));
}

#[test]
fn ixia_files_have_a_longer_header() {
    let (frames, reader) = read(&hex("ac01001c 0200 0400 00000000 00000000 ffff0000 01000000 11000000
         01000000 07000000 01000000 01000000 ff"));
    assert_eq!((frames[0].time_ns, frames[0].offset), (1_000_000_007, 28));
    assert_eq!(reader.summary().format.name(), "pcap-ixia");
}

#[test]
fn an_unknown_link_type_survives() {
    let mut file = pcap(0xa1b2_c3d4, &[(1, 0, b"x")]);
    file[20..24].copy_from_slice(&0xfff1u32.to_le_bytes());
    let (frames, _) = read(&file);
    assert_eq!(frames[0].link_type, 0xfff1);
    assert_eq!(LinkType(0xfff1).name(), "unknown");
}

#[test]
fn a_file_cut_within_a_record_keeps_what_came_before() {
    let whole = pcap(0xa1b2_c3d4, &[(1, 0, b"first"), (2, 0, b"second")]);
    let (frames, reader) = read(&whole[..whole.len() - 1]);
    assert_eq!(frames.len(), 1);
    let fault = reader.fault().unwrap();
    assert_eq!((fault.kind, fault.offset), (FaultKind::CutShort, 24 + 16 + 5));
    assert_eq!(fault.message, "the file ends in the middle of a record: 21 of 22 bytes");
    assert_eq!(reader.summary().faults.len(), 1);
}

#[test]
fn a_record_that_claims_more_than_a_frame_can_have_ends_the_file() {
    let mut file = pcap(0xa1b2_c3d4, &[(1, 0, b"first"), (2, 0, b"second")]);
    file[24 + 21 + 8..24 + 21 + 12].copy_from_slice(&262_145u32.to_le_bytes());
    let (frames, reader) = read(&file);
    assert_eq!(frames.len(), 1);
    assert_eq!(reader.fault().unwrap().kind, FaultKind::Oversized);
}

#[test]
fn times_out_of_order_are_noted_and_kept() {
    let (frames, reader) = read(&pcap(0xa1b2_c3d4, &[(5, 0, b"a"), (3, 0, b"b"), (4, 0, b"c"), (3, 0, b"d")]));
    let summary = reader.summary();
    assert_eq!(frames.iter().map(|f| f.time_ns / 1_000_000_000).collect::<Vec<_>>(), [5, 3, 4, 3]);
    assert_eq!(summary.set_back, Some((2_000_000_000, 2)));
    assert_eq!(summary.longest_pause_ns, Some(1_000_000_000));
    assert_eq!((summary.earliest_ns, summary.latest_ns), (Some(3_000_000_000), Some(5_000_000_000)));
    assert_eq!((summary.first_ns, summary.last_ns), (Some(5_000_000_000), Some(3_000_000_000)));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A skippable frame of four bytes, as pzstd writes one first.
const SKIPPABLE: [u8; 12] = [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];

#[test]
fn compressed_files_of_several_members_are_read_as_one() {
    let plain = pcap(0xa1b2_c3d4, &[(1, 0, &[7; 3000]), (2, 0, b"second"), (3, 0, b"third")]);
    let (expected, _) = read(&plain);
    let (a, b) = plain.split_at(1234);
    type Compress = fn(&[u8]) -> Vec<u8>;
    let all: [(Compression, Compress); 3] =
        [(Compression::Gzip, gzip), (Compression::Zstd, zstd), (Compression::Lz4, lz4)];
    for (compression, compress) in all {
        let mut file = [compress(a), compress(b)].concat();
        for skippable in [false, true] {
            if skippable && compression == Compression::Gzip {
                continue;
            }
            if skippable {
                file = [&SKIPPABLE[..], &compress(a), &SKIPPABLE, &compress(b)].concat();
            }
            let (frames, reader) = read(&file);
            assert_eq!(frames, expected, "{compression:?} {skippable}");
            assert_eq!(reader.fault(), None);
            assert_eq!(reader.summary().compression, compression);
            assert_eq!(reader.summary().decompressed_bytes, plain.len() as u64);
        }
        // Cut anywhere after the first member: its frames are there, and the fault is told.
        for cut in compress(a).len() + 1..file.len() {
            let (frames, reader) = match Reader::open(TempFile::new(&file[..cut]).path()) {
                Ok(mut reader) => (drain(&mut reader), reader),
                Err(_) => continue, // cut within the skippable frame or the first member
            };
            assert_eq!(frames, expected[..frames.len()]);
            assert!(reader.fault().is_some(), "{compression:?} cut at {cut} of {}", file.len());
        }
    }
}

#[test]
fn what_is_no_capture_is_named() {
    let cases: [(&[u8], &str); 7] = [
        (b"", "is not a packet capture but empty"),
        (b"hello world, this is text\n", "is not a packet capture but text"),
        (b"\x7fELF\x01\x01\x01", "is not a packet capture but an ELF program"),
        (b"snoop\0\0\0\0\0\0\x02\0\0\0\x04", "is a Sun snoop capture, which is not read here; convert it"),
        (&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0], "but the first 6 bytes of a pcap file's header"),
        (&gzip(b"hello world"), "is not a packet capture but text, gzip-compressed"),
        (&gzip(b"hello world")[..6], "is not a packet capture but a damaged gzip file"),
    ];
    for (content, words) in cases {
        let file = TempFile::new(content);
        let Err(error) = Reader::open(file.path()) else { panic!("{words}") };
        let message = error.to_string();
        assert!(message.contains(words), "{message}");
        assert!(message.starts_with(file.path().to_str().unwrap()));
    }
    let folder = std::env::temp_dir();
    assert!(matches!(Reader::open(&folder), Err(CaptureError::Io { .. })));
    assert!(matches!(Reader::open(&folder.join("not-there")), Err(CaptureError::Io { .. })));
}

#[test]
fn a_length_on_the_wire_that_no_frame_has_is_not_believed() {
    for (told, counted, is_odd) in [
        (4_u32, 4_u64, false),
        (1_500, 1_500, false),
        (1 << 20, 1 << 20, false),
        ((1 << 20) + 1, 4, true),
        (u32::MAX, 4, true),
        (3, 3, false),
        (0, 0, false),
    ] {
        let mut file = hex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000  01000000 00000000 04000000");
        file.extend(told.to_le_bytes());
        file.extend([1, 2, 3, 4]);
        let (frames, reader) = read(&file);
        let summary = reader.summary();
        assert_eq!((frames.len(), u64::from(frames[0].original_len)), (1, counted), "{told}");
        assert_eq!(summary.original_bytes, counted, "{told}");
        assert_eq!(summary.truncated_frames, u64::from(counted > 4), "{told}");
        assert_eq!(reader.fault(), None);
        let kinds: Vec<_> = summary.faults.iter().map(|fault| fault.kind).collect();
        assert_eq!(kinds, vec![FaultKind::BadLength; usize::from(is_odd)], "{told}");
    }
}
