//! One certificate, read field by field as far as it goes.

use super::der::{Der, Element, oid, tag, text, time_ns};
use super::names;
use super::signature::{KeyKind, fits};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Names kept of one subjectAltName: certificates of content networks list up to some hundred.
const MAX_ALTERNATIVE_NAMES: usize = 256;
/// Attributes read of one name.
const MAX_ATTRIBUTES: usize = 64;
/// Extensions read of one certificate.
const MAX_EXTENSIONS: usize = 64;

/// A distinguished name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// attributes as `CN=..., O=...`
    pub text: String,
    /// first common name
    pub common_name: Option<String>,
    /// type (as shown) and value of each attribute
    pub attributes: Vec<(String, String)>,
    /// bytes as sent
    der: Vec<u8>,
}

/// A public key.
#[derive(Clone, Debug)]
pub struct Key<'a> {
    /// rsa, ec ...
    pub kind_name: String,
    /// bits
    pub bits: Option<u32>,
    /// curve
    pub curve: Option<String>,
    /// SubjectPublicKeyInfo
    pub info: &'a [u8],
    kind: KeyKind,
    bytes: &'a [u8],
}

/// What could be read of a certificate.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Certificate<'a> {
    pub version: Option<u32>,
    pub serial: Option<&'a [u8]>,
    pub signature_algorithm: Option<String>,
    pub issuer: Option<Name>,
    pub not_before_ns: Option<i64>,
    pub not_after_ns: Option<i64>,
    pub subject: Option<Name>,
    pub key: Option<Key<'a>>,
    pub alternative_names: Option<Vec<String>>,
    pub is_ca: Option<bool>,
    /// why it could not be read to its end
    pub error: Option<&'static str>,
    signed: &'a [u8],
    signature: Option<&'a [u8]>,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate; fields before the first mistake are there.
    pub fn parse(bytes: &'a [u8]) -> Self {
        let mut read = Self::default();
        read.error = read.read(bytes).err();
        read
    }

    fn read(&mut self, bytes: &'a [u8]) -> Result<(), &'static str> {
        let mut outer = Der::new(bytes);
        let body = match outer.next_if(tag::SEQUENCE) {
            Some(all) => all.body,
            // a certificate cut short: its first part may be there
            None => header_skipped(bytes).ok_or("no certificate")?,
        };
        let mut parts = Der::new(body);
        let whole = parts.next_if(tag::SEQUENCE);
        let inner = match whole {
            Some(signed) => {
                self.signed = signed.whole;
                signed.body
            }
            None => header_skipped(body).ok_or("no certificate")?,
        };
        self.read_signed(inner)?;
        if whole.is_none() {
            return Err("not complete");
        }
        let algorithm = parts.next_if(tag::SEQUENCE).ok_or("no signature algorithm")?;
        let outer_algorithm = algorithm_oid(&algorithm);
        let signature = parts.next_if(tag::BIT_STRING).ok_or("no signature")?;
        self.signature = signature.body.get(1..);
        if outer_algorithm != self.signature_algorithm {
            return Err("two signature algorithms");
        }
        if outer.rest().is_empty() { Ok(()) } else { Err("bytes behind the certificate") }
    }

    /// RFC 5280 4.1: TBSCertificate.
    fn read_signed(&mut self, bytes: &'a [u8]) -> Result<(), &'static str> {
        let mut fields = Der::new(bytes);
        let version = fields.next_if(0xa0).and_then(|wrapped| Der::new(wrapped.body).next_if(tag::INTEGER));
        let number = version.and_then(|number| number.body.last().copied());
        self.version = Some(number.map_or(1, |number| u32::from(number).saturating_add(1)));
        self.serial = Some(fields.next_if(tag::INTEGER).ok_or("no serial number")?.body);
        let algorithm = fields.next_if(tag::SEQUENCE).ok_or("no signature algorithm")?;
        self.signature_algorithm = algorithm_oid(&algorithm);
        self.issuer = Some(Name::read(&fields.next_if(tag::SEQUENCE).ok_or("no issuer")?));
        let mut validity = Der::new(fields.next_if(tag::SEQUENCE).ok_or("no validity")?.body);
        self.not_before_ns = validity.next().as_ref().and_then(time_ns);
        self.not_after_ns = validity.next().as_ref().and_then(time_ns);
        self.subject = Some(Name::read(&fields.next_if(tag::SEQUENCE).ok_or("no subject")?));
        self.key = Some(Key::read(&fields.next_if(tag::SEQUENCE).ok_or("no key")?).ok_or("no key")?);
        fields.next_if(0x81);
        fields.next_if(0x82);
        if let Some(extensions) = fields.next_if(0xa3) {
            self.read_extensions(extensions.body)?;
        }
        if self.not_before_ns.is_none() || self.not_after_ns.is_none() {
            return Err("a time is none");
        }
        if fields.rest().is_empty() { Ok(()) } else { Err("bytes behind the extensions") }
    }

    fn read_extensions(&mut self, bytes: &'a [u8]) -> Result<(), &'static str> {
        let mut list = Der::new(Der::new(bytes).next_if(tag::SEQUENCE).ok_or("no extensions")?.body);
        for _ in 0..MAX_EXTENSIONS {
            let Some(extension) = list.next() else { break };
            let mut parts = Der::new(extension.body);
            let id = parts.next_if(tag::OBJECT_IDENTIFIER).ok_or("an extension without a name")?;
            parts.next_if(tag::BOOLEAN);
            let value = parts.next_if(tag::OCTET_STRING).ok_or("an extension without a value")?;
            match oid(id.body).as_deref() {
                Some("2.5.29.17") => self.alternative_names = Some(alternative_names(value.body)),
                Some("2.5.29.19") => {
                    let inside = Der::new(value.body).next_if(tag::SEQUENCE);
                    let flag = inside.and_then(|all| Der::new(all.body).next_if(tag::BOOLEAN));
                    self.is_ca = Some(flag.is_some_and(|flag| flag.body.first().is_some_and(|byte| *byte != 0)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether it signed itself, and what told that: `signature` or `names`.
    pub fn is_self_signed(&self) -> Option<(bool, &'static str)> {
        let (issuer, subject) = (self.issuer.as_ref()?, self.subject.as_ref()?);
        if issuer.der != subject.der {
            return Some((false, "names"));
        }
        let checked = self.key.as_ref().zip(self.signature).and_then(|(key, signature)| {
            fits(self.signature_algorithm.as_deref()?, key.kind, key.bits, key.bytes, self.signed, signature)
        });
        Some(checked.map_or((true, "names"), |fits| (fits, "signature")))
    }
}

/// What follows an outermost tag and length whose content is cut short.
fn header_skipped(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [tag::SEQUENCE, 0x82, _, _, rest @ ..]
        | [tag::SEQUENCE, 0x83, _, _, _, rest @ ..]
        | [tag::SEQUENCE, 0x81, _, rest @ ..] => Some(rest),
        _ => None,
    }
}

fn algorithm_oid(element: &Element<'_>) -> Option<String> {
    oid(Der::new(element.body).next_if(tag::OBJECT_IDENTIFIER)?.body)
}

impl Name {
    fn read(element: &Element<'_>) -> Self {
        let mut name = Self { der: element.body.to_vec(), ..Self::default() };
        let mut sets = Der::new(element.body);
        while let Some(set) = sets.next() {
            let mut pairs = Der::new(set.body);
            while let Some(pair) = pairs.next() {
                if name.attributes.len() >= MAX_ATTRIBUTES {
                    break;
                }
                let mut parts = Der::new(pair.body);
                let kind = parts.next_if(tag::OBJECT_IDENTIFIER).and_then(|id| oid(id.body));
                let (Some(kind), Some(value)) = (kind, parts.next()) else { continue };
                let value = text(&value);
                if kind == "2.5.4.3" {
                    name.common_name.get_or_insert_with(|| value.clone());
                }
                let kind = names::attribute(&kind).map_or(kind.clone(), str::to_owned);
                name.attributes.push((kind, value));
            }
        }
        // RFC 4514 2.4: what would end a value is escaped
        let shown = name.attributes.iter().map(|(kind, value)| {
            let escaped = value.replace('\\', "\\\\").replace(',', "\\,").replace('+', "\\+").replace('"', "\\\"");
            format!("{kind}={escaped}")
        });
        name.text = shown.collect::<Vec<_>>().join(", ");
        name
    }
}

impl<'a> Key<'a> {
    /// RFC 5280 4.1.2.7, RFC 3279 2.3, RFC 5480 2, RFC 8410 4.
    fn read(element: &Element<'a>) -> Option<Self> {
        let mut parts = Der::new(element.body);
        let mut algorithm = Der::new(parts.next_if(tag::SEQUENCE)?.body);
        let id = oid(algorithm.next_if(tag::OBJECT_IDENTIFIER)?.body)?;
        let parameters = algorithm.next();
        let bytes = parts.next_if(tag::BIT_STRING)?.body.get(1..)?;
        let mut key = Self {
            kind_name: String::new(),
            bits: None,
            curve: None,
            info: element.whole,
            kind: KeyKind::Other,
            bytes,
        };
        let name = match id.as_str() {
            "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" | "2.5.8.1.1" => {
                key.bits = Der::new(bytes).next_if(tag::SEQUENCE).and_then(|both| integer_bits(both.body));
                key.kind = KeyKind::Rsa;
                "rsa"
            }
            "1.2.840.10045.2.1" => {
                let curve = parameters.filter(|one| one.tag == tag::OBJECT_IDENTIFIER).and_then(|one| oid(one.body));
                let known = curve.as_deref().and_then(names::curve);
                key.bits = known.map(|(_, bits)| bits);
                key.curve = known.map(|(name, _)| name.to_owned()).or(curve);
                key.kind = match known {
                    Some(("secp256r1", _)) => KeyKind::P256,
                    Some(("secp384r1", _)) => KeyKind::P384,
                    _ => KeyKind::Other,
                };
                "ec"
            }
            "1.3.101.112" => {
                (key.bits, key.kind) = (Some(256), KeyKind::Ed25519);
                "ed25519"
            }
            "1.3.101.113" => {
                key.bits = Some(456);
                "ed448"
            }
            "1.2.840.10040.4.1" => {
                key.bits = parameters.and_then(|all| integer_bits(all.body));
                "dsa"
            }
            "1.2.840.10046.2.1" => "dh",
            other => other,
        };
        key.kind_name = name.to_owned();
        Some(key)
    }
}

/// Bits of the first integer.
fn integer_bits(bytes: &[u8]) -> Option<u32> {
    let number = Der::new(bytes).next_if(tag::INTEGER)?.body;
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let significant = number.get(zeros..)?;
    let first = significant.first()?;
    u32::try_from(significant.len()).ok()?.checked_mul(8)?.checked_sub(first.leading_zeros())
}

/// RFC 5280 4.2.1.6.
fn alternative_names(bytes: &[u8]) -> Vec<String> {
    let Some(all) = Der::new(bytes).next_if(tag::SEQUENCE) else { return Vec::new() };
    let (mut list, mut found) = (Der::new(all.body), Vec::new());
    while let Some(name) = list.next() {
        let shown = match (name.tag, name.body) {
            (0x82, _) => Some(text(&name)),
            (0x87, body) if body.len() == 4 => {
                body.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets).to_string())
            }
            (0x87, body) if body.len() == 16 => {
                body.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets).to_string())
            }
            (0x81, _) => Some(format!("email:{}", text(&name))),
            (0x86, _) => Some(format!("URI:{}", text(&name))),
            _ => None,
        };
        found.extend(shown);
        if found.len() >= MAX_ALTERNATIVE_NAMES {
            break;
        }
    }
    found
}
