//! Ids as text. The formatting machinery would take a multiple of the time.

/// The hexadecimal digits of a byte.
fn hex(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15]
        .map(|nibble| if nibble < 10 { b'0'.wrapping_add(nibble) } else { nibble.wrapping_add(b'a' - 10) })
}

/// A flow id as 16 hexadecimal digits.
pub(super) fn flow(id: u64) -> [u8; 16] {
    let mut text = [0; 16];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(id.to_be_bytes()) {
        *pair = hex(byte);
    }
    text
}

/// The 48 bits of a MAC as colon text.
pub(super) fn mac(bits: u64) -> [u8; 17] {
    let [_, _, octets @ ..] = bits.to_be_bytes();
    let [[a, b], [c, d], [e, f], [g, h], [i, j], [k, l]] = octets.map(hex);
    [a, b, b':', c, d, b':', e, f, b':', g, h, b':', i, j, b':', k, l]
}
