//! Sums and hashes.

use md5::{Digest, Md5};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};

/// Sum of all bytes, modulo 2^32.
pub fn byte_sum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0_u32, |sum, byte| sum.wrapping_add(u32::from(*byte)))
}

/// All bytes XORed.
pub fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// CRC-32 of IEEE 802.3, as zlib computes it.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// FNV-1a of 32 bits.
pub fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// A hash by its usual name.
pub fn hash(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    // `ring` has assembly for processors without instructions for SHA: half of a scan's time were hashes without it
    let secure = |algorithm| digest(algorithm, bytes).as_ref().to_vec();
    Some(match name {
        "md5" => Md5::digest(bytes).to_vec(),
        "sha1" => secure(&SHA1_FOR_LEGACY_USE_ONLY),
        "sha256" => secure(&SHA256),
        "sha384" => secure(&SHA384),
        "sha512" => secure(&SHA512),
        "crc32" => crc32(bytes).to_be_bytes().to_vec(),
        _ => return None,
    })
}
