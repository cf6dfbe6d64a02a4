//! SWUpdate: a cpio archive that begins with `sw-description`.
//!
//! Source: SWUpdate documentation, "SWUpdate: syntax and tags" and "Update images from verified source".

use super::archives::{CpioEntry, MAX_NAMES, cpio_entries};
use super::sw_description::Said;
use super::{Format, Place};
use crate::bytes::{hex, within};
use crate::digest::hash;
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format {
    name: "swupdate",
    category: Category::Firmware,
    places: &[Place::Pattern(b"sw-description\0", 110)],
    parse,
}];

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let (entries, end, whole) = cpio_entries(image, at)?;
    let description = entries.first().filter(|entry| entry.name == "sw-description")?;
    let said = within(image, description.data.clone()).map(|bytes| Said::of(&String::from_utf8_lossy(bytes)));
    let checks: Vec<Check> = said.as_ref().map_or_else(Vec::new, |said| {
        // Each image is bound by its hash in the description, which the signature covers.
        let files = entries.iter().skip(1).filter(|entry| !entry.name.starts_with("sw-description"));
        files.map(|entry| bound(image, entry, said)).collect()
    });
    let signature = entries.get(1).filter(|entry| entry.name == "sw-description.sig");
    let mut part = Part::new("swupdate", Category::Firmware, at)
        .field("files", entries.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>());
    part.length = Some((end - at) as u64);
    part.truncated = !whole;
    if let Some(entry) = signature {
        let value = within(image, entry.data.clone());
        let verdict = if value.is_some() { Verdict::PresentUnverifiable } else { Verdict::Truncated };
        let form = match value {
            Some([0x30, 0x82, ..]) => "CMS",
            Some(bytes) if bytes.starts_with(b"-----BEGIN PGP") || bytes.first().is_some_and(|b| b & 0xc0 == 0x80) && bytes.len() < 256 => "OpenPGP",
            _ => "RSA",
        };
        let check = Check::new(CheckKind::Signature, "sw-description.sig", description.data.clone(), verdict);
        let open = open_files(&checks);
        let check = if open.is_empty() { check } else { check.with("not_covered", open) };
        part = part.check(
            check
                .with("scheme", form)
                .with("signature_at", entry.data.start)
                .with("signature_end", entry.data.end)
                .with("digest", within(image, description.data.clone()).and_then(|bytes| hash("sha256", bytes)).map(|digest| hex(&digest)))
                .with("signature", value.filter(|_| form == "RSA").map(hex)),
        );
    }
    let Some(said) = said else { return Some(part) };
    part = part.field("version", said.version.clone());
    for check in checks {
        let at = check.start;
        part = part.check(check).holds(at);
    }
    let (state, reason) = if said.is_encrypted {
        (Encryption::Yes, "sw-description says: encrypted")
    } else {
        (Encryption::No, "sw-description names no encryption")
    };
    Some(part.encryption(state, reason))
}

const UNBOUND: &str = "cpio without hash";

fn bound(image: &[u8], entry: &CpioEntry, said: &Said) -> Check {
    let computed = within(image, entry.data.clone()).and_then(|bytes| hash("sha256", bytes)).map(|digest| hex(&digest));
    let stated = said.hashes.get(&entry.name);
    let check = match (computed, stated) {
        (None, _) => Check::new(CheckKind::Hash, "sha256", entry.data.clone(), Verdict::Truncated),
        (Some(computed), None) if !said.all_hashes.contains(&computed) => {
            Check::new(CheckKind::Checksum, UNBOUND, entry.data.clone(), Verdict::PresentUnverifiable)
        }
        (Some(computed), stated) => {
            let valid = stated.is_none_or(|all| all.contains(&computed));
            Check::new(CheckKind::Hash, "sha256", entry.data.clone(), if valid { Verdict::Valid } else { Verdict::Invalid })
        }
    };
    check.with("file", entry.name.clone())
}

/// Files of which the description tells no hash: who changes them need not change what is signed.
fn open_files(checks: &[Check]) -> Vec<String> {
    let open = checks.iter().filter(|check| check.name == UNBOUND);
    open.filter_map(|check| check.detail.get("file").and_then(|file| file.as_str().map(str::to_owned))).take(MAX_NAMES).collect()
}
