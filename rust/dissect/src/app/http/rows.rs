//! Rows of heads.

use super::head::Head;
use super::{HttpRequest, HttpResponse};
use crate::at::At;

/// Characters of a target kept until its response: 64 of the longest would be 4 MiB a flow.
pub const MAX_KEPT_CHARS: usize = 2048;
/// Requests without response that are remembered: more than clients pipeline.
pub const MAX_PENDING: usize = 64;

/// What is known of a request that waits for its response.
#[derive(Clone)]
pub struct Asked {
    /// capture file
    pub capture: u32,
    /// frame
    pub frame: u64,
    /// method
    pub method: String,
    /// host
    pub host: Option<String>,
    /// target
    pub uri: String,
}

impl Asked {
    /// A request of a frame: method, host, target.
    pub fn new(at: At, method: &str, host: Option<String>, target: &str) -> Self {
        let uri = target.chars().take(MAX_KEPT_CHARS).collect();
        Self { capture: at.capture, frame: at.frame, method: method.to_owned(), host, uri }
    }
}

/// The row of a request: method, target and version, host, number in its connection.
pub fn request(at: At, head: &Head, line: (&str, &str, Option<&str>), host: Option<String>, position: u64) -> HttpRequest {
    let (method, target, version) = line;
    HttpRequest {
        at,
        method: method.to_owned(),
        host,
        uri: target.to_owned(),
        version: version.map(str::to_owned),
        user_agent: head.text("user-agent"),
        referer: head.text("referer"),
        content_type: head.text("content-type"),
        content_length: length(head),
        authorization_scheme: head.get("authorization").and_then(|value| value.split_whitespace().next()).map(str::to_owned),
        range: head.text("range"),
        transfer_encoding: head.text("transfer-encoding"),
        upgrade: head.text("upgrade"),
        position,
        is_whole: head.is_whole,
        headers: head.lines(),
    }
}

/// The row of a response: version, status and reason, what it answers, number in its connection.
pub fn response(at: At, head: &Head, line: (&str, u16, Option<&String>), asked: Option<&Asked>, position: u64) -> HttpResponse {
    let (version, status, reason) = line;
    HttpResponse {
        at,
        status,
        reason: reason.cloned(),
        version: version.to_owned(),
        server: head.text("server"),
        content_type: head.text("content-type"),
        content_length: length(head),
        content_range: head.text("content-range"),
        transfer_encoding: head.text("transfer-encoding"),
        content_encoding: head.text("content-encoding"),
        location: head.text("location"),
        etag: head.text("etag"),
        last_modified: head.text("last-modified"),
        server_date: head.text("date"),
        upgrade: (status == 101).then(|| head.text("upgrade")).flatten(),
        request_capture: asked.map(|asked| asked.capture),
        request_frame: asked.map(|asked| asked.frame),
        request_method: asked.map(|asked| asked.method.clone()),
        request_host: asked.and_then(|asked| asked.host.clone()),
        request_uri: asked.map(|asked| asked.uri.clone()),
        is_whole: head.is_whole,
        position,
        headers: head.lines(),
    }
}

fn length(head: &Head) -> Option<u64> {
    head.get("content-length").and_then(|value| value.parse().ok())
}
