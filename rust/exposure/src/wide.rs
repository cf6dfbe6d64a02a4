//! Text in two bytes a sign (UTF-16), as programs of Windows and their descendants write it.

use crate::decode::is_readable;

/// Shortest text, as of values that are searched.
const MIN_SIGNS: usize = 5;

/// The texts between other bytes, of signs of ASCII, a line each.
pub fn narrowed(content: &[u8]) -> Option<Vec<u8>> {
    let mut texts = Vec::new();
    let mut place = 0;
    while let Some(zero) = memchr::memchr(0, content.get(place..)?).map(|zero| place + zero) {
        // the low byte comes first; where the high one does, this passes over the first zero
        let start = zero.saturating_sub(1).max(place);
        let run = content.get(start..).unwrap_or_default();
        let signs = run.chunks(2).take_while(|pair| matches!(pair, [sign, 0] if is_readable(*sign))).count();
        let end = start + 2 * signs;
        if signs + 1 < MIN_SIGNS {
            place = end.max(zero + 1);
            continue;
        }
        let mut text: Vec<u8> = run.iter().step_by(2).take(signs).copied().collect();
        // of big-endian text the last sign has no zero behind it
        let is_big = start.checked_sub(1).and_then(|before| content.get(before)) == Some(&0);
        text.extend(content.get(end).filter(|last| is_big && is_readable(**last)));
        if text.len() >= MIN_SIGNS {
            texts.extend(text);
            texts.push(b'\n');
        }
        place = end;
    }
    (!texts.is_empty()).then_some(texts)
}

/// How a text stands in a content that has it so.
pub fn widened(text: &[u8]) -> Vec<u8> {
    let mut wide: Vec<u8> = text.iter().flat_map(|sign| [*sign, 0]).collect();
    wide.pop();
    wide
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_read_in_both_orders() {
        let text = "serial: SN4711-08";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for wide in [little, big] {
            for (before, after) in
                [(&[][..], &[][..]), (&[1, 0, 0xFE], &[0xFF, 0]), (&[0, 34], &[0xC0, 0, 0]), (&[0xFE, 0xFF], &[9])]
            {
                let read = narrowed(&[before, &wide, after].concat()).unwrap_or_default();
                let read = String::from_utf8_lossy(&read).into_owned();
                assert!(read.contains(text), "{before:?} {after:?} {read:?}");
            }
        }
        assert!(narrowed(b"\x01\x00\x02\x00text\x00\x00\x00\x00\x00a\x00b\x00c\x00").is_none());
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_fault(content in proptest::collection::vec(0u8..70, 0..200)) {
            narrowed(&content);
        }
    }
}
