//! Flattened device trees, and U-Boot's FIT images, which are such trees.
//!
//! Sources: Devicetree Specification 0.4, chapter 5; U-Boot documentation "Flat Image Tree" (uimage.rst, signature.rst).

use super::{Format, Place, fit_signature};
use crate::bytes::{be32, be_size, upto, within};
use crate::digest::hash;
use crate::part::{Category, Check, CheckKind, Encryption, Part};
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
const FINISH: u32 = 9;
const MAX_NAME: usize = 256;
const MAX_TOKENS: usize = 200_000;
const MAX_DEPTH: usize = 32;
/// Properties kept: FIT images need a few dozen.
const MAX_KEPT: usize = 4096;
/// Hashes and signatures of one tree go over this many bytes, as a multiple of the image: each image has one or two.
const MAX_HASHED: usize = 8;

/// Values by path.
pub type Properties = BTreeMap<String, Range<usize>>;

/// A token of the structure block.
pub enum Token<'a> {
    /// a node begins
    Begin(&'a str),
    /// a node ends
    End,
    /// where its value is, and where its name is among the strings
    Property(Range<usize>, usize),
    /// nothing
    Nop,
    /// the block ends
    Finish,
}

/// A token, and where the next one begins.
pub fn token(image: &[u8], position: usize) -> Option<(Token<'_>, usize)> {
    let at = position.checked_add(4)?;
    Some(match be32(image, position)? {
        BEGIN => {
            let name = name_at(image, at)?;
            // the block is aligned with the tree, which need not be with the image
            (Token::Begin(name), at.checked_add((name.len() + 1).next_multiple_of(4))?)
        }
        END => (Token::End, at),
        PROPERTY => {
            let (len, name) = (be_size(image, at)?, be_size(image, at + 4)?);
            let value = at + 8..(at + 8).checked_add(len)?;
            let next = (at + 8).checked_add(len.checked_next_multiple_of(4)?)?;
            (Token::Property(value, name), next)
        }
        NOP => (Token::Nop, at),
        FINISH => (Token::Finish, at),
        _ => return None,
    })
}

fn name_at(image: &[u8], at: usize) -> Option<&str> {
    let rest = upto(image, at, MAX_NAME);
    let end = rest.iter().position(|byte| *byte == 0)?;
    std::str::from_utf8(rest.get(..end)?).ok().filter(|name| name.chars().all(|c| c.is_ascii_graphic()))
}

/// A tree that was read.
pub struct Tree<'a> {
    /// all bytes, the tree among them
    pub image: &'a [u8],
    /// where its structure begins
    pub structs: usize,
    /// where the names of its properties begin
    pub strings: usize,
    /// values by path
    pub properties: Properties,
    /// whether it ended as it should
    pub whole: bool,
}

impl<'a> Tree<'a> {
    fn read(image: &'a [u8], structs: usize, strings: usize) -> Option<Self> {
        let mut tree = Self { image, structs, strings, properties: Properties::new(), whole: false };
        let (mut position, mut path) = (structs, Vec::<&str>::new());
        for _ in 0..MAX_TOKENS {
            let Some((found, next)) = token(image, position) else {
                return (position.saturating_add(MAX_NAME) > image.len()).then_some(tree);
            };
            match found {
                Token::Begin(name) => {
                    path.push(name);
                    if path.len() > MAX_DEPTH {
                        return None;
                    }
                }
                Token::End => {
                    path.pop()?;
                    if path.is_empty() {
                        tree.whole = true;
                        return Some(tree);
                    }
                }
                Token::Property(value, name) => {
                    let Some(name) = tree.name(name) else {
                        let is_cut = value.end > image.len() || strings.saturating_add(name) >= image.len();
                        return is_cut.then_some(tree);
                    };
                    if tree.properties.len() < MAX_KEPT {
                        tree.properties.insert(format!("{}/{name}", path.join("/")), value);
                    }
                }
                Token::Nop => {}
                Token::Finish => return None,
            }
            position = next;
        }
        None
    }

    /// The name of a property.
    pub fn name(&self, offset: usize) -> Option<&'a str> {
        name_at(self.image, self.strings.checked_add(offset)?)
    }

    /// The value of a property.
    pub fn value(&self, path: &str) -> Option<&'a [u8]> {
        self.properties.get(path).and_then(|range| within(self.image, range.clone()))
    }
}

fn parse(image: &[u8], at: usize) -> Option<Part> {
    let (total, structs, strings) = (be_size(image, at + 4)?, be_size(image, at + 8)?, be_size(image, at + 12)?);
    let (version, last) = (be32(image, at + 20)?, be32(image, at + 24)?);
    if total < 40 || structs >= total || strings > total || !(16..=17).contains(&version) || last > version {
        return None;
    }
    let tree = Tree::read(image, at.checked_add(structs)?, at.checked_add(strings)?)?;
    let is_fit = tree.properties.keys().any(|name| name.starts_with("/images/"));
    let text = |name: &str| tree.value(name).map(list);
    let mut part = Part::new(
        if is_fit { "fit" } else { "device-tree" },
        if is_fit { Category::Firmware } else { Category::Table },
        at,
    )
    .field("model", text("/model"))
    .field("compatible", text("/compatible"))
    .field("description", text("/description"))
    .field("tree_whole", tree.whole);
    if is_fit {
        let available = upto(image, at, total).len();
        part = fit(part, &tree, at + total);
        part.truncated |= available < total || !tree.whole;
    }
    part = fit_signature::with_keys(part, &tree);
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
pub fn list(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').replace('\0', ", ")
}

/// Hashes of images are verified; signatures of images and of configurations are told with what they cover.
fn fit(mut part: Part, tree: &Tree<'_>, total: usize) -> Part {
    // data outside of the tree begins at the next multiple of four
    let external = part.offset + (total - part.offset).next_multiple_of(4);
    let mut images = Vec::new();
    let mut left = tree.image.len().saturating_mul(MAX_HASHED);
    for (name, range) in &tree.properties {
        let Some(node) = name.strip_suffix("/algo") else { continue };
        let algorithm = within(tree.image, range.clone()).map(list).unwrap_or_default();
        let (owner, leaf) = node.rsplit_once('/').unwrap_or((node, ""));
        let data = data(tree, owner, external);
        left = left.saturating_sub(data.as_ref().map_or(0, Range::len));
        if left == 0 {
            break;
        }
        if leaf.starts_with("hash") {
            let Some(data) = data else { continue };
            let stored = tree.value(&format!("{node}/value"));
            let computed = within(tree.image, data.clone()).and_then(|bytes| hash(&algorithm, bytes));
            let kind = if algorithm == "crc32" { CheckKind::Checksum } else { CheckKind::Hash };
            let check = Check::compare(kind, &algorithm, data.clone(), stored.map(<[u8]>::to_vec), computed);
            images.push(json!({"name": owner, "offset": data.start, "bytes": data.len()}));
            part = part.check(check.with("node", owner)).holds(data.start);
        } else if leaf.starts_with("signature") {
            let whole = part.offset..total;
            part = part.check(fit_signature::check(tree, node, &algorithm, data, whole));
        }
    }
    if tree.properties.keys().any(|name| name.contains("/cipher")) {
        part = part.encryption(Encryption::Yes, "an image has a cipher node");
    }
    part.field("images", images)
}

/// Where an image's data is: in the tree, or behind it.
fn data(tree: &Tree<'_>, owner: &str, external: usize) -> Option<Range<usize>> {
    if let Some(range) = tree.properties.get(&format!("{owner}/data")) {
        return Some(range.clone());
    }
    let number = |name: &str| tree.value(&format!("{owner}/{name}")).and_then(|bytes| be_size(bytes, 0));
    let size = number("data-size")?;
    let start = number("data-offset").map_or_else(|| number("data-position"), |offset| external.checked_add(offset))?;
    Some(start..start.checked_add(size)?)
}
