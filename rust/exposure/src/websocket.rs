//! Frames of a WebSocket whose opening was not captured: each that a client sends brings the key of its mask with it.

use crate::decode::is_text;

/// Bit of the last frame of a message; bits that only extensions use; opcode (RFC 6455 5.2).
const LAST: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0F;
/// Bit that tells a mask; the lengths that are told by the next two and eight bytes.
const MASKED: u8 = 0x80;
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

/// What frames hold that follow one another from the first byte on, a line each; the last may go on elsewhere. A text is one.
pub fn unmasked(content: &[u8]) -> Option<Vec<u8>> {
    let (mut plain, mut rest) = (Vec::new(), content);
    while !rest.is_empty() {
        let (opcode, payload, length, after) = frame(rest)?;
        let is_cut = payload.len() < length;
        if (opcode == 1 || is_cut) && payload.len() > 1 && !is_text(&[payload.as_slice(), b"     "].concat()) {
            return None;
        }
        plain.extend(payload);
        plain.push(b'\n');
        rest = after;
    }
    (!plain.is_empty()).then_some(plain)
}

/// Opcode, payload without its mask, the length that it should have, and what follows.
fn frame(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize, &[u8])> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    let opcode = first & OPCODE;
    let is_control = opcode & 8 != 0;
    let is_frame = first & RESERVED == 0 && matches!(opcode, 0..=2 | 8..=10) && second & MASKED != 0;
    let short = second & !MASKED;
    // a control frame is short and whole (5.5)
    if !is_frame || is_control && (short >= TWO_BYTES || first & LAST == 0) {
        return None;
    }
    let (length, rest) = match short {
        TWO_BYTES => rest.split_first_chunk().map(|(told, rest)| (u64::from(u16::from_be_bytes(*told)), rest))?,
        EIGHT_BYTES => rest.split_first_chunk().map(|(told, rest)| (u64::from_be_bytes(*told), rest))?,
        short => (u64::from(short), rest),
    };
    let (key, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(length).ok()?;
    let (payload, after) = rest.split_at(length.min(rest.len()));
    Some((opcode, payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect(), length, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(opcode: u8, key: [u8; 4], payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![LAST | opcode];
        match u8::try_from(payload.len()) {
            Ok(short) if short < TWO_BYTES => frame.push(MASKED | short),
            _ => {
                frame.push(MASKED | TWO_BYTES);
                frame.extend(u16::try_from(payload.len()).unwrap_or_default().to_be_bytes());
            }
        }
        frame.extend(key);
        frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        frame
    }

    #[test]
    fn frames_of_a_client_are_read_without_the_opening() {
        let long = format!(r#"{{"serial":"SN4711-08","pad":"{}"}}"#, "x".repeat(300));
        let sent =
            [masked(1, [7, 0xFE, 9, 0x80], b"{\"a\":1}"), masked(9, [1; 4], b""), masked(1, [3; 4], long.as_bytes())];
        let plain = unmasked(&sent.concat()).unwrap_or_default();
        assert_eq!(plain, format!("{{\"a\":1}}\n\n{long}\n").into_bytes());
        let cut = sent.concat();
        assert!(
            unmasked(cut.get(..cut.len() - 9).unwrap_or_default()).is_some(),
            "the last goes on in the next segment"
        );
    }

    #[test]
    fn what_is_no_frame_of_a_client_is_none() {
        for other in [
            b"\x81\x05hello".as_slice(),
            b"GET / HTTP/1.1",
            &[0x81, 0x85, 1, 2, 3, 4, 0x90, 0x91, 0xF2, 0xF3, 0xFE],
            b"",
        ] {
            assert_eq!(unmasked(other), None);
        }
    }
}
