use super::PROTOCOL;
use super::body::{Body, Chunk, Taken};
use super::head::{Head, end_of_head};
use super::kind::{Kind, kind};
use crate::app::Direction::{self, Down, Up};
use crate::app::testing::{Rows, at, cut, events, pieces_and_gaps, stream};
use crate::app::{Carrier, Probe, Verdict};
use proptest::prelude::*;

fn probed(bytes: &[u8]) -> Verdict {
    (PROTOCOL.probe)(&Probe { carrier: Carrier::Tcp, at: &at(40000, 49152), bytes, from_start: true, before: None })
}

fn column(rows: &Rows, table: &str, name: &str) -> Vec<String> {
    rows.iter().filter(|row| row.0 == table).map(|row| row.1.get(name).cloned().unwrap_or_default()).collect()
}

/// What comes out where the sender of a response closes behind it.
fn closed(told: &[u8]) -> Rows {
    events(&PROTOCOL, |parser, ctx| {
        parser.data(ctx, Down, told);
        parser.closed(ctx, Down);
    })
}

/// What comes out where another copy of a response's bytes comes.
fn again(told: &[u8], back: u64, copy: &[u8]) -> Rows {
    events(&PROTOCOL, |parser, ctx| {
        parser.data(ctx, Down, told);
        parser.again(ctx, Down, back, copy);
    })
}

const GET: &[u8] = b"GET /fw.bin?v=2 HTTP/1.1\r\nHost: cdn.example\r\nUser-Agent: ESP8266\r\nAuthorization: Basic YTpi\r\nX-Long: a\r\n b\r\n\r\n";

#[test]
fn a_request_and_its_response_belong_together() {
    let answer = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/9\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let rows = stream(&PROTOCOL, &[(Up, GET), (Up, GET), (Down, answer)]);
    assert_eq!(column(&rows, "http_requests", "uri"), ["/fw.bin?v=2"; 2]);
    assert_eq!(column(&rows, "http_requests", "authorization_scheme"), ["Basic"; 2]);
    let headers = &column(&rows, "http_requests", "headers")[0];
    assert!(headers.ends_with("X-Long: a b"));
    assert!(headers.contains("Authorization: (masked, 10 bytes)") && !headers.contains("YTpi"));
    assert_eq!(column(&rows, "http_responses", "status"), ["206", "404"]);
    assert_eq!(column(&rows, "http_responses", "request_host"), ["cdn.example"; 2]);
}

#[test]
fn answers_to_head_and_304_have_no_body_and_100_answers_nothing() {
    let asked = b"HEAD /a HTTP/1.1\r\n\r\nPUT /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nxyGET /c HTTP/1.1\r\n\r\n";
    let told = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    let rows = stream(&PROTOCOL, &[(Up, asked), (Down, told)]);
    assert_eq!(column(&rows, "http_requests", "uri"), ["/a", "/b", "/c"]);
    assert_eq!(column(&rows, "http_responses", "request_uri"), ["/a", "", "/b", "/c"]);
}

#[test]
fn chunks_and_trailers_are_passed_over() {
    let told = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5;x=y\r\nHTTP/\r\n0\r\nX: y\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    assert_eq!(column(&stream(&PROTOCOL, &[(Down, told)]), "http_responses", "status"), ["200", "204"]);
    let mut body = Body::Chunked(Chunk::start());
    assert_eq!(body.take(b"1\r\na\r\n0\r\n\r\nrest", &mut |_| {}), Taken::Ended(11));
    assert_eq!(Body::Chunked(Chunk::start()).take(b"12345678901234567\r\n", &mut |_| {}), Taken::Broken);
}

#[test]
fn an_upgrade_ends_the_reading() {
    let asked = b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    let told = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello";
    let rows = stream(&PROTOCOL, &[(Up, asked), (Down, told), (Up, b"\x81\x85 not http")]);
    assert_eq!(rows.iter().filter(|(table, _)| table.starts_with("http_")).count(), 2);
    assert_eq!(column(&rows, "http_responses", "upgrade"), ["websocket"]);
}

#[test]
fn tls_behind_a_proxy_is_read() {
    let hello = crate::app::testing::hex(
        "16 0303 002d                 # record
         01 000029 0303 0000000000000000000000000000000000000000000000000000000000000000 00 0002 c02f 01 00",
    );
    let rows = stream(&PROTOCOL, &[(Up, b"CONNECT a.example:443 HTTP/1.1\r\n\r\n"), (Down, b"HTTP/1.0 200 OK\r\n\r\n"), (Up, &hello)]);
    assert_eq!(column(&rows, "tls_client_hellos", "ciphers"), ["49199"]);
}

#[test]
fn a_hole_in_a_body_is_counted_and_of_a_head_with_a_hole_the_start_is_kept() {
    let rows = pieces_and_gaps(
        &PROTOCOL,
        &[
            (Down, Some(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), 0),
            (Down, None, 5),
            (Down, Some(b"ijHTTP/1.1 201 Created\r\nX: "), 0),
            (Down, None, 100),
            (Down, Some(b"middle of something"), 0),
            (Down, Some(b"HTTP/1.1 202 Accepted\r\n\r\n"), 0),
        ],
    );
    assert_eq!(column(&rows, "http_responses", "status"), ["200", "201", "202"]);
    assert_eq!(column(&rows, "http_responses", "is_whole"), ["true", "false", "true"]);
}

#[test]
fn an_endless_head_is_given_up() {
    let mut bytes = b"GET / HTTP/1.1\r\nX: ".to_vec();
    bytes.resize(70_000, b'a');
    assert_eq!(stream(&PROTOCOL, &[(Up, &bytes)])[0].1["kind"], "message_too_long");
}

#[test]
fn look_alikes_are_not_claimed() {
    assert_eq!(probed(GET), Verdict::Yes);
    assert_eq!(probed(b"HTTP/1.0 200 OK\r\n"), Verdict::Yes);
    assert_eq!(probed(b"SUBSCRIBE /event HTTP/1.1\r\n"), Verdict::Yes);
    assert_eq!(probed(b"GET /weatherstation?ID=1 HTTP/1.0.8\r\n"), Verdict::Yes);
    assert_eq!(probed(b"HTTP/1.01 200 ok\r\n"), Verdict::Yes);
    assert_eq!(probed(b"GE"), Verdict::Maybe);
    assert_eq!(probed(b"OPTIONS rtsp://10.0.0.1/live RTSP/1.0\r\n"), Verdict::No);
    assert_eq!(probed(b"INVITE sip:a@b SIP/2.0\r\n"), Verdict::No);
    assert_eq!(probed(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Verdict::No);
    assert_eq!(probed(b"220 ready\r\n"), Verdict::No);
    assert_eq!(probed(b"\x16\x03\x01"), Verdict::No);
}

#[test]
fn a_head_ends_at_its_empty_line() {
    assert_eq!(end_of_head(b"GET / HTTP/1.0\n\nx", 0), Some(16));
    assert_eq!(end_of_head(b"a\r\nb\r\n\r\nx", 7), Some(8));
    assert_eq!(end_of_head(b"a\r\nb\r\n\r", 0), None);
    let head = Head::parse(b"GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nbad\r\n\r\n").unwrap();
    assert!(head.lists("connection", "upgrade") && head.has_bad_line);
}

/// A conversation's bytes: fields that matter, with some bytes changed.
fn conversation(changes: &[(usize, u8)]) -> Vec<u8> {
    let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz\r\n\
        HTTP/1.1 404 Not Found\r\nServer: a\r\n b\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nrest"
        .to_vec();
    for (place, byte) in changes {
        if let Some(old) = bytes.get_mut(*place) {
            *old = *byte;
        }
    }
    bytes
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), changes in proptest::collection::vec((0usize..260, any::<u8>()), 0..5), places in proptest::collection::vec(0usize..300, 0..4)) {
        let _ = probed(&bytes);
        stream(&PROTOCOL, &cut(Direction::Up, &bytes, &places));
        stream(&PROTOCOL, &cut(Direction::Down, &conversation(&changes), &places));
    }

    #[test]
    fn cuts_change_nothing(places in proptest::collection::vec(0usize..300, 0..8)) {
        let bytes = conversation(&[]);
        prop_assert_eq!(stream(&PROTOCOL, &cut(Down, &bytes, &places)), stream(&PROTOCOL, &[(Down, &bytes)]));
        let twice = [GET, GET].concat();
        prop_assert_eq!(stream(&PROTOCOL, &cut(Up, &twice, &places)), stream(&PROTOCOL, &[(Up, &twice)]));
    }
}

#[test]
fn a_version_that_does_not_exist_hides_no_request() {
    let rows = stream(&PROTOCOL, &[(Up, b"GET /update?id=1 HTTP/1.0.8\r\nHost: station\r\n\r\n")]);
    assert_eq!(column(&rows, "http_requests", "version"), ["HTTP/1.0.8"]);
}

#[test]
fn bodies_are_hashed_as_they_were_sent() {
    let told = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n";
    let rows = stream(&PROTOCOL, &[(Down, told)]);
    // SHA-256 of "abc" (FIPS 180-2 B.1)
    let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(column(&rows, "http_bodies", "sha256"), [known; 2]);
    assert_eq!(column(&rows, "http_bodies", "md5"), ["900150983cd24fb0d6963f7d28e17f72"; 2]);
    assert_eq!(column(&rows, "http_bodies", "position"), ["0", "1"]);
    assert_eq!(column(&rows, "http_bodies", "framing"), ["length", "chunked"]);
}

#[test]
fn a_body_with_holes_tells_them_and_has_no_hash() {
    let rows = pieces_and_gaps(
        &PROTOCOL,
        &[
            (Down, Some(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nabc"), 0),
            (Down, None, 5),
            (Down, Some(b"ij"), 0),
        ],
    );
    assert_eq!(column(&rows, "http_bodies", "missing"), ["3 8 10 20"]);
    assert_eq!(column(&rows, "http_bodies", "present_bytes"), ["5"]);
    assert_eq!(column(&rows, "http_bodies", "is_complete"), ["false"]);
    assert_eq!(column(&rows, "http_bodies", "sha256"), [""]);
}

#[test]
fn a_body_without_length_is_whole_only_when_its_sender_closed() {
    let told = b"HTTP/1.0 200 OK\r\n\r\nabc";
    assert_eq!(column(&stream(&PROTOCOL, &[(Down, told)]), "http_bodies", "is_complete"), ["false"]);
    assert_eq!(column(&closed(told), "http_bodies", "is_complete"), ["true"]);
}

#[test]
fn another_copy_with_other_bytes_is_a_conflict() {
    let rows = again(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdef", 4, b"cXeY");
    assert_eq!(column(&rows, "http_bodies", "conflicting_bytes"), ["2"]);
}

#[test]
fn a_coded_body_is_decoded_and_a_bomb_is_not() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, bytes).unwrap();
        encoder.finish().unwrap()
    };
    let message = |body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let rows = stream(&PROTOCOL, &[(Down, &message(&gzip(b"{\"md5\": 1}")))]);
    assert_eq!(column(&rows, "http_bodies", "decoded_bytes"), ["10"]);
    // more than the free bytes, at DEFLATE's highest ratio
    let bomb = stream(&PROTOCOL, &[(Down, &message(&gzip(&vec![0; 40 << 20])))]);
    assert_eq!(column(&bomb, "http_bodies", "decoded_bytes"), [""]);
    assert_eq!(column(&bomb, "http_bodies", "is_complete"), ["true"]);
}

#[test]
fn what_begins_as_no_picture_is_kept_whatever_its_type_says() {
    assert_eq!(kind(Some("image/png"), b"\x7fELF\x01\x01", false), Kind::Binary);
    assert_eq!(kind(Some("image/png"), b"\x89PNG\r\n", false), Kind::Media);
    assert_eq!(kind(Some("text/plain"), b"\x7fELF\x01\x01", false), Kind::Binary);
    assert_eq!(kind(Some("application/json; charset=utf-8"), b"{\"a\":1}", false), Kind::Text);
    assert_eq!(kind(Some("application/octet-stream"), b":10000000", false), Kind::Unlabelled);
    assert_eq!(kind(Some("text/plain"), b"abc", true), Kind::Binary);
}

/// A WebSocket frame of a client, masked with 1 2 3 4.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).unwrap(), 1, 2, 3, 4];
    frame.extend(payload.iter().zip([1u8, 2, 3, 4].into_iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

fn upgrade(subprotocol: &str) -> [Vec<u8>; 2] {
    let asked = b"GET /live?x=1 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".to_vec();
    let told = format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n{subprotocol}\r\n");
    [asked, told.into_bytes()]
}

#[test]
fn messages_of_a_websocket_are_rows_and_fragments_are_put_together() {
    let [asked, mut told] = upgrade("");
    told.extend(b"\x81\x05hello\x88\x02\x03\xe9");
    let frames = [masked(0x01, b"he"), masked(0x89, b"p"), masked(0x80, b"llo")].concat();
    let rows = stream(&PROTOCOL, &[(Up, &asked), (Down, &told), (Up, &frames)]);
    let table = "websocket_messages";
    assert_eq!(column(&rows, table, "kind"), ["text", "close", "ping", "text"]);
    assert_eq!(column(&rows, table, "payload_bytes"), ["5", "2", "1", "5"]);
    assert_eq!(column(&rows, table, "parts"), ["1", "1", "1", "2"]);
    assert_eq!(column(&rows, table, "is_masked"), ["false", "false", "true", "true"]);
    assert_eq!(column(&rows, table, "close_code"), ["", "1001", "", ""]);
    assert_eq!(column(&rows, table, "uri"), ["/live?x=1"; 4]);
}

#[test]
fn mqtt_in_a_websocket_is_read_as_mqtt() {
    let [asked, told] = upgrade("Sec-WebSocket-Protocol: mqtt\r\n");
    let frame = masked(0x82, b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a");
    let rows = stream(&PROTOCOL, &[(Up, &asked), (Down, &told), (Up, &frame)]);
    assert_eq!(column(&rows, "mqtt", "client_id"), ["a"]);
    assert_eq!(column(&rows, "mqtt", "keep_alive_s"), ["60"]);
}

#[test]
fn what_is_no_websocket_frame_ends_the_reading() {
    let [asked, mut told] = upgrade("");
    told.extend(b"\x83\x01x\x81\x01y");
    let rows = stream(&PROTOCOL, &[(Up, &asked), (Down, &told)]);
    assert!(column(&rows, "websocket_messages", "kind").is_empty());
    assert_eq!(column(&rows, "weirds", "kind").len(), 1);
}

#[test]
fn a_body_in_brotli_is_decoded_when_it_is_whole() {
    // `{"md5": 1}` as zlib.brotliCompressSync of Node.js writes it: one meta-block without compression
    let body = b"\x8b\x04\x80{\"md5\": 1}\x03";
    let told = |body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let whole = stream(&PROTOCOL, &[(Down, &told(body))]);
    assert_eq!(column(&whole, "http_bodies", "decoded_bytes"), ["10"]);
    for part in [body.len() - 1, 3].map(|end| told(body.get(..end).unwrap())) {
        assert_eq!(column(&stream(&PROTOCOL, &[(Down, &part)]), "http_bodies", "decoded_bytes"), [""]);
    }
}
