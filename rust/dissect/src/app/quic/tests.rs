use super::PROTOCOL;
use super::keys::{Keys, V1, V2};
use super::made;
use super::packet::Long;
use crate::app::testing::{Rows, at, datagrams, hex};
use crate::app::{Carrier, Probe, Verdict};
use proptest::prelude::*;

/// Connection id of RFC 9001 A.1.
const ID: &str = "8394c8f03e515708";
/// The server's Initial packet of RFC 9001 A.3.
const SERVER_INITIAL: &str = "
    cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a
    5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3
    dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84
    022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4
    2158407dd074ee";

/// A ClientHello for cam.example that offers h3 and says a transport parameter.
fn client_hello() -> Vec<u8> {
    let body = [
        hex("0303"),
        vec![7; 32],
        hex("00 0002 1301 01 00            # session id, cipher, compression
             0032                          # extensions
             0000 0010 000e 00 000b 63616d2e6578616d706c65   # cam.example
             0010 0005 0003 02 6833        # h3
             002b 0003 02 0304             # TLS 1.3
             0039 000a                     # transport parameters
                  01 04 80007530           # idle for 30 s
                  04 02 4400               # 1,024 bytes at first"),
    ]
    .concat();
    [vec![1, 0], u16::try_from(body.len()).unwrap().to_be_bytes().to_vec(), body].concat()
}

fn crypto(message: &[u8], from: usize, to: usize) -> Vec<u8> {
    let varint = |number: usize| (u16::try_from(number).unwrap() | 0x4000).to_be_bytes();
    [&[6], &varint(from)[..], &varint(to - from)[..], &message[from..to]].concat()
}

/// A client's Initial packet with these frames.
fn initial(version: u32, number: u8, frames: &[u8]) -> Vec<u8> {
    made::initial(version, number, true, frames)
}

fn row<'a>(rows: &'a Rows, table: &str) -> &'a std::collections::BTreeMap<&'static str, String> {
    &rows.iter().find(|(name, _)| *name == table).unwrap().1
}

#[test]
fn the_servers_first_packet_of_the_standard_is_decrypted() {
    let bytes = hex(SERVER_INITIAL);
    let (long, rest) = Long::read(&bytes).unwrap();
    assert!(rest.is_empty());
    let keys = Keys::initial(V1, &hex(ID), false).next().unwrap();
    let plain = keys.open(long.bytes, long.number_at).unwrap();
    // an acknowledgement, and a ServerHello of 90 bytes in a CRYPTO frame
    assert_eq!(plain[..14], hex("02 00 00 00 00  06 00 40 5a 02 00 00 56 03")[..]);
    assert!(Keys::initial(V1, &hex("00"), false).next().unwrap().open(long.bytes, long.number_at).is_none());
}

#[test]
fn a_hello_spread_over_packets_in_any_order_is_told() {
    let hello = client_hello();
    for version in [V1, V2, 0xff00_001d, 0x1a2a_3a4a] {
        let first = initial(version, 0, &[crypto(&hello, 60, hello.len()), crypto(&hello, 0, 30)].concat());
        let second = initial(version, 1, &crypto(&hello, 25, 70));
        let probe = Probe { carrier: Carrier::Udp, at: &at(40000, 9999), bytes: &first, from_start: true, before: None };
        assert_eq!((PROTOCOL.probe)(&probe), Verdict::Yes);
        let rows = datagrams(&PROTOCOL, &[&first, &second, &hex("40 c1d1 aabbccdd")]);
        let (told, connection) = (row(&rows, "tls_client_hellos"), row(&rows, "quic_connections"));
        assert_eq!([&told["carrier"], &told["server_name"], &told["alpn"]], ["quic", "cam.example", "h3"]);
        assert!(told["ja4"].starts_with("q13d0104h3_"));
        assert!(!told.contains_key("record_version"));
        assert_eq!([&connection["is_decrypted"], &connection["server_name"], &connection["alpn_offered"]], ["true", "cam.example", "h3"]);
        assert_eq!([&connection["original_destination_id"], &connection["client_id"]], [ID, "c1d1"]);
        assert_eq!([&connection["idle_timeout_ms"], &connection["initial_max_data"]], ["30000", "1024"]);
        assert_eq!([&connection["initial_packets"], &connection["source_short_datagrams"]], ["2", "1"]);
    }
}

#[test]
fn a_version_negotiation_and_a_retry_are_told() {
    let negotiation = hex("80 00000000 02 c1d1 08 8394c8f03e515708 00000001 6b3343cf");
    let retry = hex("f0 00000001 02 c1d1 04 01020304 746f6b656e 000102030405060708090a0b0c0d0e0f");
    let rows = datagrams(&PROTOCOL, &[&negotiation, &retry]);
    let connection = row(&rows, "quic_connections");
    assert_eq!(connection["negotiated_versions"], "00000001|6b3343cf");
    assert_eq!([&connection["has_retry"], &connection["is_decrypted"]], ["true", "false"]);
}

#[test]
fn a_packet_that_no_key_fits_tells_its_connection_only() {
    let mut damaged = initial(V1, 0, &crypto(&client_hello(), 0, 40));
    damaged[600] ^= 1;
    let rows = datagrams(&PROTOCOL, &[&damaged]);
    assert_eq!(rows.len(), 1);
    assert_eq!([&row(&rows, "quic_connections")["is_decrypted"], &row(&rows, "quic_connections")["version"]], ["false", "v1"]);
}

/// A hello of Google's own handshake: padding, a name, a client program.
fn google_hello() -> Vec<u8> {
    hex("43484c4f 0300 0000           # CHLO, three values
         50414400 04000000            # PAD ends at 4
         534e4900 0f000000            # SNI
         55414944 15000000            # UAID
         2d2d2d2d 63616d2e6578616d706c65 54657374 2f31")
}

/// A client's packet up to Q043 (flags, id, version, number), or of Q046; a hash, and a frame of stream 1.
fn google(version: &[u8; 4], hello: &[u8]) -> Vec<u8> {
    let head = match version {
        b"Q046" => [&[0xc3][..], version, &[0x50], &hex(ID), &[0, 0, 0, 1]].concat(),
        _ => [&[0x0d][..], &hex(ID), version, &[1]].concat(),
    };
    [&head, &[9; 12][..], &hex("a0 01 2400"), hello].concat()
}

#[test]
fn the_hello_of_googles_versions_is_told() {
    for version in [b"Q025", b"Q039", b"Q043", b"Q046"] {
        let first = google(version, &google_hello());
        let probe = Probe { carrier: Carrier::Udp, at: &at(40000, 9999), bytes: &first, from_start: true, before: None };
        assert_eq!((PROTOCOL.probe)(&probe), Verdict::Yes);
        let rows = datagrams(&PROTOCOL, &[&first, &hex("0c 8394c8f03e515708 02 aabbcc")]);
        let connection = row(&rows, "quic_connections");
        assert_eq!([&connection["server_name"], &connection["user_agent"]], ["cam.example", "Test/1"]);
        assert_eq!([connection["version"].as_bytes(), connection["original_destination_id"].as_bytes()], [version, ID.as_bytes()]);
        assert_eq!([&connection["source_short_datagrams"], &connection["is_decrypted"]], ["1", "false"]);
    }
}

#[test]
fn a_hello_of_googles_handshake_in_encrypted_packets_is_told() {
    let rows = datagrams(&PROTOCOL, &[&initial(u32::from_be_bytes(*b"Q050"), 0, &crypto(&google_hello(), 0, google_hello().len()))]);
    let connection = row(&rows, "quic_connections");
    assert_eq!([&connection["version"], &connection["server_name"], &connection["is_decrypted"]], ["Q050", "cam.example", "true"]);
}

#[test]
fn googles_versions_with_tls_have_a_number_of_their_own_for_handshake_bytes() {
    let hello = client_hello();
    let mut frame = crypto(&hello, 0, hello.len());
    frame[0] = 8;
    for version in [*b"T050", *b"T051"] {
        let rows = datagrams(&PROTOCOL, &[&initial(u32::from_be_bytes(version), 0, &frame)]);
        assert_eq!(row(&rows, "tls_client_hellos")["server_name"], "cam.example");
        assert_eq!(row(&rows, "quic_connections")["version"].as_bytes(), version);
    }
}

#[test]
fn a_server_that_lists_googles_versions_and_other_numbers_are_no_packets_of_a_client() {
    let list = [&[0x09][..], &hex(ID), b"Q039Q043Q046Q035Q025"].concat();
    for bytes in [list, google(b"Q099", &google_hello()), google(b"Q043", &[])[..13].to_vec()] {
        let probe = Probe { carrier: Carrier::Udp, at: &at(40000, 443), bytes: &bytes, from_start: true, before: None };
        assert_eq!((PROTOCOL.probe)(&probe), Verdict::No);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), place in 0usize..40, byte in any::<u8>()) {
        datagrams(&PROTOCOL, &[&bytes]);
        datagrams(&PROTOCOL, &[&initial(V1, 0, &bytes), &google(b"Q043", &bytes), &google(b"Q046", &[&google_hello()[..place], &bytes].concat())]);
        let mut changed = initial(V1, 0, &crypto(&client_hello(), 0, 40));
        changed[place] = byte;
        datagrams(&PROTOCOL, &[&changed, &changed[..place]]);
    }
}
