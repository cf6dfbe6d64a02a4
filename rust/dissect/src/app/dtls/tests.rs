use super::PROTOCOL;
use crate::app::testing::{Rows, at, datagrams, hex};
use crate::app::{Carrier, Probe, Verdict};
use proptest::prelude::*;

/// A record of epoch 0.
fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[kind], &hex("feff 0000 000000000001")[..], &length, payload].concat() // DTLS 1.0, epoch, number
}

/// A fragment of a handshake message.
fn fragment(kind: u8, body: &[u8], from: usize, to: usize) -> Vec<u8> {
    let u24 = |number: usize| u32::try_from(number).unwrap().to_be_bytes()[1..].to_vec();
    [vec![kind], u24(body.len()), hex("0000"), u24(from), u24(to - from), body[from..to].to_vec()].concat()
}

/// A ClientHello of DTLS 1.2 for cam.example with a cookie of two bytes.
fn client_hello() -> Vec<u8> {
    [
        hex("fefd"),
        vec![7; 32],
        hex("00                        # session id
             02 abcd                   # cookie
             0002 c02b 01 00           # cipher, no compression
             0014                      # extensions
             0000 0010 000e 00 000b 63616d2e6578616d706c65"),
    ]
    .concat()
}

fn row<'a>(rows: &'a Rows, table: &str) -> &'a std::collections::BTreeMap<&'static str, String> {
    &rows.iter().find(|(name, _)| *name == table).unwrap().1
}

#[test]
fn a_hello_in_one_datagram_is_told() {
    let body = client_hello();
    let bytes = record(22, &fragment(1, &body, 0, body.len()));
    let probe = Probe { carrier: Carrier::Udp, at: &at(40000, 9999), bytes: &bytes, from_start: true, before: None };
    assert_eq!((PROTOCOL.probe)(&probe), Verdict::Yes);
    let rows = datagrams(&PROTOCOL, &[&bytes]);
    let hello = row(&rows, "tls_client_hellos");
    assert_eq!([&hello["carrier"], &hello["server_name"], &hello["cookie_bytes"]], ["dtls", "cam.example", "2"]);
    assert_eq!([&hello["is_second"], &hello["highest_version"], &hello["record_version"]], ["true", "65277", "65279"]);
    assert!(hello["ja4"].starts_with("dd2d0101"));
}

#[test]
fn fragments_in_any_order_and_twice_make_one_message() {
    let body = client_hello();
    let [a, b, c] = [(0, 20), (20, 50), (50, body.len())].map(|(from, to)| record(22, &fragment(1, &body, from, to)));
    let rows = datagrams(&PROTOCOL, &[&c, &a, &a, &[b, record(21, &hex("02 28"))].concat()]);
    assert_eq!(rows.iter().filter(|(table, _)| *table == "tls_client_hellos").count(), 1);
    assert_eq!(row(&rows, "tls_client_hellos")["is_whole"], "true");
    assert_eq!([&row(&rows, "tls_alerts")["name"], &row(&rows, "tls_alerts")["level"]], ["handshake_failure", "2"]);
}

#[test]
fn other_datagrams_are_none() {
    let probed = |bytes: &[u8]| (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(1, 2), bytes, from_start: true, before: None });
    let whole = record(23, &[9; 40]);
    assert_eq!(probed(&whole), Verdict::Yes);
    assert_eq!(probed(&whole[..50]), Verdict::No);
    assert_eq!(probed(b""), Verdict::No);
    assert_eq!(probed(&hex("17 feff 0000")), Verdict::No);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u8..30, place in 0usize..130, byte in any::<u8>()) {
        datagrams(&PROTOCOL, &[&bytes, &record(kind, &bytes)]);
        let mut hello = record(22, &fragment(1, &client_hello(), 0, client_hello().len()));
        let place = place % hello.len();
        hello[place] = byte;
        datagrams(&PROTOCOL, &[&hello, &hello[..place]]);
    }
}
