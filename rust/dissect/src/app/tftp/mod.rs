//! TFTP (RFC 1350, options RFC 2347). The transfer itself goes on between other ports: the server answers from a new one.

mod transfer;

use super::{Asked, Carrier, Context, Expectation, Parser, Probe, Protocol, Verdict, text};
use crate::record;
use crate::tables::Record;
use transfer::{Transfer, option};

record! {
    /// A TFTP request, or what is said about it.
    pub struct Tftp in "tftp" at {
        /// read, write, error or options (agreed upon); blocks and their acknowledgements are no rows
        operation: &'static str,
        /// File that is asked for
        file: Option<String>,
        /// netascii, octet or mail
        mode: Option<String>,
        /// Names and values of options, in turn
        options: Vec<String>,
        /// Message of an error
        message: Option<String>,
    }
}

/// TFTP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "tftp",
    tcp_ports: &[],
    udp_ports: &[PORT],
    probe,
    parser: || Box::new(TftpParser::default()),
    tables: &[Tftp::SPEC],
};

/// RFC 1350 4.
const PORT: u16 = 69;
/// RFC 1350 1 and 5, any case.
const MODES: [&str; 3] = ["netascii", "octet", "mail"];

/// Number of a block, behind the operation.
fn block(bytes: &[u8]) -> Option<u16> {
    bytes.get(2..)?.first_chunk::<2>().map(|octets| u16::from_be_bytes(*octets))
}

fn strings(bytes: &[u8]) -> Vec<String> {
    let body = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    body.split(|byte| *byte == 0).map(text::lossy).collect()
}

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Udp {
        return Verdict::No;
    }
    // a transfer whose request went to another port: one acknowledgement after another, and nothing else
    if let ([0, 4, _, _], Some([0, 4, _, _])) = (probe.bytes, probe.before) {
        let step = block(probe.bytes).zip(probe.before.and_then(block)).map(|(now, before)| now.wrapping_sub(before));
        return if step == Some(1) { Verdict::Yes } else { Verdict::No };
    }
    let [0, 1 | 2, body @ .., 0] = probe.bytes else { return Verdict::No };
    let words = strings(body);
    let is_request = words.len().is_multiple_of(2)
        && words.first().is_some_and(|file| !file.is_empty() && !file.chars().any(|c| c.is_control() || c == '\u{fffd}'))
        && words.get(1).is_some_and(|mode| MODES.iter().any(|known| mode.eq_ignore_ascii_case(known)));
    if is_request { Verdict::Yes } else { Verdict::No }
}

/// Reads requests and transfers.
#[derive(Default)]
struct TftpParser {
    transfer: Option<Transfer>,
}

impl TftpParser {
    /// The transfer comes between these ports (a server may answer from the one that was asked), or others.
    fn asked(&mut self, ctx: &mut Context<'_>, row: &Tftp) {
        let asked = Asked {
            is_write: row.operation == "write",
            target: row.file.clone(),
            mode: row.mode.clone(),
            announced: option(&row.options, "tsize").filter(|bytes| *bytes > 0),
            block_bytes: option(&row.options, "blksize"),
            place: Some((ctx.at.capture, ctx.at.frame, ctx.at.time_ns)),
            ..Asked::default()
        };
        if let (Some(address), Some(port), Some(peer)) = (ctx.at.source.address, ctx.at.source.port, ctx.at.destination.address) {
            ctx.expect(Expectation { address, port, peer, protocol: &PROTOCOL, asked });
        }
    }

    /// The transfer at hand; another one begins with its first block or agreement.
    fn transfer(&mut self, ctx: &mut Context<'_>) -> Option<&mut Transfer> {
        if self.transfer.as_ref().is_none_or(Transfer::is_over)
            && let Some(next) = ctx.expected()
        {
            self.end(ctx);
            self.transfer = Some(Transfer::new(next.asked));
        }
        self.transfer.as_mut()
    }
}

impl Parser for TftpParser {
    fn told(&mut self, asked: Asked) {
        self.transfer = Some(Transfer::new(asked));
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        if let Some(transfer) = self.transfer.take() {
            transfer.finish(ctx);
        }
    }

    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        let [0, operation, body @ ..] = bytes else { return };
        let mut row = Tftp { at: ctx.at, operation: "read", file: None, mode: None, options: Vec::new(), message: None };
        match operation {
            1 | 2 => {
                row.operation = if *operation == 1 { "read" } else { "write" };
                let mut words = strings(body).into_iter();
                row.file = words.next();
                row.mode = words.next();
                row.options = words.collect();
                self.asked(ctx, &row);
            }
            3 => {
                if let (Some(number), Some(bytes)) = (block(bytes), body.get(2..))
                    && let Some(transfer) = self.transfer(ctx)
                {
                    transfer.block(ctx, number, bytes);
                }
                return;
            }
            5 => (row.operation, row.message) = ("error", body.get(2..).and_then(text::padded)),
            6 => {
                (row.operation, row.options) = ("options", strings(body));
                if let Some(transfer) = self.transfer(ctx) {
                    transfer.agreed(&row.options);
                }
            }
            _ => return,
        }
        ctx.emit(&row);
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, datagrams};
    use proptest::prelude::*;

    const REQUEST: &[u8] = b"\0\x01/update.sh\0octet\0tsize\x000\0";

    fn probed(bytes: &[u8]) -> Verdict {
        (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(1, 2), bytes, from_start: true, before: None })
    }

    #[test]
    fn a_request_tells_its_file() {
        let rows = datagrams(&PROTOCOL, &[REQUEST, b"\0\x05\0\x01File not found\0"]);
        assert_eq!([&rows[0].1["operation"], &rows[0].1["file"], &rows[0].1["mode"], &rows[0].1["options"]], ["read", "/update.sh", "octet", "tsize|0"]);
        assert_eq!(rows[1].1["message"], "File not found");
    }

    #[test]
    fn it_is_told_by_mode_on_any_port() {
        assert_eq!(probed(REQUEST), Verdict::Yes);
        assert_eq!([probed(b"\0\x01file\0other\0"), probed(b"\0\x03\0\x01data"), probed(b"\0\x01\0octet\0")], [Verdict::No; 3]);
    }

    #[test]
    fn a_transfer_is_told_by_acknowledgements_that_go_on() {
        let probed = |bytes: &[u8], before| {
            (PROTOCOL.probe)(&Probe { carrier: Carrier::Udp, at: &at(1, 2), bytes, from_start: true, before })
        };
        assert_eq!(probed(b"\0\x04\0\x08", Some(b"\0\x04\0\x07")), Verdict::Yes);
        assert_eq!(probed(b"\0\x04\0\x09", Some(b"\0\x04\0\x07")), Verdict::No);
        assert_eq!(probed(b"\0\x04\0\x08", None), Verdict::No);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = probed(&bytes);
            datagrams(&PROTOCOL, &[&bytes]);
        }
    }
}
