//! Control packets of MQTT (OASIS MQTT 3.1.1 and 5.0, section 2 and 3), without the payloads of PUBLISH.

use crate::app::text;
use crate::packet::Cursor;

/// Types of control packets.
pub mod kind {
    #![allow(missing_docs)]
    pub const CONNECT: u8 = 1;
    pub const CONNACK: u8 = 2;
    pub const PUBLISH: u8 = 3;
    pub const PUBACK: u8 = 4;
    pub const PUBREL: u8 = 6;
    pub const PUBCOMP: u8 = 7;
    pub const SUBSCRIBE: u8 = 8;
    pub const SUBACK: u8 = 9;
    pub const UNSUBSCRIBE: u8 = 10;
    pub const UNSUBACK: u8 = 11;
    pub const PINGREQ: u8 = 12;
    pub const PINGRESP: u8 = 13;
    pub const DISCONNECT: u8 = 14;
    pub const AUTH: u8 = 15;
}

/// Version 5.0.
pub const V5: u8 = 5;
/// Topics kept of one SUBSCRIBE.
const MAX_TOPICS: usize = 256;

/// Name of a packet type.
pub fn name(kind: u8) -> &'static str {
    match kind {
        1 => "connect",
        2 => "connack",
        3 => "publish",
        4 => "puback",
        5 => "pubrec",
        6 => "pubrel",
        7 => "pubcomp",
        8 => "subscribe",
        9 => "suback",
        10 => "unsubscribe",
        11 => "unsuback",
        12 => "pingreq",
        13 => "pingresp",
        14 => "disconnect",
        15 => "auth",
        _ => "reserved",
    }
}

/// Fixed header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// packet type
    pub kind: u8,
    /// four bits of flags
    pub flags: u8,
    /// bytes that follow the fixed header
    pub length: usize,
    /// bytes of the fixed header
    pub bytes: usize,
}

/// What reading a fixed header gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// more bytes are needed
    Short,
    /// no packet begins so
    Bad,
    /// it is one
    Packet(Fixed),
}

impl Fixed {
    /// Reads a fixed header (2.2) with the flags that its type allows.
    pub fn parse(bytes: &[u8]) -> Start {
        let Some(first) = bytes.first() else { return Start::Short };
        let (kind, flags) = (first >> 4, first & 15);
        let are_flags_right = match kind {
            0 => false,
            kind::PUBLISH => flags & 6 != 6,
            kind::PUBREL | kind::SUBSCRIBE | kind::UNSUBSCRIBE => flags == 2,
            _ => flags == 0,
        };
        if !are_flags_right {
            return Start::Bad;
        }
        let mut length = 0usize;
        for (index, byte) in bytes.iter().skip(1).take(4).enumerate() {
            length |= usize::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                return Start::Packet(Self { kind, flags, length, bytes: index.saturating_add(2) });
            }
        }
        if bytes.len() > 4 { Start::Bad } else { Start::Short }
    }

    /// Whether the length is one that such a packet has (any version).
    pub fn is_likely(&self) -> bool {
        match self.kind {
            kind::CONNECT => self.length >= 12,
            kind::PINGREQ | kind::PINGRESP => self.length == 0,
            kind::PUBLISH => self.length >= 3,
            kind::CONNACK | kind::PUBACK..=kind::PUBCOMP | kind::UNSUBACK => (2..=1024).contains(&self.length),
            kind::SUBSCRIBE => self.length >= 6,
            kind::UNSUBSCRIBE => self.length >= 5,
            kind::SUBACK => (3..=1024).contains(&self.length),
            _ => self.length <= 1024,
        }
    }
}

/// What a packet says, behind its fixed header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the columns of the table tell
pub struct Said {
    pub version: Option<u8>,
    pub client_id: Option<String>,
    pub user_name: Option<String>,
    pub has_password: Option<bool>,
    pub password: Option<Vec<u8>>,
    pub keep_alive_s: Option<u16>,
    pub clean_session: Option<bool>,
    pub will_topic: Option<String>,
    pub will: Option<Vec<u8>>,
    pub topic: Option<String>,
    pub topic_alias: Option<u16>,
    pub packet_id: Option<u16>,
    pub topics: Option<Vec<String>>,
    pub reason_code: Option<u8>,
    /// PUBLISH: bytes before the payload
    pub head_bytes: usize,
}

fn blob<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = usize::from(cursor.u16()?);
    cursor.take(length)
}

fn string(cursor: &mut Cursor<'_>) -> Option<String> {
    blob(cursor).map(text::lossy)
}

/// The block of properties of version 5 (2.2.2).
fn properties<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let mut length = 0usize;
    for shift in [0, 7, 14, 21] {
        let byte = cursor.u8()?;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return cursor.take(length);
        }
    }
    None
}

/// Topic alias among the properties of a PUBLISH (3.3.2.3).
fn topic_alias(block: &[u8]) -> Option<u16> {
    let mut cursor = Cursor::new(block);
    loop {
        match cursor.u8()? {
            0x23 => return cursor.u16(),
            0x01 => cursor.skip(1)?,
            0x02 => cursor.skip(4)?,
            0x03 | 0x08 | 0x09 => drop(blob(&mut cursor)?),
            0x26 => drop((blob(&mut cursor)?, blob(&mut cursor)?)),
            0x0b => while cursor.u8()? & 0x80 != 0 {},
            _ => return None,
        }
    }
}

/// Reads what follows the fixed header; `version` is that of the connection. For PUBLISH `body` may end anywhere behind
/// its head. `None` where it is too short.
pub fn read(fixed: &Fixed, version: Option<u8>, body: &[u8]) -> Option<Said> {
    let mut cursor = Cursor::new(body);
    let mut said = Said::default();
    let is_v5 = version == Some(V5);
    match fixed.kind {
        kind::CONNECT => return connect(cursor),
        kind::PUBLISH => {
            said.topic = Some(string(&mut cursor)?);
            if fixed.flags & 6 != 0 {
                said.packet_id = Some(cursor.u16()?);
            }
            if is_v5 {
                said.topic_alias = topic_alias(properties(&mut cursor)?);
            }
            said.head_bytes = body.len().saturating_sub(cursor.remaining());
        }
        kind::CONNACK => {
            cursor.skip(1)?; // whether the server kept a session
            said.reason_code = Some(cursor.u8()?);
        }
        kind::PUBACK..=kind::PUBCOMP => {
            said.packet_id = Some(cursor.u16()?);
            said.reason_code = cursor.u8();
        }
        kind::SUBSCRIBE | kind::UNSUBSCRIBE => {
            said.packet_id = Some(cursor.u16()?);
            if is_v5 {
                properties(&mut cursor)?;
            }
            let mut topics = Vec::new();
            while cursor.remaining() > 0 && topics.len() < MAX_TOPICS {
                topics.push(string(&mut cursor)?);
                if fixed.kind == kind::SUBSCRIBE {
                    cursor.skip(1)?;
                }
            }
            said.topics = Some(topics);
        }
        kind::SUBACK | kind::UNSUBACK => {
            said.packet_id = Some(cursor.u16()?);
            if is_v5 {
                properties(&mut cursor)?;
            }
            said.reason_code = cursor.u8();
        }
        kind::DISCONNECT | kind::AUTH => said.reason_code = cursor.u8(),
        _ => {}
    }
    Some(said)
}

/// 3.1: CONNECT.
fn connect(mut cursor: Cursor<'_>) -> Option<Said> {
    blob(&mut cursor)?; // the protocol's name
    let version = cursor.u8()? & 0x7f; // the high bit marks a bridge (mosquitto)
    let flags = cursor.u8()?;
    let keep_alive_s = cursor.u16()?;
    if version == V5 {
        properties(&mut cursor)?;
    }
    let mut said = Said {
        version: Some(version),
        keep_alive_s: Some(keep_alive_s),
        clean_session: Some(flags & 2 != 0),
        has_password: Some(flags & 0x40 != 0),
        client_id: Some(string(&mut cursor)?),
        ..Said::default()
    };
    if flags & 4 != 0 {
        if version == V5 {
            properties(&mut cursor)?;
        }
        said.will_topic = Some(string(&mut cursor)?);
        said.will = Some(blob(&mut cursor)?.to_vec());
    }
    if flags & 0x80 != 0 {
        said.user_name = Some(string(&mut cursor)?);
    }
    if flags & 0x40 != 0 {
        said.password = blob(&mut cursor).map(<[u8]>::to_vec);
    }
    Some(said)
}
