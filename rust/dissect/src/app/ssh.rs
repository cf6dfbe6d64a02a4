//! SSH: identification (RFC 4253 4.2) and the algorithms that each side offers (7.1). The rest is encrypted.

use super::{Appetite, Buffer, Carrier, Context, Direction, Parser, Probe, Protocol, Verdict, text};
use crate::at::At;
use crate::packet::Cursor;
use crate::record;
use crate::tables::Record;

record! {
    /// What one side of an SSH connection says before encryption.
    pub struct Ssh in "ssh" at {
        /// Identification, as sent: protocol version and software
        banner: String,
        /// Lines that it sent before (RFC 4253 4.2); null for none
        greeting: Option<String>,
        /// Key exchange methods, in order of preference; null where they were not captured
        key_exchange: Option<Vec<String>>,
        /// Algorithms of host keys
        host_keys: Option<Vec<String>>,
        /// Ciphers from client to server
        ciphers: Option<Vec<String>>,
        /// Message authentication codes from client to server
        macs: Option<Vec<String>>,
        /// Compression from client to server
        compressions: Option<Vec<String>>,
    }
}

/// SSH as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "ssh",
    tcp_ports: &[PORT],
    udp_ports: &[],
    probe,
    parser: || Box::new(SshParser::default()),
    tables: &[Ssh::SPEC],
};

/// RFC 4253 6.1: a packet of up to 35,000 bytes; RFC 4253 4.2: an identification of up to 255.
const MAX_BYTES: usize = 35_300;
const MAX_BANNER_BYTES: usize = 255;
/// Of lines before the identification, for which there is no limit: a screen of text.
const MAX_GREETING_BYTES: usize = 2000;
const PORT: u16 = 22;
const NAME: &[u8] = b"SSH-";
/// SSH_MSG_KEXINIT, and the random bytes behind it.
const KEXINIT: u8 = 20;
const COOKIE_BYTES: usize = 16;

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Tcp {
        return Verdict::No;
    }
    match probe.bytes {
        // where the start was not captured, only the whole of what no other protocol says
        bytes if !probe.from_start => if names(bytes) { Verdict::Yes } else { Verdict::No },
        [b'S', b'S', b'H', b'-', b'1'..=b'2', b'.', ..] => Verdict::Yes,
        [] | [b'S'] | [b'S', b'S'] | [b'S', b'S', b'H'] | [b'S', b'S', b'H', b'-'] | [b'S', b'S', b'H', b'-', b'1'..=b'2'] => Verdict::Maybe,
        bytes => after_greeting(bytes, probe.at.source.port == Some(PORT)),
    }
}

/// Whether a line begins with the name of a version that is still spoken.
fn names(line: &[u8]) -> bool {
    line.starts_with(b"SSH-2.0-") || line.starts_with(b"SSH-1.99-")
}

/// A server may send lines before its identification (RFC 4253 4.2), which are waited through on the port of SSH only.
fn after_greeting(bytes: &[u8], is_usual: bool) -> Verdict {
    let text = bytes.get(..MAX_GREETING_BYTES).unwrap_or(bytes);
    let is_text = text.iter().all(|byte| *byte == b'\n' || *byte == b'\r' || *byte == b'\t' || *byte >= b' ');
    match () {
        () if text.split(|byte| *byte == b'\n').skip(1).any(names) => Verdict::Yes,
        () if is_usual && is_text && bytes.len() < MAX_GREETING_BYTES => Verdict::Maybe,
        () => Verdict::No,
    }
}

#[derive(Default)]
struct SshParser {
    sides: [Side; 2],
}

#[derive(Default)]
struct Side {
    stream: Buffer,
    /// where its bytes came from last
    place: Option<At>,
    greeting: Vec<String>,
    row: Option<Ssh>,
}

impl Parser for SshParser {
    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let side = direction.of(&mut self.sides);
        if !side.stream.push(bytes, MAX_BYTES, ctx.budget) {
            side.flush(ctx);
            return Appetite::Enough;
        }
        side.place = Some(ctx.at);
        while side.row.is_none() {
            let Some(end) = side.stream.bytes().iter().position(|byte| *byte == b'\n') else {
                return if side.stream.bytes().len() > MAX_BANNER_BYTES { Appetite::Enough } else { Appetite::More };
            };
            let line = side.stream.bytes().get(..end).unwrap_or_default().to_vec();
            side.stream.consume(end.saturating_add(1));
            if !side.line(ctx.at, &line) {
                return Appetite::Enough;
            }
        }
        let mut cursor = Cursor::new(side.stream.bytes());
        let Some(length) = cursor.u32().and_then(|length| usize::try_from(length).ok()) else { return Appetite::More };
        match cursor.take(length) {
            None if length <= MAX_BYTES => return Appetite::More,
            packet => {
                if let (Some(row), Some(packet)) = (&mut side.row, packet) {
                    offers(row, packet);
                }
            }
        }
        side.flush(ctx);
        Appetite::Enough
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        for side in &mut self.sides {
            side.flush(ctx);
        }
    }
}

impl Side {
    /// Takes the identification, or a line before it; false where it is no line of SSH's.
    fn line(&mut self, at: At, line: &[u8]) -> bool {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(NAME) {
            let greeting = (!self.greeting.is_empty()).then(|| std::mem::take(&mut self.greeting).join("\n"));
            // zeros, which must not be sent, end it for those who read
            let banner = text::lossy(line.split(|byte| *byte == 0).next().unwrap_or_default());
            self.row = Some(Ssh { at, banner, greeting, key_exchange: None, host_keys: None, ciphers: None, macs: None, compressions: None });
            return true;
        }
        self.greeting.push(text::lossy(line));
        self.greeting.iter().map(String::len).sum::<usize>() < MAX_GREETING_BYTES
    }

    /// Writes the row. An identification without the end of its line is told too.
    fn flush(&mut self, ctx: &mut Context<'_>) {
        if let (None, Some(at)) = (&self.row, self.place)
            && self.stream.bytes().starts_with(NAME)
        {
            let line = self.stream.bytes().to_vec();
            self.line(at, &line);
        }
        self.stream.clear();
        if let Some(row) = self.row.take() {
            ctx.emit(&row);
        }
    }
}

/// Lists of KEXINIT (RFC 4253 7.1): padding length, type, cookie, ten lists.
fn offers(row: &mut Ssh, packet: &[u8]) -> Option<()> {
    let mut cursor = Cursor::new(packet);
    let (_padding, kind) = (cursor.u8()?, cursor.u8()?);
    if kind != KEXINIT {
        return None;
    }
    cursor.skip(COOKIE_BYTES)?;
    let mut list = || {
        let length = usize::try_from(cursor.u32()?).ok()?;
        let names = text::lossy(cursor.take(length)?);
        Some(names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>())
    };
    row.key_exchange = list();
    row.host_keys = list();
    row.ciphers = list();
    let _to_client = list();
    row.macs = list();
    let _to_client = list();
    row.compressions = list();
    Some(())
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::PROTOCOL;
    use crate::app::testing::{at, cut, hex, stream};
    use crate::app::{Carrier, Direction, Probe, Verdict};
    use proptest::prelude::*;

    fn hello() -> Vec<u8> {
        let mut bytes = b"SSH-2.0-dropbear_2019.78\r\n".to_vec();
        bytes.extend(hex("00000046 04 14 00000000000000000000000000000000   # 70 bytes, padding 4, KEXINIT, cookie
            00000003 612c62  00000001 63  00000001 64  00000001 65          # methods a and b; host key c; ciphers d, e
            00000001 66  00000001 67  00000004 6e6f6e65  00000000            # codes f, g; compression none
            00000000 00000000 00"));
        bytes
    }

    #[test]
    fn banner_and_offers_are_told() {
        let rows = stream(&PROTOCOL, &[(Direction::Up, &hello()), (Direction::Down, b"SSH-2.0-x\r\n")]);
        assert_eq!([&rows[0].1["banner"], &rows[0].1["key_exchange"], &rows[0].1["ciphers"]], ["SSH-2.0-dropbear_2019.78", "a|b", "d"]);
        assert_eq!([&rows[0].1["macs"], &rows[0].1["compressions"]], ["f", "none"]);
        assert_eq!(rows[1].1["banner"], "SSH-2.0-x");
        assert!(!rows[1].1.contains_key("key_exchange"));
    }

    #[test]
    fn lines_before_the_identification_are_passed_and_told() {
        let rows = stream(&PROTOCOL, &[(Direction::Down, b"Keep out\r\nall of you\r\nSSH-2.0-x y \r\n"), (Direction::Up, b"SSH-1.99-z \0\0")]);
        let told = |row: usize, name| rows[row].1.get(name).map(String::as_str);
        assert_eq!([told(1, "banner"), told(1, "greeting")], [Some("SSH-2.0-x y "), Some("Keep out\nall of you")]);
        // no end of the line was sent, zeros were
        assert_eq!([told(0, "banner"), told(0, "greeting")], [Some("SSH-1.99-z "), None]);
        let probed = |bytes: &[u8], port| (PROTOCOL.probe)(&Probe { carrier: Carrier::Tcp, at: &at(port, 2), bytes, from_start: true, before: None });
        assert_eq!([probed(b"Keep out\r\n", 22), probed(b"Keep out\r\n", 23)], [Verdict::Maybe, Verdict::No]);
        assert_eq!([probed(b"Keep out\r\nSSH-2.0-x", 23), probed(b"Keep\x01", 22)], [Verdict::Yes, Verdict::No]);
    }

    #[test]
    fn it_begins_with_its_name_on_any_port() {
        let probed = |bytes: &[u8], from_start| (PROTOCOL.probe)(&Probe { carrier: Carrier::Tcp, at: &at(1, 2), bytes, from_start, before: None });
        assert_eq!([probed(b"SSH-2.0-x\r\n", true), probed(b"SS", true), probed(b"SSL", true)], [Verdict::Yes, Verdict::Maybe, Verdict::No]);
        assert_eq!([probed(b"SSH-2.0-x\r\n", false), probed(b"SSH-1.99-x", false), probed(b"SSH", false)], [Verdict::Yes, Verdict::Yes, Verdict::No]);
    }

    proptest! {
        #[test]
        fn a_stream_is_read_however_it_is_cut(places in proptest::collection::vec(0usize..100, 0..6), place in 0usize..96, byte in any::<u8>()) {
            prop_assert_eq!(&stream(&PROTOCOL, &cut(Direction::Up, &hello(), &places))[0].1["key_exchange"], "a|b");
            let mut changed = hello();
            if let Some(old) = changed.get_mut(place) { *old = byte; }
            stream(&PROTOCOL, &cut(Direction::Up, &changed, &places));
        }
    }
}
