//! What is written is read back as it was.

use crate::common::{hex, read};
use dissect::capture::{Frame, InterfaceHeader, LinkType, PcapWriter, PcapngWriter, WriteError};
use proptest::prelude::*;

fn frame(time_ns: i64, link_type: LinkType, bytes: &[u8], original_len: u32) -> Frame<'_> {
    Frame { number: 1, time_ns, has_time: true, interface: 0, link_type, bytes, original_len, offset: 0 }
}

fn header(link_type: LinkType, name: &str) -> InterfaceHeader {
    InterfaceHeader {
        link_type,
        snaplen: 96,
        name: name.into(),
        description: "hour.pcap".into(),
        filter: Some("not port 22".into()),
        fcs_bytes: Some(4),
    }
}

#[test]
fn the_bytes_of_a_pcapng_file_are_these() {
    let mut writer = PcapngWriter::new(Vec::new(), "idle").unwrap();
    let plain = InterfaceHeader {
        link_type: LinkType::ETHERNET,
        snaplen: 0,
        name: "a".into(),
        description: String::new(),
        filter: None,
        fcs_bytes: None,
    };
    let interface = writer.add_interface(&plain).unwrap();
    let written = frame(0x1_0000_0002, LinkType::ETHERNET, b"\xaa\xbb\xcc", 60);
    writer.write(interface, &written, Some("x")).unwrap();
    assert_eq!(
        writer.into_inner(),
        hex("0a0d0d0a 24000000 4d3c2b1a 0100 0000 ffffffffffffffff  # section header
                0400 0400 69646c65 24000000                          # shb_userappl: idle
             01000000 24000000 0100 0000 00000000                    # interface: Ethernet, no limit
                0200 0100 61000000 0900 0100 09000000 24000000       # if_name a, if_tsresol 9
             06000000 2c000000 00000000 01000000 02000000            # packet, interface 0, time
                03000000 3c000000 aabbcc00                           # 3 bytes of 60, padding
                0100 0100 78000000 2c000000                          # comment x")
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut pcap = PcapWriter::new(Vec::new(), LinkType::ETHERNET, 0, false).unwrap();
    let unwritable = |result| matches!(result, Err(WriteError::Unwritable(_)));
    assert!(unwritable(pcap.write(&frame(1, LinkType::ETHERNET, b"", 0))), "nanoseconds");
    assert!(unwritable(pcap.write(&frame(0, LinkType::RAW, b"", 0))), "link type");
    assert!(unwritable(pcap.write(&frame(-1_000, LinkType::ETHERNET, b"", 0))), "before 1970");
    assert!(unwritable(pcap.write(&frame(5_000_000_000_000_000_000, LinkType::ETHERNET, b"", 0))));
    let mut pcapng = PcapngWriter::new(Vec::new(), "").unwrap();
    assert!(unwritable(pcapng.write(0, &frame(0, LinkType::RAW, b"", 0), None)), "no interface");
    pcapng.add_interface(&header(LinkType::RAW, "")).unwrap();
    assert!(unwritable(pcapng.write(0, &frame(-1, LinkType::RAW, b"", 0), None)));
    assert!(unwritable(pcapng.write(0, &frame(0, LinkType::RAW, &[0; 262_145], 0), None)));
    assert!(pcapng.write(0, &frame(0, LinkType::RAW, &[0; 262_144], 0), None).is_ok());
}

#[test]
fn a_comment_of_any_length_leaves_a_readable_file() {
    let mut writer = PcapngWriter::new(Vec::new(), "idletalk").unwrap();
    writer.add_interface(&header(LinkType::ETHERNET, "eth0")).unwrap();
    let comment = "ü".repeat(50_000);
    writer.write(0, &frame(5, LinkType::ETHERNET, b"abc", 3), Some(&comment)).unwrap();
    writer.write(0, &frame(6, LinkType::ETHERNET, b"d", 1), None).unwrap();
    let (frames, reader) = read(&writer.into_inner());
    assert_eq!(frames.len(), 2);
    assert_eq!(reader.fault(), None);
}

type Record = (i64, Vec<u8>, u32, bool);

fn records() -> impl Strategy<Value = Vec<Record>> {
    // Times up to 2106, which is as far as pcap reaches.
    let time = 0..4_294_967_295_000_000_000i64;
    let bytes = prop::collection::vec(any::<u8>(), 0..80);
    prop::collection::vec((time, bytes, any::<u32>(), any::<bool>()), 0..10)
}

proptest! {
    #[test]
    fn pcapng_gives_back_every_field(mut records in records()) {
        for (_, _, original_len, _) in &mut records {
            *original_len %= 1_000_000;
        }
        let mut writer = PcapngWriter::new(Vec::new(), "idletalk 0.1").unwrap();
        writer.add_interface(&header(LinkType::ETHERNET, "eth0")).unwrap();
        writer.add_interface(&header(LinkType::LINUX_SLL2, "any")).unwrap();
        for (time_ns, bytes, original_len, second) in &records {
            let link_type = if *second { LinkType::LINUX_SLL2 } else { LinkType::ETHERNET };
            let comment = second.then_some("frame 7 of hour.pcap");
            writer.write(u32::from(*second), &frame(*time_ns, link_type, bytes, *original_len), comment).unwrap();
        }
        let (frames, reader) = read(&writer.into_inner());
        let back: Vec<Record> =
            frames.into_iter().map(|f| (f.time_ns, f.bytes, f.original_len, f.interface == 1)).collect();
        prop_assert_eq!(back, records);
        prop_assert_eq!(reader.fault(), None);
        prop_assert_eq!(reader.summary().application.as_deref(), Some("idletalk 0.1"));
    }

    #[test]
    fn pcap_gives_back_every_field(mut records in records(), nanoseconds: bool) {
        // A captured length above the original, or a fraction in the first records, is what the
        // longer headers of 1999 are told by: sound files have neither.
        for (time_ns, bytes, original_len, _) in &mut records {
            *time_ns -= if nanoseconds { 0 } else { *time_ns % 1_000 };
            *original_len = (*original_len % 2_000).max(bytes.len() as u32);
        }
        let mut writer = PcapWriter::new(Vec::new(), LinkType::RAW, 0, nanoseconds).unwrap();
        for (time_ns, bytes, original_len, _) in &records {
            writer.write(&frame(*time_ns, LinkType::RAW, bytes, *original_len)).unwrap();
        }
        let (frames, reader) = read(&writer.into_inner());
        let back: Vec<_> = frames.into_iter().map(|f| (f.time_ns, f.bytes, f.original_len)).collect();
        let expected: Vec<_> = records.into_iter().map(|r| (r.0, r.1, r.2)).collect();
        prop_assert_eq!(back, expected);
        prop_assert_eq!(reader.summary().interfaces[0].link_type, LinkType::RAW);
    }
}
