//! pcapng files: blocks, options, sections, damage.

use crate::common::{block, hex, interface, option, packet, read, section, words};
use dissect::capture::{FaultKind, LinkType, SkippedBlocks, TimeUnit};

#[test]
fn a_big_endian_section_is_read() {
    let (frames, reader) =
        read(&hex("0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c  # section header
         00000001 00000020 0071 0000 00000040                            # interface: Linux SLL
            0009 0001 09 000000                                          # if_tsresol 10^-9
            0000 0000 00000020                                           # end of options
         00000006 00000024 00000000 17979cfe 362a0001                    # packet, 1.7e18 + 1 ns
            00000002 00000003 aabb 0000 00000024"));
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].time_ns, 1_700_000_000_000_000_001);
    assert_eq!((frames[0].link_type, frames[0].bytes.as_slice()), (113, &[0xaa, 0xbb][..]));
    assert_eq!((frames[0].original_len, frames[0].offset), (3, 60));
    assert_eq!(reader.fault(), None);
    assert_eq!(reader.summary().truncated_frames, 1);
}

#[test]
fn interfaces_are_counted_across_sections_with_their_own_resolutions() {
    let file = [
        section(),
        interface(1, 0, &option(9, &[3])),
        interface(101, 0, &[option(9, &[0x80 | 10]), option(14, &(-1i64).to_le_bytes())].concat()),
        packet(0, 1_500, b"ms"),
        packet(1, 3 << 10, b"binary fraction, a second earlier"),
        section(),
        interface(127, 0, &[]),
        packet(0, 4_000_001, b"us"),
    ]
    .concat();
    let (frames, reader) = read(&file);
    let seen: Vec<_> = frames.iter().map(|f| (f.interface, f.link_type, f.time_ns)).collect();
    assert_eq!(seen, [(0, 1, 1_500_000_000), (1, 101, 2_000_000_000), (2, 127, 4_000_001_000)]);
    let summary = reader.summary();
    assert_eq!(summary.sections, 2);
    assert_eq!(summary.interfaces.iter().map(|i| i.frames).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(summary.interfaces[1].time_unit, TimeUnit::BinaryFraction(10));
}

#[test]
fn options_tell_what_was_captured_where() {
    let file = [
        block(
            0x0a0d_0d0a,
            &[
                words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]),
                option(2, b"Raspberry Pi 4"),
                option(3, b"Linux 6.1"),
                option(4, b"dumpcap"),
                option(1, b"a comment"),
                option(0, b""),
            ]
            .concat(),
        ),
        interface(
            1,
            256,
            &[
                option(2, b"br0"),
                option(3, b"bridge"),
                option(6, &[2, 0, 0, 0, 0, 1]),
                option(8, &1_000_000_000u64.to_le_bytes()),
                option(11, b"\0not port 22"),
                option(12, b"Linux"),
                option(13, &[4]),
            ]
            .concat(),
        ),
        // Statistics: interface 0, time, received 10, dropped 2, filter 9, operating system 1.
        block(
            5,
            &[
                words(&[0, 0, 0]),
                option(4, &10u64.to_le_bytes()),
                option(5, &2u64.to_le_bytes()),
                option(6, &9u64.to_le_bytes()),
                option(7, &1u64.to_le_bytes()),
            ]
            .concat(),
        ),
        // Names: an IPv4 address with two names, then the end.
        block(4, &[option(1, b"\xc0\xa8\x02\x01gateway\0router\0"), option(0, b"")].concat()),
    ]
    .concat();
    let (frames, reader) = read(&file);
    assert!(frames.is_empty());
    let summary = reader.summary();
    assert_eq!(summary.hardware.as_deref(), Some("Raspberry Pi 4"));
    assert_eq!(summary.os.as_deref(), Some("Linux 6.1"));
    assert_eq!(summary.application.as_deref(), Some("dumpcap"));
    assert_eq!(summary.comments, ["a comment"]);
    let interface = &summary.interfaces[0];
    assert_eq!(interface.link_type, LinkType::ETHERNET);
    assert_eq!(interface.name.as_deref(), Some("br0"));
    assert_eq!(interface.filter.as_deref(), Some("not port 22"));
    assert_eq!((interface.snaplen, interface.fcs_bytes), (256, Some(4)));
    assert_eq!(interface.mac, Some([2, 0, 0, 0, 0, 1]));
    assert_eq!(interface.speed_bps, Some(1_000_000_000));
    assert_eq!((interface.received, interface.dropped), (Some(10), Some(2)));
    assert_eq!((interface.filter_accepted, interface.os_dropped), (Some(9), Some(1)));
    let names: Vec<_> = summary.names.iter().map(|n| (n.address.to_string(), n.name.as_str())).collect();
    assert_eq!(names, [("192.168.2.1".into(), "gateway"), ("192.168.2.1".into(), "router")]);
}

#[test]
fn a_simple_packet_is_cut_by_the_snapshot_length_and_has_the_time_before_it() {
    let file =
        [section(), interface(1, 4, &[]), packet(0, 7_000_000, b"x"), block(3, &[&words(&[9])[..], b"abcd"].concat())]
            .concat();
    let (frames, reader) = read(&file);
    assert_eq!(frames[1].bytes, b"abcd");
    assert_eq!((frames[1].original_len, frames[1].has_time), (9, false));
    assert_eq!(frames[1].time_ns, 7_000_000_000);
    assert_eq!(reader.summary().frames_without_time, 1);
}

#[test]
fn the_obsolete_packet_block_is_read() {
    // Interface 0 and 3 drops in 16 bits each.
    let body = [&words(&[0x0003_0000, 0, 5, 2, 2])[..], b"ab"].concat();
    let (frames, _) = read(&[section(), interface(1, 0, &[]), block(2, &body)].concat());
    assert_eq!((frames[0].interface, frames[0].time_ns), (0, 5_000));
    assert_eq!(frames[0].bytes, b"ab");
}

#[test]
fn other_blocks_are_passed_over_and_custom_ones_have_a_number() {
    let file = [
        section(),
        interface(1, 0, &[]),
        block(0xbad, &words(&[32_473, 1])), // custom: frame 1 of Wireshark
        packet(0, 1, b"a"),
        block(10, &words(&[0x544c_534b, 4, 0x6162_6364])), // secrets
        block(0x77, &vec![0; 3_000_000]),                  // larger than any buffer
        packet(0, 2, b"b"),
    ]
    .concat();
    let (frames, reader) = read(&file);
    assert_eq!(frames.iter().map(|f| f.number).collect::<Vec<_>>(), [2, 3]);
    let summary = reader.summary();
    assert_eq!(summary.decryption_secrets_blocks, 1);
    assert_eq!(summary.numbered_other_blocks, 1);
    let skipped = [SkippedBlocks { block_type: 0xbad, blocks: 1 }, SkippedBlocks { block_type: 0x77, blocks: 1 }];
    assert_eq!(summary.skipped_blocks, skipped);
}

/// Reads two good frames around one broken block: kind of fault, frames read.
fn around(broken: &[u8]) -> (Option<FaultKind>, usize) {
    let start = [section(), interface(1, 0, &[]), packet(0, 1, b"good")].concat();
    let offset = start.len() as u64;
    let (frames, reader) = read(&[&start[..], broken, &packet(0, 2, b"after")].concat());
    let fault = reader.fault().map(|fault| {
        assert_eq!(fault.offset, offset, "the fault names the broken block");
        fault.kind
    });
    (fault, frames.len())
}

#[test]
fn lying_blocks_end_the_file_where_tshark_ends_it() {
    let mut other_trailer = packet(0, 1, b"lies");
    *other_trailer.last_mut().unwrap() = 1;
    let mut too_long = packet(0, 1, b"lies");
    too_long[20] = 100; // captured length
    let mut zero = packet(0, 1, b"lies");
    zero[4..8].fill(0);
    let huge = [words(&[6, 0xffff_fff0]), vec![0; 100]].concat();
    let oversized = packet(0, 1, &vec![0; 262_145]);
    let wrong_section = block(0x0a0d_0d0a, &words(&[0x1a2b_3c4e, 1, 0, 0]));
    let cases: [(&[u8], FaultKind); 7] = [
        (&other_trailer, FaultKind::BadBlockLength),
        (&too_long, FaultKind::BadBlock),
        (&zero, FaultKind::BadBlockLength),
        (&huge, FaultKind::BadBlockLength),
        (&packet(1, 1, b"which interface?"), FaultKind::BadBlock),
        (&oversized, FaultKind::Oversized),
        (&wrong_section, FaultKind::BadBlockLength),
    ];
    for (broken, kind) in cases {
        assert_eq!(around(broken), (Some(kind), 1));
    }
}

#[test]
fn a_length_that_leaves_out_the_padding_is_rounded_up() {
    let mut unaligned = packet(0, 1, b"abc");
    let declared = unaligned.len() as u32 - 1;
    let end = unaligned.len();
    unaligned[4..8].copy_from_slice(&declared.to_le_bytes());
    unaligned[end - 4..].copy_from_slice(&declared.to_le_bytes());
    assert_eq!(around(&unaligned), (None, 3));
}

#[test]
fn a_broken_option_costs_that_option_only() {
    let mut options = option(2, b"eth0");
    options.extend([9, 0, 200, 0]); // if_tsresol of 200 bytes
    let (frames, reader) = read(&[section(), interface(1, 0, &options), packet(0, 1, b"x")].concat());
    assert_eq!(frames.len(), 1);
    assert_eq!(reader.fault(), None);
    assert_eq!(reader.summary().faults[0].kind, FaultKind::BadOption);
    assert_eq!(reader.summary().interfaces[0].name.as_deref(), Some("eth0"));
}

#[test]
fn a_time_that_leaves_no_room_for_reckoning_is_none() {
    // microseconds: more than 64 bits hold, and the last ones that they hold
    for time in [u64::MAX, i64::MAX as u64 / 1000 - 1] {
        let (frames, reader) = read(&[section(), interface(1, 0, &[]), packet(0, time, b"x")].concat());
        assert!(!frames[0].has_time);
        assert_eq!(reader.summary().faults[0].kind, FaultKind::BadTime);
        assert_eq!(reader.summary().earliest_ns, None);
    }
}
