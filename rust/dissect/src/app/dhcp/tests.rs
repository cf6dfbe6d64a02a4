use super::PROTOCOL;
use crate::app::testing::{at, datagrams, hex};
use crate::app::{Carrier, Probe, Verdict};
use proptest::prelude::*;

/// The fixed part of a message of 02:00:00:00:00:01, then these options.
fn message(op: u8, file: &[u8], options: &str) -> Vec<u8> {
    let mut bytes = vec![op];
    bytes.extend(hex(
        "01 06 00            # Ethernet, six bytes, no hops
         3903f326 0005 8000  # transaction, seconds, broadcast flag
         00000000 c0a80114 c0a80101 00000000  # client, yours, next server, relay
         020000000001 00000000000000000000    # client's hardware address",
    ));
    bytes.extend([0; 64]);
    bytes.extend(file);
    bytes.resize(236, 0);
    bytes.extend(hex("63825363"));
    bytes.extend(hex(options));
    bytes
}

const OFFER: &str = "350102               # message type: offer
    0104ffffff00         # subnet mask
    0308c0a80101c0a80102 # two routers
    06040a000001         # name server
    330400015180         # lease 86,400 s
    3604c0a80101         # server id
    0c03706932           # hostname pi2
    00 00 ff";

#[test]
fn an_offer_tells_address_gateway_and_lease() {
    let rows = datagrams(&PROTOCOL, &[&message(2, &[], OFFER)]);
    let Some(("dhcp", row)) = rows.first() else { panic!("{rows:?}") };
    assert_eq!(row["message_type"], "2");
    assert_eq!(row["is_reply"], "true");
    assert_eq!(row["client_mac"], "02:00:00:00:00:01");
    assert_eq!(row["your_address"], "192.168.1.20");
    assert_eq!(row["routers"], "192.168.1.1|192.168.1.2");
    assert_eq!(row["lease_s"], "86400");
    assert_eq!(row["hostname"], "pi2");
    assert_eq!(row["options"], "53 1 3 6 51 54 12");
    assert!(!row.contains_key("vendor_class"));
}

#[test]
fn options_continue_in_the_boot_file_field_and_parts_of_one_are_joined() {
    let file = hex("0c0363616d ff"); // the rest of a hostname
    let rows = datagrams(&PROTOCOL, &[&message(1, &file, "350101 340101 0c0449502d20 ff")]);
    assert_eq!(rows[0].1["hostname"], "IP- cam");
    assert!(!rows[0].1.contains_key("boot_file"));
}

#[test]
fn options_that_nobody_decodes_are_kept_as_they_came() {
    // vendor-specific, half of a vendor class, relay's circuit and remote id, the other half
    let rows = datagrams(&PROTOCOL, &[&message(1, &[], "2b04 0102534e 3c0141 5208 01020001 0202abcd 3c0142 ff")]);
    let kept: Vec<_> = rows.iter().filter(|row| row.0 == "dhcp_options").map(|row| &row.1).collect();
    assert_eq!(kept.iter().map(|row| row["code"].as_str()).collect::<Vec<_>>(), ["43", "60", "82"]);
    assert_eq!(kept.iter().map(|row| row["length_bytes"].as_str()).collect::<Vec<_>>(), ["4", "2", "8"]);
    assert_eq!([&kept[0]["content"], &kept[1]["content"]], ["\u{1}\u{2}SN", "AB"]);
    assert!(kept.iter().all(|row| row["protocol"] == "dhcp" && !row.contains_key("relay")));
}

#[test]
fn a_message_without_options_is_bootp() {
    let rows = datagrams(&PROTOCOL, &[&message(1, b"kernel\0", "")[..236]]);
    assert_eq!(rows[0].1["boot_file"], "kernel");
    assert!(!rows[0].1.contains_key("message_type"));
}

#[test]
fn a_qualified_name_is_read_as_text_and_as_labels() {
    let as_text = datagrams(&PROTOCOL, &[&message(1, &[], "5107 000000 612e6263 ff")]);
    assert_eq!(as_text[0].1["fqdn"], "a.bc");
    let as_labels = datagrams(&PROTOCOL, &[&message(1, &[], "5109 040000 0161 026263 00 ff")]);
    assert_eq!(as_labels[0].1["fqdn"], "a.bc");
}

#[test]
fn an_option_cut_short_is_a_weird_and_the_rest_stands() {
    let rows = datagrams(&PROTOCOL, &[&message(1, &[], "350101 3c20 61")]);
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), ["dhcp", "dhcp_options", "weirds"]);
    assert_eq!(rows[0].1["message_type"], "1");
}

#[test]
fn the_cookie_is_recognised_on_any_port() {
    let bytes = message(1, &[], OFFER);
    let probe = |bytes, ports: (u16, u16)| {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(ports.0, ports.1), bytes, from_start: true, before: None })
    };
    assert_eq!(probe(&bytes, (1000, 2000)), Verdict::Yes);
    assert_eq!(probe(&bytes[..236], (68, 67)), Verdict::Yes);
    assert_eq!(probe(&bytes[..236], (1000, 2000)), Verdict::No);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), options in proptest::collection::vec(any::<u8>(), 0..200)) {
        datagrams(&PROTOCOL, &[&bytes]);
        let mut whole = message(1, &[], "");
        whole.extend(options);
        datagrams(&PROTOCOL, &[&whole]);
    }
}
