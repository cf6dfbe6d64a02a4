//! HTTP/2 in clear (RFC 9113), known beforehand or after an upgrade (RFC 7540 3.2): its heads and bodies become the same records
//! as those of HTTP/1. Each direction is a stream of frames; exchanges lie between them.

mod exchange;
mod hpack;
mod huffman;
mod reader;

use super::head::Head;
use super::rows::Asked;
use crate::app::{Carrier, Parser, Probe, Protocol, Verdict};
use reader::Http2Parser;

/// HTTP/2 as a protocol: by name it is HTTP.
pub const PROTOCOL: Protocol = Protocol {
    name: "http",
    tcp_ports: &[],
    udp_ports: &[],
    probe,
    parser: || Box::new(Http2Parser::default()),
    tables: &[],
};

/// What a client says first (3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes before each frame's payload (4.1).
const FRAME_HEAD_BYTES: usize = 9;
/// Bytes of one setting, and the most of those that a server sends at first: nine are registered (IANA HTTP/2 settings).
const SETTING_BYTES: usize = 6;
const MAX_SETTINGS: usize = 16;
const SETTINGS: u8 = 4;

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    match bytes.len() {
        _ if probe.carrier != Carrier::Tcp => Verdict::No,
        _ if bytes.starts_with(PREFACE) => Verdict::Yes,
        // where the start was not captured, only the whole of what no other protocol says
        _ if !probe.from_start => Verdict::No,
        _ if begins_with_settings(bytes) => Verdict::Yes,
        1.. if PREFACE.starts_with(bytes) => Verdict::Maybe,
        _ => Verdict::No,
    }
}

/// Whether bytes begin with a server's settings: a frame of whole settings whose numbers are registered, or nearly so.
fn begins_with_settings(bytes: &[u8]) -> bool {
    let [0, 0, length, SETTINGS, 0, 0, 0, 0, 0, settings @ ..] = bytes else { return false };
    let length = usize::from(*length);
    let is_whole = length > 0 && length % SETTING_BYTES == 0 && length <= MAX_SETTINGS.saturating_mul(SETTING_BYTES);
    let Some(settings) = settings.get(..length).filter(|_| is_whole) else { return false };
    settings.chunks_exact(SETTING_BYTES).all(|setting| matches!(setting, [0, 1..=16, ..]))
}

/// A reader for what follows an upgrade to HTTP/2; `asked` is the request that it answers first, the last of `requests`.
pub fn upgraded(head: &Head, status: u16, asked: Option<&Asked>, requests: u64) -> Option<Box<dyn Parser>> {
    let is_h2 = status == 101 && head.get("upgrade").is_some_and(|name| name.trim().eq_ignore_ascii_case("h2c"));
    is_h2.then(|| -> Box<dyn Parser> { Box::new(Http2Parser::upgraded(asked.cloned(), requests)) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
