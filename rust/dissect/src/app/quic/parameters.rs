//! Transport parameters (RFC 9000 18) that tell about the client.

use super::packet::{counted, varint};
use crate::app::text;
use crate::app::tls::hello::Hello;
use crate::packet::Cursor;

/// Parameters read of one hello: RFC 9000 and its extensions name some thirty.
const MAX_PARAMETERS: usize = 64;

/// What a client's hello says of its transport.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// idle connections are dropped after so many milliseconds
    pub idle_timeout_ms: Option<u64>,
    /// largest datagram payload accepted
    pub max_datagram_bytes: Option<u64>,
    /// bytes accepted at first on the whole connection
    pub initial_max_data: Option<u64>,
    /// name of the client program (Google's parameter 0x3129)
    pub user_agent: Option<String>,
    /// versions that the client could speak (RFC 9368)
    pub versions: Vec<u32>,
}

impl Parameters {
    /// Reads as many as there are.
    pub fn read(bytes: &[u8]) -> Self {
        let (mut cursor, mut read) = (Cursor::new(bytes), Self::default());
        for _ in 0..MAX_PARAMETERS {
            let (Some(number), Some(value)) = (varint(&mut cursor), counted(&mut cursor)) else { break };
            let mut inside = Cursor::new(value);
            match number {
                0x01 => read.idle_timeout_ms = varint(&mut inside),
                0x03 => read.max_datagram_bytes = varint(&mut inside),
                0x04 => read.initial_max_data = varint(&mut inside),
                0x11 => {
                    inside.u32(); // the one chosen
                    read.versions = std::iter::from_fn(|| inside.u32()).collect();
                }
                0x3129 => read.user_agent = Some(text::lossy(value)),
                _ => {}
            }
        }
        read
    }
}

/// ALPN and transport parameters of a ClientHello's body.
pub fn told_by(body: &[u8]) -> (Vec<String>, Parameters) {
    let Some(hello) = Hello::client(body, false) else { return Default::default() };
    (hello.alpn_text(), hello.transport_parameters.as_deref().map(Parameters::read).unwrap_or_default())
}
