//! Several files as one.

use crate::common::{TempFile, block, interface, packet, pcap, section, words};
use dissect::capture::{Reader, Step, Timeline};
use proptest::prelude::*;

/// A microsecond pcap with frames at these seconds, each holding `name` and its place in the file.
fn at_seconds(name: u8, seconds: &[u32]) -> TempFile {
    let bytes: Vec<[u8; 2]> = (0..seconds.len()).map(|index| [name, index as u8]).collect();
    let records: Vec<(u32, u32, &[u8])> =
        seconds.iter().zip(&bytes).map(|(second, bytes)| (*second, 0, &bytes[..])).collect();
    TempFile::new(&pcap(0xa1b2_c3d4, &records))
}

/// Capture index, seconds, name and place of every frame.
fn merged(files: &[TempFile]) -> Vec<(u32, i64, u8, u8)> {
    let mut timeline = Timeline::new(files.iter().map(|file| file.path().into()).collect());
    let mut seen = Vec::new();
    while let Some(Step { capture, frame, .. }) = timeline.next() {
        seen.push((capture, frame.time_ns / 1_000_000_000, frame.bytes[0], frame.bytes[1]));
    }
    seen
}

#[test]
fn files_are_sorted_by_their_first_frame_and_merged() {
    let files = [at_seconds(b'c', &[20, 21]), at_seconds(b'a', &[1, 5, 9]), at_seconds(b'b', &[4, 6])];
    assert_eq!(
        merged(&files),
        [
            (0, 1, b'a', 0),
            (1, 4, b'b', 0),
            (0, 5, b'a', 1),
            (1, 6, b'b', 1),
            (0, 9, b'a', 2),
            (2, 20, b'c', 0),
            (2, 21, b'c', 1),
        ]
    );
}

#[test]
fn frames_out_of_order_keep_their_order_within_the_file() {
    let files = [at_seconds(b'a', &[10, 3, 12]), at_seconds(b'b', &[11])];
    let order: Vec<_> = merged(&files).into_iter().map(|(_, _, name, place)| (name, place)).collect();
    assert_eq!(order, [(b'a', 0), (b'a', 1), (b'b', 0), (b'a', 2)]);
}

#[test]
fn equal_times_go_in_the_order_of_the_files() {
    let files = [at_seconds(b'a', &[1, 2, 2]), at_seconds(b'b', &[1, 2])];
    let order: Vec<_> = merged(&files).into_iter().map(|(_, _, name, place)| (name, place)).collect();
    assert_eq!(order, [(b'a', 0), (b'b', 0), (b'a', 1), (b'a', 2), (b'b', 1)]);
}

#[test]
fn files_without_frames_and_files_that_are_none_are_told_and_cost_nothing_else() {
    let good = at_seconds(b'a', &[1]);
    let empty = TempFile::new(&pcap(0xa1b2_c3d4, &[]));
    let text = TempFile::new(b"no capture");
    let files = vec![text.path().into(), empty.path().into(), good.path().into()];
    let mut timeline = Timeline::new(files);
    assert!(timeline.next().is_some());
    assert!(timeline.next().is_none());
    assert!(timeline.next().is_none());
    let states = timeline.captures();
    assert_eq!(states[0].path, good.path());
    assert_eq!(states[0].first_ns, Some(1_000_000_000));
    assert!(states[0].finished && states[0].summary.unwrap().frames == 1);
    assert_eq!(states.iter().filter(|state| state.summary.is_err()).count(), 1);
    assert!(states.iter().any(|state| state.summary.is_ok_and(|summary| summary.frames == 0)));
}

#[test]
fn a_frame_without_a_time_has_the_time_before_it() {
    let simple = block(3, &[&words(&[2])[..], b"z9"].concat());
    let file = [section(), interface(1, 0, &[]), packet(0, 5_000_000, b"z0"), simple].concat();
    let files = [TempFile::new(&file), at_seconds(b'a', &[4, 6])];
    let order: Vec<_> = merged(&files).into_iter().map(|(_, second, name, _)| (second, name)).collect();
    assert_eq!(order, [(4, b'a'), (5, b'z'), (5, b'z'), (6, b'a')]);
}

#[test]
fn a_mark_of_the_timeline_leads_back_to_its_frame() {
    let files = [at_seconds(b'a', &[1, 5]), at_seconds(b'b', &[4, 6])];
    let mut timeline = Timeline::new(files.iter().map(|file| file.path().into()).collect());
    for _ in 0..4 {
        let (capture, bytes) = timeline.next().map(|step| (step.capture, step.frame.bytes.to_vec())).unwrap();
        let mark = timeline.mark().unwrap();
        let path = timeline.captures()[capture as usize].path.to_path_buf();
        let mut reader = Reader::resume(&path, &mark).unwrap();
        assert_eq!(reader.next().unwrap().bytes, bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What sorting all frames gives, for files that are in order themselves.
    #[test]
    fn merging_is_a_stable_sort(mut times in prop::collection::vec(prop::collection::vec(0..50u32, 0..20), 1..6)) {
        for file in &mut times {
            file.sort_unstable();
        }
        let files: Vec<TempFile> =
            times.iter().enumerate().map(|(name, seconds)| at_seconds(name as u8, seconds)).collect();
        let seen = merged(&files);
        prop_assert_eq!(seen.len(), times.iter().map(Vec::len).sum::<usize>());
        let mut sorted = seen.clone();
        sorted.sort_by_key(|(capture, second, _, place)| (*second, *capture, *place));
        prop_assert_eq!(seen, sorted);
    }
}
