use super::PROTOCOL;
use super::fingerprint::ja4;
use super::hello::Hello;
use crate::app::testing::{Rows, at, cut, hex, pieces_and_gaps, stream};
use crate::app::{Carrier, Direction, Probe, Verdict};
use proptest::prelude::*;

fn record(kind: u8, version: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend(version.to_be_bytes());
    bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    bytes.extend(payload);
    bytes
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0];
    bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

/// A ClientHello with GREASE, SNI a.example, ALPN h2, TLS 1.3 and 1.2.
fn client_hello() -> Vec<u8> {
    let mut body = hex("0303");
    body.extend([7; 32]);
    body.extend(hex(
        "00                          # session id
         0006 1a1a 1301 c02f         # ciphers: GREASE, AES-128-GCM, ECDHE-RSA-AES128-GCM
         01 00                       # compression: none
         003b                        # extensions
         0a0a 0000                   # GREASE
         0000 000e 000c 00 0009 612e6578616d706c65   # server name
         0010 0005 0003 02 6832      # ALPN
         002b 0007 06 1a1a 0304 0303 # versions
         000d 0004 0002 0403         # signature algorithms
         000b 0002 01 00             # point formats
         0023 0000                   # no ticket",
    ));
    let length = body.len() - 2 - 32 - 1 - 8 - 2 - 2;
    let place = 2 + 32 + 1 + 8 + 2;
    body[place..place + 2].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
    message(1, &body)
}

fn server_hello(random: [u8; 32]) -> Vec<u8> {
    let mut body = hex("0303");
    body.extend(random);
    body.extend(hex("00 1301 00 0006 002b 0002 0304"));
    message(2, &body)
}

#[test]
fn hellos_tell_what_is_asked_for_and_what_is_agreed_on() {
    let (up, down) = (record(22, 0x0301, &client_hello()), record(22, 0x0303, &server_hello([9; 32])));
    let rows = stream(&PROTOCOL, &[(Direction::Up, &up), (Direction::Down, &down)]);
    let [("tls_client_hellos", client), ("tls_connections", connection), ("tls_server_hellos", server)] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    assert_eq!(client["server_name"], "a.example");
    assert_eq!(client["alpn"], "h2");
    assert_eq!(client["versions"], "772 771");
    assert_eq!(client["ciphers"], "4865 49199");
    assert_eq!(client["extensions"], "0 16 43 13 11 35");
    assert_eq!(client["has_ticket"], "false");
    assert!(client["ja4"].starts_with("t13d0206h2_"));
    assert_eq!(server["version"], "772");
    assert_eq!(server["cipher"], "4865");
    assert_eq!(server["cipher_name"], "TLS_AES_128_GCM_SHA256");
    assert_eq!(connection["hellos"], "whole");
    assert_eq!(connection["is_established"], "false");
}

#[test]
fn a_second_hello_follows_a_retry() {
    let retry = hex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c").try_into().unwrap();
    let hello = record(22, 0x0303, &client_hello());
    let change = record(20, 0x0303, &[1]);
    let asked = record(22, 0x0303, &server_hello(retry));
    let agreed = record(22, 0x0303, &server_hello([1; 32]));
    let rows = stream(
        &PROTOCOL,
        &[
            (Direction::Up, &hello),
            (Direction::Down, &asked),
            (Direction::Down, &change),
            (Direction::Up, &change),
            (Direction::Up, &hello),
            (Direction::Down, &agreed),
        ],
    );
    let hellos = rows.iter().filter(|(table, _)| *table != "tls_connections");
    let flags: Vec<_> = hellos.map(|(_, row)| row.get("is_second").or(row.get("is_hello_retry")).unwrap().as_str()).collect();
    assert_eq!(flags, ["false", "true", "true", "false"]);
}

#[test]
fn a_hello_in_ssl_2_format_is_read() {
    let mut bytes = hex("80 1c 01 0301 0003 0000 0010  00002f"); // length 28, hello, TLS 1.0, one cipher, challenge of 16
    bytes.extend([5; 16]);
    assert_eq!(probed(&bytes, true), Verdict::Yes);
    let rows = stream(&PROTOCOL, &[(Direction::Up, &bytes)]);
    assert_eq!(rows[0].1["record_version"], "2");
    assert_eq!(rows[0].1["ciphers"], "47");
}

fn row<'a>(rows: &'a Rows, table: &str) -> &'a std::collections::BTreeMap<&'static str, String> {
    &rows.iter().find(|(name, _)| *name == table).unwrap().1
}

#[test]
fn application_records_are_counted_by_direction_and_alerts_told() {
    let (up, down) = (record(22, 0x0301, &client_hello()), record(22, 0x0303, &server_hello([9; 32])));
    let finished = record(23, 0x0303, &[0x44; 53]);
    let refused = record(21, 0x0303, &hex("02 30")); // fatal, unknown_ca
    let rows = stream(
        &PROTOCOL,
        &[(Direction::Up, &up), (Direction::Down, &down), (Direction::Down, &finished), (Direction::Up, &finished), (Direction::Up, &refused)],
    );
    let (connection, alert) = (row(&rows, "tls_connections"), row(&rows, "tls_alerts"));
    assert_eq!([&alert["name"], &alert["sent_by"], &alert["is_encrypted"]], ["unknown_ca", "client", "false"]);
    assert_eq!(connection["is_established"], "true");
    assert_eq!([&connection["fatal_alert"], &connection["fatal_alert_by"]], ["48", "source"]);
    assert_eq!([&connection["source_records"], &connection["source_record_bytes"]], ["1", "53"]);
}

#[test]
fn an_open_connection_is_read_from_its_next_record_on() {
    let mut down = vec![0x55; 200]; // the end of a record
    down.extend(record(23, 0x0303, &[0xaa; 40]));
    down.extend(record(23, 0x0303, &[0xaa; 30]));
    let more = record(23, 0x0303, &[0xaa; 100]);
    let rows = pieces_and_gaps(
        &PROTOCOL,
        &[
            (Direction::Down, Some(&down), 0),
            (Direction::Down, Some(&more[..50]), 0),
            (Direction::Down, None, 30), // within the record
            (Direction::Down, Some(&more[80..]), 0),
            (Direction::Down, None, 3000),
            (Direction::Down, Some(&[0x66; 90]), 0), // the end of a record that began in the hole
            (Direction::Down, Some(&record(21, 0x0303, &[0xbb; 26])), 0),
        ],
    );
    let connection = row(&rows, "tls_connections");
    assert_eq!([&connection["hellos"], &connection["record_version"]], ["none", "771"]);
    assert_eq!([&connection["source_records"], &connection["source_record_bytes"]], ["3", "170"]);
    assert_eq!(connection["missing_bytes"], "3030");
    assert!(!connection.contains_key("is_established"));
    assert_eq!(row(&rows, "tls_alerts")["is_encrypted"], "true");
}

#[test]
fn a_session_that_goes_on_is_told() {
    let mut client = hex("0303");
    client.extend([7; 32]);
    client.extend(hex("04 aabbccdd 0002 c02f 01 00")); // session id, cipher, compression
    let mut server = hex("0303");
    server.extend([8; 32]);
    server.extend(hex("04 aabbccdd c02f 00"));
    let (up, down) = (record(22, 0x0301, &message(1, &client)), record(22, 0x0303, &message(2, &server)));
    let change = [record(20, 0x0303, &[1]), record(22, 0x0303, &[0x99; 40])].concat();
    let rows = stream(&PROTOCOL, &[(Direction::Up, &up), (Direction::Down, &down), (Direction::Down, &change), (Direction::Up, &change)]);
    assert_eq!(row(&rows, "tls_server_hellos")["resumption"], "session_id");
    assert_eq!(row(&rows, "tls_connections")["is_established"], "true");
}

fn probed(bytes: &[u8], from_start: bool) -> Verdict {
    (PROTOCOL.probe)(&Probe { carrier: Carrier::Tcp, at: &at(40000, 9999), bytes, from_start, before: None })
}

#[test]
fn records_are_recognised_in_the_middle_of_a_stream() {
    let data = record(23, 0x0303, &[0xaa; 40]);
    assert_eq!(probed(&data, false), Verdict::Yes);
    let mut tail = vec![0x55; 300];
    tail.extend(&data);
    tail.extend(record(21, 0x0303, &[0xbb; 26]));
    assert_eq!(probed(&tail, false), Verdict::Yes);
    assert_eq!(probed(&tail, true), Verdict::No);
    assert_eq!(probed(&tail[..tail.len() - 31 - 3], false), Verdict::No);
    assert_eq!(probed(b"GET / HTTP/1.1\r\n", false), Verdict::No);
    assert_eq!(probed(&data[..3], true), Verdict::Maybe);
}

#[test]
fn of_a_hello_with_a_hole_the_start_is_read() {
    let up = record(22, 0x0301, &client_hello());
    let down = record(22, 0x0303, &server_hello([9; 32]));
    let rows = pieces_and_gaps(&PROTOCOL, &[(Direction::Up, Some(&up[..90]), 0), (Direction::Up, None, 10), (Direction::Down, Some(&down), 0)]);
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), ["tls_client_hellos", "tls_connections", "tls_server_hellos"]);
    assert_eq!(rows[0].1["server_name"], "a.example");
    assert!(!rows[0].1.contains_key("ja4"));
}

#[test]
fn ja4_of_foxios_example() {
    // technical_details/JA4.md: cipher and extension lists of t13d1516h2_8daaf6152771_e5627efa2ab1
    let hello = Hello {
        legacy_version: 0x0303,
        versions: vec![0x0304, 0x0303],
        ciphers: [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035].to_vec(),
        extensions: [0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015].to_vec(),
        signature_algorithms: [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601].to_vec(),
        alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        ..Hello::default()
    };
    assert_eq!(ja4('t', &hello), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    let odd = |alpn: &[u8]| ja4('t', &Hello { alpn: vec![alpn.to_vec()], ..Hello::default() })[8..10].to_owned();
    assert_eq!([odd(&[0xab]), odd(&[0xab, 0xcd]), odd(&[0x30, 0xab]), odd(b"x")], ["ab", "ad", "3b", "xx"]);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), kind in 0u8..30, places in proptest::collection::vec(0usize..600, 0..4)) {
        let _ = probed(&bytes, true);
        let _ = probed(&bytes, false);
        stream(&PROTOCOL, &cut(Direction::Up, &bytes, &places));
        bytes.truncate(500);
        let wrapped = record(22, 0x0301, &message(kind, &bytes));
        stream(&PROTOCOL, &cut(Direction::Up, &wrapped, &places));
    }

    #[test]
    fn cuts_change_nothing(places in proptest::collection::vec(0usize..400, 0..6), split in 1usize..80, change in 0usize..170, byte in any::<u8>()) {
        let mut hello = client_hello();
        let change = change.min(hello.len() - 1);
        hello[change] = byte;
        // the message spread over two records
        let mut bytes = record(22, 0x0301, &hello[..split]);
        bytes.extend(record(22, 0x0301, &hello[split..]));
        bytes.extend(record(20, 0x0303, &[1]));
        bytes.extend(record(22, 0x0303, &[0x33; 40]));
        prop_assert_eq!(stream(&PROTOCOL, &cut(Direction::Up, &bytes, &places)), stream(&PROTOCOL, &[(Direction::Up, &bytes)]));
    }
}
