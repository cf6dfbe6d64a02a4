use super::*;

fn tcp(sequence: u32, flags: u8, payload: &[u8]) -> Tcp<'_> {
    let payload_len = u32::try_from(payload.len()).unwrap_or(0);
    Tcp { source_port: 1, destination_port: 2, sequence, acknowledgement: 0, flags, payload, payload_len }
}

/// Feeds segments and prints what comes out: text as it is, gaps as `[n]`.
fn read(half: &mut Half, segments: &[(u32, u8, &[u8])]) -> String {
    let mut text = String::new();
    for (sequence, flags, payload) in segments {
        half.segment(&Memory::default(), &tcp(*sequence, *flags, payload), &mut |piece| note(&mut text, piece));
    }
    text
}

fn note(text: &mut String, piece: Piece<'_>) {
    match piece {
        Piece::Data(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
        Piece::Gap(n) => text.push_str(&format!("[{n}]")),
        Piece::Again(back, bytes) => text.push_str(&format!("<{back}:{}>", String::from_utf8_lossy(bytes))),
        Piece::End => text.push('.'),
    }
}

#[test]
fn segments_out_of_order_come_in_order() {
    let mut half = Half::default();
    assert_eq!(
        read(&mut half, &[(9, tcp_flags::SYN, b""), (13, 0, b"def"), (10, 0, b"abc"), (16, 0, b"g")]),
        "abcdefg"
    );
}

#[test]
fn a_retransmission_is_told_and_the_first_copy_stands() {
    let mut half = Half::default();
    assert_eq!(read(&mut half, &[(10, 0, b"abc"), (10, 0, b"XYZ"), (11, 0, b"xxdef")]), "abc<3:XYZ><2:xx>def");
}

#[test]
fn a_keep_alive_before_anything_else_is_no_data() {
    let mut half = Half::default();
    assert_eq!(read(&mut half, &[(9, 0, b"\0"), (10, 0, b"GET")]), "GET");
}

#[test]
fn an_end_is_told_behind_all_bytes() {
    let mut half = Half::default();
    assert_eq!(read(&mut half, &[(10, 0, b"ab"), (14, tcp_flags::FIN, b"e"), (12, 0, b"cd")]), "abcde.");
}

#[test]
fn who_reads_again_begins_with_what_the_other_side_waits_for() {
    const FAR: u32 = 13 + (1 << 31) + 5000;
    for (acknowledged, passed) in [(20, 7), (FAR, 0x8000_1388), (13, 0), (11, 0)] {
        let mut half = Half::default();
        assert_eq!(read(&mut half, &[(10, 0, b"abc")]), "abc");
        half.stop();
        assert_eq!(read(&mut half, &[(13, 0, b"def")]), "");
        assert_eq!(half.resume(Some(acknowledged)), passed);
        let begins = acknowledged.max(13);
        // a keep-alive's garbage, bytes of before, and the answer, the second segment first
        let segments: [(u32, u8, &[u8]); 4] =
            [(begins - 1, 0, b"\0"), (begins - 3, 0, b"old"), (begins + 2, 0, b"i"), (begins, 0, b"gh")];
        assert_eq!(read(&mut half, &segments), "<3:old>ghi");
    }
    let mut half = Half::default();
    half.stop();
    assert_eq!((half.resume(None), read(&mut half, &[(20, 0, b"gh"), (22, 0, b"i")])), (0, "ghi".to_owned()));
    assert_eq!(half.resume(Some(5)), 0);
}

#[test]
fn sequence_numbers_wrap() {
    let mut half = Half::default();
    assert_eq!(read(&mut half, &[(u32::MAX - 1, 0, b"abc"), (1, 0, b"def")]), "abcdef");
}

#[test]
fn bytes_acknowledged_but_not_captured_are_a_gap() {
    let mut half = Half::default();
    let mut text = read(&mut half, &[(10, 0, b"abc"), (15, 0, b"fg")]);
    half.acknowledged(&Memory::default(), 17, &mut |piece| note(&mut text, piece));
    assert_eq!(text, "abc[2]fg");
}

#[test]
fn a_snap_length_leaves_a_gap() {
    let mut half = Half::default();
    let mut cut = tcp(10, 0, b"abc");
    cut.payload_len = 5;
    let mut text = String::new();
    half.segment(&Memory::default(), &cut, &mut |piece| note(&mut text, piece));
    text.push_str(&read(&mut half, &[(15, 0, b"fg")]));
    assert_eq!(text, "abc[2]fg");
}

#[test]
fn a_hole_behind_which_two_megabytes_wait_is_filled() {
    let (mut half, memory) = (Half::default(), Memory::default());
    let block = vec![b'x'; 1000];
    let mut given = 0;
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Data(bytes) => given += bytes.len(),
        other => panic!("{other:?}"),
    };
    half.segment(&memory, &tcp(0, tcp_flags::SYN, b""), &mut take);
    for index in 1..2000u32 {
        half.segment(&memory, &tcp(1 + index * 1000, 0, &block), &mut take);
    }
    half.segment(&memory, &tcp(1, 0, &block), &mut take);
    assert_eq!(given, 2_000_000);
    assert_eq!(half.take_oddities(), None);
}

#[test]
fn waiting_bytes_are_bounded() {
    let (mut half, memory) = (Half::default(), Memory::default());
    let block = vec![b'x'; 1000];
    let mut gaps = 0;
    half.segment(&memory, &tcp(0, 0, b"a"), &mut |_| {});
    for index in 0..5000u32 {
        half.segment(&memory, &tcp(10 + index * 2000, 0, &block), &mut |piece| {
            gaps += u32::from(matches!(piece, Piece::Gap(_)));
        });
    }
    assert!(half.pending_bytes <= MAX_PENDING_BYTES);
    assert!(gaps > 1000);
    let odd = half.take_oddities().unwrap();
    assert_eq!((odd.is_full, odd.missing_bytes), (true, u64::from(gaps - 1) * 1000 + 9));
}

#[test]
fn directions_share_memory_and_lose_nothing_that_came() {
    let memory = Memory::default();
    let mut halves: Vec<Half> = (0..10).map(|_| Half::default()).collect();
    let block = vec![b'x'; 1000];
    let (mut given, mut missing) = (0, 0);
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Data(bytes) => given += bytes.len() as u64,
        Piece::Gap(bytes) => missing += bytes,
        other => panic!("{other:?}"),
    };
    for half in &mut halves {
        half.segment(&memory, &tcp(0, tcp_flags::SYN, b""), &mut take);
        for index in 1..1001u32 {
            half.segment(&memory, &tcp(1 + index * 1000, 0, &block), &mut take);
        }
    }
    assert!(halves.iter().map(|half| half.pending_bytes).sum::<usize>() <= SHARD_PENDING_BYTES);
    for half in &mut halves {
        half.finish(&memory, &mut take);
    }
    assert_eq!((given, missing), (10_000_000, 10_000));
    assert!(memory.waiting.reserve(SHARD_PENDING_BYTES).is_some());
}

#[test]
fn copies_that_differ_are_counted_in_whatever_order_they_come() {
    let different = |segments: &[(u32, u8, &[u8])]| {
        let mut half = Half::default();
        let memory = Memory::default();
        for (sequence, flags, payload) in segments {
            half.segment(&memory, &tcp(*sequence, *flags, payload), &mut |_| {});
        }
        half.take_oddities().map_or(0, |odd| odd.different_bytes)
    };
    let syn: (u32, u8, &[u8]) = (9, tcp_flags::SYN, b"");
    assert_eq!(different(&[syn, (10, 0, b"abcdef"), (10, 0, b"abcdef"), (12, 0, b"cdefgh")]), 0);
    assert_eq!(different(&[syn, (10, 0, b"abcdef"), (12, 0, b"cXYfgh")]), 2);
    // both waited beyond a hole
    assert_eq!(different(&[syn, (12, 0, b"cdef"), (13, 0, b"XYfg"), (10, 0, b"ab")]), 2);
    // a keep-alive's byte is none of the stream
    assert_eq!(different(&[syn, (10, 0, b"abcdef"), (15, 0, b"\0")]), 0);
    let long = vec![b'a'; 3000];
    assert_eq!(different(&[syn, (10, 0, &long), (10, 0, &[&long[..2999], b"b"].concat())]), 1);
}
