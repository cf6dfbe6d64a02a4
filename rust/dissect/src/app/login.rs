//! Logins that come as answers to a prompt: the answer alone does not tell what it is, and keys that are typed come one by one.

use super::Direction;

/// Bytes of an answer that are kept: longer user names and passwords are rare (RFC 4013 has none, PAM takes 512).
const MAX_ANSWER_BYTES: usize = 512;
const BACKSPACE: [u8; 2] = [0x08, 0x7f];

/// What a prompt asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// who logs in
    User,
    /// what only they know
    Password,
}

impl Asked {
    /// What payload rows of an answer are about.
    pub fn subject(self) -> &'static str {
        match self {
            Self::User => "user name",
            Self::Password => "password",
        }
    }
}

/// Waits for a prompt of one end, then for the line that the other end answers.
#[derive(Default)]
pub struct Login {
    /// what was asked, and the direction of the answer
    asked: Option<(Asked, Direction)>,
    answer: Vec<u8>,
}

impl Login {
    /// A prompt came in this direction; keys before it were no answer.
    pub fn ask(&mut self, prompt: Direction, asked: Asked) {
        (self.asked, self.answer) = (Some((asked, prompt.reversed())), Vec::new());
    }

    /// Whether what comes next in this direction is an answer.
    pub fn is_asked(&self, direction: Direction) -> bool {
        self.asked.is_some_and(|(_, answering)| answering == direction)
    }

    /// The next bytes of an answer, or of something else; gives the answer when its line is over. What was deleted while typing
    /// is not in it.
    pub fn typed(&mut self, direction: Direction, bytes: &[u8]) -> Option<(Asked, Vec<u8>)> {
        let (asked, _) = self.asked.filter(|(_, answering)| *answering == direction)?;
        for byte in bytes {
            if matches!(byte, b'\r' | b'\n') {
                self.asked = None;
                return Some((asked, std::mem::take(&mut self.answer))).filter(|(_, answer)| !answer.is_empty());
            }
            if BACKSPACE.contains(byte) {
                self.answer.pop();
            } else if *byte != 0 && self.answer.len() < MAX_ANSWER_BYTES {
                self.answer.push(*byte);
            }
        }
        None
    }

    /// Some keys are missing.
    pub fn forget(&mut self) {
        self.asked = None;
    }
}

/// The prompts of the mechanism LOGIN (draft-murchison-sasl-login-00 2.1) as servers write them, in base64.
const LOGIN_PROMPTS: [(&[u8], Asked); 6] = [
    (b"VXNlcm5hbWU6", Asked::User),
    (b"dXNlcm5hbWU6", Asked::User),
    (b"VXNlciBOYW1l", Asked::User),
    (b"UGFzc3dvcmQ6", Asked::Password),
    (b"cGFzc3dvcmQ6", Asked::Password),
    (b"UGFzc3dvcmQA", Asked::Password),
];

/// What a server of SMTP (`334`, RFC 4954 4), POP3 or IMAP (`+`, RFC 5034 4, RFC 9051 6.2.2) asks for by LOGIN.
pub fn sasl_prompt(bytes: &[u8]) -> Option<Asked> {
    let text = bytes.strip_prefix(b"334 ").or_else(|| bytes.strip_prefix(b"+ "))?;
    LOGIN_PROMPTS.iter().find(|(prompt, _)| text.starts_with(prompt)).map(|(_, asked)| *asked)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_make_a_line() {
        use Direction::{Down, Up};
        let mut login = Login::default();
        assert_eq!(login.typed(Up, b"early\r"), None);
        login.ask(Down, Asked::User);
        for key in [b"r", b"o", b"o", b"p", b"\x7f", b"t"] {
            assert_eq!(login.typed(Up, key), None);
            assert_eq!(login.typed(Down, key), None);
        }
        assert_eq!(login.typed(Down, b"\r\n"), None);
        assert_eq!(login.typed(Up, b"\r\0"), Some((Asked::User, b"root".to_vec())));
        assert!(!login.is_asked(Up));
        login.ask(Down, Asked::Password);
        assert_eq!(login.typed(Up, b"\r\n"), None);
    }

    #[test]
    fn an_answer_without_end_is_bounded() {
        let mut login = Login::default();
        login.ask(Direction::Down, Asked::Password);
        assert_eq!(login.typed(Direction::Up, &[b'a'; 100_000]), None);
        assert_eq!(login.typed(Direction::Up, b"\n").unwrap().1.len(), MAX_ANSWER_BYTES);
    }
}
