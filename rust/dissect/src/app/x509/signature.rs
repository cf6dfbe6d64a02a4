//! Whether a certificate's signature fits a key.

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

/// What kind of key a certificate holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyKind {
    /// RSA (PKCS #1)
    Rsa,
    /// elliptic curve P-256
    P256,
    /// elliptic curve P-384
    P384,
    /// Ed25519
    Ed25519,
    /// any other
    Other,
}

/// The algorithm of an object identifier (RFC 4055, RFC 5758, RFC 8410) for such a key.
fn algorithm(oid: &str, key: KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (oid, key) {
        ("1.2.840.113549.1.1.5", KeyKind::Rsa) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        ("1.2.840.113549.1.1.11", KeyKind::Rsa) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        ("1.2.840.113549.1.1.12", KeyKind::Rsa) => &signature::RSA_PKCS1_2048_8192_SHA384,
        ("1.2.840.113549.1.1.13", KeyKind::Rsa) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        ("1.2.840.10045.4.3.2", KeyKind::P256) => &signature::ECDSA_P256_SHA256_ASN1,
        ("1.2.840.10045.4.3.3", KeyKind::P256) => &signature::ECDSA_P256_SHA384_ASN1,
        ("1.2.840.10045.4.3.2", KeyKind::P384) => &signature::ECDSA_P384_SHA256_ASN1,
        ("1.2.840.10045.4.3.3", KeyKind::P384) => &signature::ECDSA_P384_SHA384_ASN1,
        ("1.3.101.112", KeyKind::Ed25519) => &signature::ED25519,
        _ => return None,
    })
}

/// Whether `signature` over `signed` fits the key; `None` where such signatures are not supported (MD5, DSA, small keys).
pub fn fits(
    oid: &str,
    kind: KeyKind,
    key_bits: Option<u32>,
    key: &[u8],
    signed: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let algorithm = algorithm(oid, kind)?;
    let smallest = if oid == "1.2.840.113549.1.1.12" { 2048 } else { 1024 };
    if kind == KeyKind::Rsa && key_bits.is_none_or(|bits| !(smallest..=8192).contains(&bits)) {
        return None;
    }
    Some(UnparsedPublicKey::new(algorithm, key).verify(signed, signature).is_ok())
}
