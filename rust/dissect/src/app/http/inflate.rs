//! Messages of WebSocket that are compressed by themselves (permessage-deflate, RFC 7692), decoded while they pass.

use super::head::Head;
use crate::app::Budget;
use crate::app::buffer::Reservation;
use flate2::{Decompress, FlushDecompress, Status};

/// What goes behind each message, since the sender leaves it out (7.2.2).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// Bytes out of one message, at most; beyond, it is a bomb, and what follows is not read.
const MAX_MESSAGE_BYTES: u64 = 16 << 20;
/// What a decoder holds: a window of 32 KiB and its tables.
const HELD_BYTES: usize = 48 << 10;
/// Bytes decoded at a time.
const STEP_BYTES: usize = 4 << 10;

/// What both sides agreed on: whether compressed, and for each direction whether messages know those before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agreed {
    /// of the client
    pub client_keeps: bool,
    /// of the server
    pub server_keeps: bool,
}

impl Agreed {
    /// What a server's answer says; none where messages are not compressed.
    pub fn read(head: &Head) -> Option<Self> {
        let extensions = head.all("sec-websocket-extensions").flat_map(|value| value.split(','));
        let parameters = extensions.map(|one| one.split(';').map(str::trim).collect::<Vec<_>>());
        let chosen = parameters.into_iter().find(|one| one.first() == Some(&"permessage-deflate"))?;
        Some(Self {
            client_keeps: !chosen.contains(&"client_no_context_takeover"),
            server_keeps: !chosen.contains(&"server_no_context_takeover"),
        })
    }
}

/// Decodes the messages of one direction.
pub struct Inflater {
    decoder: Decompress,
    keeps: bool,
    out: u64,
    _memory: Reservation,
}

impl Inflater {
    /// `keeps`: messages know those before. None where there is no memory left.
    pub fn new(keeps: bool, budget: &Budget) -> Option<Self> {
        Some(Self { decoder: Decompress::new(false), keeps, out: 0, _memory: budget.reserve(HELD_BYTES)? })
    }

    /// Takes bytes of a message, unmasked; what comes out goes to `told`. False where they cannot be decoded.
    pub fn data(&mut self, mut bytes: &[u8], told: &mut dyn FnMut(&[u8])) -> bool {
        let mut step = [0; STEP_BYTES];
        loop {
            let (before_in, before_out) = (self.decoder.total_in(), self.decoder.total_out());
            let Ok(status) = self.decoder.decompress(bytes, &mut step, FlushDecompress::Sync) else { return false };
            let taken = usize::try_from(self.decoder.total_in().saturating_sub(before_in)).unwrap_or(usize::MAX);
            let made = self.decoder.total_out().saturating_sub(before_out);
            self.out = self.out.saturating_add(made);
            if self.out > MAX_MESSAGE_BYTES {
                return false;
            }
            told(step.get(..usize::try_from(made).unwrap_or(usize::MAX)).unwrap_or_default());
            bytes = bytes.get(taken..).unwrap_or_default();
            match status {
                // a sender may end a block for good: what follows begins anew
                Status::StreamEnd => self.decoder.reset(false),
                _ if taken == 0 && made == 0 => return bytes.is_empty(),
                _ => {}
            }
            if bytes.is_empty() && made < STEP_BYTES as u64 {
                return true;
            }
        }
    }

    /// The message is over.
    pub fn finish(&mut self, told: &mut dyn FnMut(&[u8])) -> bool {
        let is_whole = self.data(&TAIL, told);
        self.out = 0;
        if !self.keeps {
            self.decoder.reset(false);
        }
        is_whole
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::{Agreed, Inflater};
    use crate::app::Budget;
    use crate::app::http::head::Head;
    use crate::app::testing::hex;

    fn read(inflater: &mut Inflater, message: &str) -> Option<String> {
        let mut text = Vec::new();
        let mut told = |bytes: &[u8]| text.extend_from_slice(bytes);
        let is_whole = hex(message).iter().all(|byte| inflater.data(&[*byte], &mut told)) && inflater.finish(&mut told);
        is_whole.then(|| String::from_utf8(text).unwrap())
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // RFC 7692 7.2.3.1 to 7.2.3.5: alone; with the window of the one before; stored; ended for good; in two blocks
        let mut keeping = Inflater::new(true, &Budget::default()).unwrap();
        for message in ["f248cdc9c90700", "f200110000", "000500faff48656c6c6f00", "f348cdc9c9070000", "f248050000 00ffff cac9c90700"] {
            assert_eq!(read(&mut keeping, message).as_deref(), Some("Hello"), "{message}");
        }
    }

    #[test]
    fn a_message_that_needs_another_is_none_where_none_is_kept() {
        let mut alone = Inflater::new(false, &Budget::default()).unwrap();
        assert_eq!(read(&mut alone, "f248cdc9c90700").as_deref(), Some("Hello"));
        assert_eq!(read(&mut alone, "f200110000"), None);
    }

    #[test]
    fn a_bomb_is_left() {
        let mut inflater = Inflater::new(true, &Budget::default()).unwrap();
        // a block of zeros, each byte of which repeats 258
        let mut bytes = hex("ecc18100000000 80905fed0f15");
        bytes.extend(vec![0x55; 200_000]);
        let mut out = 0usize;
        inflater.data(&bytes, &mut |part| out += part.len());
        assert!(out <= 17 << 20);
    }

    #[test]
    fn what_was_agreed_is_in_the_servers_answer() {
        let of = |value: &str| {
            Agreed::read(&Head::parse(format!("HTTP/1.1 101 x\r\nSec-WebSocket-Extensions: {value}\r\n\r\n").as_bytes()).unwrap())
        };
        assert_eq!(of("permessage-deflate; server_no_context_takeover"), Some(Agreed { client_keeps: true, server_keeps: false }));
        assert_eq!(of("x-other"), None);
    }
}
