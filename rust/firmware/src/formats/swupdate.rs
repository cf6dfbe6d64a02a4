//! SWUpdate: a cpio archive that begins with `sw-description`.
//!
//! Source: SWUpdate documentation, "SWUpdate: syntax and tags" and "Update images from verified source".

use super::archives::{CpioEntry, cpio_entries};
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
    let text = within(image, description.data.clone()).map(String::from_utf8_lossy);
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
        part = part.check(
            check
                .with("scheme", form)
                .with("signature_at", entry.data.start)
                .with("signature_end", entry.data.end)
                .with("digest", within(image, description.data.clone()).and_then(|bytes| hash("sha256", bytes)).map(|digest| hex(&digest)))
                .with("signature", value.filter(|_| form == "RSA").map(hex)),
        );
    }
    let Some(text) = text else { return Some(part) };
    part = part.field("version", assigned(&text, "version").next());
    // Each image is bound by its hash in the description, which the signature covers.
    for entry in entries.iter().skip(1).filter(|entry| !entry.name.starts_with("sw-description")) {
        part = part.check(bound(image, entry, &text)).holds(entry.data.start);
    }
    let encrypted = assigned(&text, "encrypted").any(|value| value == "true") || assigned(&text, "ivt").next().is_some();
    let (state, reason) = if encrypted {
        (Encryption::Yes, "sw-description says: encrypted")
    } else {
        (Encryption::No, "sw-description names no encryption")
    };
    Some(part.encryption(state, reason))
}

fn bound(image: &[u8], entry: &CpioEntry, text: &str) -> Check {
    let computed = within(image, entry.data.clone()).and_then(|bytes| hash("sha256", bytes)).map(|digest| hex(&digest));
    let stated: Vec<String> = assigned(text, "sha256").collect();
    let near = text.find(&format!("\"{}\"", entry.name)).and_then(|at| {
        let block = text.get(at..)?;
        assigned(block.split('}').next()?, "sha256").next()
    });
    match (computed, stated.is_empty()) {
        (None, _) => Check::new(CheckKind::Hash, "sha256", entry.data.clone(), Verdict::Truncated),
        (Some(_), true) => Check::new(CheckKind::Checksum, "cpio without hash", entry.data.clone(), Verdict::PresentUnverifiable),
        (Some(computed), false) => {
            let valid = near.map_or_else(|| stated.contains(&computed), |stated| stated == computed);
            let verdict = if valid { Verdict::Valid } else { Verdict::Invalid };
            Check::new(CheckKind::Hash, "sha256", entry.data.clone(), verdict)
        }
    }
    .with("file", entry.name.clone())
}

/// Values of `name = "value";` as libconfig writes it, and of `"name": "value"` as JSON does.
fn assigned<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    text.lines().filter_map(move |line| {
        let line = line.trim().trim_start_matches('"');
        let rest = line.strip_prefix(name)?.trim_start_matches('"').trim_start();
        let value = rest.strip_prefix(['=', ':'])?.trim().trim_end_matches([';', ',']).trim();
        Some(value.trim_matches('"').trim_start_matches('@').to_owned())
    })
}
