use super::{PREFACE, PROTOCOL};
use crate::app::testing::{Rows, at, cut, hex, stream};
use crate::app::{Carrier, Direction, Probe, Verdict, http};
use proptest::prelude::*;

use Direction::{Down, Up};

/// A frame: its kind, flags and stream, then its payload.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// GET http://www.example.com/ (RFC 7541 C.4.1), after the client's settings.
fn request() -> Vec<u8> {
    let head = hex("828684418cf1e3c2e5f23a6ba0ab90f4ff");
    [PREFACE, &frame(4, 0, 0, &[]), &frame(1, 5, 1, &head)].concat()
}

/// Settings, then a head in two frames (200, `server: x`, `content-length: 5`), then a body in two frames of which one is padded.
fn response() -> Vec<u8> {
    let head = hex("88 7601 78 5c01 35");
    [
        frame(4, 0, 0, &hex("0003 00000064")),
        frame(1, 0, 1, &head[..2]),
        frame(9, 4, 1, &head[2..]),
        frame(0, 8, 1, &[2, b'h', b'e', 0, 0]),
        frame(0, 1, 1, b"llo"),
    ]
    .concat()
}

fn of<'a>(rows: &'a Rows, table: &str) -> Vec<&'a std::collections::BTreeMap<&'static str, String>> {
    rows.iter().filter(|(name, _)| *name == table).map(|(_, row)| row).collect()
}

#[test]
fn a_request_and_its_response_are_records_of_http() {
    let rows = stream(&PROTOCOL, &[(Up, &request()), (Down, &response())]);
    let asked = of(&rows, "http_requests")[0];
    assert_eq!([&asked["method"], &asked["host"], &asked["uri"], &asked["version"]], ["GET", "www.example.com", "/", "HTTP/2"]);
    let answered = of(&rows, "http_responses")[0];
    assert_eq!([&answered["status"], &answered["server"], &answered["request_host"]], ["200", "x", "www.example.com"]);
    let body = of(&rows, "http_bodies")[0];
    assert_eq!([&body["length_bytes"], &body["is_complete"], &body["status"]], ["5", "true", "200"]);
    // SHA-256 of `hello`
    assert_eq!(body["sha256"], "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
}

#[test]
fn it_is_told_by_what_both_sides_say_first() {
    let probed = |bytes: &[u8], from_start| {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Tcp, at: &at(1, 2), bytes, from_start, before: None })
    };
    assert_eq!([probed(PREFACE, true), probed(b"PRI *", true), probed(b"PRIVMSG ", true)], [Verdict::Yes, Verdict::Maybe, Verdict::No]);
    assert_eq!([probed(&response(), true), probed(&response(), false), probed(PREFACE, false)], [Verdict::Yes, Verdict::No, Verdict::Yes]);
    // a length that is none of settings
    assert_eq!(probed(&frame(4, 0, 0, &[0, 3, 0, 0]), true), Verdict::No);
}

#[test]
fn an_upgraded_connection_answers_the_request_that_asked_for_it() {
    let asked = b"GET /a HTTP/1.1\r\nHost: b\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";
    let switched = [b"HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n".as_slice(), &response()].concat();
    let rows = stream(&http::PROTOCOL, &[(Up, asked), (Down, &switched), (Up, PREFACE)]);
    let answered = of(&rows, "http_responses");
    assert_eq!([&answered[0]["status"], &answered[1]["status"]], ["101", "200"]);
    assert_eq!([&answered[1]["request_uri"], &answered[1]["position"]], ["/a", "1"]);
}

#[test]
fn a_stream_that_is_reset_ends_its_body() {
    let mut bytes = response();
    bytes.truncate(bytes.len() - 12);
    bytes.extend(frame(3, 0, 1, &[0, 0, 0, 8]));
    let rows = stream(&PROTOCOL, &[(Up, &request()), (Down, &bytes)]);
    let body = of(&rows, "http_bodies")[0];
    assert_eq!([&body["is_complete"], &body["present_bytes"]], ["false", "2"]);
}

#[test]
fn a_head_that_cannot_be_read_ends_its_direction() {
    let bytes = [frame(1, 4, 1, &[0xff, 0xff]), frame(1, 4, 3, &hex("88"))].concat();
    let rows = stream(&PROTOCOL, &[(Up, &request()), (Down, &bytes)]);
    assert_eq!((of(&rows, "http_responses").len(), of(&rows, "weirds").len()), (0, 1));
}

proptest! {
    #[test]
    fn a_connection_is_read_however_it_is_cut(places in proptest::collection::vec(0usize..120, 0..8), place in 0usize..100, byte in any::<u8>()) {
        let (asked, answered) = (request(), response());
        let mut pieces = cut(Up, &asked, &places);
        pieces.extend(cut(Down, &answered, &places));
        let rows = stream(&PROTOCOL, &pieces);
        prop_assert_eq!(&of(&rows, "http_bodies")[0]["is_complete"], "true");
        let mut changed = answered.clone();
        if let Some(old) = changed.get_mut(place) { *old = byte; }
        let mut pieces = cut(Up, &asked, &places);
        pieces.extend(cut(Down, &changed, &places));
        stream(&PROTOCOL, &pieces);
    }
}
