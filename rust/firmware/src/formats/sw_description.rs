//! What a `sw-description` says of its files, in libconfig's syntax or JSON, however it is laid out in lines.
//!
//! Source: libconfig manual, "Configuration Files"; SWUpdate documentation, "SWUpdate: syntax and tags".

use std::collections::{BTreeMap, BTreeSet};

/// Groups in one another that are told apart: SWUpdate's own descriptions have some six.
const MAX_DEPTH: usize = 64;

/// What a description says.
#[derive(Default)]
pub struct Said {
    /// the first version, which is the software's
    pub version: Option<String>,
    /// some file is encrypted
    pub is_encrypted: bool,
    /// SHA-256s by file
    pub hashes: BTreeMap<String, BTreeSet<String>>,
    /// all of them
    pub all_hashes: BTreeSet<String>,
}

/// A group in braces.
#[derive(Default)]
struct Group<'a> {
    file: Option<&'a str>,
    sha256: Option<&'a str>,
}

impl Said {
    /// Reads a description; what is no statement is passed over.
    pub fn of(text: &str) -> Self {
        let mut said = Self::default();
        let mut groups = vec![Group::default()];
        let (mut name, mut is_value) = (None, false);
        for token in Tokens(text) {
            match token {
                Token::Sign('{') => {
                    if groups.len() < MAX_DEPTH {
                        groups.push(Group::default());
                    }
                    (name, is_value) = (None, false);
                }
                Token::Sign('}') => {
                    said.close(groups.pop());
                    if groups.is_empty() {
                        groups.push(Group::default());
                    }
                    (name, is_value) = (None, false);
                }
                Token::Sign('=' | ':') => is_value = name.is_some(),
                Token::Sign(_) => (name, is_value) = (None, false),
                Token::Word(value) if is_value => {
                    said.assign(name.unwrap_or_default(), value, groups.last_mut());
                    (name, is_value) = (None, false);
                }
                Token::Word(word) => name = Some(word),
            }
        }
        while let Some(group) = groups.pop() {
            said.close(Some(group));
        }
        said
    }

    fn assign<'a>(&mut self, name: &str, value: &'a str, group: Option<&mut Group<'a>>) {
        match (name, group) {
            ("version", _) => {
                self.version.get_or_insert_with(|| value.to_owned());
            }
            ("encrypted", _) => self.is_encrypted |= value == "true",
            ("ivt", _) => self.is_encrypted = true,
            ("filename", Some(group)) => group.file = Some(value),
            ("sha256", Some(group)) => {
                let value = value.trim_start_matches('@');
                self.all_hashes.insert(value.to_owned());
                group.sha256 = Some(value);
            }
            _ => {}
        }
    }

    fn close(&mut self, group: Option<Group<'_>>) {
        if let Some(Group { file: Some(file), sha256: Some(sha256) }) = group {
            self.hashes.entry(file.to_owned()).or_default().insert(sha256.to_owned());
        }
    }
}

enum Token<'a> {
    /// A name, a number, or what stands between quotation marks
    Word(&'a str),
    Sign(char),
}

/// The rest of a description, token by token.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.0.trim_start();
            let first = rest.chars().next()?;
            if let Some((end, mark)) = comment(rest) {
                self.0 = rest.find(end).and_then(|at| rest.get(at + mark..)).unwrap_or_default();
                continue;
            }
            let after = rest.get(first.len_utf8()..)?;
            if first == '"' {
                let end = closing(after);
                self.0 = after.get(end + 1..).unwrap_or_default();
                return after.get(..end).map(Token::Word);
            }
            let end = rest.find(|sign: char| !(sign.is_alphanumeric() || "_-.*".contains(sign))).unwrap_or(rest.len());
            if end == 0 {
                self.0 = after;
                return Some(Token::Sign(first));
            }
            let (word, rest) = rest.split_at_checked(end)?;
            self.0 = rest;
            return Some(Token::Word(word));
        }
    }
}

/// What ends the comment that begins here, and its length.
fn comment(rest: &str) -> Option<(&'static str, usize)> {
    if rest.starts_with('#') || rest.starts_with("//") {
        Some(("\n", 1))
    } else {
        rest.starts_with("/*").then_some(("*/", 2))
    }
}

/// Where a text in quotation marks ends: at the first mark that has no backslash before it.
fn closing(text: &str) -> usize {
    let mut is_escaped = false;
    text.bytes()
        .position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        })
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::Said;

    #[test]
    fn the_layout_does_not_matter() {
        for text in [
            "software =\n{\n  version = \"1.4\";\n  images: ({\n    filename = \"a.img\";\n    sha256 = \"ab12\";\n  });\n}\n",
            "software = { version = \"1.4\"; images: ( { sha256 = \"@ab12\"; properties: { x = \"}\"; }; filename = \"a.img\"; } ); }",
            r#"{"software":{"version":"1.4","images":[{"filename":"a.img","sha256":"ab12","note":"a \"quoted\" word"}]}}"#,
            "# sha256 = \"0\"; version = \"0\"\n/* version = \"0\"; */ version=\"1.4\"; images:({filename=\"a.img\"; // sha256 = \"0\"\n sha256=\"ab12\"});",
        ] {
            let said = Said::of(text);
            assert_eq!(said.version.as_deref(), Some("1.4"), "{text}");
            assert!(said.hashes.get("a.img").is_some_and(|all| all.len() == 1 && all.contains("ab12")), "{text}");
            assert!(!said.is_encrypted);
        }
    }

    #[test]
    fn encryption_and_files_without_hash_are_seen() {
        let said = Said::of(r#"images:({filename="a";encrypted=true;},{filename="b";sha256="cd"});"#);
        assert!(said.is_encrypted && !said.hashes.contains_key("a") && said.hashes.contains_key("b"));
        assert!(Said::of("}}}} filename = \"a\" sha256 = \"").hashes.values().all(|all| all.contains("")));
    }
}
