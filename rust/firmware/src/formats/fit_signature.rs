//! Signatures of U-Boot's FIT images: which bytes they cover, and the keys of control device trees that verify them.
//!
//! A signature of an image covers its data. One of a configuration covers nodes of the tree that it names itself: all of a named
//! node but its data, and where its children begin and end; then the end of the tree and the first of its names. So the data
//! is covered by the hashes that such nodes hold.
//!
//! Source: U-Boot documentation "U-Boot FIT Signature Verification" (signature.rst), "Device Tree Control" for the keys.

use super::fit::{Properties, Token, Tree, list, token};
use crate::bytes::{be_size, hex, within};
use crate::part::{Check, CheckKind, Part, Verdict};
use serde_json::{Map, Value, json};
use std::ops::Range;

/// Properties that no signature covers: data is covered by its hash, and may be moved out of the tree.
const LEFT_OUT: [&str; 4] = ["data", "data-size", "data-position", "data-offset"];
const MAX_TOKENS: usize = 200_000;
/// Trees without their data have some kilobytes.
const MAX_SIGNED: usize = 1 << 20;

/// How much of a node a signature covers.
#[derive(Clone, Copy, PartialEq)]
enum Covered {
    Nothing,
    Ends,
    All,
}

/// The signature at `node`: `data` is what it covers where it is one of an image.
pub fn check(tree: &Tree<'_>, node: &str, algorithm: &str, data: Option<Range<usize>>, whole: Range<usize>) -> Check {
    let value = |name: &str| tree.value(&format!("{node}/{name}"));
    let owner = node.rsplit_once('/').map_or(node, |(owner, _)| owner);
    let stored = value("value");
    let (digest_name, _) = algorithm.split_once(',').unwrap_or((algorithm, ""));
    let of_configuration = owner.starts_with("/configurations/");
    let nodes = value("hashed-nodes").map(texts).unwrap_or_default();
    let signed = if of_configuration {
        let names = value("hashed-strings").and_then(|bytes| be_size(bytes, 4)).unwrap_or(0);
        signed_tree(tree, &nodes, names)
    } else {
        data.clone().and_then(|data| within(tree.image, data)).map(<[u8]>::to_vec)
    };
    let digest = signed.and_then(|bytes| crate::digest::hash(digest_name, &bytes)).unwrap_or_default();
    let verdict = if stored.is_some() { Verdict::PresentUnverifiable } else { Verdict::Truncated };
    let mut found = Check::new(CheckKind::Signature, algorithm, data.unwrap_or(whole), verdict)
        .with("scheme", algorithm)
        .with("node", owner)
        .with("hash", digest_name)
        .with("digest", hex(&digest))
        .with("padding", value("padding").map_or_else(|| "pkcs-1.5".to_owned(), list))
        .with("signature", stored.map(hex).unwrap_or_default())
        .with("of_configuration", of_configuration);
    if let Some(hint) = value("key-name-hint").map(list) {
        found = found.with("key_name", hint);
    }
    if of_configuration {
        found = found.with("not_covered", not_covered(&tree.properties, owner, &nodes, tree.image));
    }
    found
}

/// What a signature of a configuration covers, one piece behind the other.
fn signed_tree(tree: &Tree<'_>, nodes: &[String], names: usize) -> Option<Vec<u8>> {
    let (mut position, mut path, mut signed) = (tree.structs, Vec::<&str>::new(), Vec::new());
    let mut around = Vec::new();
    let mut covered = Covered::Nothing;
    for _ in 0..MAX_TOKENS {
        let (found, next) = token(tree.image, position)?;
        let take = match found {
            Token::Begin(name) => {
                path.push(name);
                around.push(covered);
                let whole = if path.len() == 1 { "/".to_owned() } else { path.join("/") };
                covered = match covered {
                    _ if nodes.contains(&whole) => Covered::All,
                    Covered::All => Covered::Ends,
                    _ => Covered::Nothing,
                };
                covered != Covered::Nothing
            }
            Token::End => {
                path.pop()?;
                let take = covered != Covered::Nothing;
                covered = around.pop()?;
                take
            }
            Token::Property(_, name) => covered == Covered::All && !LEFT_OUT.contains(&tree.name(name)?),
            Token::Nop => covered == Covered::All,
            Token::Finish => true,
        };
        if take {
            signed.extend_from_slice(within(tree.image, position..next)?);
        }
        if matches!(found, Token::Finish) {
            signed.extend_from_slice(within(tree.image, tree.strings..tree.strings.checked_add(names)?)?);
            return Some(signed);
        }
        if signed.len() > MAX_SIGNED {
            return None;
        }
        position = next;
    }
    None
}

/// Images of a configuration whose content could be exchanged under the signature: they, or no hash of theirs, are among its nodes.
fn not_covered(properties: &Properties, owner: &str, nodes: &[String], image: &[u8]) -> Vec<String> {
    let under = format!("{owner}/");
    let values = properties.range(under.clone()..).take_while(|(name, _)| name.starts_with(&under));
    let mut open: Vec<String> = values
        .filter(|(name, _)| name.strip_prefix(&under).is_some_and(|name| !name.contains('/')))
        .filter_map(|(_, range)| within(image, range.clone()).map(texts))
        .flat_map(|names| names.into_iter().map(|name| format!("/images/{name}")))
        .filter(|node| {
            let hashes = format!("{node}/hash");
            properties.contains_key(&format!("{node}/type"))
                && !(nodes.contains(node) && nodes.iter().any(|other| other.starts_with(&hashes)))
        })
        .collect();
    open.dedup();
    open
}

/// Texts that each end in a zero byte.
fn texts(bytes: &[u8]) -> Vec<String> {
    let pieces = bytes.split(|byte| *byte == 0).filter(|piece| !piece.is_empty());
    pieces.map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
}

/// A part with the keys for signatures that a control device tree has.
pub fn with_keys(part: Part, tree: &Tree<'_>) -> Part {
    // keys of RSA have a modulus, those on curves the curve's name
    let is_key = |name: &str| {
        let node = name.strip_prefix("/signature/")?;
        node.strip_suffix("/rsa,modulus").or_else(|| node.strip_suffix("/ecdsa,curve")).map(str::to_owned)
    };
    let nodes = tree.properties.keys().filter_map(|name| is_key(name));
    let keys: Vec<Value> = nodes.map(|node| key(tree, &node)).collect();
    part.field("signature_keys", if keys.is_empty() { Value::Null } else { Value::Array(keys) })
}

fn key(tree: &Tree<'_>, node: &str) -> Value {
    let value = |name: &str| tree.value(&format!("/signature/{node}/{name}"));
    let mut key = Map::new();
    let node_name = || node.strip_prefix("key-").unwrap_or(node).to_owned();
    key.insert("name".to_owned(), json!(value("key-name-hint").map_or_else(node_name, list)));
    for (name, property) in
        [("modulus", "rsa,modulus"), ("exponent", "rsa,exponent"), ("x", "ecdsa,x-point"), ("y", "ecdsa,y-point")]
    {
        if let Some(bytes) = value(property) {
            key.insert(name.to_owned(), json!(hex(bytes)));
        }
    }
    if let Some(curve) = value("ecdsa,curve") {
        key.insert("curve".to_owned(), json!(list(curve)));
    }
    Value::Object(key)
}
