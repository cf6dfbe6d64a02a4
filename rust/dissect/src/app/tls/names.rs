//! Names of numbers in IANA's registry "Transport Layer Security (TLS) Parameters".

use std::sync::LazyLock;

/// Cipher suites: number in hex, name.
static CIPHERS: LazyLock<Vec<(u16, &'static str)>> = LazyLock::new(|| {
    let lines = include_str!("ciphers.tsv").lines().filter_map(|line| line.split_once('\t'));
    let mut all: Vec<_> = lines.filter_map(|(number, name)| Some((u16::from_str_radix(number, 16).ok()?, name))).collect();
    all.sort_unstable();
    all
});

/// Name of a cipher suite; `None` where the registry has none.
pub fn cipher(number: u16) -> Option<&'static str> {
    let place = CIPHERS.binary_search_by_key(&number, |(known, _)| *known).ok()?;
    CIPHERS.get(place).map(|(_, name)| *name)
}

/// Name of an alert's description (RFC 8446 6, RFC 5246 7.2, and the registry's later ones).
pub fn alert(description: u8) -> Option<&'static str> {
    Some(match description {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        52 => "too_many_cids_requested",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => return None,
    })
}
