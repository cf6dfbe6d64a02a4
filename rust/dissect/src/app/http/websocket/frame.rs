//! Heads of WebSocket frames (RFC 6455 5.2).

/// Head of a frame.
#[derive(Clone, Copy)]
pub struct FrameHead {
    /// the message ends with it
    pub is_last: bool,
    /// the message is compressed
    pub is_compressed: bool,
    /// what it is
    pub opcode: u8,
    /// key of the mask
    pub mask: Option<[u8; 4]>,
    /// bytes of its payload
    pub length: u64,
    /// bytes of the head itself
    pub bytes: usize,
}

impl FrameHead {
    /// The head at the start of bytes: none while it is short; an error where it is none.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, ()> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let (opcode, short) = (first & 0x0f, second & 0x7f);
        let is_control = opcode & 8 != 0;
        // 5.2: other opcodes and the second and third reserved bit have no meaning; 5.5: control frames are short and whole
        let is_bad = !matches!(opcode, 0..=2 | 8..=10) || first & 0x30 != 0 || is_control && (short > 125 || first & 0x80 == 0);
        if is_bad {
            return Err(());
        }
        let extended = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some(long) = rest.get(..extended) else { return Ok(None) };
        let length = if extended == 0 { u64::from(short) } else { long.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)) };
        let masked = second & 0x80 != 0;
        let mask = match rest.get(extended..).and_then(|rest| rest.first_chunk::<4>()) {
            Some(mask) if masked => Some(*mask),
            None if masked => return Ok(None),
            _ => None,
        };
        Ok(Some(Self {
            is_last: first & 0x80 != 0,
            is_compressed: first & 0x40 != 0,
            opcode,
            mask,
            length,
            bytes: extended.saturating_add(if masked { 6 } else { 2 }),
        }))
    }

    /// Bytes of the payload, which begin at `offset` of it, without their mask (5.3).
    pub fn unmasked(&self, offset: u64, bytes: &[u8]) -> Vec<u8> {
        let Some(mask) = self.mask else { return bytes.to_vec() };
        let start = usize::try_from(offset % 4).unwrap_or(0);
        bytes.iter().zip(mask.iter().cycle().skip(start)).map(|(byte, key)| byte ^ key).collect()
    }
}
