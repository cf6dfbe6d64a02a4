//! WebSocket (RFC 6455) after an upgrade: frames become messages, a row each; what a message holds in clear is kept for
//! whoever searches it, and MQTT inside is read by its own parser.

mod frame;

use super::head::Head;
use super::inflate::{Agreed, Inflater};
use super::rows::Asked;
use crate::app::mqtt::PROTOCOL as MQTT;
use crate::app::{Appetite, Buffer, Context, Direction, Parser};
use crate::record;
use crate::weird::Weird;
use frame::FrameHead;

/// Bytes of a message kept for whoever searches it.
const KEPT_BYTES: usize = 16 << 10;
/// Longest head of a frame (5.2).
const MAX_HEAD_BYTES: usize = 14;
/// Subprotocols that are MQTT (MQTT 3.1.1 and 5.0, 6; the others as brokers name 3.1).
const MQTT_NAMES: [&str; 3] = ["mqtt", "mqttv3.1", "mqttv3.1.1"];

record! {
    /// A WebSocket message, or a control frame. Its frame is the one that completes it.
    pub struct WebsocketMessage in "websocket_messages" at {
        /// text, binary, close, ping or pong
        kind: &'static str,
        /// Bytes of its payload, as sent (compressed where is_compressed)
        payload_bytes: u64,
        /// WebSocket frames that it came in
        parts: u32,
        /// The payload is masked, as a client's must be (no secret: the key comes with it)
        is_masked: bool,
        /// The payload is compressed by itself (permessage-deflate, RFC 7692)
        is_compressed: bool,
        /// Bytes after that is undone; null where it is not compressed, or cannot be undone
        decoded_bytes: Option<u64>,
        /// Why the connection is closed (RFC 6455 7.4.1); null where nothing is said
        close_code: Option<u16>,
        /// Subprotocol that the server chose
        subprotocol: Option<String>,
        /// Target that was upgraded
        uri: Option<String>,
    }
}

/// A reader for the protocol that a connection changes to, where it is known.
pub fn upgraded(head: &Head, status: u16, asked: Option<&Asked>) -> Option<Box<dyn Parser>> {
    let is_websocket = status == 101 && head.get("upgrade").is_some_and(|name| name.trim().eq_ignore_ascii_case("websocket"));
    is_websocket.then(|| -> Box<dyn Parser> {
        let uri = asked.map(|asked| asked.uri.clone());
        Box::new(WebsocketParser::new(head.text("sec-websocket-protocol"), uri, Agreed::read(head)))
    })
}

/// A message that goes on.
struct Message {
    kind: &'static str,
    bytes: u64,
    parts: u32,
    is_masked: bool,
    /// compressed: bytes that came out; none where they cannot be told
    decoded: Option<u64>,
    is_compressed: bool,
    kept: Vec<u8>,
}

/// One direction.
#[derive(Default)]
struct Side {
    head: Buffer,
    /// the frame at hand, and how many of its bytes were taken
    frame: Option<(FrameHead, u64)>,
    message: Option<Message>,
    control: Option<Message>,
    inflater: Option<Inflater>,
    is_lost: bool,
}

/// Reads one connection.
pub struct WebsocketParser {
    sides: [Side; 2],
    subprotocol: Option<String>,
    uri: Option<String>,
    agreed: Option<Agreed>,
    inner: Option<Box<dyn Parser>>,
}

impl Message {
    /// Bytes that would still be kept.
    fn room(&self) -> usize {
        KEPT_BYTES.saturating_sub(self.kept.len())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.room();
        self.kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

impl WebsocketParser {
    /// A reader for what follows an upgrade.
    pub fn new(subprotocol: Option<String>, uri: Option<String>, agreed: Option<Agreed>) -> Self {
        let is_mqtt = subprotocol.as_deref().is_some_and(|name| MQTT_NAMES.contains(&name));
        Self { sides: Default::default(), subprotocol, uri, agreed, inner: is_mqtt.then(|| (MQTT.parser)()) }
    }

    fn take(&mut self, direction: Direction) -> Side {
        let [up, down] = &mut self.sides;
        std::mem::take(if direction == Direction::Up { up } else { down })
    }

    fn put(&mut self, direction: Direction, side: Side) {
        let [up, down] = &mut self.sides;
        *(if direction == Direction::Up { up } else { down }) = side;
    }

    fn read(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, mut bytes: &[u8]) {
        while !side.is_lost {
            let Some((frame, taken)) = side.frame else {
                if bytes.is_empty() {
                    return;
                }
                bytes = side.begin(ctx, bytes);
                continue;
            };
            let left = frame.length.saturating_sub(taken);
            let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
            let (part, rest) = bytes.split_at_checked(here).unwrap_or((bytes, &[]));
            bytes = rest;
            self.payload(ctx, direction, side, frame, taken, part);
            let taken = taken.saturating_add(here as u64);
            if taken < frame.length {
                side.frame = Some((frame, taken));
                return;
            }
            side.frame = None;
            self.end_frame(ctx, direction, side, frame);
        }
    }

    /// Takes bytes of a frame's payload, which begin at `offset` of it.
    fn payload(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, frame: FrameHead, offset: u64, bytes: &[u8]) {
        let is_control = frame.opcode & 8 != 0;
        let slot = if is_control { &mut side.control } else { &mut side.message };
        let Some(message) = slot else { return };
        message.bytes = message.bytes.saturating_add(bytes.len() as u64);
        let inner = self.inner.as_mut().filter(|_| !is_control);
        let wants_all = inner.is_some() || message.is_compressed;
        let wanted = if wants_all { bytes } else { bytes.get(..message.room()).unwrap_or(bytes) };
        let clear = frame.unmasked(offset, wanted);
        if !message.is_compressed {
            message.keep(&clear);
            if let Some(inner) = inner {
                inner.data(ctx, direction, &clear);
            }
            return;
        }
        let keeps = self.agreed.map(|agreed| if frame.mask.is_some() { agreed.client_keeps } else { agreed.server_keeps });
        if side.inflater.is_none() && message.decoded.is_some() && message.bytes == bytes.len() as u64 {
            side.inflater = keeps.and_then(|keeps| Inflater::new(keeps, ctx.budget));
        }
        self.inflate(ctx, direction, side, Some(&clear));
    }

    /// Takes bytes of a compressed message, or its end.
    fn inflate(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, bytes: Option<&[u8]>) {
        let Some(message) = &mut side.message else { return };
        let mut inner = self.inner.as_mut();
        let mut told = |part: &[u8]| {
            message.keep(part);
            message.decoded = message.decoded.map(|before| before.saturating_add(part.len() as u64));
            if let Some(inner) = &mut inner {
                inner.data(ctx, direction, part);
            }
        };
        let is_read = match (&mut side.inflater, bytes) {
            (Some(inflater), Some(bytes)) => inflater.data(bytes, &mut told),
            (Some(inflater), None) => inflater.finish(&mut told),
            (None, _) => false,
        };
        if !is_read {
            // what follows needs what could not be read
            (side.inflater, self.agreed, message.decoded) = (None, None, None);
        }
    }

    fn end_frame(&mut self, ctx: &mut Context<'_>, direction: Direction, side: &mut Side, frame: FrameHead) {
        let is_control = frame.opcode & 8 != 0;
        if frame.is_last && !is_control && side.message.as_ref().is_some_and(|message| message.is_compressed) {
            self.inflate(ctx, direction, side, None);
        }
        let slot = if is_control { &mut side.control } else { &mut side.message };
        let Some(message) = slot.take_if(|_| frame.is_last) else { return };
        let close_code = match message.kept.as_slice() {
            [high, low, ..] if message.kind == "close" => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        };
        let is_clear = !message.is_compressed || message.decoded.is_some();
        if !is_control && is_clear && self.inner.is_none() {
            ctx.payload(self.uri.as_deref(), 0, &message.kept);
        }
        ctx.emit(&WebsocketMessage {
            at: ctx.at,
            kind: message.kind,
            payload_bytes: message.bytes,
            parts: message.parts,
            is_masked: message.is_masked,
            is_compressed: message.is_compressed,
            decoded_bytes: message.decoded.filter(|_| message.is_compressed),
            close_code,
            subprotocol: self.subprotocol.clone(),
            uri: self.uri.clone(),
        });
    }
}

impl Side {
    /// Takes bytes of a frame's head; gives what follows them.
    fn begin<'a>(&mut self, ctx: &mut Context<'_>, bytes: &'a [u8]) -> &'a [u8] {
        let before = self.head.bytes().len();
        let part = bytes.get(..MAX_HEAD_BYTES.saturating_sub(before)).unwrap_or(bytes);
        let has_room = self.head.push(part, MAX_HEAD_BYTES, ctx.budget);
        let head = FrameHead::read(self.head.bytes());
        let (Ok(head), true) = (head, has_room) else { return self.lose(ctx) };
        let Some(frame) = head else { return bytes.get(part.len()..).unwrap_or_default() };
        self.head.clear();
        let starts = |kind| Message {
            kind,
            bytes: 0,
            parts: 1,
            is_masked: frame.mask.is_some(),
            decoded: Some(0),
            is_compressed: frame.is_compressed,
            kept: Vec::new(),
        };
        match (frame.opcode, &mut self.message) {
            (0, Some(message)) => message.parts = message.parts.saturating_add(1),
            (1, None) => self.message = Some(starts("text")),
            (2, None) => self.message = Some(starts("binary")),
            (8, _) => self.control = Some(starts("close")),
            (9, _) => self.control = Some(starts("ping")),
            (10, _) => self.control = Some(starts("pong")),
            // 5.4: a message begins before another ended, or goes on that never began
            _ => return self.lose(ctx),
        }
        self.frame = Some((frame, 0));
        bytes.get(frame.bytes.saturating_sub(before)..).unwrap_or_default()
    }

    fn lose<'a>(&mut self, ctx: &mut Context<'_>) -> &'a [u8] {
        ctx.weird(Weird::BadMessage, Some("websocket frame".to_owned()));
        *self = Self { is_lost: true, ..Self::default() };
        &[]
    }
}

impl Parser for WebsocketParser {
    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let mut side = self.take(direction);
        self.read(ctx, direction, &mut side, bytes);
        let is_lost = side.is_lost;
        self.put(direction, side);
        if is_lost { Appetite::Enough } else { Appetite::More }
    }

    fn gap(&mut self, ctx: &mut Context<'_>, direction: Direction, missing_bytes: u64) -> Appetite {
        let mut side = self.take(direction);
        // a hole within a payload ends no frame; elsewhere nobody knows where the next one begins
        let goes_on = match &mut side.frame {
            Some((frame, taken)) if missing_bytes < frame.length.saturating_sub(*taken) => {
                *taken = taken.saturating_add(missing_bytes);
                true
            }
            _ => false,
        };
        if let Some(inner) = &mut self.inner {
            inner.gap(ctx, direction, missing_bytes);
        }
        side.is_lost = !goes_on;
        self.put(direction, side);
        if goes_on { Appetite::More } else { Appetite::Enough }
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        if let Some(inner) = &mut self.inner {
            inner.end(ctx);
        }
    }
}
