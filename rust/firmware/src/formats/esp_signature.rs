//! Secure Boot signatures behind an ESP32 image.
//!
//! Source: ESP-IDF Programming Guide, "Secure Boot" (version 1: 68 bytes) and "Secure Boot V2" (signature blocks).

use crate::bytes::{align, all, array, distinct, hex, le32, u8_at, within};
use crate::digest::{crc32, hash};
use crate::part::{Check, CheckKind, Verdict};

/// A signature block of version 2, whatever its scheme.
const BLOCK: usize = 1216;
/// Its CRC-32 covers this much of it.
const BLOCK_CRC: usize = 1196;
/// Where the digest begins in a block.
const DIGEST: usize = 4;
/// Version 2 pads an image to whole sectors before it signs.
const SECTOR: usize = 4096;
/// Signature blocks that a chip looks at.
const MAX_BLOCKS: usize = 3;
/// A signature of version 1: a version number of 0 and r, s of ECDSA on P-256.
const VERSION_1: usize = 68;
/// 64 random bytes take fewer different values than this less than once in 10^9 times.
const MIN_DISTINCT: usize = 40;

/// The end of the signature blocks and the checks that they are; none where there is no block.
pub fn version_2_blocks(image: &[u8], start: usize, end: usize) -> Option<(usize, Vec<Check>)> {
    let sector = align(end - start, SECTOR)? + start;
    let mut checks = Vec::new();
    for index in 0..MAX_BLOCKS {
        let at = sector + index * BLOCK;
        let Some(block) = within(image, at..at + BLOCK) else {
            if index == 0 && u8_at(image, at) == Some(0xe7) {
                checks.push(Check::new(CheckKind::Signature, "Secure Boot V2", start..sector, Verdict::Truncated));
                return Some((at + BLOCK, checks));
            }
            break;
        };
        let Some(check) = version_2(image, start..sector, block) else { break };
        checks.push(check);
    }
    // The three blocks have a sector of their own.
    (!checks.is_empty()).then_some((sector + SECTOR, checks))
}

fn version_2(image: &[u8], covers: std::ops::Range<usize>, block: &[u8]) -> Option<Check> {
    if u8_at(block, 0)? != 0xe7 || !matches!(u8_at(block, 1)?, 2 | 3) {
        return None;
    }
    let body = within(image, covers.clone())?;
    let crc_valid = le32(block, BLOCK_CRC)? == crc32(block.get(..BLOCK_CRC)?);
    let rsa = u8_at(block, 1)? == 2;
    let (digest_name, digest_len) = if !rsa && u8_at(block, 2)? == 1 { ("sha384", 48) } else { ("sha256", 32) };
    let (scheme, key, signature) = if rsa {
        // bignums are stored with the lowest byte first
        let mut modulus = block.get(36..420)?.to_vec();
        let mut signature = block.get(812..1196)?.to_vec();
        modulus.reverse();
        signature.reverse();
        ("rsa-pss-sha256", modulus, signature)
    } else {
        // curve, then x, y, r, s with the lowest byte first
        let at = DIGEST + digest_len + 1;
        let curve = u8_at(block, at - 1)?;
        let width = match curve {
            1 => 24,
            2 => 32,
            3 => 48,
            _ => return None,
        };
        // key and signature have fields of 64 bytes, or of 96 where the curve needs them
        let room = (2 * width).max(64);
        let number = |from: usize| -> Option<Vec<u8>> {
            let mut bytes = block.get(at + from..at + from + width)?.to_vec();
            bytes.reverse();
            Some(bytes)
        };
        let key = [number(0)?, number(width)?].concat();
        let signature = [number(room)?, number(room + width)?].concat();
        (["ecdsa-p192", "ecdsa-p256", "ecdsa-p384"].get(usize::from(curve) - 1).copied()?, key, signature)
    };
    let computed = hash(digest_name, body)?;
    let digest_valid = block.get(DIGEST..)?.starts_with(&computed);
    // The signature itself is verified by whoever has the mathematics: here only what a changed byte shows already.
    let verdict = if crc_valid && digest_valid { Verdict::PresentUnverifiable } else { Verdict::Invalid };
    let check = Check::new(CheckKind::Signature, "Secure Boot V2", covers, verdict)
        .with("scheme", scheme)
        .with("hash", digest_name)
        .with("digest", hex(&computed))
        .with("public_key", hex(&key))
        .with("signature", hex(&signature))
        .with("digest_valid", digest_valid)
        .with("crc_valid", crc_valid);
    Some(if rsa { check.with("exponent", le32(block, 420)?) } else { check })
}

/// A signature of version 1 at the image's end or behind padding; it carries no key.
pub fn version_1_block(image: &[u8], start: usize, end: usize) -> Option<(usize, Vec<Check>)> {
    let last = image.len();
    let places = [end, last.checked_sub(VERSION_1)?, last.checked_sub(VERSION_1 + 12)?];
    let at = places.into_iter().find(|at| is_version_1(image, *at, end))?;
    let check = Check::new(CheckKind::Signature, "Secure Boot V1", start..at, Verdict::PresentUnverifiable)
        .with("scheme", "ecdsa-p256-sha256")
        .with("signature", hex(within(image, at + 4..at + VERSION_1)?));
    Some((last.min(at + VERSION_1 + 12), vec![check]))
}

fn is_version_1(image: &[u8], at: usize, end: usize) -> bool {
    let padding = [0xff, 0x00];
    let before = at >= end && within(image, end..at).is_some_and(|gap| padding.iter().any(|byte| all(gap, *byte)));
    // Behind it are at most 12 bytes to a block's end; where it follows the image at once they may be anything.
    let after = image
        .get(at + VERSION_1..)
        .is_some_and(|gap| gap.len() <= 12 && (at == end || padding.iter().any(|byte| all(gap, *byte))));
    before
        && after
        && array(image, at) == Some([0_u8; 4])
        && within(image, at + 4..at + VERSION_1).is_some_and(|numbers| distinct(numbers) >= MIN_DISTINCT)
}
