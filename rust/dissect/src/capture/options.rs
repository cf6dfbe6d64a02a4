//! Options of pcapng blocks (draft-ietf-opsawg-pcapng section 3.5) and what they tell.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::text;
use super::summary::{MAX_COMMENTS, MAX_NAMES, MAX_TEXT_CHARS};
use super::{ByteOrder, Interface, NameRecord, Summary, TimeUnit};

/// Bytes up to the next multiple of four.
pub(crate) fn padded(len: usize) -> usize {
    len.saturating_add(3) & !3
}

/// Walks over options: code and value each. Stops at the end of options, at the end of the bytes,
/// or at an option that does not fit, and then [`Options::broken`] is true.
pub(crate) struct Options<'a> {
    rest: &'a [u8],
    order: ByteOrder,
    pub(crate) broken: bool,
}

impl<'a> Options<'a> {
    pub(crate) fn new(bytes: &'a [u8], order: ByteOrder) -> Options<'a> {
        Options { rest: bytes, order, broken: false }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        if self.rest.is_empty() {
            return None;
        }
        let code = self.order.u16_at(self.rest, 0);
        let len = self.order.u16_at(self.rest, 2).map(usize::from);
        let value = len.and_then(|len| self.rest.get(4..len.saturating_add(4)));
        match (code, value) {
            // opt_endofopt: what follows is of no interest.
            (Some(0), _) => {
                self.rest = &[];
                None
            }
            (Some(code), Some(value)) => {
                let used = padded(value.len()).saturating_add(4);
                self.rest = self.rest.get(used..).unwrap_or_default();
                Some((code, value))
            }
            _ => {
                self.rest = &[];
                self.broken = true;
                None
            }
        }
    }
}

/// opt_comment, in every block.
const OPT_COMMENT: u16 = 1;

/// Text of an option, None where empty.
fn option_text(value: &[u8]) -> Option<String> {
    Some(text(value, MAX_TEXT_CHARS)).filter(|text| !text.is_empty())
}

fn add_comment(summary: &mut Summary, value: &[u8]) {
    if summary.comments.len() < MAX_COMMENTS {
        summary.comments.extend(option_text(value));
    }
}

/// Takes over what a section header's options tell (section 4.1).
pub(crate) fn section(options: &mut Options<'_>, summary: &mut Summary) {
    for (code, value) in options {
        let field = match code {
            OPT_COMMENT => {
                add_comment(summary, value);
                continue;
            }
            2 => &mut summary.hardware,
            3 => &mut summary.os,
            4 => &mut summary.application,
            _ => continue,
        };
        if field.is_none() {
            *field = option_text(value);
        }
    }
}

/// Takes over what an interface description's options tell (section 4.2).
pub(crate) fn interface(options: &mut Options<'_>, interface: &mut Interface, summary: &mut Summary) {
    let order = options.order;
    for (code, value) in options {
        match code {
            OPT_COMMENT => add_comment(summary, value),
            2 => interface.name = option_text(value),
            3 => interface.description = option_text(value),
            6 => interface.mac = value.first_chunk::<6>().copied(),
            8 => interface.speed_bps = order.u64_at(value, 0),
            9 => {
                if let Some(tsresol) = value.first() {
                    interface.time_unit = TimeUnit::from_tsresol(*tsresol);
                }
            }
            10 => interface.tz = order.u32_at(value, 0).map(u32::cast_signed),
            // The first byte tells how the filter is written: 0 is text.
            11 => {
                if let Some((0, filter)) = value.split_first() {
                    interface.filter = option_text(filter);
                }
            }
            12 => interface.os = option_text(value),
            13 => interface.fcs_bytes = value.first().copied(),
            14 => interface.time_offset_s = order.u64_at(value, 0).map_or(0, u64::cast_signed),
            15 => interface.hardware = option_text(value),
            _ => {}
        }
    }
}

/// Takes over what an interface statistics block's options tell (section 4.6). The counts run from
/// the start of the capture, so that the last block tells most.
pub(crate) fn statistics(options: &mut Options<'_>, interface: &mut Interface) {
    let order = options.order;
    for (code, value) in options {
        let field = match code {
            4 => &mut interface.received,
            5 => &mut interface.dropped,
            6 => &mut interface.filter_accepted,
            7 => &mut interface.os_dropped,
            _ => continue,
        };
        *field = order.u64_at(value, 0).or(*field);
    }
}

/// Takes over the records of a name resolution block (section 4.5); false where one does not fit.
pub(crate) fn names(body: &[u8], order: ByteOrder, summary: &mut Summary) -> bool {
    // The records have the form of options, and end as these do.
    let mut records = Options::new(body, order);
    for (kind, value) in records.by_ref() {
        let split = match kind {
            1 => value.split_first_chunk::<4>().map(|(ip, rest)| (IpAddr::V4(Ipv4Addr::from(*ip)), rest)),
            2 => value.split_first_chunk::<16>().map(|(ip, rest)| (IpAddr::V6(Ipv6Addr::from(*ip)), rest)),
            _ => None,
        };
        let Some((address, rest)) = split else {
            continue;
        };
        for name in rest.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            if summary.names.len() < MAX_NAMES {
                summary.names.push(NameRecord { address, name: text(name, MAX_TEXT_CHARS) });
            } else {
                summary.names_omitted = summary.names_omitted.saturating_add(1);
            }
        }
    }
    !records.broken
}
