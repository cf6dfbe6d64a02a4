//! What makes a flow, and what is read of frames that are cut: as Wireshark tells it, on frames made here.

use crate::common::{TempFile, pcap};
use dissect::dissect::{Options, Progress, dissect};

const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// An Ethernet frame with IPv4 from 10.0.0.`from` to 10.0.0.`to`; `place` is the fragment field, `claimed` the payload length.
fn ipv4(from: u8, to: u8, protocol: u8, place: u16, payload: &[u8], claimed: usize) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0x08, 0x00, 0x45, 0];
    frame.extend(u16::try_from(20 + claimed).unwrap().to_be_bytes());
    frame.extend([0, 7]);
    frame.extend(place.to_be_bytes());
    frame.extend([64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
    frame.extend(payload);
    frame
}

fn tcp(from: u8, to: u8, flags: u8, sequence: u32, acknowledgement: u32) -> Vec<u8> {
    let port = |host: u8| if host == 1 { [0x9c, 0x40] } else { [0, 80] };
    let mut header = [port(from), port(to)].concat();
    header.extend(sequence.to_be_bytes());
    header.extend(acknowledgement.to_be_bytes());
    header.extend([0x50, flags, 0, 0, 0, 0, 0, 0]);
    ipv4(from, to, 6, 0, &header, header.len())
}

fn udp(port: u16, message: &[u8]) -> Vec<u8> {
    let mut datagram = [port.to_be_bytes(), port.to_be_bytes()].concat();
    datagram.extend(u16::try_from(8 + message.len()).unwrap().to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(message);
    datagram
}

/// Rows of a table after dissecting a capture of these frames.
fn rows(table: &str, frames: &[Vec<u8>]) -> i64 {
    let records: Vec<(u32, u32, &[u8])> = (1u32..).zip(frames).map(|(second, frame)| (second, 0, &frame[..])).collect();
    let capture = TempFile::new(&pcap(0xa1b2_c3d4, &records));
    let folder = capture.path().with_extension("tables");
    std::fs::create_dir(&folder).unwrap();
    let counts = dissect(&[capture.path().to_owned()], &folder, &Options::default(), &Progress::default()).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    counts.into_iter().find(|(name, _)| *name == table).unwrap().1
}

fn flows(frames: &[Vec<u8>]) -> i64 {
    rows("flow_segments", frames)
}

#[test]
fn a_syn_with_another_sequence_number_begins_another_connection() {
    assert_eq!(flows(&[tcp(1, 2, SYN, 100, 0), tcp(1, 2, SYN, 900, 0)]), 2);
    // sent again, even after a refusal: the same attempt
    assert_eq!(flows(&[tcp(1, 2, SYN, 100, 0), tcp(2, 1, RST | ACK, 0, 101), tcp(1, 2, SYN, 100, 0)]), 1);
}

#[test]
fn a_syn_ack_alone_begins_no_other_connection() {
    assert_eq!(flows(&[tcp(1, 2, SYN, 100, 0), tcp(2, 1, SYN | ACK, 500, 101), tcp(2, 1, SYN | ACK, 700, 101)]), 1);
}

#[test]
fn an_acknowledgement_tells_where_the_other_direction_stood() {
    // the answer is seen first: its SYN was 100, so a SYN with 100 belongs to it and one with 300 does not
    assert_eq!(flows(&[tcp(2, 1, SYN | ACK, 500, 101), tcp(1, 2, SYN, 100, 0)]), 1);
    assert_eq!(flows(&[tcp(2, 1, SYN | ACK, 500, 101), tcp(1, 2, SYN, 300, 0)]), 2);
}

const QUERY: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04plug\x04test\x00\x00\x01\x00\x01";

#[test]
fn a_first_fragment_that_is_cut_is_read_as_far_as_it_goes() {
    const MORE: u16 = 0x2000;
    let datagram = udp(53, QUERY);
    let cut = ipv4(1, 2, 17, MORE, &datagram, 1480);
    assert_eq!(rows("dns", &[cut]), 1);
    // whole, it waits for the others
    let whole = ipv4(1, 2, 17, MORE, &datagram[..24], 24);
    assert_eq!(rows("dns", std::slice::from_ref(&whole)), 0);
    let rest = ipv4(1, 2, 17, 3, &datagram[24..], datagram.len() - 24);
    assert_eq!(rows("dns", &[whole, rest]), 1);
}

#[test]
fn datagrams_that_cannot_be_read_do_not_hide_the_next_on_their_port() {
    let mut frames: Vec<Vec<u8>> = (0..20).map(|_| ipv4(1, 2, 17, 0, &udp(53, b"?"), 9)).collect();
    frames.push(ipv4(1, 2, 17, 0, &udp(53, QUERY), 8 + QUERY.len()));
    assert_eq!(rows("dns", &frames), 1);
}

#[test]
fn a_dns_answer_with_unassigned_bits_is_read_on_its_port_only() {
    let mut odd = QUERY.to_vec();
    odd[2] = 0x48; // opcode 9
    let on = |port| rows("dns", &[ipv4(1, 2, 17, 0, &udp(port, &odd), 8 + odd.len())]);
    assert_eq!((on(53), on(5400)), (1, 0));
}

#[test]
fn a_dns_message_over_tcp_is_read_in_the_middle_of_a_connection() {
    let length = u16::try_from(QUERY.len()).unwrap().to_be_bytes();
    let header = [&[0x9c, 0x40, 0, 53][..], &[0; 8], &[0x50, ACK, 0, 0, 0, 0, 0, 0]].concat();
    let segment = [&header[..], &length, QUERY].concat();
    assert_eq!(rows("dns", &[ipv4(1, 2, 6, 0, &segment, segment.len())]), 1);
}

/// A TCP segment with payload.
fn said(from: u8, to: u8, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut header = tcp(from, to, ACK, sequence, 1)[34..].to_vec();
    header.extend(payload);
    ipv4(from, to, 6, 0, &header, header.len())
}

#[test]
fn a_burst_ends_with_a_second_of_silence_and_leaves_out_what_was_sent_again() {
    // records lie a second apart: one burst of three packets
    let talk = [said(1, 2, 100, b"ask"), said(2, 1, 500, b"answer"), said(1, 2, 103, b"thanks")];
    assert_eq!(rows("bursts", &talk), 1);
    // a request and its answer alone are no row
    assert_eq!(rows("bursts", &talk[..2]), 0);
    let again = [said(1, 2, 100, b"ask"), said(2, 1, 500, b"answer"), said(1, 2, 100, b"ask")];
    assert_eq!(rows("bursts", &again), 0);
    // the keep-alive of TCP sends a byte again (RFC 9293 3.8.4)
    let kept_alive = [said(1, 2, 100, b"ask"), said(2, 1, 500, b"answer"), said(1, 2, 102, b"k")];
    assert_eq!(rows("bursts", &kept_alive), 0);
}

#[test]
fn a_flow_of_many_bursts_has_bounded_rows() {
    let mut frames = Vec::new();
    for number in 0..200u32 {
        let message = udp(4000, &number.to_be_bytes());
        frames.push(ipv4(1, 2, 17, 0, &message, message.len()));
        // silence: frames of others, a second each
        frames.push(tcp(3, 4, ACK, 1, 1));
    }
    assert_eq!(rows("bursts", &frames), 65);
}
