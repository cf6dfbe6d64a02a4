//! The Huffman code of HPACK (RFC 7541 5.2 and Appendix B).

use std::sync::LazyLock;

/// Bits of the code of each byte, then of the end of a string. The codes follow: those of one length are consecutive numbers in
/// the order of their bytes, and the first of a length follows the last of the one before.
const BITS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];
/// The longest code: 30 bits.
const MAX_BITS: usize = 30;
/// Behind the last byte, fewer bits than a byte, all ones (5.2).
const MAX_PADDING_BITS: u32 = 7;

/// Codes of each length: the first of them, and the symbols in their order.
struct Lengths {
    first: [u32; MAX_BITS + 1],
    symbols: Vec<Vec<u16>>,
}

static LENGTHS: LazyLock<Lengths> = LazyLock::new(|| {
    let mut symbols = vec![Vec::new(); MAX_BITS.saturating_add(1)];
    for (symbol, bits) in (0u16..).zip(BITS) {
        if let Some(of_length) = symbols.get_mut(usize::from(bits)) {
            of_length.push(symbol);
        }
    }
    let mut first = [0; MAX_BITS + 1];
    let mut next = 0u32;
    for (start, of_length) in first.iter_mut().zip(&symbols) {
        next = next.wrapping_shl(1);
        *start = next;
        next = next.wrapping_add(u32::try_from(of_length.len()).unwrap_or(0));
    }
    Lengths { first, symbols }
});

/// The bytes of a coded string; none where it is no such string, or longer than `limit`.
pub fn decode(coded: &[u8], limit: usize) -> Option<Vec<u8>> {
    let (mut code, mut bits) = (0u32, 0usize);
    let mut text = Vec::new();
    for byte in coded {
        for place in (0..8).rev() {
            code = code.wrapping_shl(1) | u32::from(byte >> place & 1);
            bits = bits.saturating_add(1);
            let first = *LENGTHS.first.get(bits)?;
            let symbol = code
                .checked_sub(first)
                .and_then(|index| LENGTHS.symbols.get(bits)?.get(usize::try_from(index).ok()?));
            if let Some(symbol) = symbol {
                // 5.2: the end of a string is not sent
                text.push(u8::try_from(*symbol).ok()?);
                if text.len() > limit {
                    return None;
                }
                (code, bits) = (0, 0);
            }
        }
    }
    let padding = u32::try_from(bits).ok()?;
    (padding <= MAX_PADDING_BITS && code == 1u32.wrapping_shl(padding).wrapping_sub(1)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::app::testing::hex;

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // RFC 7541 C.4.1, C.4.3, C.6.1
        for (coded, text) in [
            ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
            ("25a849e95bb8e8b4bf", "custom-value"),
            ("9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"),
            ("", ""),
        ] {
            assert_eq!(decode(&hex(coded), 100).as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(decode(&hex("f1e3c2e5f23a6ba0ab90f4ff"), 14), None);
    }

    #[test]
    fn what_is_padded_otherwise_is_no_string() {
        // the end of a string; eight ones behind a byte; zeros behind one
        for coded in ["ffffffff", "07ff", "00"] {
            assert_eq!(decode(&hex(coded), 100), None, "{coded}");
        }
    }
}
