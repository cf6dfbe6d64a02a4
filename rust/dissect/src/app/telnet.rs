//! Telnet (RFC 854, RFC 855): what both ends say, for whoever reads or searches it, and what is answered to a prompt of a login.

use super::login::{Asked, Login};
use super::{Appetite, Carrier, Context, Direction, Parser, Probe, Protocol, Verdict};

/// Telnet as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "telnet",
    // telnet, and where the first is taken
    tcp_ports: &[23, 2323],
    udp_ports: &[],
    probe,
    parser: || Box::new(Telnet::default()),
    tables: &[],
};

const IAC: u8 = 255;
/// A suboption, WILL, WONT, DO, DONT (RFC 854).
const NEGOTIATIONS: std::ops::RangeInclusive<u8> = 250..=254;
const SUBOPTION: u8 = 250;
const SUBOPTION_END: u8 = 240;
/// Bytes at the end of what a server said in which a prompt is looked for.
const MAX_PROMPT_BYTES: usize = 80;
/// Words that end a prompt (RFC 1408 speaks of `USER`; login(1), vendors' shells).
const USER_PROMPTS: [&[u8]; 4] = [b"login", b"username", b"user name", b"user"];
const PASSWORD_PROMPTS: [&[u8]; 3] = [b"password", b"passcode", b"passwd"];

fn is_negotiation(bytes: &[u8]) -> bool {
    matches!(bytes, [IAC, verb, ..] if NEGOTIATIONS.contains(verb))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Tcp || !is_negotiation(probe.bytes) {
        return Verdict::No;
    }
    let is_usual = PROTOCOL.tcp_ports.iter().any(|port| probe.has_port(*port));
    match probe.bytes.get(3..) {
        // one command could be anything, elsewhere than at the port
        Some(rest) if is_usual || is_negotiation(rest) => Verdict::Yes,
        Some(rest) if rest.len() < 2 => Verdict::Maybe,
        None => Verdict::Maybe,
        Some(_) => Verdict::No,
    }
}

/// Reads one connection.
#[derive(Default)]
struct Telnet {
    offsets: [u64; 2],
    /// the last text of each end, without commands
    lines: [Vec<u8>; 2],
    login: Login,
}

impl Telnet {
    fn hear(&mut self, direction: Direction, text: &[u8]) {
        let line = direction.of(&mut self.lines);
        line.extend_from_slice(text);
        line.drain(..line.len().saturating_sub(MAX_PROMPT_BYTES));
        if let Some(asked) = prompt(line) {
            self.login.ask(direction, asked);
            line.clear();
        }
    }
}

impl Parser for Telnet {
    fn data(&mut self, ctx: &mut Context<'_>, direction: Direction, bytes: &[u8]) -> Appetite {
        let text = without_commands(bytes);
        let offset = direction.of(&mut self.offsets);
        let at = *offset;
        *offset = offset.saturating_add(bytes.len() as u64);
        if self.login.is_asked(direction) {
            if let Some((asked, answer)) = self.login.typed(direction, &text) {
                ctx.payload(Some(asked.subject()), at, &answer);
            }
            if text.len() == bytes.len() {
                return Appetite::More;
            }
        } else {
            self.hear(direction, &text);
        }
        ctx.payload(None, at, bytes);
        Appetite::More
    }

    fn gap(&mut self, _ctx: &mut Context<'_>, direction: Direction, missing_bytes: u64) -> Appetite {
        let offset = direction.of(&mut self.offsets);
        *offset = offset.saturating_add(missing_bytes);
        self.login.forget();
        Appetite::More
    }
}

/// The prompt that a text ends with.
fn prompt(text: &[u8]) -> Option<Asked> {
    let text = text.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
    let ends = |words: &[&[u8]]| {
        words.iter().any(|word| {
            let (before, end) = text.split_at(text.len().saturating_sub(word.len()));
            end.eq_ignore_ascii_case(word) && before.last().is_none_or(|byte| !byte.is_ascii_alphanumeric())
        })
    };
    // "Last login: ..." is no prompt, since more follows in the same line
    if ends(&PASSWORD_PROMPTS) {
        Some(Asked::Password)
    } else if ends(&USER_PROMPTS) && !text.to_ascii_lowercase().ends_with(b"last login") {
        Some(Asked::User)
    } else {
        None
    }
}

/// What is said between commands (RFC 854); a doubled IAC is a byte of the text.
fn without_commands(bytes: &[u8]) -> Vec<u8> {
    let (mut text, mut rest) = (Vec::new(), bytes);
    while let [first, after @ ..] = rest {
        rest = match (*first, after) {
            (IAC, [IAC, after @ ..]) => {
                text.push(IAC);
                after
            }
            (IAC, [SUBOPTION, after @ ..]) => {
                let end = after.windows(2).position(|pair| pair == [IAC, SUBOPTION_END]);
                end.and_then(|end| after.get(end.saturating_add(2)..)).unwrap_or_default()
            }
            (IAC, [verb, _, after @ ..]) if NEGOTIATIONS.contains(verb) => after,
            (IAC, [_, after @ ..]) => after,
            (IAC, []) => after,
            (byte, after) => {
                text.push(byte);
                after
            }
        };
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::app::testing::{at, payloads};

    fn answers(pieces: &[(Direction, &[u8])]) -> Vec<(String, String)> {
        let rows = payloads(&PROTOCOL, pieces).into_iter();
        rows.filter_map(|row| Some((row.get("subject")?.clone(), row["content"].clone()))).collect()
    }

    #[test]
    fn a_login_that_is_typed_key_by_key_is_two_answers() {
        use Direction::{Down, Up};
        let keys = |text: &'static [u8]| text.chunks(1).map(|key| (Up, key));
        let mut pieces: Vec<(Direction, &[u8])> = vec![(Down, b"\xff\xfd\x18\xff\xfd\x20OpenWrt login: ")];
        for key in keys(b"admin") {
            pieces.extend([key, (Down, key.1)]);
        }
        pieces.extend([(Up, &b"\r\0"[..]), (Down, b"\r\nPassword: ")]);
        pieces.extend(keys(b"xc3511"));
        pieces.extend([(Up, &b"\r\n"[..]), (Down, b"\r\nLast login: Mon Jan  1 from tty\r\n$ "), (Up, b"ls\r\n")]);
        let hex = |text: &str| crate::app::text::hex(text.as_bytes());
        let told = answers(&pieces);
        assert_eq!(told.len(), 2, "{told:?}");
        for ((subject, content), (is, text)) in told.iter().zip([("user name", "admin"), ("password", "xc3511")]) {
            assert_eq!(subject, is);
            assert!(content == text || *content == hex(text), "{content}");
        }
    }

    #[test]
    fn an_echo_of_keys_is_no_prompt() {
        use Direction::{Down, Up};
        assert_eq!(answers(&[(Down, b"$ "), (Up, b"echo login\r\n"), (Down, b"echo login\r\nlogin\r\n")]), []);
    }

    #[test]
    fn one_command_tells_telnet_at_its_port_only() {
        let told = |port, bytes: &'static [u8]| {
            let at = at(40000, port);
            probe(&Probe { carrier: Carrier::Tcp, at: &at, bytes, from_start: true, before: None })
        };
        assert_eq!(told(23, b"\xff\xfd\x18"), Verdict::Yes);
        assert_eq!(told(4000, b"\xff\xfd\x18"), Verdict::Maybe);
        assert_eq!(told(4000, b"\xff\xfd\x18\xff\xfb\x01"), Verdict::Yes);
        assert_eq!(told(4000, b"\xff\xfd\x18hello"), Verdict::No);
        assert_eq!(told(23, b"GET / HTTP/1.1"), Verdict::No);
    }

    #[test]
    fn commands_are_no_text() {
        assert_eq!(without_commands(b"a\xff\xfb\x01b\xff\xfa\x18\0xterm\xff\xf0c\xff\xff\xff\xf1d"), b"abc\xffd");
        assert_eq!(without_commands(b"a\xff\xfa\x18"), b"a");
    }
}
