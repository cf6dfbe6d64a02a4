//! RAUC bundles: an image with CMS behind it, whose length is in the last 8 bytes.
//!
//! Source: RAUC documentation, "Bundle Formats" (plain, verity, crypt).

use super::der::element;
use super::{Format, Place};
use crate::bytes::{array, be64, within};
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format { name: "rauc", category: Category::Firmware, places: &[Place::Tail], parse }];

/// Object identifiers of CMS: signedData and envelopedData (RFC 5652).
const SIGNED: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const ENVELOPED: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
/// Largest CMS: chains and recipients of a whole fleet fit.
const MAX_CMS: u64 = 16 << 20;

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let stored = be64(image, image.len().checked_sub(8)?).filter(|size| *size > 64 && *size <= MAX_CMS)?;
    let end = image.len() - 8;
    let start = end.checked_sub(usize::try_from(stored).ok()?)?;
    let (header, body) = element(image, start).filter(|_| image.get(start) == Some(&0x30))?;
    if start + header + body != end || start <= at {
        return None;
    }
    let kind = within(image, start + header..start + header + SIGNED.len())?;
    let squashfs = array(image, at) == Some(*b"hsqs");
    let part = Part::new("rauc", Category::Firmware, at)
        .length((image.len() - at) as u64, image.len() - at)
        .field("cms_bytes", stored)
        .field("cms_offset", start);
    if kind == SIGNED {
        let check = Check::new(CheckKind::Signature, "CMS", at..start, Verdict::PresentUnverifiable)
            .with("scheme", "cms")
            .with("signature_at", start)
            .with("signature_end", end);
        let part = part.check(check);
        Some(if squashfs {
            part.field("content", "squashfs").encryption(Encryption::No, "a squashfs is readable").holds(at)
        } else {
            part.field("content", "opaque").encryption(
                Encryption::Yes,
                "the signed manifest is readable, the payload is no squashfs: format crypt",
            )
        })
    } else if kind == ENVELOPED {
        let check = Check::new(CheckKind::Signature, "CMS inside an envelope", at..start, Verdict::PresentUnverifiable);
        Some(part.check(check).opaque().field("content", "opaque").encryption(
            Encryption::Yes,
            "the manifest is in CMS envelopedData: only recipients can read it and its signature",
        ))
    } else {
        None
    }
}
