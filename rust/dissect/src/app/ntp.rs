//! NTP versions 1 to 4 and SNTP (RFC 5905, RFC 4330); control and private messages are recognised (RFC 9327).

use super::{Carrier, Context, Parser, Probe, Protocol, Verdict, text};
use crate::packet::Cursor;
use crate::record;
use crate::tables::Record;
use crate::weird::Weird;
use std::net::{IpAddr, Ipv4Addr};

record! {
    /// An NTP message.
    pub struct Ntp in "ntp" at {
        /// Version
        version: u8,
        /// 1 and 2 symmetric, 3 client, 4 server, 5 broadcast, 6 control, 7 private; 0 in version 1
        mode: u8,
        /// Leap warning: 0 none, 1 and 2 a second more or less today, 3 clock not synchronised
        leap: Option<u8>,
        /// Distance from a reference clock: 1 primary; 0 unspecified, or in an answer a refusal (kiss of death); null in control messages
        stratum: Option<u8>,
        /// Interval between requests, seconds, as the sender states it; null where that is no interval (below 1 s, above 36 h)
        poll_s: Option<u32>,
        /// Precision of the sender's clock as a power of two, seconds
        precision_log2: Option<i32>,
        /// Time to the reference clock and back, seconds
        root_delay_s: Option<f64>,
        /// Largest error against the reference clock, seconds
        root_dispersion_s: Option<f64>,
        /// Reference: source or kiss code as text at stratum 0 and 1, else the address of the next server (over IPv6: hash in hex)
        reference_id: Option<String>,
        /// When the sender's clock was set, UTC nanoseconds since 1970; null where never
        reference_ns: Option<i64>,
        /// Time of the request that is answered by the asker's clock: equals the request's transmit_ns
        originate_ns: Option<i64>,
        /// When the request arrived by the answerer's clock
        receive_ns: Option<i64>,
        /// When the message left by the sender's clock; clients may send a random number instead
        transmit_ns: Option<i64>,
        /// Control and private messages: whether it is a response
        is_response: Option<bool>,
        /// Control: operation; private: request code (42 is monlist)
        operation: Option<u8>,
        /// Bytes behind the message: extensions and authentication
        extra_bytes: usize,
    }
}

/// NTP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "ntp",
    tcp_ports: &[],
    udp_ports: &[PORT],
    probe,
    parser: || Box::new(NtpParser),
    tables: &[Ntp::SPEC],
};

/// RFC 5905 16.
const PORT: u16 = 123;
/// RFC 5905 7.3: header without extensions.
const HEADER_BYTES: usize = 48;
/// RFC 9327 2: header of a control message.
const CONTROL_BYTES: usize = 12;
/// ntpd's ntp_request.h: header of a private message without items.
const PRIVATE_BYTES: usize = 8;
/// RFC 5905 7.3: MINPOLL to MAXPOLL are 4 to 17; SNTP clients use less.
const MAX_POLL: u8 = 17;
/// Seconds from 1900 to 1970 (RFC 5905 6).
const UNIX_EPOCH_S: i64 = 2_208_988_800;
/// Seconds of an era (RFC 5905 6).
const ERA_S: i64 = 1 << 32;
const NS: i64 = 1_000_000_000;
/// On another port an answer is believed when its clock differs by no more than this from the capture's.
const BELIEVED_NS: u64 = 86_400 * 1_000_000_000;

fn probe(probe: &Probe<'_>) -> Verdict {
    let Some(first) = probe.bytes.first() else { return Verdict::No };
    let (version, mode) = (first >> 3 & 7, first & 7);
    if probe.carrier != Carrier::Udp || !(1..=4).contains(&version) {
        return Verdict::No;
    }
    let size = probe.bytes.len();
    let is_ntp = if probe.has_port(PORT) {
        match mode {
            0 => version == 1 && size >= HEADER_BYTES,
            6 => size >= CONTROL_BYTES,
            7 => size >= PRIVATE_BYTES,
            _ => size >= HEADER_BYTES,
        }
    } else {
        // elsewhere only an answer with the right time tells
        size == HEADER_BYTES
            && version >= 3
            && mode == 4
            && times(probe.bytes, probe.at.time_ns).is_some_and(|[reference, _, receive, transmit]| {
                let is_near = |time: Option<i64>| time.is_some_and(|ns| ns.abs_diff(probe.at.time_ns) < BELIEVED_NS);
                is_near(receive) && is_near(transmit) && reference <= transmit
            })
    };
    if is_ntp { Verdict::Yes } else { Verdict::No }
}

/// Reference, originate, receive and transmit time of a message.
fn times(message: &[u8], near_ns: i64) -> Option<[Option<i64>; 4]> {
    let mut cursor = Cursor::new(message.get(16..)?);
    let [a, b, c, d] = [cursor.u64()?, cursor.u64()?, cursor.u64()?, cursor.u64()?];
    Some([a, b, c, d].map(|stamp| unix_ns(stamp, near_ns)))
}

/// A timestamp as UTC nanoseconds since 1970, in the era that is nearest to the capture's time (RFC 5905 6); 0 is none.
fn unix_ns(stamp: u64, near_ns: i64) -> Option<i64> {
    if stamp == 0 {
        return None;
    }
    let seconds = i64::try_from(stamp >> 32).ok()?;
    let fraction = i64::try_from((stamp & 0xffff_ffff).checked_mul(1_000_000_000)? >> 32).ok()?;
    let near_s = near_ns.div_euclid(NS).checked_add(UNIX_EPOCH_S)?;
    let era = near_s.checked_sub(seconds)?.checked_add(ERA_S / 2)?.div_euclid(ERA_S);
    seconds.checked_add(era.checked_mul(ERA_S)?)?.checked_sub(UNIX_EPOCH_S)?.checked_mul(NS)?.checked_add(fraction)
}

struct NtpParser;

impl Parser for NtpParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        match read(ctx, bytes) {
            Some(row) => ctx.emit(&row),
            None if ctx.is_cut => {}
            None => ctx.weird(Weird::BadMessage, None),
        }
    }
}

fn read(ctx: &Context<'_>, bytes: &[u8]) -> Option<Ntp> {
    let mut cursor = Cursor::new(bytes);
    let first = cursor.u8()?;
    let mut row = Ntp {
        at: ctx.at,
        version: first >> 3 & 7,
        mode: first & 7,
        leap: None,
        stratum: None,
        poll_s: None,
        precision_log2: None,
        root_delay_s: None,
        root_dispersion_s: None,
        reference_id: None,
        reference_ns: None,
        originate_ns: None,
        receive_ns: None,
        transmit_ns: None,
        is_response: None,
        operation: None,
        extra_bytes: 0,
    };
    match row.mode {
        6 => {
            let second = cursor.u8()?;
            (row.is_response, row.operation) = (Some(second & 0x80 != 0), Some(second & 0x1f));
            row.extra_bytes = bytes.len().saturating_sub(CONTROL_BYTES);
        }
        7 => {
            // response bit first; sequence and implementation go before the request code
            (row.is_response, row.operation) = (Some(first & 0x80 != 0), bytes.get(3).copied());
            row.extra_bytes = bytes.len().saturating_sub(PRIVATE_BYTES);
        }
        _ => {
            let (stratum, poll) = (cursor.u8()?, cursor.u8()?);
            row.leap = Some(first >> 6);
            row.stratum = Some(stratum);
            row.poll_s = if poll <= MAX_POLL { 1u32.checked_shl(u32::from(poll)) } else { None };
            row.precision_log2 = Some(i32::from(cursor.u8()?.cast_signed()));
            row.root_delay_s = Some(f64::from(cursor.u32()?.cast_signed()) / 65536.0);
            row.root_dispersion_s = Some(f64::from(cursor.u32()?) / 65536.0);
            row.reference_id = reference(stratum, cursor.array()?, ctx.at.source.address.is_some_and(|address| address.is_ipv6()));
            [row.reference_ns, row.originate_ns, row.receive_ns, row.transmit_ns] = times(bytes, ctx.at.time_ns)?;
            row.extra_bytes = bytes.len().saturating_sub(HEADER_BYTES);
        }
    }
    Some(row)
}

/// RFC 5905 7.3, Reference ID.
fn reference(stratum: u8, id: [u8; 4], is_v6: bool) -> Option<String> {
    match id {
        [0, 0, 0, 0] => None,
        _ if stratum <= 1 => text::padded(&id),
        _ if is_v6 => Some(format!("{:08x}", u32::from_be_bytes(id))),
        _ => Some(IpAddr::V4(Ipv4Addr::from(id)).to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, datagrams, hex};
    use proptest::prelude::*;

    const ANSWER: &str = "24 02 06 ec           # no warning, version 4, server; stratum 2, poll 64 s, precision 2^-20
        00000800 00001000 c0a80101              # root delay 1/32 s, dispersion 1/16 s, 192.168.1.1
        83aa7e80 00000000                       # reference: 1970-01-01
        00000000 00000000                       # originate: none
        83aa7e81 80000000 83aa7e82 40000000     # receive 1.5 s, transmit 2.25 s";

    #[test]
    fn an_answer_tells_its_times() {
        let rows = datagrams(&PROTOCOL, &[&hex(ANSWER)]);
        let row = &rows[0].1;
        let get = |name: &str| row.get(name).map_or("", String::as_str);
        assert_eq!([get("version"), get("mode"), get("stratum"), get("poll_s"), get("precision_log2")], ["4", "4", "2", "64", "-20"]);
        assert_eq!([get("reference_ns"), get("originate_ns"), get("receive_ns"), get("transmit_ns")], ["0", "", "1500000000", "2250000000"]);
        assert_eq!([get("reference_id"), get("root_delay_s")], ["192.168.1.1", "0.03125"]);
    }

    #[test]
    fn after_2036_the_next_era_is_meant() {
        let in_2036 = 2_085_978_496 * NS; // the first second of era 1
        assert_eq!(unix_ns(1 << 32, in_2036), Some(in_2036 + NS));
        assert_eq!(unix_ns(0xffff_ffff << 32, in_2036), Some(in_2036 - NS));
        assert_eq!(unix_ns(0, in_2036), None);
    }

    #[test]
    fn a_kiss_code_is_text() {
        assert_eq!(reference(0, *b"RATE", false).as_deref(), Some("RATE"));
        assert_eq!(reference(1, *b"GPS\0", true).as_deref(), Some("GPS"));
    }

    #[test]
    fn monlist_is_a_private_message() {
        let rows = datagrams(&PROTOCOL, &[&hex("17 00 03 2a 00000000")]);
        assert_eq!((rows[0].1["mode"].as_str(), rows[0].1["operation"].as_str()), ("7", "42"));
    }

    #[test]
    fn elsewhere_only_the_right_time_is_believed() {
        let probe = |bytes: &[u8], port, time_ns| {
            let at = crate::at::At { time_ns, ..at(port, 40000) };
            (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at, bytes, from_start: true, before: None })
        };
        let answer = hex(ANSWER);
        assert_eq!(probe(&answer, 123, 0), Verdict::Yes);
        assert_eq!(probe(&answer, 1123, 0), Verdict::Yes);
        assert_eq!(probe(&answer, 1123, 1_700_000_000 * NS), Verdict::No);
        assert_eq!(probe(&answer[..20], 123, 0), Verdict::No);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), time_ns in any::<i64>(), stamp in any::<u64>()) {
            datagrams(&PROTOCOL, &[&bytes]);
            let at = crate::at::At { time_ns, ..at(123, 4) };
            let _ = (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at, bytes: &bytes, from_start: true, before: None });
            unix_ns(stamp, time_ns);
        }
    }
}
