//! Requests and their responses, each on a stream of its own (RFC 9113 5).

use super::super::body::Body;
use super::super::content::Content;
use super::super::head::{Head, Start};
use super::super::rows::{self, Asked, MAX_KEPT_CHARS};
use super::hpack::Field;
use crate::app::{Context, Direction};
use crate::weird::Weird;
use std::collections::BTreeMap;

/// Exchanges that go on at a time; RFC 9113 6.5.2 recommends that no fewer than 100 be allowed.
const MAX_EXCHANGES: usize = 128;
const VERSION: &str = "HTTP/2";

/// One stream.
#[derive(Default)]
struct Exchange {
    asked: Option<Asked>,
    contents: [Option<Box<Content>>; 2],
}

/// All streams of a connection.
#[derive(Default)]
pub struct Exchanges {
    streams: BTreeMap<u32, Exchange>,
    requests: u64,
    responses: u64,
}

impl Exchanges {
    /// With a request that was asked in HTTP/1 and is answered on the first stream (RFC 7540 3.2).
    pub fn of_upgrade(asked: Option<Asked>, requests: u64) -> Self {
        let first = Exchange { asked, ..Exchange::default() };
        // the answer to the upgrade itself is the last response before
        Self { streams: BTreeMap::from([(1, first)]), requests, responses: requests }
    }

    /// Takes a head; `ends`: nothing follows it in its direction.
    pub fn head(&mut self, ctx: &mut Context<'_>, direction: Direction, stream: u32, fields: Vec<Field>, ends: bool) {
        let of = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let (method, status, authority) = (of(":method"), of(":status"), of(":authority"));
        let path = of(":path").or_else(|| authority.clone()).unwrap_or_default();
        let start = match (method, status.map(|status| status.parse())) {
            (Some(method), None) => Start::Request(method, path, Some(VERSION.to_owned())),
            (None, Some(Ok(status))) => Start::Response(VERSION.to_owned(), status, None),
            // what follows a body (8.1)
            (None, None) => return if ends { self.ended(ctx, direction, stream, true) },
            _ => return ctx.weird(Weird::BadMessage, Some("pseudo-header fields".to_owned())),
        };
        let head = Head::of_fields(start, fields.into_iter().filter(|(name, _)| !name.starts_with(':')));
        self.make_room(ctx);
        let (status, position, subject, is_interim) = match &head.start {
            Start::Request(method, target, _) => {
                let host = authority.or_else(|| head.text("host"));
                let target: String = target.chars().take(MAX_KEPT_CHARS).collect();
                ctx.emit(&rows::request(ctx.at, &head, (method, &target, Some(VERSION)), host.clone(), self.requests));
                self.streams.entry(stream).or_default().asked = Some(Asked::new(ctx.at, method, host, &target));
                let position = self.requests;
                self.requests = position.saturating_add(1);
                (None, position, Some(target), false)
            }
            Start::Response(_, status, _) => {
                let is_interim = (100..200).contains(status);
                let asked = self.streams.entry(stream).or_default().asked.as_ref().filter(|_| !is_interim);
                ctx.emit(&rows::response(ctx.at, &head, (VERSION, *status, None), asked, self.responses));
                let position = self.responses;
                self.responses = position.saturating_add(1);
                (Some(*status), position, asked.map(|asked| asked.uri.clone()), is_interim)
            }
        };
        head.keep_credentials(ctx, subject.as_deref());
        if ends {
            return self.ended(ctx, direction, stream, true);
        }
        if is_interim {
            return;
        }
        let body = Body::announced(&head, Body::UntilClose).unwrap_or(Body::UntilClose);
        let content = Content::new(ctx.at, &head, &body, status, position, subject);
        if let Some(slot) = self.slot(stream, direction) {
            *slot = Some(Box::new(content));
        }
    }

    /// Takes bytes of a body.
    pub fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, stream: u32, bytes: &[u8]) {
        if let Some(Some(content)) = self.slot(stream, direction) {
            content.data(ctx, bytes);
        }
    }

    /// Passes over bytes of a body that were not captured.
    pub fn skip(&mut self, ctx: &mut Context<'_>, direction: Direction, stream: u32, missing_bytes: u64) {
        if let Some(Some(content)) = self.slot(stream, direction) {
            content.skip(ctx, missing_bytes);
        }
    }

    /// Nothing more comes on a stream in a direction; `seen`: that was said.
    pub fn ended(&mut self, ctx: &mut Context<'_>, direction: Direction, stream: u32, seen: bool) {
        if let Some(content) = self.slot(stream, direction).and_then(Option::take) {
            content.finish(ctx, seen);
        }
    }

    /// A stream is given up (RST_STREAM).
    pub fn reset(&mut self, ctx: &mut Context<'_>, stream: u32) {
        if let Some(exchange) = self.streams.remove(&stream) {
            exchange.finish(ctx);
        }
    }

    /// Of a direction nothing more is read.
    pub fn lost(&mut self, ctx: &mut Context<'_>, direction: Direction) {
        for exchange in self.streams.values_mut() {
            if let Some(content) = exchange.contents.get_mut(direction.index()).and_then(Option::take) {
                content.finish(ctx, false);
            }
        }
    }

    fn slot(&mut self, stream: u32, direction: Direction) -> Option<&mut Option<Box<Content>>> {
        self.streams.get_mut(&stream)?.contents.get_mut(direction.index())
    }

    /// The oldest exchange leaves where there are too many.
    fn make_room(&mut self, ctx: &mut Context<'_>) {
        if self.streams.len() >= MAX_EXCHANGES
            && let Some((_, oldest)) = self.streams.pop_first()
        {
            oldest.finish(ctx);
        }
    }
}

impl Exchange {
    fn finish(self, ctx: &mut Context<'_>) {
        for content in self.contents.into_iter().flatten() {
            content.finish(ctx, false);
        }
    }
}
