//! Stretches of hexadecimal digits and of base64.

use crate::decode::{MIN_TEXT_BYTES, is_text};
use crate::escapes::unhexed;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;

/// Stretches of each kind that are decoded in one content.
const MAX_RUNS: usize = 32;
/// Shortest stretch.
const MIN_SIGNS: usize = 16;
/// How what gzip makes begins in base64 (RFC 1952 2.3.1).
const GZIP: &[u8] = b"H4sI";
/// Signs of base64 that are bytes of their own.
const GROUP: usize = 4;

/// Base64 as devices write it: ends of any form.
pub const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What they hold.
pub fn runs(content: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    // digits are signs of base64 too, and so no stretch of them goes beyond one of these
    let coded: Vec<&[u8]> = stretches(content, is_sign).collect();
    let digits = coded.iter().flat_map(|run| stretches(run, |byte| byte.is_ascii_hexdigit())).take(MAX_RUNS);
    let hex = digits.map(|run| ("hex", unhexed(run)));
    let base64 = coded.iter().take(MAX_RUNS).filter_map(|run| Some(("base64", from_base64(run)?)));
    hex.chain(base64).filter(|(_, plain)| plain.len() >= MIN_TEXT_BYTES).collect()
}

fn is_sign(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'+' | b'/' | b'_' | b'-')
}

/// Stretches of such bytes, as long as they are, but for short ones.
fn stretches(content: &[u8], is_one: impl Fn(u8) -> bool) -> impl Iterator<Item = &[u8]> {
    content.split(move |byte| !is_one(*byte)).filter(|run| run.len() >= MIN_SIGNS)
}

/// What a stretch holds from its first sign on; or, where that is no text, from where something compressed begins, or one of the
/// next three signs, since what stands before (`data_`, a path) may be of the same signs.
fn from_base64(run: &[u8]) -> Option<Vec<u8>> {
    let core: Vec<u8> = run
        .iter()
        .map(|sign| match sign {
            b'-' => b'+',
            b'_' => b'/',
            sign => *sign,
        })
        .collect();
    let decoded = |skipped: usize| {
        let rest = core.get(skipped..)?;
        // one sign alone is no byte
        let whole = rest.len() - usize::from(rest.len() % GROUP == 1);
        LENIENT.decode(rest.get(..whole)?).ok()
    };
    let first = decoded(0)?;
    if is_text(&first) {
        return Some(first);
    }
    let packed = memmem::find(&core, GZIP).and_then(decoded);
    packed.or_else(|| (1..GROUP).filter_map(decoded).find(|plain| is_text(plain))).or(Some(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_behind_other_signs_of_its_own_is_read() {
        let coded = LENIENT.encode(br#"{"serial":"SN4711-08","owner":"sam@mail.example"}"#);
        for before in ["", "v_", "a/b", "data_"] {
            let read = runs(format!("<{before}{coded}>").as_bytes());
            assert!(read.iter().any(|(_, plain)| plain.ends_with(br#"sam@mail.example"}"#)), "{before}");
        }
    }
}
