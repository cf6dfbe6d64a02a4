//! MCUboot images with their trailer of type-length-value entries.
//!
//! Source: MCUboot, `docs/design.md` ("Image format") and `boot/bootutil/include/bootutil/image.h`.

use super::{Format, Place};
use crate::bytes::{be16, hex, le16, le32, le_size, u8_at, upto, within};
use crate::digest::hash;
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format {
    name: "mcuboot",
    category: Category::Firmware,
    places: &[Place::Pattern(&[0x3d, 0xb8, 0xf3, 0x96], 0)],
    parse,
}];

const INFO: u16 = 0x6907;
const PROTECTED: u16 = 0x6908;
const MAX_ENTRIES: usize = 64;
const ENCRYPTED: u32 = 0x4 | 0x8;
const COMPRESSED: u32 = 0x200 | 0x400;

/// Signatures by their type.
const SIGNATURES: &[(u8, &str)] = &[
    (0x20, "rsa2048-pss-sha256"),
    (0x21, "ecdsa-p224-sha256"),
    (0x22, "ecdsa-p256-sha256"),
    (0x23, "rsa3072-pss-sha256"),
    (0x24, "ed25519"),
];
/// Hashes by their type.
const HASHES: &[(u8, &str)] = &[(0x10, "sha256"), (0x11, "sha384"), (0x12, "sha512")];

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let (header, protected) = (usize::from(le16(image, at + 8)?), usize::from(le16(image, at + 10)?));
    let (size, flags) = (le_size(image, at + 12)?, le32(image, at + 16)?);
    // The header is padded to at least 32 bytes and ends in zeros.
    if header < 32 || size == 0 || le32(image, at + 28)? != 0 || flags & 0xffff_0000 != 0 {
        return None;
    }
    let (major, minor) = (u8_at(image, at + 20)?, u8_at(image, at + 21)?);
    let (revision, build) = (le16(image, at + 22)?, le32(image, at + 24)?);
    let state = if flags & ENCRYPTED != 0 { Encryption::Yes } else { Encryption::No };
    let mut part = Part::new("mcuboot", Category::Firmware, at)
        .field("version", format!("{major}.{minor}.{revision}+{build}"))
        .field("load_address", format!("{:#010x}", le32(image, at + 4)?))
        .field("flags", format!("{flags:#x}"))
        .field("compressed", flags & COMPRESSED != 0)
        .encryption(state, "flags of the header")
        .holds(at + header);
    let body = at.checked_add(header)?.checked_add(size)?;
    let signed = body.checked_add(protected)?;
    if flags & (ENCRYPTED | COMPRESSED) != 0 {
        part = part.opaque();
    }
    if body >= image.len() {
        let check = Check::new(CheckKind::Hash, "sha256", at..signed, Verdict::Truncated);
        return Some(part.length((signed + 4 - at) as u64, image.len() - at).check(check));
    }
    let mut position = body;
    let mut ends = signed;
    for magic in [PROTECTED, INFO] {
        if le16(image, position) != Some(magic) {
            continue;
        }
        let end = position.checked_add(usize::from(le16(image, position + 2)?))?;
        ends = end;
        part = entries(part, image, position + 4..end, at..signed);
        position = end;
    }
    // Without a trailer it is a header and nothing to hold it against: not enough to name it.
    (position > body || body + 4 > image.len()).then(|| part.length((ends - at) as u64, image.len() - at))
}

fn entries(mut part: Part, image: &[u8], area: std::ops::Range<usize>, covers: std::ops::Range<usize>) -> Part {
    let mut position = area.start;
    for _ in 0..MAX_ENTRIES {
        let (Some(kind), Some(len)) = (u8_at(image, position), le16(image, position + 2)) else { break };
        if position >= area.end {
            break;
        }
        let value = upto(image, position + 4, usize::from(len));
        let whole = value.len() == usize::from(len);
        if let Some((_, name)) = HASHES.iter().find(|(known, _)| *known == kind) {
            let computed = within(image, covers.clone()).and_then(|bytes| hash(name, bytes));
            let stored = whole.then(|| value.to_vec());
            // An encrypted image is hashed before it is encrypted.
            let check = if part.encrypted == Encryption::Yes {
                Check::new(CheckKind::Hash, name, covers.clone(), Verdict::PresentUnverifiable)
            } else {
                Check::compare(CheckKind::Hash, name, covers.clone(), stored, computed)
            };
            part = part.check(check.with("stored", hex(value)));
        } else if let Some((_, scheme)) = SIGNATURES.iter().find(|(known, _)| *known == kind) {
            let verdict = if whole { Verdict::PresentUnverifiable } else { Verdict::Truncated };
            let digest = within(image, covers.clone()).and_then(|bytes| hash("sha256", bytes)).unwrap_or_default();
            let check = Check::new(CheckKind::Signature, scheme, covers.clone(), verdict).with("scheme", *scheme);
            part = part.check(check.with("signature", hex(value)).with("digest", hex(&digest)));
        } else {
            part = match kind {
                0x01 => part.field("key_hash", hex(value)),
                0x02 => part.field("public_key", hex(value)),
                0x30..=0x34 => part.encryption(Encryption::Yes, "the trailer has an encrypted key"),
                0x50 => part.field("security_counter", le32(value, 0).or_else(|| be16(value, 0).map(u32::from))),
                _ => part,
            };
        }
        position += 4 + usize::from(len);
    }
    part
}
