//! TLS, DTLS, QUIC and certificates. QUIC's Initial packets are also made here of frames in clear: a changed byte of one as sent would only
//! fail its tag.

use super::{Step, datagrams_of, direction, steps, stream_of};
use crate::app::quic::keys::{Q050, V1, V2};
use crate::app::quic::made::initial;
use crate::app::x509::Certificate;
use crate::app::{Direction, dtls, quic, tls};

/// Versions by a step's control byte.
const VERSIONS: [u32; 4] = [V1, V2, 0xff00_001d, Q050];

/// TLS, DTLS, QUIC as sent, QUIC of frames, or a certificate.
pub fn handshakes(input: &[u8]) {
    let Some((choice, script)) = input.split_first() else { return };
    match choice % 5 {
        0 => stream_of(&tls::PROTOCOL, script),
        1 => datagrams_of(&dtls::PROTOCOL, script),
        2 => datagrams_of(&quic::PROTOCOL, script),
        3 => datagrams_of(&quic::PROTOCOL, &sealed(script)),
        _ => drop(Certificate::parse(script).is_self_signed()),
    }
}

/// A script with an Initial packet for each step, whose bytes are the packet's frames.
fn sealed(script: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, Step { control, bytes, .. }) in (0u8..=u8::MAX).zip(steps(script)) {
        let version = VERSIONS.get(usize::from(control >> 2 & 3)).copied().unwrap_or(V1);
        let packet = initial(version, number, direction(control) == Direction::Up, bytes);
        let Ok(length) = u16::try_from(packet.len()) else { return out };
        out.extend([&[control][..], &length.to_be_bytes(), &packet].concat());
    }
    out
}
