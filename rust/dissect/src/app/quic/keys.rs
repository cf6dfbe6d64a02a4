//! Keys of Initial packets (RFC 9001 5.2): anyone who sees the connection's first packet can compute them.

use crate::app::text;
use ring::aead::quic::{AES_128, HeaderProtectionKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

/// QUIC version 1 (RFC 9000).
pub const V1: u32 = 1;
/// QUIC version 2 (RFC 9369).
pub const V2: u32 = 0x6b33_43cf;
/// Google's with the IETF's packets: its own handshake in Q050, TLS in the others.
pub const Q050: u32 = u32::from_be_bytes(*b"Q050");
const T050: u32 = u32::from_be_bytes(*b"T050");
const T051: u32 = u32::from_be_bytes(*b"T051");
/// Bytes of ciphertext that header protection looks at, and of an authentication tag (RFC 9001 5.4.2, 5.3).
const SAMPLE_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
/// Where the sample begins, counted from the packet number.
const SAMPLE_OFFSET: usize = 4;

const V1_SALT: &[u8; 20] = b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a";
const DRAFT_29_SALT: &[u8; 20] = b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99";

/// Salts that a version may have: RFC 9001 5.2, RFC 9369 3.3.1, the drafts of draft-ietf-quic-tls from 22 on,
/// Facebook's mvfst with the same (0xfaceb001 with that of draft 22), Google's Q050, T050 and T051 with their own
/// (`InitialSaltForVersion` in Chromium's crypto_utils.cc). A reserved version goes with any.
fn salts(version: u32) -> &'static [&'static [u8; 20]] {
    match version {
        V1 | 0xff00_0021 | 0xff00_0022 => &[V1_SALT],
        V2 => &[b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9"],
        0xff00_001d..=0xff00_0020 => &[DRAFT_29_SALT],
        0xff00_0017..=0xff00_001c | 0xface_b002 | 0xface_b00e => &[b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02"],
        0xff00_0016 | 0xface_b001 => &[b"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a"],
        Q050 => &[b"\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45"],
        T050 => &[b"\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10"],
        T051 => &[b"\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d"],
        _ if is_reserved(version) => &[V1_SALT, DRAFT_29_SALT],
        _ => &[],
    }
}

/// Whether a version is one of those that are named to make the server negotiate (RFC 9000 15).
pub fn is_reserved(version: u32) -> bool {
    version & 0x0f0f_0f0f == 0x0a0a_0a0a
}

/// Whether packets of a version can be read.
pub fn is_known(version: u32) -> bool {
    !salts(version).is_empty()
}

/// A version as people write it.
pub fn name(version: u32) -> String {
    let letters = version.to_be_bytes();
    match version {
        V1 => "v1".to_owned(),
        V2 => "v2".to_owned(),
        _ if letters.iter().all(u8::is_ascii_alphanumeric) => text::lossy(&letters),
        _ => format!("{version:08x}"),
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label without context (RFC 8446 7.1).
fn expand<const N: usize>(secret: &Prk, label: &str) -> Option<[u8; N]> {
    let length = u16::try_from(N).ok()?.to_be_bytes();
    let label_length = [u8::try_from(label.len()).ok()?.checked_add(6)?];
    let mut out = [0; N];
    secret.expand(&[&length, &label_length, b"tls13 ", label.as_bytes(), &[0]], Length(N)).ok()?.fill(&mut out).ok()?;
    Some(out)
}

/// Keys of one direction.
pub struct Keys {
    header: HeaderProtectionKey,
    packet: LessSafeKey,
    iv: [u8; NONCE_LEN],
}

impl Keys {
    /// Keys that the client's or the server's Initial packets may have; none for a version without known salt.
    pub fn initial(version: u32, connection_id: &[u8], is_client: bool) -> impl Iterator<Item = Self> {
        salts(version).iter().filter_map(move |salt| Self::derive(version, *salt, connection_id, is_client))
    }

    fn derive(version: u32, salt: &[u8], connection_id: &[u8], is_client: bool) -> Option<Self> {
        let secret = Salt::new(HKDF_SHA256, salt).extract(connection_id);
        let side: [u8; 32] = expand(&secret, if is_client { "client in" } else { "server in" })?;
        let side = Prk::new_less_safe(HKDF_SHA256, &side);
        let name = |v1: &'static str, v2: &'static str| if version == V2 { v2 } else { v1 };
        let key: [u8; 16] = expand(&side, name("quic key", "quicv2 key"))?;
        let header: [u8; 16] = expand(&side, name("quic hp", "quicv2 hp"))?;
        Some(Self {
            header: HeaderProtectionKey::new(&AES_128, &header).ok()?,
            packet: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?),
            iv: expand(&side, name("quic iv", "quicv2 iv"))?,
        })
    }

    /// Decrypts a packet whose packet number begins at `number_at`; `None` where the keys do not fit.
    pub fn open(&self, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
        let sample_at = number_at.checked_add(SAMPLE_OFFSET)?;
        let sample = packet.get(sample_at..sample_at.checked_add(SAMPLE_BYTES)?)?;
        let [first_mask, number_mask @ ..] = self.header.new_mask(sample).ok()?;
        let mut bytes = packet.to_vec();
        let first = bytes.first_mut()?;
        *first ^= first_mask & 0x0f;
        let number_bytes = usize::from(*first & 3).checked_add(1)?;
        let payload_at = number_at.checked_add(number_bytes)?;
        let mut number = 0u64;
        for (byte, mask) in bytes.get_mut(number_at..payload_at)?.iter_mut().zip(number_mask) {
            *byte ^= mask;
            // Initial packets are few: the number on the wire is the whole one
            number = number << 8 | u64::from(*byte);
        }
        let mut nonce = self.iv;
        for (byte, part) in nonce.iter_mut().rev().zip(number.to_be_bytes().into_iter().rev()) {
            *byte ^= part;
        }
        let (header, payload) = bytes.split_at_mut_checked(payload_at)?;
        if payload.len() < TAG_BYTES {
            return None;
        }
        let plain = self.packet.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(&*header), payload).ok()?;
        Some(plain.to_vec())
    }

    /// Encrypts a packet whose header ends with a packet number of one byte.
    #[cfg(any(test, fuzzing))]
    #[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    pub fn seal(&self, header: Vec<u8>, number: u8, mut payload: Vec<u8>) -> Vec<u8> {
        let mut nonce = self.iv;
        nonce[NONCE_LEN - 1] ^= number;
        self.packet.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&header), &mut payload).unwrap();
        let number_at = header.len() - 1;
        let mut bytes = [header, payload].concat();
        let mask = self.header.new_mask(&bytes[number_at + SAMPLE_OFFSET..][..SAMPLE_BYTES]).unwrap();
        bytes[0] ^= mask[0] & 0x0f;
        bytes[number_at] ^= mask[1];
        bytes
    }
}
