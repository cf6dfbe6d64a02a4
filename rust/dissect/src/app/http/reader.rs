//! Reads both directions of an HTTP connection and matches responses with requests.

use super::body::{Body, Taken};
use super::content::Content;
use super::head::{Head, MAX_HEAD_BYTES, Start, end_of_head, line, start_line};
use super::begins_message;
use super::h2;
use super::websocket::upgraded;
use super::rows::{self, Asked, MAX_KEPT_CHARS, MAX_PENDING};
use crate::app::{Appetite, Buffer, Context, Direction, Parser, Verdict};
use crate::app::tls::TlsParser;
use crate::weird::Weird;
use std::collections::VecDeque;

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
    /// the body at hand
    content: Option<Box<Content>>,
    /// bytes of `waiting` without the end of a head
    scanned: usize,
}

/// Reads one connection.
#[derive(Default)]
pub struct HttpParser {
    sides: [Side; 2],
    asked: VecDeque<Asked>,
    requests: u64,
    responses: u64,
    /// the connection speaks something else from here on
    is_over: bool,
    /// reads what the connection speaks then: TLS after CONNECT, WebSocket after its upgrade
    tunnel: Option<Box<dyn Parser>>,
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
        let left = if let Place::Body(Body::Length(left)) = &side.place { *left } else { u64::MAX };
        let goes_on = if let Place::Body(body) = &mut side.place { body.skip(missing_bytes) } else { false };
        if let Some(content) = &mut side.content {
            content.skip(ctx, if goes_on { missing_bytes } else if left == u64::MAX { 0 } else { left });
        }
        if let Place::Body(Body::Length(0)) = side.place {
            side.place = Place::Head;
            side.finish(ctx, true);
        } else if !goes_on {
            side.place = Place::Lost;
            side.finish(ctx, false);
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
            side.finish(ctx, false);
        }
    }

    fn again(&mut self, ctx: &mut Context<'_>, direction: Direction, back: u64, bytes: &[u8]) {
        let mut side = self.take(direction);
        // in chunks a place in the stream is not one in the body
        if let (Some(content), Place::Body(Body::Length(_) | Body::UntilClose)) = (&mut side.content, &side.place) {
            content.again(ctx, back, bytes);
        }
        self.put(direction, side);
    }

    fn closed(&mut self, ctx: &mut Context<'_>, direction: Direction) {
        let mut side = self.take(direction);
        side.finish(ctx, matches!(side.place, Place::Body(Body::UntilClose)));
        self.put(direction, side);
    }
}

impl Side {
    /// The body at hand is over; `ended`: its end was seen.
    fn finish(&mut self, ctx: &mut Context<'_>, ended: bool) {
        if let Some(content) = self.content.take() {
            content.finish(ctx, ended);
        }
    }
}

impl HttpParser {
    fn take(&mut self, direction: Direction) -> Side {
        std::mem::take(direction.of(&mut self.sides))
    }

    fn put(&mut self, direction: Direction, side: Side) {
        *direction.of(&mut self.sides) = side;
    }

    /// Reads what there is of a head that will never be whole.
    fn salvage(&mut self, ctx: &mut Context<'_>, side: &mut Side) {
        let head = Head::parse_part(side.waiting.bytes());
        side.waiting.clear();
        if let Some(head) = head {
            self.take_head(ctx, side, &head);
            side.content = None;
            side.place = Place::Lost;
        }
    }

    fn read(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, mut bytes: &[u8]) -> Appetite {
        let begins = matches!(side.place, Place::Head);
        while !self.is_over && !bytes.is_empty() {
            match &mut side.place {
                Place::Body(body) => match body.take(bytes, &mut |part| {
                    if let Some(content) = &mut side.content {
                        content.data(ctx, part);
                    }
                }) {
                    Taken::All => return Appetite::More,
                    Taken::Ended(used) => {
                        side.place = Place::Head;
                        side.finish(ctx, true);
                        bytes = bytes.get(used..).unwrap_or_default();
                    }
                    Taken::Broken => {
                        ctx.weird(Weird::BadMessage, Some("chunk size".to_owned()));
                        side.finish(ctx, false);
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
        if begins && matches!(side.place, Place::Lost) { Appetite::Foreign } else { Appetite::More }
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
            let (first, _) = line(side.waiting.bytes());
            if first.len() < side.waiting.bytes().len() && start_line(first).is_none() {
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
        let mut asked = None;
        let (default, has_no_body) = match &head.start {
            Start::Request(method, target, version) => {
                self.request(ctx, head, method, target, version.as_deref());
                (Body::Length(0), false)
            }
            Start::Response(version, status, reason) => {
                asked = if (100..200).contains(status) && *status != 101 { None } else { self.asked.pop_front() };
                let method = asked.as_ref().map(|asked| asked.method.as_str());
                // RFC 9110 15.2.2 and 9.3.6: from here on the connection is another protocol's; bodies: RFC 9112 6.3
                let is_tunnel = method == Some("CONNECT") && (200..300).contains(status);
                self.is_over = *status == 101 || is_tunnel;
                self.tunnel = if is_tunnel {
                    let place = asked.as_ref().map(|asked| (asked.capture, asked.frame));
                    Some(Box::new(TlsParser::started_in("http", place)))
                } else {
                    upgraded(head, *status, asked.as_ref()).or_else(|| h2::upgraded(head, *status, asked.as_ref(), self.requests))
                };
                let has_no_body = self.is_over || matches!(*status, 100..=199 | 204 | 304) || method == Some("HEAD");
                ctx.emit(&rows::response(ctx.at, head, (version, *status, reason.as_ref()), asked.as_ref(), self.responses));
                head.keep_credentials(ctx, asked.as_ref().map(|asked| asked.uri.as_str()));
                self.responses = self.responses.saturating_add(1);
                (Body::UntilClose, has_no_body)
            }
        };
        side.place = match Body::announced(head, default) {
            _ if has_no_body => Place::Head,
            Some(Body::Length(0)) => Place::Head,
            Some(body) => {
                side.content = Some(Box::new(self.content(ctx, head, &body, asked)));
                Place::Body(body)
            }
            None => {
                ctx.weird(Weird::BadMessage, Some("content length".to_owned()));
                Place::Lost
            }
        };
    }

    /// The body that follows a head.
    fn content(&self, ctx: &Context<'_>, head: &Head, body: &Body, asked: Option<Asked>) -> Content {
        match &head.start {
            Start::Request(_, target, _) => {
                let subject = target.chars().take(MAX_KEPT_CHARS).collect();
                Content::new(ctx.at, head, body, None, self.requests.saturating_sub(1), Some(subject))
            }
            Start::Response(_, status, _) => {
                let position = self.responses.saturating_sub(1);
                Content::new(ctx.at, head, body, Some(*status), position, asked.map(|asked| asked.uri))
            }
        }
    }

    fn request(&mut self, ctx: &mut Context<'_>, head: &Head, method: &str, target: &str, version: Option<&str>) {
        // RFC 9112 3.2.2: the authority of an absolute target goes before the field
        let authority = target.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next()).filter(|_| !target.starts_with('/'));
        let host = authority.map(str::to_owned).or_else(|| head.text("host"));
        if self.asked.len() >= MAX_PENDING {
            self.asked.pop_front();
        }
        self.asked.push_back(Asked::new(ctx.at, method, host.clone(), target));
        ctx.emit(&rows::request(ctx.at, head, (method, target, version), host, self.requests));
        head.keep_credentials(ctx, Some(target));
        self.requests = self.requests.saturating_add(1);
    }
}
