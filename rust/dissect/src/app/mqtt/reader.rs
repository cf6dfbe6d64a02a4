//! Reads both directions of an MQTT connection.

use super::packet::{self, Fixed, Said, Start, kind};
use super::{Mqtt, Tiles, packets};
use crate::app::{Appetite, Buffer, Context, Direction, Parser};
use crate::weird::Weird;
use std::collections::BTreeMap;

/// Longest packet kept whole, and longest head of a PUBLISH: a topic of 65,535 bytes and as many of properties.
const MAX_PACKET_BYTES: usize = 1 << 17;
/// Longest fixed header (2.2.3).
const MAX_FIXED_BYTES: usize = 5;
/// Topic aliases kept of a direction; brokers allow 10 to 65,535, devices use few.
const MAX_ALIASES: usize = 64;
/// What stands before the password of a CONNECT: a topic may have any name, so that none tells it.
const PASSWORD: &[u8] = b"password: ";

/// One direction.
#[derive(Default)]
struct Side {
    waiting: Buffer,
    /// a packet whose last bytes are passed over
    passing: Option<(Mqtt, usize)>,
    aliases: BTreeMap<u16, String>,
    /// lost: packets are taken again where a piece is a row of them
    is_lost: bool,
}

/// Reads one connection.
#[derive(Default)]
pub struct MqttParser {
    sides: [Side; 2],
    version: Option<u8>,
}

impl Parser for MqttParser {
    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let mut side = self.take(direction);
        self.read(ctx, &mut side, bytes);
        self.put(direction, side);
        Appetite::More
    }

    fn gap(&mut self, ctx: &mut Context<'_>, direction: Direction, missing_bytes: u64) -> Appetite {
        let mut side = self.take(direction);
        side.waiting.clear();
        if let Some((mut row, left)) = side.passing.take() {
            row.has_gap = true;
            let missing = usize::try_from(missing_bytes).unwrap_or(usize::MAX);
            match left.checked_sub(missing) {
                Some(still) if still > 0 => side.passing = Some((row, still)),
                rest => {
                    row.at = ctx.at;
                    ctx.emit(&row);
                    side.is_lost = rest.is_none();
                }
            }
        } else {
            side.is_lost = true;
        }
        self.put(direction, side);
        Appetite::More
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        for side in &mut self.sides {
            if let Some((mut row, _)) = side.passing.take() {
                row.has_gap = true;
                ctx.emit(&row);
            }
        }
    }
}

impl MqttParser {
    fn take(&mut self, direction: Direction) -> Side {
        let [up, down] = &mut self.sides;
        std::mem::take(if direction == Direction::Up { up } else { down })
    }

    fn put(&mut self, direction: Direction, side: Side) {
        let [up, down] = &mut self.sides;
        *(if direction == Direction::Up { up } else { down }) = side;
    }

    fn read(&mut self, ctx: &mut Context<'_>, side: &mut Side, mut bytes: &[u8]) {
        if side.is_lost {
            if packets(bytes) == Tiles::No {
                return;
            }
            side.is_lost = false;
        }
        while !bytes.is_empty() && !side.is_lost {
            if let Some((mut row, left)) = side.passing.take() {
                let here = left.min(bytes.len());
                bytes = bytes.get(here..).unwrap_or_default();
                if here < left {
                    side.passing = Some((row, left.saturating_sub(here)));
                } else {
                    row.at = ctx.at;
                    ctx.emit(&row);
                }
                continue;
            }
            bytes = self.packet(ctx, side, bytes);
        }
    }

    /// Takes bytes of a packet; gives what is left.
    fn packet<'a>(&mut self, ctx: &mut Context<'_>, side: &mut Side, bytes: &'a [u8]) -> &'a [u8] {
        let before = side.waiting.bytes().len();
        let room = MAX_PACKET_BYTES.saturating_add(MAX_FIXED_BYTES).saturating_sub(before);
        let part = bytes.get(..room).unwrap_or(bytes);
        if part.is_empty() || !side.waiting.push(part, MAX_PACKET_BYTES.saturating_add(MAX_FIXED_BYTES), ctx.budget) {
            ctx.weird(Weird::MessageTooLong, None);
            return lose(side);
        }
        let fixed = match Fixed::parse(side.waiting.bytes()) {
            Start::Short => return bytes.get(part.len()..).unwrap_or_default(),
            Start::Bad => {
                ctx.weird(Weird::BadMessage, Some("packet type or length".to_owned()));
                return lose(side);
            }
            Start::Packet(fixed) => fixed,
        };
        let body = side.waiting.bytes().get(fixed.bytes..).unwrap_or_default();
        let is_whole = body.len() >= fixed.length;
        let body = body.get(..fixed.length).unwrap_or(body);
        let said = packet::read(&fixed, self.version, body);
        // of a message its head is enough
        let is_enough = is_whole || (fixed.kind == kind::PUBLISH && said.is_some());
        if !is_enough {
            if fixed.kind != kind::PUBLISH && fixed.length > MAX_PACKET_BYTES {
                ctx.weird(Weird::MessageTooLong, None);
                return lose(side);
            }
            return bytes.get(part.len()..).unwrap_or_default();
        }
        let used = if is_whole { fixed.bytes.saturating_add(fixed.length) } else { side.waiting.bytes().len() };
        let left = fixed.bytes.saturating_add(fixed.length).saturating_sub(used);
        if let Some(said) = said.as_ref().filter(|_| fixed.kind == kind::PUBLISH) {
            let topic = said.topic.as_deref().filter(|topic| !topic.is_empty());
            ctx.payload(topic, 0, body.get(said.head_bytes..).unwrap_or_default());
        }
        if let Some(said) = &said {
            // the message that the server sends when the device is gone
            if let Some(will) = &said.will {
                ctx.payload(said.will_topic.as_deref(), 0, will);
            }
            if let Some(password) = &said.password {
                ctx.payload(Some(packet::name(kind::CONNECT)), 0, &[PASSWORD, password].concat());
            }
        }
        side.waiting.clear();
        match said {
            Some(said) => {
                self.version = said.version.or(self.version);
                let row = self.row(ctx, side, &fixed, said);
                if left > 0 {
                    side.passing = Some((row, left));
                } else {
                    ctx.emit(&row);
                }
            }
            None => ctx.weird(Weird::BadMessage, Some(packet::name(fixed.kind).to_owned())),
        }
        bytes.get(used.saturating_sub(before)..).unwrap_or_default()
    }

    fn row(&self, ctx: &Context<'_>, side: &mut Side, fixed: &Fixed, said: Said) -> Mqtt {
        let is_message = fixed.kind == kind::PUBLISH;
        let mut topic = said.topic;
        if let (Some(alias), Some(name)) = (said.topic_alias, &mut topic) {
            if name.is_empty() {
                *name = side.aliases.get(&alias).cloned().unwrap_or_default();
            } else if side.aliases.len() < MAX_ALIASES || side.aliases.contains_key(&alias) {
                side.aliases.insert(alias, name.clone());
            }
        }
        Mqtt {
            at: ctx.at,
            packet_type: packet::name(fixed.kind),
            protocol_version: self.version,
            client_id: said.client_id,
            user_name: said.user_name,
            has_password: said.has_password,
            keep_alive_s: said.keep_alive_s,
            clean_session: said.clean_session,
            will_topic: said.will_topic,
            // an alias whose topic was not captured says nothing
            topic: topic.filter(|topic| !topic.is_empty()),
            qos: is_message.then_some(fixed.flags >> 1 & 3),
            retain: is_message.then_some(fixed.flags & 1 != 0),
            duplicate: is_message.then_some(fixed.flags & 8 != 0),
            packet_id: said.packet_id,
            payload_bytes: is_message.then(|| fixed.length.saturating_sub(said.head_bytes)),
            topics: said.topics,
            reason_code: said.reason_code,
            has_gap: false,
        }
    }
}

fn lose<'a>(side: &mut Side) -> &'a [u8] {
    side.waiting.clear();
    side.is_lost = true;
    &[]
}
