//! Protocols that begin in clear and may go on in TLS (STARTTLS, AUTH TLS): the clear part is kept for whoever searches it,
//! since logins are in it.

use super::login::{Login, sasl_prompt};
use super::tls::TlsParser;
use super::{Appetite, Context, Direction, Parser};

/// First bytes of a TLS handshake record, which no line of text begins with (RFC 8446 5.1).
const HANDSHAKE_RECORD: [u8; 2] = [22, 3];

/// Commands that ask for it (RFC 3207, RFC 2595, RFC 4217, RFC 6120 5): SMTP, IMAP and XMPP have one word.
const COMMANDS: [&[u8]; 4] = [b"STARTTLS", b"STLS", b"AUTH TLS", b"AUTH SSL"];
/// A longer piece is no command (RFC 5321 4.5.3.1.4: lines of 512 bytes).
const MAX_COMMAND_BYTES: usize = 512;

/// Capture and frame.
pub type Place = (u32, u64);

/// Waits for TLS to begin.
pub struct ClearStart {
    name: &'static str,
    tls: Option<TlsParser>,
    /// where each side last spoke of TLS: the client to ask for it
    asked: [Option<Place>; 2],
    /// bytes of each direction before what is at hand
    offsets: [u64; 2],
    login: Login,
}

impl ClearStart {
    /// A reader for this protocol.
    pub fn new(name: &'static str) -> Self {
        Self { name, tls: None, asked: [None; 2], offsets: [0; 2], login: Login::default() }
    }
}

impl ClearStart {
    fn offset(&mut self, direction: Direction) -> &mut u64 {
        direction.of(&mut self.offsets)
    }

    /// Whether it turned to TLS.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

impl Parser for ClearStart {
    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        // the hello is the first thing that a client sends after the server's consent: it begins a segment
        let begins = bytes.starts_with(&HANDSHAKE_RECORD) || HANDSHAKE_RECORD.starts_with(bytes);
        if self.tls.is_none() && begins {
            // the client, which asked for it, begins it
            let asked = *direction.of(&mut self.asked);
            self.tls = Some(TlsParser::started_in(self.name, asked));
        }
        if let Some(tls) = &mut self.tls {
            return tls.data(ctx, direction, bytes);
        }
        if bytes.len() <= MAX_COMMAND_BYTES && COMMANDS.iter().any(|word| contains(bytes, word)) {
            *direction.of(&mut self.asked) = Some((ctx.at.capture, ctx.at.frame));
        }
        let offset = self.offset(direction);
        let at = *offset;
        *offset = offset.saturating_add(bytes.len() as u64);
        if let Some(asked) = sasl_prompt(bytes) {
            self.login.ask(direction, asked);
        } else if let Some((asked, answer)) = self.login.typed(direction, bytes) {
            ctx.payload(Some(asked.subject()), at, &answer);
            return Appetite::More;
        }
        ctx.payload(None, at, bytes);
        Appetite::More
    }

    fn gap(&mut self, ctx: &mut Context<'_>, direction: Direction, missing_bytes: u64) -> Appetite {
        let offset = self.offset(direction);
        *offset = offset.saturating_add(missing_bytes);
        self.login.forget();
        self.tls.as_mut().map_or(Appetite::More, |tls| tls.gap(ctx, direction, missing_bytes))
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        if let Some(tls) = &mut self.tls {
            tls.end(ctx);
        }
    }
}

/// Whether bytes hold a word, in any case.
pub fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// Whether bytes begin with a word, in any case.
pub fn begins(bytes: &[u8], word: &[u8]) -> bool {
    bytes.get(..word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, hex, payloads, stream};
    use crate::app::{Carrier, Probe, Protocol, Verdict, ftp, imap, pop3, smtp, xmpp};

    /// A ClientHello with one cipher and nothing else.
    const HELLO: &str =
        "16 0301 002d  01 000029 0303  0707070707070707 0707070707070707 0707070707070707 0707070707070707
                         00 0002 c02f 01 00";

    type Line = (Direction, &'static [u8]);

    /// The protocol in which TLS began, and the frame that asked for it.
    fn hello_after(protocol: &Protocol, lines: &[Line]) -> Option<[String; 2]> {
        let hello = hex(HELLO);
        let mut pieces: Vec<(Direction, &[u8])> = lines.to_vec();
        pieces.push((Direction::Up, &hello));
        let rows = stream(protocol, &pieces);
        rows.iter()
            .find(|(table, _)| *table == "tls_connections")
            .map(|(_, row)| ["started_in", "upgrade_frame"].map(|name| row.get(name).cloned().unwrap_or_default()))
    }

    #[test]
    fn tls_is_read_where_a_clear_protocol_turns_to_it() {
        use Direction::{Down, Up};
        let talks: [(&Protocol, [Line; 3]); 5] = [
            (&smtp::PROTOCOL, [(Down, b"220 mx ESMTP\r\n"), (Up, b"STARTTLS\r\n"), (Down, b"220 go\r\n")]),
            (&imap::PROTOCOL, [(Down, b"* OK ready\r\n"), (Up, b"a STARTTLS\r\n"), (Down, b"a OK\r\n")]),
            (&pop3::PROTOCOL, [(Down, b"+OK ready\r\n"), (Up, b"STLS\r\n"), (Down, b"+OK\r\n")]),
            (&ftp::PROTOCOL, [(Down, b"220 FTP server\r\n"), (Up, b"AUTH TLS\r\n"), (Down, b"234 go\r\n")]),
            (
                &xmpp::PROTOCOL,
                [
                    (Up, b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>"),
                    (Up, b"<starttls/>"),
                    (Down, b"<proceed/>"),
                ],
            ),
        ];
        for (protocol, lines) in talks {
            let probe = Probe {
                carrier: Carrier::Tcp,
                at: &at(40000, 9999),
                bytes: lines[0].1,
                from_start: true,
                before: None,
            };
            assert_eq!((protocol.probe)(&probe), Verdict::Yes, "{}", protocol.name);
            assert_eq!(hello_after(protocol, &lines), Some([protocol.name.to_owned(), "1".to_owned()]));
            // what was not captured is not told
            assert_eq!(hello_after(protocol, &lines[..1]), Some([protocol.name.to_owned(), String::new()]));
        }
    }

    #[test]
    fn answers_to_the_prompts_of_a_login_are_told_apart() {
        use Direction::{Down, Up};
        let talk: [(Direction, &[u8]); 7] = [
            (Down, b"220 mx ESMTP\r\n"),
            (Up, b"AUTH LOGIN\r\n"),
            (Down, b"334 VXNlcm5hbWU6\r\n"),
            (Up, b"cm9vdA==\r\n"),
            (Down, b"334 UGFzc3dvcmQ6\r\n"),
            (Up, b"c2VjcmV0\r\n"),
            (Down, b"235 ok\r\n"),
        ];
        let rows = payloads(&smtp::PROTOCOL, &talk);
        let about: Vec<_> = rows.iter().filter_map(|row| row.get("subject")).collect();
        assert_eq!(about, ["user name", "password"]);
    }

    #[test]
    fn without_tls_nothing_is_told() {
        let rows = stream(&smtp::PROTOCOL, &[(Direction::Down, b"220 mx ESMTP\r\n"), (Direction::Up, b"QUIT\r\n")]);
        assert!(rows.is_empty(), "{rows:?}");
    }
}
