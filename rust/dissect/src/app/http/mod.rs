//! HTTP/1.0, HTTP/1.1 and HTTP/2 in clear (RFC 9110, RFC 9112, RFC 9113): heads of requests and responses, and their bodies.

pub mod body;
mod content;
mod decoder;
pub mod h2;
pub mod head;
mod inflate;
pub mod kind;
mod reader;
mod rows;
mod websocket;

use super::{Carrier, Probe, Protocol, Verdict};
use crate::record;
use crate::tables::Texts;
use crate::tables::Record;
use head::{MAX_METHOD_BYTES, Start};

record! {
    /// Head of an HTTP request. Its frame is the one that completes the head.
    pub struct HttpRequest in "http_requests" at {
        /// Method
        method: String,
        /// Host field, or the authority of an absolute target
        host: Option<String>,
        /// Target as sent: usually path and query
        uri: String,
        /// HTTP/1.0, HTTP/1.1 or HTTP/2; null where the request tells none
        version: Option<String>,
        /// What the client says it is
        user_agent: Option<String>,
        /// Page that led here
        referer: Option<String>,
        /// Type of the body
        content_type: Option<String>,
        /// Bytes of the body as announced; null where chunked or none
        content_length: Option<u64>,
        /// First word of the Authorization field: basic, digest, bearer ... as sent
        authorization_scheme: Option<String>,
        /// Bytes asked for (Range field)
        range: Option<String>,
        /// Transfer encoding of the body
        transfer_encoding: Option<String>,
        /// Protocol that the client asks to change to (Upgrade field): websocket, h2c
        upgrade: Option<String>,
        /// Number of the request in its connection as captured, from 0
        position: u64,
        /// The head was captured to its end; else fields may be missing (snap length, lost frames)
        is_whole: bool,
        /// All fields as `Name: value`, in order, at most 256; credentials in them are as sent
        headers: Texts,
    }
}

record! {
    /// Head of an HTTP response. Its frame is the one that completes the head.
    pub struct HttpResponse in "http_responses" at {
        /// Status code
        status: u16,
        /// Words behind the status code
        reason: Option<String>,
        /// HTTP/1.0, HTTP/1.1 or HTTP/2
        version: String,
        /// What the server says it is
        server: Option<String>,
        /// Type of the body
        content_type: Option<String>,
        /// Bytes of the body as announced (to HEAD: of the one that GET would give); null where chunked or until close
        content_length: Option<u64>,
        /// Part of the whole that the body is (Content-Range field)
        content_range: Option<String>,
        /// Transfer encoding of the body
        transfer_encoding: Option<String>,
        /// Content encoding of the body: gzip, br ...
        content_encoding: Option<String>,
        /// Where to go instead
        location: Option<String>,
        /// Version mark of the content
        etag: Option<String>,
        /// When the content was changed last, as sent
        last_modified: Option<String>,
        /// The server's clock, as sent (Date field)
        server_date: Option<String>,
        /// Protocol that the connection changes to (status 101)
        upgrade: Option<String>,
        /// Capture file of the request that is answered, where it was captured
        request_capture: Option<u32>,
        /// Frame of that request
        request_frame: Option<u64>,
        /// Method of that request
        request_method: Option<String>,
        /// Host of that request
        request_host: Option<String>,
        /// Target of that request
        request_uri: Option<String>,
        /// The head was captured to its end; else fields may be missing (snap length, lost frames)
        is_whole: bool,
        /// Number of the response in its connection as captured, from 0
        position: u64,
        /// All fields as `Name: value`, in order, at most 256
        headers: Texts,
    }
}

/// HTTP as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "http",
    tcp_ports: &[80, 8080],
    udp_ports: &[],
    probe,
    parser: || Box::new(reader::HttpParser::default()),
    tables: &[HttpRequest::SPEC, HttpResponse::SPEC, content::HttpBody::SPEC, websocket::WebsocketMessage::SPEC],
};

/// Bytes of a target without end after which a known method before it tells enough: more than most protocols' first line.
const CONVINCING_BYTES: usize = 512;
/// Methods of RFC 9110, RFC 5789, WebDAV and UPnP (GENA) that devices use.
const METHODS: [&[u8]; 17] = [
    b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"PATCH", b"TRACE", b"SUBSCRIBE", b"UNSUBSCRIBE", b"NOTIFY",
    b"M-SEARCH", b"PROPFIND", b"REPORT", b"MKCOL", b"MOVE",
];

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier == Carrier::Tcp { begins_message(probe.bytes) } else { Verdict::No }
}

/// Whether bytes begin an HTTP message. RTSP and SIP have the same shape and another version.
fn begins_message(bytes: &[u8]) -> Verdict {
    if let Some(end) = bytes.iter().take(head::MAX_HEAD_BYTES).position(|byte| *byte == b'\n') {
        let (first, _) = head::line(bytes.get(..=end).unwrap_or(bytes));
        return match head::start_line(first) {
            Some(Start::Request(method, ..)) if method.bytes().any(|byte| byte.is_ascii_lowercase()) => Verdict::No,
            Some(_) => Verdict::Yes,
            None => Verdict::No,
        };
    }
    let response = b"HTTP/1.";
    let shorter = bytes.len().min(response.len());
    if bytes.get(..shorter) == response.get(..shorter) {
        return if bytes.len() >= 13 && head::start_line(bytes.get(..12).unwrap_or_default()).is_some() { Verdict::Yes } else { Verdict::Maybe };
    }
    let Some(space) = bytes.iter().take(MAX_METHOD_BYTES + 1).position(|byte| *byte == b' ') else {
        let is_method = bytes.len() <= MAX_METHOD_BYTES && bytes.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'-');
        return if is_method { Verdict::Maybe } else { Verdict::No };
    };
    let (method, target) = bytes.split_at_checked(space).unwrap_or((bytes, &[]));
    let target = target.get(1..).unwrap_or_default();
    let target = target.strip_suffix(b"\r").unwrap_or(target);
    if !METHODS.contains(&method) || target.iter().any(u8::is_ascii_control) {
        return Verdict::No;
    }
    // RTSP's and SIP's targets begin with their scheme
    let is_path = target.first() == Some(&b'/') || target.starts_with(b"http://");
    if is_path && target.len() >= CONVINCING_BYTES { Verdict::Yes } else { Verdict::Maybe }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
