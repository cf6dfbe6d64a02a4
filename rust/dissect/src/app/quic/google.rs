//! QUIC as Google spoke it before the IETF's ("QUIC Wire Layout Specification", "QUIC Crypto"): packets that name their
//! version, and in them the client's hello, which is in clear. From Q050 on packets are the IETF's.

use crate::app::text;
use crate::packet::Cursor;

/// Bytes of a connection id.
const ID_BYTES: usize = 8;
/// Bytes behind the head of a packet: a packet number, and a hash or an authentication tag.
const MIN_BODY_BYTES: usize = 13;
/// The version whose head resembles the IETF's, and its lengths of connection ids: eight bytes of one side, none of the other.
const Q046: u32 = u32::from_be_bytes(*b"Q046");
const FROM_CLIENT: u8 = 0x50;
const FROM_SERVER: u8 = 0x05;
/// Public flags: unused ones and a reset; a version, and a connection id of eight bytes, are there.
const NEVER_SET: u8 = 0xc2;
const HAS_VERSION_AND_ID: u8 = 0x09;
/// Acknowledgements before a hello are not longer.
const MAX_BEFORE_HELLO: usize = 256;
/// Most values of a hello (kMaxEntries of "QUIC Crypto").
const MAX_VALUES: usize = 128;

/// A packet that names its version: up to Q043 only clients do, until they are answered; in Q046 all of the handshake.
pub struct Packet<'a> {
    /// version, as its four letters stand there
    pub version: u32,
    /// the client chose it
    pub connection_id: &'a [u8],
    /// what the client tells of itself, where this packet does
    pub hello: Option<Hello>,
}

/// A client's hello.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// host that it asks for
    pub server_name: Option<String>,
    /// client program
    pub user_agent: Option<String>,
}

/// Reads the head of a packet of Q009 to Q043, or of Q046, and the hello in it.
pub fn read(bytes: &[u8]) -> Option<Packet<'_>> {
    let mut cursor = Cursor::new(bytes);
    let first = cursor.u8()?;
    let (version, connection_id) = if first & 0xc0 == 0xc0 {
        let version = cursor.u32().filter(|version| *version == Q046)?;
        cursor.u8().filter(|lengths| matches!(*lengths, FROM_CLIENT | FROM_SERVER))?;
        (version, cursor.take(ID_BYTES)?)
    } else {
        if first & NEVER_SET != 0 || first & HAS_VERSION_AND_ID != HAS_VERSION_AND_ID {
            return None;
        }
        let connection_id = cursor.take(ID_BYTES)?;
        (cursor.u32().filter(|version| is_early(*version))?, connection_id)
    };
    // a server that knows none of the client's versions lists its own
    let is_list = cursor.rest().starts_with(b"Q0");
    if is_list || cursor.remaining() < MIN_BODY_BYTES {
        return None;
    }
    Some(Packet { version, connection_id, hello: hello(cursor.rest()) })
}

fn is_early(version: u32) -> bool {
    matches!(version.to_be_bytes(), [b'Q', b'0', b'0', b'9'] | [b'Q', b'0', b'1'..=b'3', b'0'..=b'9'] | [b'Q', b'0', b'4', b'0'..=b'3'])
}

/// The client's hello in the frames of a packet: tags, each with the end of its value, then the values.
pub fn hello(frames: &[u8]) -> Option<Hello> {
    let start = frames.get(..MAX_BEFORE_HELLO).unwrap_or(frames).windows(4).position(|tag| tag == b"CHLO")?;
    let mut cursor = Cursor::new(frames.get(start..)?);
    cursor.skip(4)?;
    let count = cursor.u16_le().map(usize::from).filter(|count| *count <= MAX_VALUES)?;
    cursor.skip(2)?;
    let index: Vec<([u8; 4], u32)> =
        (0..count).map_while(|_| Some((cursor.array()?, u32::from_le_bytes(cursor.array()?)))).collect();
    let (values, mut begin, mut hello) = (cursor.rest(), 0, Hello::default());
    for (tag, end) in index {
        let end = usize::try_from(end).ok()?;
        // what does not lie in this packet is not told
        let Some(value) = values.get(begin..end) else { break };
        match &tag {
            b"SNI\0" => hello.server_name = text::padded(value),
            b"UAID" => hello.user_agent = text::padded(value),
            _ => {}
        }
        begin = end;
    }
    Some(hello)
}
