//! Fingerprints of hellos: JA3 and JA3S (Salesforce, BSD-3-Clause), JA4 (FoxIO, "JA4 TLS client fingerprint", BSD-3-Clause).

use super::hello::{Hello, extension, is_grease, without_grease};
use crate::app::text::hex;
use md5::{Digest as _, Md5};
use sha2::Sha256;

/// Characters of a hash in JA4 (technical details, "truncated SHA256").
const HASH_CHARS: usize = 12;
/// What stands for the hash of nothing.
const NO_HASH: &str = "000000000000";
/// Largest number of ciphers or extensions that two digits hold.
const MAX_COUNT: usize = 99;

fn join(numbers: impl IntoIterator<Item = u16>) -> String {
    numbers.into_iter().filter(|number| !is_grease(*number)).map(|number| number.to_string()).collect::<Vec<_>>().join("-")
}

/// MD5 over version, ciphers, extensions, groups and point formats, in the order sent.
pub fn ja3(hello: &Hello) -> String {
    let formats = hello.point_formats.iter().map(u8::to_string).collect::<Vec<_>>().join("-");
    let (ciphers, extensions) = (join(hello.ciphers.iter().copied()), join(hello.extensions.iter().copied()));
    let groups = join(hello.groups.iter().copied());
    hex(&Md5::digest(format!("{},{ciphers},{extensions},{groups},{formats}", hello.legacy_version)))
}

/// MD5 over version, cipher and extensions of the server, in the order sent.
pub fn ja3s(hello: &Hello) -> String {
    let (cipher, extensions) = (hello.ciphers.first().copied().unwrap_or(0), hello.extensions.iter());
    let extensions = extensions.map(u16::to_string).collect::<Vec<_>>().join("-");
    hex(&Md5::digest(format!("{},{cipher},{extensions}", hello.legacy_version)))
}

/// JA4 of a ClientHello; `carrier` is `t` over TCP, `q` in QUIC, `d` in DTLS.
pub fn ja4(carrier: char, hello: &Hello) -> String {
    let version = match hello.highest_version() {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    };
    let (mut ciphers, all) = (without_grease(&hello.ciphers), without_grease(&hello.extensions));
    let name = if all.contains(&extension::SERVER_NAME) { 'd' } else { 'i' };
    let (cipher_count, count) = (ciphers.len().min(MAX_COUNT), all.len().min(MAX_COUNT));
    ciphers.sort_unstable();
    let mut extensions: Vec<u16> = all.into_iter().filter(|n| !matches!(*n, extension::SERVER_NAME | extension::ALPN)).collect();
    extensions.sort_unstable();
    let mut last = list(&extensions);
    let algorithms = without_grease(&hello.signature_algorithms);
    if !algorithms.is_empty() {
        last = format!("{last}_{}", list(&algorithms));
    }
    let last = if extensions.is_empty() { NO_HASH.to_owned() } else { short_hash(&last) };
    let first = if ciphers.is_empty() { NO_HASH.to_owned() } else { short_hash(&list(&ciphers)) };
    format!("{carrier}{version}{name}{cipher_count:02}{count:02}{}_{first}_{last}", alpn_characters(hello))
}

/// First and last character of the first ALPN value; of its hex digits where one of the two is no letter or digit.
fn alpn_characters(hello: &Hello) -> String {
    let Some(name) = hello.alpn.first() else { return "00".to_owned() };
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return "00".to_owned() };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(*first), char::from(*last)].iter().collect();
    }
    let digits = hex(name);
    digits.chars().take(1).chain(digits.chars().last()).collect()
}

fn list(numbers: &[u16]) -> String {
    numbers.iter().map(|number| format!("{number:04x}")).collect::<Vec<_>>().join(",")
}

fn short_hash(text: &str) -> String {
    hex(&Sha256::digest(text)).chars().take(HASH_CHARS).collect()
}
