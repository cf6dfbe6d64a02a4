//! Syslog over UDP (RFC 3164, RFC 5424).

use super::{Carrier, Context, Parser, Probe, Protocol, Verdict};
use crate::record;
use crate::tables::Record;

record! {
    /// A syslog message. Its text is in `payloads`.
    pub struct Syslog in "syslog" at {
        /// Part of the system that speaks (RFC 5424 6.2.1)
        facility: u8,
        /// 0 emergency to 7 debug
        severity: u8,
        /// Bytes behind the priority
        text_bytes: usize,
    }
}

/// Syslog as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "syslog",
    tcp_ports: &[],
    udp_ports: &[PORT],
    probe,
    parser: || Box::new(SyslogParser),
    tables: &[Syslog::SPEC],
};

/// RFC 5426 3.3.
const PORT: u16 = 514;
/// RFC 5424 6.2.1: 24 facilities of 8 severities.
const MAX_PRIORITY: u8 = 191;
/// How the time of RFC 3164 4.1.2 begins.
const MONTHS: [&[u8]; 12] = [b"Jan ", b"Feb ", b"Mar ", b"Apr ", b"May ", b"Jun ", b"Jul ", b"Aug ", b"Sep ", b"Oct ", b"Nov ", b"Dec "];

/// Priority, and what follows.
fn priority(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let rest = bytes.strip_prefix(b"<")?;
    let end = rest.iter().take(4).position(|byte| *byte == b'>')?;
    let (digits, rest) = rest.split_at_checked(end)?;
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let number: u8 = std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()?;
    (number <= MAX_PRIORITY).then_some((number, rest.get(1..)?))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let Some((_, rest)) = priority(probe.bytes).filter(|_| probe.carrier == Carrier::Udp) else { return Verdict::No };
    let has_time = MONTHS.iter().any(|month| rest.starts_with(month)) || rest.starts_with(b"1 ");
    if has_time || probe.has_port(PORT) { Verdict::Yes } else { Verdict::No }
}

struct SyslogParser;

impl Parser for SyslogParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        let Some((priority, rest)) = priority(bytes) else { return };
        ctx.payload(None, 0, rest);
        ctx.emit(&Syslog { at: ctx.at, facility: priority >> 3, severity: priority & 7, text_bytes: rest.len() });
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, datagrams};
    use proptest::prelude::*;

    fn probed(bytes: &[u8], port: u16) -> Verdict {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(9, port), bytes, from_start: true, before: None })
    }

    #[test]
    fn priority_is_facility_and_severity() {
        let rows = datagrams(&PROTOCOL, &[b"<34>Oct 11 22:14:15 mymachine su: failed"]);
        let row = &rows.iter().find(|(table, _)| *table == "syslog").map(|(_, row)| row.clone()).unwrap_or_default();
        assert_eq!([&row["facility"], &row["severity"]], ["4", "2"]);
    }

    #[test]
    fn elsewhere_a_time_must_follow() {
        assert_eq!([probed(b"<34>Oct 11 22:14:15 a", 9), probed(b"<165>1 2003-10-11T22:14:15Z", 9), probed(b"<6>text", PORT)], [Verdict::Yes; 3]);
        assert_eq!([probed(b"<6>text", 9), probed(b"<192>Oct 1", PORT), probed(b"<a>", PORT), probed(b"<>x", PORT)], [Verdict::No; 4]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let _ = probed(&[b"<", bytes.as_slice()].concat(), PORT);
            datagrams(&PROTOCOL, &[&bytes]);
        }
    }
}
