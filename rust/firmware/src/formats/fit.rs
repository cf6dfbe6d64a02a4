//! Flattened device trees, and U-Boot's FIT images, which are such trees.
//!
//! Sources: Devicetree Specification 0.4, chapter 5; U-Boot documentation "Flat Image Tree" (uimage.rst, signature.rst).

use super::{Format, Place};
use crate::bytes::{be32, be_size, hex, upto, within};
use crate::digest::hash;
use crate::part::{Category, Check, CheckKind, Encryption, Part, Verdict};
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::Range;

/// Formats of this file.
pub const FORMATS: &[Format] = &[Format {
    name: "device-tree",
    category: Category::Table,
    places: &[Place::Pattern(&[0xd0, 0x0d, 0xfe, 0xed], 0)],
    parse,
}];

const BEGIN: u32 = 1;
const END: u32 = 2;
const PROPERTY: u32 = 3;
const NOP: u32 = 4;
const MAX_TOKENS: usize = 200_000;
const MAX_DEPTH: usize = 32;
/// Properties kept: FIT images need a few dozen.
const MAX_KEPT: usize = 4096;

type Properties = BTreeMap<String, Range<usize>>;

fn name_at(image: &[u8], at: usize) -> Option<&str> {
    let rest = upto(image, at, 256);
    let end = rest.iter().position(|byte| *byte == 0)?;
    std::str::from_utf8(rest.get(..end)?).ok().filter(|name| name.chars().all(|c| c.is_ascii_graphic()))
}

/// Properties by path, and whether the tree ended as it should.
fn walk(image: &[u8], at: usize, structs: usize, strings: usize) -> Option<(Properties, bool)> {
    let (mut position, mut path, mut found) = (at.checked_add(structs)?, Vec::<String>::new(), Properties::new());
    for _ in 0..MAX_TOKENS {
        let Some(token) = be32(image, position) else { return Some((found, false)) };
        position += 4;
        match token {
            BEGIN => {
                let Some(name) = name_at(image, position) else {
                    return (position + 256 > image.len()).then_some((found, false));
                };
                position = (position + name.len() + 1).checked_next_multiple_of(4)?;
                path.push(name.to_owned());
                if path.len() > MAX_DEPTH {
                    return None;
                }
            }
            END => {
                path.pop()?;
                if path.is_empty() {
                    return Some((found, true));
                }
            }
            PROPERTY => {
                let (Some(len), Some(name)) = (be_size(image, position), be_size(image, position + 4)) else {
                    return Some((found, false));
                };
                let end = (position + 8).checked_add(len)?;
                let named = at.checked_add(strings)?.checked_add(name)?;
                let Some(name) = name_at(image, named) else {
                    return (end > image.len() || named >= image.len()).then_some((found, false));
                };
                if found.len() < MAX_KEPT {
                    found.insert(format!("{}/{name}", path.join("/")), position + 8..end);
                }
                position = end.checked_next_multiple_of(4)?;
            }
            NOP => {}
            _ => return None,
        }
    }
    None
}

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let (total, structs, strings) = (be_size(image, at + 4)?, be_size(image, at + 8)?, be_size(image, at + 12)?);
    let (version, last) = (be32(image, at + 20)?, be32(image, at + 24)?);
    if total < 40 || structs >= total || strings > total || !(16..=17).contains(&version) || last > version {
        return None;
    }
    let (tree, whole) = walk(image, at, structs, strings)?;
    let is_fit = tree.keys().any(|name| name.starts_with("/images/"));
    let text = |name: &str| tree.get(name).and_then(|range| within(image, range.clone())).map(list);
    let mut part = Part::new(
        if is_fit { "fit" } else { "device-tree" },
        if is_fit { Category::Firmware } else { Category::Table },
        at,
    )
    .field("model", text("/model"))
    .field("compatible", text("/compatible"))
    .field("description", text("/description"))
    .field("tree_whole", whole);
    if is_fit {
        let available = upto(image, at, total).len();
        part = fit(part, image, &tree, at + total);
        part.truncated |= available < total || !whole;
    }
    let end = part.checks.iter().map(|check| check.end).max().unwrap_or(0).max(at + total);
    let truncated = part.truncated;
    part = part.length((end - at) as u64, image.len() - at);
    part.truncated |= truncated;
    Some(part.encryption_default())
}

impl Part {
    fn encryption_default(self) -> Self {
        if self.encrypted == Encryption::Unknown {
            self.encryption(Encryption::No, "the tree is readable and names no cipher")
        } else {
            self
        }
    }
}

/// Strings of a property, joined.
fn list(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').replace('\0', ", ")
}

/// Hashes of images are verified; signatures of images and of configurations are listed with what they name.
fn fit(mut part: Part, image: &[u8], tree: &Properties, total: usize) -> Part {
    // data outside of the tree begins at the next multiple of four
    let external = total.next_multiple_of(4);
    let mut images = Vec::new();
    let value = |name: &str| tree.get(name).and_then(|range| within(image, range.clone()));
    for (name, range) in tree {
        let Some(node) = name.strip_suffix("/algo") else { continue };
        let algorithm = within(image, range.clone()).map(list).unwrap_or_default();
        let (owner, leaf) = node.rsplit_once('/').unwrap_or((node, ""));
        let number = |key: &str| value(&format!("{owner}/{key}")).and_then(|bytes| be_size(bytes, 0));
        let data = match (tree.get(&format!("{owner}/data")), number("data-offset"), number("data-position")) {
            (Some(range), ..) => Some(range.clone()),
            (None, Some(offset), _) => number("data-size").map(|size| external + offset..external + offset + size),
            (None, None, Some(position)) => number("data-size").map(|size| position..position + size),
            _ => None,
        };
        let stored = value(&format!("{node}/value"));
        if leaf.starts_with("hash") {
            let Some(data) = data else { continue };
            let computed = within(image, data.clone()).and_then(|bytes| hash(&algorithm, bytes));
            let kind = if algorithm == "crc32" { CheckKind::Checksum } else { CheckKind::Hash };
            let check = Check::compare(kind, &algorithm, data.clone(), stored.map(<[u8]>::to_vec), computed);
            images.push(json!({"name": owner, "offset": data.start, "bytes": data.len()}));
            part = part.check(check.with("node", owner)).holds(data.start);
        } else if leaf.starts_with("signature") {
            let verdict = if stored.is_some() { Verdict::PresentUnverifiable } else { Verdict::Truncated };
            let hint = value(&format!("{node}/key-name-hint")).map(list);
            let covers = data.unwrap_or(part.offset..total);
            let mut check = Check::new(CheckKind::Signature, &algorithm, covers, verdict)
                .with("scheme", algorithm.clone())
                .with("node", owner)
                .with("signature", stored.map(hex).unwrap_or_default());
            if let Some(hint) = hint {
                check = check.with("key_name", hint);
            }
            part = part.check(check.with("of_configuration", owner.starts_with("/configurations/")));
        }
    }
    if tree.keys().any(|name| name.contains("/cipher")) {
        part = part.encryption(Encryption::Yes, "an image has a cipher node");
    }
    part.field("images", images)
}
