use super::{Carrier, Probe, Verdict, PROTOCOL};
use crate::app::Direction;
use crate::app::testing::{at, cut, datagrams, hex, stream};
use proptest::prelude::*;

/// RFC 5769 2.2: IPv4 response, without its integrity and fingerprint.
const RESPONSE: &str = "0101 0020 2112a442 b7e7a701bc34d686fa87dfae   # success of binding, 32 bytes, cookie, transaction
    8022 000b 74657374 20766563 746f7220                                 # software, padded with a space
    0020 0008 0001 a147 e112a643                                         # 192.0.2.1:32853, masked
    0007 0000";

fn probed(bytes: &[u8], carrier: Carrier, port: u16) -> Verdict {
    (PROTOCOL.probe)(&Probe { carrier, at: &at(40000, port), bytes, from_start: true, before: None })
}

#[test]
fn the_mapped_address_of_the_rfc_is_read() {
    let rows = datagrams(&PROTOCOL, &[&hex(RESPONSE)]);
    let row = &rows[0].1;
    assert_eq!([&row["class"], &row["method"], &row["software"]], ["success", "1", "test vector"]);
    assert_eq!([&row["xor_mapped_address"], &row["xor_mapped_port"]], ["192.0.2.1", "32853"]);
    assert!(!row.contains_key("mapped_address"));
}

#[test]
fn it_is_told_by_its_cookie_on_any_port() {
    assert_eq!(probed(&hex(RESPONSE), Carrier::Udp, 9), Verdict::Yes);
    assert_eq!(probed(&hex(RESPONSE), Carrier::Tcp, 9), Verdict::Yes);
    // RFC 3489 has no cookie: its attributes must fill the message
    let classic = hex("0101 000c 00010203040506070809101112131415  0001 0008 0001 8055 c0000201");
    assert_eq!(probed(&classic, Carrier::Udp, 9), Verdict::Yes);
    assert_eq!(datagrams(&PROTOCOL, &[&classic])[0].1["mapped_address"], "192.0.2.1");
    assert_eq!(probed(&classic[..31], Carrier::Udp, 9), Verdict::No);
    assert_eq!(probed(&[0; 40], Carrier::Udp, 9), Verdict::No);
}

#[test]
fn media_between_the_same_ports_are_counted() {
    let packet = |sequence: u8| hex(&format!("8060 00{sequence:02x} 00000010 01020304  ffff"));
    let rows = datagrams(&PROTOCOL, &[&hex(RESPONSE), &packet(1), &packet(2), &packet(4)]);
    let (table, row) = &rows[rows.iter().position(|(table, _)| *table == "rtp_streams").unwrap_or(9)];
    assert_eq!([*table, &row["packets"], &row["expected_packets"]], ["rtp_streams", "3", "4"]);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), place in 0usize..50, byte in any::<u8>()) {
        let _ = (probed(&bytes, Carrier::Udp, 3478), probed(&bytes, Carrier::Tcp, 3478));
        datagrams(&PROTOCOL, &[&bytes]);
        let mut changed = hex(RESPONSE);
        if let Some(old) = changed.get_mut(place) { *old = byte; }
        datagrams(&PROTOCOL, &[&changed]);
        stream(&PROTOCOL, &[(Direction::Up, &changed), (Direction::Up, &bytes)]);
    }

    #[test]
    fn a_stream_is_read_however_it_is_cut(places in proptest::collection::vec(0usize..100, 0..5)) {
        let two = [hex(RESPONSE), hex(RESPONSE)].concat();
        prop_assert_eq!(stream(&PROTOCOL, &cut(Direction::Down, &two, &places)).len(), 2);
    }
}
