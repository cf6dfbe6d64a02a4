use super::message::{Content, name, parse};
use super::{PROTOCOL, looks_like};
use crate::app::Direction::{Down, Up};
use crate::app::testing::{Rows, cut, datagrams, hex, stream};
use crate::app::{Verdict, mdns};
use proptest::prelude::*;

/// www.example A 192.0.2.1 behind a CNAME.
fn answer() -> Vec<u8> {
    hex("
        1234 8180 0001 0002 0000 0000                  # id, response, 1 question, 2 answers
        03777777 076578616d706c65 00 0001 0001         # www.example A IN
        c00c 0005 0001 0000003c 0005 02 6364 c010      # CNAME cd.example
        c029 0001 0001 0000003c 0004 c0000201          # cd.example A 192.0.2.1
    ")
}

fn column(rows: &Rows, table: &str, name: &str) -> Vec<String> {
    rows.iter().filter(|row| row.0 == table).map(|row| row.1.get(name).cloned().unwrap_or_default()).collect()
}

#[test]
fn a_chain_of_names_leads_to_its_address() {
    let rows = datagrams(&PROTOCOL, &[&answer()]);
    assert_eq!(column(&rows, "dns", "query"), ["www.example"]);
    assert_eq!(column(&rows, "dns_records", "name"), ["www.example", "cd.example"]);
    assert_eq!(column(&rows, "dns_records", "target"), ["cd.example", ""]);
    assert_eq!(column(&rows, "dns_records", "address"), ["", "192.0.2.1"]);
    assert_eq!(column(&rows, "dns_records", "query"), ["www.example"; 2]);
}

#[test]
fn compression_that_points_to_itself_or_forward_is_no_name() {
    assert_eq!(name(&hex("c000"), &mut 0), None);
    assert_eq!(name(&hex("c002 03777777 00"), &mut 0), None);
    assert_eq!(name(&hex("03777777 c000"), &mut 0), None);
    assert_eq!(name(&hex("03777777 00 c000"), &mut 5).as_deref(), Some("www"));
}

#[test]
fn octets_that_no_host_name_has_are_escaped() {
    // a label of the octets "a.b", NUL and backslash
    assert_eq!(name(&hex("05 612e62005c 00"), &mut 0).as_deref(), Some("a\\.b\\000\\\\"));
}

#[test]
fn a_message_over_tcp_may_be_split_anywhere() {
    let message = answer();
    let mut framed = u16::try_from(message.len()).unwrap_or(0).to_be_bytes().to_vec();
    framed.extend(&message);
    framed.extend(framed.clone());
    for place in 0..framed.len() {
        let rows = stream(&PROTOCOL, &cut(Down, &framed, &[place]));
        assert_eq!(column(&rows, "dns", "carrier"), ["tcp"; 2], "cut at {place}");
    }
}

#[test]
fn mdns_tells_cache_flush_and_unicast_wishes_apart_from_the_class() {
    let message = hex("
        0000 8400 0001 0001 0000 0000
        04706c7567 056c6f63616c 00 0001 8001           # question with the unicast bit
        c00c 0001 8001 00000078 0004 c0a80102          # record with the cache-flush bit
    ");
    let rows = datagrams(&mdns::PROTOCOL, &[&message]);
    assert_eq!(column(&rows, "dns_questions", "wants_unicast"), ["true"]);
    assert_eq!(column(&rows, "dns_questions", "class"), ["1"]);
    assert_eq!(column(&rows, "dns_records", "flushes_cache"), ["true"]);
    assert_eq!(column(&rows, "dns_records", "protocol"), ["mdns"]);
}

#[test]
fn txt_and_srv_records_are_read() {
    let message = hex("
        0000 8400 0000 0002 0000 0000
        01 61 00 0010 0001 00000078 0008 03 613d31 03 623d32
        01 62 00 0021 0001 00000078 0009 0000 0000 1f90 01 63 00
    ");
    let Some(read) = parse(&message) else { panic!("has a header") };
    let contents: Vec<&Content> = read.resources.iter().map(|resource| &resource.content).collect();
    assert_eq!(contents, [
        &Content::Texts(vec![b"a=1".to_vec(), b"b=2".to_vec()]),
        &Content::Service(0, 0, 8080, "c".to_owned()),
    ]);
}

#[test]
fn other_bytes_are_not_taken_for_dns_elsewhere_than_on_its_port() {
    assert_eq!(looks_like(&answer(), false), Verdict::Yes);
    let mut longer = answer();
    longer.push(0);
    assert_eq!(looks_like(&longer, false), Verdict::No);
    assert_eq!(looks_like(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", false), Verdict::No);
    assert_eq!(looks_like(&[0; 48], false), Verdict::No);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = datagrams(&PROTOCOL, &[&bytes]);
        let _ = stream(&PROTOCOL, &[(Up, &bytes)]);
        let _ = looks_like(&bytes, true);
    }

    #[test]
    fn a_damaged_answer_is_survived(place in 0usize..60, value in any::<u8>()) {
        let mut message = answer();
        if let Some(byte) = message.get_mut(place) {
            *byte = value;
        }
        let _ = datagrams(&PROTOCOL, &[&message]);
    }
}
