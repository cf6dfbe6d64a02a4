//! Initial packets made of frames, for tests and for the fuzzer.

use super::keys::{Keys, V2};

/// Connection id of RFC 9001 A.1.
pub const ID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
/// The client's own.
const CLIENT_ID: [u8; 2] = [0xc1, 0xd1];

/// An Initial packet of the client, or of the server that answers it, with these frames; nothing for a version without known keys.
pub fn initial(version: u32, number: u8, is_client: bool, frames: &[u8]) -> Vec<u8> {
    let Some(keys) = Keys::initial(version, &ID, is_client).next() else { return Vec::new() };
    let mut payload = frames.to_vec();
    payload.resize(frames.len().max(1100), 0); // padding
    let kind = if version == V2 { 0xd0 } else { 0xc0 };
    // number and tag; four bytes of length hold any
    let length = (payload.len() as u32 + 1 + 16) | 0x8000_0000;
    let ids: [&[u8]; 4] = if is_client { [&[8], &ID, &[2], &CLIENT_ID] } else { [&[2], &CLIENT_ID, &[8], &ID] };
    let header = [&[kind], &version.to_be_bytes()[..], &ids.concat(), &[0], &length.to_be_bytes(), &[number]].concat();
    keys.seal(header, number, payload)
}
