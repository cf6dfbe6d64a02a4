use super::PROTOCOL;
use crate::app::Direction::{Down, Up};
use crate::app::testing::{at, cut, hex, pieces_and_gaps, stream};
use crate::app::{Carrier, Probe, Verdict};
use proptest::prelude::*;

const CONNECT: &str = "10 19          # CONNECT, 25 bytes
    0004 4d515454 04 c2 003c         # MQTT 3.1.1; name, password, clean session; 60 s
    0003 706c75                      # client id plu
    0004 75736572                    # user
    0002 7077                        # pw";
const PUBLISH: &str = "33 0a 0003 612f62 0007 010203 # QoS 1, retained, topic a/b, id 7, three bytes";

#[test]
fn a_connection_tells_who_it_is_and_what_it_says() {
    let up = [hex(CONNECT), hex(PUBLISH), hex("82 08 0001 0003 632f64 00"), hex("c000")].concat();
    let down = hex("20 02 0005   40 02 0007   90 03 0001 00   d000");
    let rows = stream(&PROTOCOL, &[(Up, &up), (Down, &down)]);
    let kinds: Vec<_> = rows.iter().map(|row| row.1["packet_type"].as_str()).collect();
    assert_eq!(kinds, ["connect", "publish", "subscribe", "pingreq", "connack", "puback", "suback", "pingresp"]);
    let connect = &rows[0].1;
    assert_eq!([&connect["client_id"], &connect["user_name"], &connect["has_password"], &connect["keep_alive_s"]], ["plu", "user", "true", "60"]);
    let publish = &rows[1].1;
    assert_eq!([&publish["topic"], &publish["qos"], &publish["packet_id"], &publish["payload_bytes"]], ["a/b", "1", "7", "3"]);
    assert_eq!(rows[2].1["topics"], "c/d");
    assert_eq!(rows[4].1["reason_code"], "5");
}

#[test]
fn version_5_has_properties_and_aliases() {
    let up = hex("10 0f 0004 4d515454 05 02 000a 00 0002 6162  # CONNECT
        30 09 0003 612f62 03 230001                            # topic a/b has alias 1
        30 08 0000 03 230001 6869                              # alias 1: hi");
    let rows = stream(&PROTOCOL, &[(Up, &up)]);
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!([&rows[2].1["topic"], &rows[2].1["payload_bytes"], &rows[2].1["protocol_version"]], ["a/b", "2", "5"]);
}

#[test]
fn a_hole_in_a_message_is_told_and_the_next_packet_found() {
    let publish = hex(PUBLISH);
    let up = [hex(CONNECT), publish[..10].to_vec()].concat();
    let rows = pieces_and_gaps(&PROTOCOL, &[(Up, Some(&up), 0), (Up, None, 2), (Up, Some(&[0xc0, 0]), 0), (Up, None, 9), (Up, Some(&publish), 0)]);
    let told: Vec<_> = rows.iter().map(|row| (row.1["packet_type"].as_str(), row.1["has_gap"].as_str())).collect();
    assert_eq!(told, [("connect", "false"), ("publish", "true"), ("pingreq", "false"), ("publish", "false")]);
}

fn probed(bytes: &[u8], port: u16, from_start: bool) -> Verdict {
    (PROTOCOL.probe)(&Probe { carrier: Carrier::Tcp, at: &at(40000, port), bytes, from_start, before: None })
}

#[test]
fn it_is_recognised_by_its_start_or_by_convincing_packets() {
    assert_eq!(probed(&hex(CONNECT), 8000, true), Verdict::Yes);
    assert_eq!(probed(&hex(CONNECT)[..5], 8000, true), Verdict::Maybe);
    assert_eq!(probed(&hex(PUBLISH), 8000, false), Verdict::Yes);
    assert_eq!(probed(&hex("c000"), 1883, false), Verdict::Yes);
    assert_eq!(probed(&hex("c000"), 8000, false), Verdict::No);
    // a name for a topic, in a message that is whole
    let named = hex("30 0c 0008 4275733137436d64 7b7d");
    assert_eq!([probed(&named, 8000, false), probed(&named[..11], 8000, false), probed(&named, 8000, true)], [Verdict::Yes, Verdict::No, Verdict::No]);
    assert_eq!(probed(b"GET / HTTP/1.1\r\n", 1883, true), Verdict::No);
    assert_eq!(probed(b"\x16\x03\x01\x00\x50", 1883, true), Verdict::No);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), version in 3u8..6, places in proptest::collection::vec(0usize..300, 0..4)) {
        let _ = probed(&bytes, 1883, false);
        let mut connect = hex(CONNECT); // the version is its ninth byte
        connect[8] = version;
        connect.extend(bytes);
        stream(&PROTOCOL, &cut(Up, &connect, &places));
    }

    #[test]
    fn cuts_change_nothing(places in proptest::collection::vec(0usize..300, 0..8), change in 0usize..60, byte in any::<u8>()) {
        let mut bytes = [hex(CONNECT), hex(PUBLISH), hex("c000"), hex(PUBLISH)].concat();
        bytes[change % 29] = if change > 28 { bytes[change % 29] } else { byte };
        let whole = stream(&PROTOCOL, &[(Up, &bytes)]);
        // what is lost is found again at the start of a piece, so only whole readings can be compared
        if !whole.iter().any(|row| row.0 == "weirds") {
            prop_assert_eq!(stream(&PROTOCOL, &cut(Up, &bytes, &places)), whole);
        }
    }
}
