//! Reads both directions of an HTTP connection and matches responses with requests.

use super::body::{Body, Taken};
use super::head::{Head, MAX_HEAD_BYTES, Start, end_of_head, line, start_line};
use super::{HttpRequest, HttpResponse, begins_message};
use crate::app::{Appetite, Buffer, Context, Direction, Parser, Verdict};
use crate::app::tls::TlsParser;
use crate::weird::Weird;
use std::collections::VecDeque;

/// Requests without response that are remembered: more than clients pipeline.
const MAX_PENDING: usize = 64;

/// What is known of a request that waits for its response.
struct Asked {
    capture: u32,
    frame: u64,
    method: String,
    host: Option<String>,
    uri: String,
}

/// Where a direction is.
#[derive(Default)]
enum Place {
    /// in a head
    #[default]
    Head,
    /// in a body
    Body(Body),
    /// lost: the next message is taken where a piece begins with one
    Lost,
}

/// One direction.
#[derive(Default)]
struct Side {
    place: Place,
    waiting: Buffer,
    /// bytes of `waiting` without the end of a head
    scanned: usize,
}

/// Reads one connection.
#[derive(Default)]
pub struct HttpParser {
    sides: [Side; 2],
    asked: VecDeque<Asked>,
    requests: u64,
    /// the connection speaks something else from here on
    is_over: bool,
    /// what a proxy passes on after CONNECT, where it is TLS
    tunnel: Option<TlsParser>,
}

impl Parser for HttpParser {
    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        if let Some(tunnel) = &mut self.tunnel {
            return tunnel.data(ctx, direction, bytes);
        }
        let mut side = self.take(direction);
        let appetite = self.read(ctx, direction, &mut side, bytes);
        self.put(direction, side);
        appetite
    }

    fn gap(&mut self, ctx: &mut Context<'_>, direction: Direction, missing_bytes: u64) -> Appetite {
        if let Some(tunnel) = &mut self.tunnel {
            return tunnel.gap(ctx, direction, missing_bytes);
        }
        let mut side = self.take(direction);
        self.salvage(ctx, &mut side);
        let goes_on = if let Place::Body(body) = &mut side.place { body.skip(missing_bytes) } else { false };
        if let Place::Body(Body::Length(0)) = side.place {
            side.place = Place::Head;
        } else if !goes_on {
            side.place = Place::Lost;
            // a message lost in the hole would shift the answers; of what came before only the last request is sure
            self.asked.drain(..self.asked.len().saturating_sub(1));
        }
        self.put(direction, side);
        if self.is_over { Appetite::Enough } else { Appetite::More }
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        if let Some(tunnel) = &mut self.tunnel {
            return tunnel.end(ctx);
        }
        for (direction, at) in [(Direction::Up, ctx.at), (Direction::Down, ctx.at.reversed())] {
            let mut side = self.take(direction);
            ctx.at = at;
            self.salvage(ctx, &mut side);
        }
    }
}

impl HttpParser {
    fn take(&mut self, direction: Direction) -> Side {
        let [up, down] = &mut self.sides;
        std::mem::take(if direction == Direction::Up { up } else { down })
    }

    fn put(&mut self, direction: Direction, side: Side) {
        let [up, down] = &mut self.sides;
        *(if direction == Direction::Up { up } else { down }) = side;
    }

    /// Reads what there is of a head that will never be whole.
    fn salvage(&mut self, ctx: &mut Context<'_>, side: &mut Side) {
        let head = Head::parse_part(side.waiting.bytes());
        side.waiting.clear();
        if let Some(head) = head {
            self.take_head(ctx, side, &head);
            side.place = Place::Lost;
        }
    }

    fn read(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, mut bytes: &[u8]) -> Appetite {
        while !self.is_over && !bytes.is_empty() {
            match &mut side.place {
                Place::Body(Body::UntilClose) => return Appetite::Enough,
                Place::Body(body) => match body.take(bytes) {
                    Taken::All => return Appetite::More,
                    Taken::Ended(used) => {
                        side.place = Place::Head;
                        bytes = bytes.get(used..).unwrap_or_default();
                    }
                    Taken::Broken => {
                        ctx.weird(Weird::BadMessage, Some("chunk size".to_owned()));
                        side.place = Place::Lost;
                        return Appetite::More;
                    }
                },
                Place::Lost if begins_message(bytes) != Verdict::Yes => return Appetite::More,
                Place::Lost => side.place = Place::Head,
                Place::Head => bytes = self.read_head(ctx, side, bytes),
            }
        }
        if self.is_over {
            side.waiting.clear();
            return match &mut self.tunnel {
                Some(_) if bytes.is_empty() => Appetite::More,
                Some(tunnel) => tunnel.data(ctx, direction, bytes),
                None => Appetite::Enough,
            };
        }
        Appetite::More
    }

    /// Takes bytes of a head; gives what follows it.
    fn read_head<'a>(&mut self, ctx: &mut Context<'_>, side: &mut Side, mut bytes: &'a [u8]) -> &'a [u8] {
        if side.waiting.is_empty() {
            side.scanned = 0;
            // RFC 9112 2.2: empty lines before a message are ignored
            while let [b'\r' | b'\n', rest @ ..] = bytes {
                bytes = rest;
            }
            if bytes.is_empty() {
                return bytes;
            }
        }
        let before = side.waiting.bytes().len();
        // what follows the head is kept for a moment only
        let room = MAX_HEAD_BYTES.saturating_sub(before);
        let part = bytes.get(..room).unwrap_or(bytes);
        if part.is_empty() || !side.waiting.push(part, MAX_HEAD_BYTES, ctx.budget) {
            side.waiting.clear();
            ctx.weird(Weird::MessageTooLong, None);
            side.place = Place::Lost;
            return &[];
        }
        let Some(end) = end_of_head(side.waiting.bytes(), side.scanned) else {
            // what begins no message is not kept until the limit
            let (first, behind) = line(side.waiting.bytes());
            if !behind.is_empty() && start_line(first).is_none() {
                side.waiting.clear();
                ctx.weird(Weird::BadMessage, Some("start line".to_owned()));
                side.place = Place::Lost;
                return &[];
            }
            side.scanned = side.waiting.bytes().len();
            return bytes.get(part.len()..).unwrap_or_default();
        };
        let head = side.waiting.bytes().get(..end).and_then(Head::parse);
        side.waiting.clear();
        match head {
            Some(head) => {
                if head.has_bad_line {
                    ctx.weird(Weird::BadMessage, Some("header field".to_owned()));
                }
                self.take_head(ctx, side, &head);
                bytes.get(end.saturating_sub(before)..).unwrap_or_default()
            }
            None => {
                ctx.weird(Weird::BadMessage, Some("start line".to_owned()));
                side.place = Place::Lost;
                &[]
            }
        }
    }

    fn take_head(&mut self, ctx: &mut Context<'_>, side: &mut Side, head: &Head) {
        let (default, has_no_body) = match &head.start {
            Start::Request(method, target, version) => {
                self.request(ctx, head, method, target, version);
                (Body::Length(0), false)
            }
            Start::Response(version, status, reason) => {
                let asked = if (100..200).contains(status) && *status != 101 { None } else { self.asked.pop_front() };
                let method = asked.as_ref().map(|asked| asked.method.as_str());
                // RFC 9110 15.2.2 and 9.3.6: from here on the connection is another protocol's
                let is_tunnel = method == Some("CONNECT") && (200..300).contains(status);
                self.is_over = *status == 101 || is_tunnel;
                self.tunnel = is_tunnel.then(|| TlsParser::started_in("http"));
                // RFC 9112 6.3
                let has_no_body = self.is_over || matches!(*status, 100..=199 | 204 | 304) || method == Some("HEAD");
                self.response(ctx, head, version, *status, reason, asked.as_ref());
                (Body::UntilClose, has_no_body)
            }
        };
        side.place = match Body::announced(head, default) {
            _ if has_no_body => Place::Head,
            Some(Body::Length(0)) => Place::Head,
            Some(body) => Place::Body(body),
            None => {
                ctx.weird(Weird::BadMessage, Some("content length".to_owned()));
                Place::Lost
            }
        };
    }

    fn request(&mut self, ctx: &mut Context<'_>, head: &Head, method: &str, target: &str, version: &str) {
        // RFC 9112 3.2.2: the authority of an absolute target goes before the field
        let authority = target.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next()).filter(|_| !target.starts_with('/'));
        let host = authority.map(str::to_owned).or_else(|| head.text("host"));
        if self.asked.len() >= MAX_PENDING {
            self.asked.pop_front();
        }
        self.asked.push_back(Asked {
            capture: ctx.at.capture,
            frame: ctx.at.frame,
            method: method.to_owned(),
            host: host.clone(),
            uri: target.chars().take(MAX_KEPT_CHARS).collect(),
        });
        ctx.emit(&HttpRequest {
            at: ctx.at,
            method: method.to_owned(),
            host,
            uri: target.to_owned(),
            version: version.to_owned(),
            user_agent: head.text("user-agent"),
            referer: head.text("referer"),
            content_type: head.text("content-type"),
            content_length: length(head),
            authorization_scheme: head.get("authorization").and_then(|value| value.split_whitespace().next()).map(str::to_owned),
            range: head.text("range"),
            transfer_encoding: head.text("transfer-encoding"),
            upgrade: head.text("upgrade"),
            position: self.requests,
            is_whole: head.is_whole,
            headers: head.lines(),
        });
        self.requests = self.requests.saturating_add(1);
    }

    fn response(&self, ctx: &mut Context<'_>, head: &Head, version: &str, status: u16, reason: &Option<String>, asked: Option<&Asked>) {
        ctx.emit(&HttpResponse {
            at: ctx.at,
            status,
            reason: reason.clone(),
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
            headers: head.lines(),
        });
    }
}

/// Characters of a target kept until its response: 64 of the longest would be 4 MiB a flow.
const MAX_KEPT_CHARS: usize = 2048;

fn length(head: &Head) -> Option<u64> {
    head.get("content-length").and_then(|value| value.parse().ok())
}
