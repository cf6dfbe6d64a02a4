//! DNS messages (RFC 1035 4.1) with compression, bounded.

use super::binding;
use crate::packet::Cursor;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest name as text: RFC 1035 2.3.4 allows 255 octets; an escaped octet takes four characters.
const MAX_NAME_CHARS: usize = 255 * 4;
/// Compression pointers followed in one name: more than labels of a name can make (RFC 1035 4.1.4).
const MAX_POINTERS: usize = 128;
/// Questions and records read of one message: a UDP payload of 65,535 bytes holds no more of the smallest.
pub const MAX_ENTRIES: usize = 6000;
/// The port of name servers (RFC 1035 4.2).
pub const NAME_SERVER: u16 = 53;

/// Types whose data is text or an address here (IANA DNS parameters).
pub mod kind {
    #![allow(missing_docs)]
    pub const A: u16 = 1;
    pub const NS: u16 = 2;
    pub const CNAME: u16 = 5;
    pub const SOA: u16 = 6;
    pub const PTR: u16 = 12;
    pub const MX: u16 = 15;
    pub const TXT: u16 = 16;
    pub const AAAA: u16 = 28;
    pub const SRV: u16 = 33;
    pub const NSEC: u16 = 47;
    pub const SVCB: u16 = 64;
    pub const HTTPS: u16 = 65;
    pub const OPT: u16 = 41;
}

/// The fixed part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// transaction id
    pub id: u16,
    /// flags word
    pub flags: u16,
    /// questions, answers, authorities, additionals as announced
    pub counts: [u16; 4],
}

impl Header {
    /// Reads the 12 bytes.
    pub fn parse(message: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(message);
        Some(Self {
            id: cursor.u16()?,
            flags: cursor.u16()?,
            counts: [cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?],
        })
    }

    /// QR bit
    pub fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// operation: 0 query, 4 notify, 5 update
    pub fn opcode(&self) -> u8 {
        self.flags.to_be_bytes()[0] >> 3 & 15
    }

    /// response code
    pub fn rcode(&self) -> u8 {
        self.flags.to_be_bytes()[1] & 15
    }
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// name without the final dot
    pub name: String,
    /// type asked for
    pub kind: u16,
    /// class with mDNS's top bit
    pub class: u16,
}

/// A resource record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// answer, authority or additional
    pub section: &'static str,
    /// owner name
    pub name: String,
    /// type
    pub kind: u16,
    /// class with mDNS's top bit
    pub class: u16,
    /// time to live in seconds
    pub ttl_s: u32,
    /// what it tells
    pub content: Content,
}

/// What a record tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A, AAAA
    Address(IpAddr),
    /// CNAME, PTR, NS, DNAME
    Name(String),
    /// SRV: priority, weight, port, target
    Service(u16, u16, u16, String),
    /// MX: preference, exchange
    Mail(u16, String),
    /// TXT strings
    Texts(Vec<Vec<u8>>),
    /// SVCB or HTTPS: priority, target, parameters
    Binding(u16, String, Vec<String>),
    /// raw data
    Other(Vec<u8>),
}

/// A message as far as it could be read.
#[derive(Clone, Debug)]
pub struct Message {
    /// fixed part
    pub header: Header,
    /// questions
    pub questions: Vec<Question>,
    /// records of all sections
    pub resources: Vec<Resource>,
    /// everything announced was there
    pub is_whole: bool,
    /// bytes behind the last entry
    pub trailing_bytes: usize,
}

/// Reads a message; `None` without a header.
pub fn parse(message: &[u8]) -> Option<Message> {
    let header = Header::parse(message)?;
    let mut read = Message { header, questions: Vec::new(), resources: Vec::new(), is_whole: false, trailing_bytes: 0 };
    let mut at = 12;
    let [questions, answers, authorities, additionals] = header.counts;
    for _ in 0..usize::from(questions).min(MAX_ENTRIES) {
        let Some(question) = question(message, &mut at) else { return Some(read) };
        read.questions.push(question);
    }
    for (count, section) in [(answers, "answer"), (authorities, "authority"), (additionals, "additional")] {
        for _ in 0..usize::from(count) {
            if read.resources.len() >= MAX_ENTRIES {
                return Some(read);
            }
            let Some(resource) = resource(message, &mut at, section) else { return Some(read) };
            read.resources.push(resource);
        }
    }
    read.is_whole = true;
    read.trailing_bytes = message.len().saturating_sub(at);
    Some(read)
}

fn question(message: &[u8], at: &mut usize) -> Option<Question> {
    let name = name(message, at)?;
    let mut cursor = Cursor::new(message.get(*at..)?);
    let question = Question { name, kind: cursor.u16()?, class: cursor.u16()? };
    *at = at.checked_add(4)?;
    Some(question)
}

fn resource(message: &[u8], at: &mut usize, section: &'static str) -> Option<Resource> {
    let name = name(message, at)?;
    let mut cursor = Cursor::new(message.get(*at..)?);
    let (kind, class, ttl_s) = (cursor.u16()?, cursor.u16()?, cursor.u32()?);
    let length = usize::from(cursor.u16()?);
    let start = at.checked_add(10)?;
    let bytes = cursor.take(length)?;
    *at = start.checked_add(length)?;
    let content = content(message, start, kind, bytes).unwrap_or_else(|| Content::Other(bytes.to_vec()));
    Some(Resource { section, name, kind, class, ttl_s, content })
}

fn content(message: &[u8], start: usize, kind: u16, bytes: &[u8]) -> Option<Content> {
    // names inside the data may point anywhere before; they must not read beyond the data
    let end = start.checked_add(bytes.len())?;
    let bounded = message.get(..end)?;
    let mut cursor = Cursor::new(bytes);
    let name_at = |offset: usize| name(bounded, &mut start.checked_add(offset)?);
    Some(match kind {
        kind::A => Content::Address(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))),
        kind::AAAA => Content::Address(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?))),
        kind::NS | kind::CNAME | kind::PTR | 39 => Content::Name(name_at(0)?),
        kind::SRV => Content::Service(cursor.u16()?, cursor.u16()?, cursor.u16()?, name_at(6)?),
        kind::MX => Content::Mail(cursor.u16()?, name_at(2)?),
        kind::SVCB | kind::HTTPS => {
            let mut behind = start.checked_add(2)?;
            let (priority, target) = (cursor.u16()?, name(bounded, &mut behind)?);
            Content::Binding(priority, target, binding::parameters(bounded.get(behind..)?))
        }
        kind::TXT => {
            let mut texts = Vec::new();
            while let Some(length) = cursor.u8() {
                texts.push(cursor.take(usize::from(length))?.to_vec());
            }
            Content::Texts(texts)
        }
        _ => return None,
    })
}

/// Bytes of a name for which there is room at once.
const USUAL_NAME_BYTES: usize = 48;

/// Reads a name at `at` and moves behind it. Labels keep their bytes; those that no host name has stand as `\DDD`
/// (RFC 4343 2.1).
pub fn name(message: &[u8], at: &mut usize) -> Option<String> {
    let mut text = String::with_capacity(USUAL_NAME_BYTES);
    let mut place = *at;
    let mut behind = None;
    for _ in 0..=MAX_POINTERS + 128 {
        let length = *message.get(place)?;
        place = place.checked_add(1)?;
        match length {
            0 => {
                *at = behind.unwrap_or(place);
                return Some(text);
            }
            1..=63 => {
                let end = place.checked_add(usize::from(length))?;
                if !text.is_empty() {
                    text.push('.');
                }
                push_label(&mut text, message.get(place..end)?);
                place = end;
            }
            0xc0..=0xff => {
                let low = *message.get(place)?;
                behind.get_or_insert(place.checked_add(1)?);
                let target = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                // a pointer to itself or forward can loop; RFC 1035 4.1.4 says "a prior occurrence"
                if target >= place.saturating_sub(1) {
                    return None;
                }
                place = target;
            }
            _ => return None,
        }
        if text.len() > MAX_NAME_CHARS {
            return None;
        }
    }
    None
}

fn push_label(text: &mut String, label: &[u8]) {
    // nearly all of them
    let is_plain = label.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'.' | b'\\'));
    match std::str::from_utf8(label) {
        Ok(valid) if is_plain => text.push_str(valid),
        Ok(valid) if !valid.contains(|c: char| c.is_control() || c == '.' || c == '\\') => text.push_str(valid),
        _ => {
            for byte in label {
                match byte {
                    b'.' => text.push_str("\\."),
                    b'\\' => text.push_str("\\\\"),
                    0x20..=0x7e => text.push(char::from(*byte)),
                    _ => text.push_str(&format!("\\{byte:03}")),
                }
            }
        }
    }
}
