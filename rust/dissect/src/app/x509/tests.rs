use super::Certificate;
use super::der::{Der, oid, time_ns};
use crate::app::testing::{hex, stream};
use crate::app::{Direction, tls};
use proptest::prelude::*;

/// A certificate for cam.example, signed by its own key (made with OpenSSL 3).
pub const CERTIFICATE: &str = "
    3082 01e5 3082 018b                         # certificate, what is signed
    a003 0201 02                                # version 3
    0202 1234                                   # serial number
    300a 0608 2a8648ce3d040302                  # ecdsa-with-SHA256
    303a 310b 3009 0603 550406 1302 4445        # issuer: C=DE
         3115 3013 0603 55040a 0c0c 4578616d706c652c20496e63   # O=Example, Inc
         3114 3012 0603 550403 0c0b 63616d2e6578616d706c65     # CN=cam.example
    301e 170d 3236313132333138353434365a        # from 2026-11-23 18:54:46
         170d 3236313232333138353434365a        # to 2026-12-23 18:54:46
    303a 310b 3009 0603 550406 1302 4445        # subject, the same
         3115 3013 0603 55040a 0c0c 4578616d706c652c20496e63
         3114 3012 0603 550403 0c0b 63616d2e6578616d706c65
    3059 3013 0607 2a8648ce3d0201 0608 2a8648ce3d030107        # EC key on P-256
         0342 00 0451fc6d8887a730a3e8c63a7a3ea401fc051ea46e2240df15eae7e27a4762ddaa
                 3e9bdfec7cdaeaef5547f693bc1d74977f9c04564e3557d24321ed9958b9f389
    a381 80 307e                                # extensions
    301d 0603 551d0e 0416 0414 e470e2601c85c8ebf508a631fdfe7fb7fc466642          # subject key
    301f 0603 551d23 0418 3016 8014 e470e2601c85c8ebf508a631fdfe7fb7fc466642     # authority key
    302b 0603 551d11 0424 3022 820b 63616d2e6578616d706c65     # DNS name cam.example
         820d 2a2e63616d2e6578616d706c65 8704 c0000201         # *.cam.example, 192.0.2.1
    300f 0603 551d13 0101ff 0405 3003 0101ff    # may sign others
    300a 0608 2a8648ce3d040302                  # ecdsa-with-SHA256
    0348 00 3045 0220 1831c5b9553525b16cfd5f10c46ff7904478e5c5c74674aa05cd2209b95eeeb8
                 0221 00d2e20ec79720a820b4859e122e087c38f50c3daca55c6f86afe8049255ebb0d5";

/// A TLS record with a Certificate message of these certificates.
fn certificate_record(certificates: &[&[u8]]) -> Vec<u8> {
    let u24 = |length: usize| u32::try_from(length).unwrap().to_be_bytes()[1..].to_vec();
    let list: Vec<u8> = certificates.iter().flat_map(|one| [u24(one.len()), one.to_vec()].concat()).collect();
    let message = [vec![11], u24(list.len() + 3), u24(list.len()), list].concat();
    [hex("16 0303"), u16::try_from(message.len()).unwrap().to_be_bytes().to_vec(), message].concat()
}

#[test]
fn a_certificate_is_told_field_by_field() {
    let rows = stream(&tls::PROTOCOL, &[(Direction::Down, &certificate_record(&[&hex(CERTIFICATE)]))]);
    let ("certificates", row) = &rows[0] else { panic!("{rows:?}") };
    assert_eq!(row["subject"], "C=DE, O=Example\\, Inc, CN=cam.example");
    assert_eq!([&row["subject_cn"], &row["issuer"]], ["cam.example", &row["subject"]]);
    assert_eq!(row["alternative_names"], "cam.example|*.cam.example|192.0.2.1");
    assert_eq!([&row["serial"], &row["version"], &row["signature_algorithm"]], ["1234", "3", "ecdsa-with-SHA256"]);
    assert_eq!([&row["not_before_ns"], &row["not_after_ns"]], ["1795460086000000000", "1798052086000000000"]);
    assert_eq!([&row["validity_days"], &row["is_expired"], &row["is_not_yet_valid"]], ["30", "false", "true"]);
    assert_eq!([&row["key_type"], &row["key_bits"], &row["key_curve"]], ["ec", "256", "secp256r1"]);
    assert_eq!([&row["is_self_signed"], &row["self_signed_by"], &row["is_ca"]], ["true", "signature", "true"]);
    assert_eq!(row["sha256"], "7e25e660b8d9fadd79d2cfb53302e933f629ddebea0d122ad62fe869d78da0d3");
    assert!(!row.contains_key("error"));
}

#[test]
fn a_signature_that_does_not_fit_is_not_its_own() {
    let mut bytes = hex(CERTIFICATE);
    *bytes.last_mut().unwrap() ^= 1;
    assert_eq!(Certificate::parse(&bytes).is_self_signed(), Some((false, "signature")));
}

#[test]
fn of_a_broken_certificate_its_first_fields_are_told_and_why() {
    let bytes = hex(CERTIFICATE);
    let rows = stream(
        &tls::PROTOCOL,
        &[(Direction::Down, &certificate_record(&[&bytes[..200], &b"no certificate"[..], &bytes]))],
    );
    let told: Vec<_> = rows.iter().filter(|row| row.0 == "certificates").map(|row| &row.1).collect();
    assert_eq!([&told[0]["subject_cn"], &told[0]["error"]], ["cam.example", "no key"]);
    assert_eq!(told[1]["error"], "no certificate");
    assert_eq!([&told[2]["position"], &told[2]["is_self_signed"]], ["2", "true"]);
}

#[test]
fn a_chain_is_bounded() {
    let rows = stream(&tls::PROTOCOL, &[(Direction::Down, &certificate_record(&[&b"x"[..]; 20]))]);
    assert_eq!(rows.iter().filter(|row| row.0 == "certificates").count(), 16);
    let weird = rows.iter().find(|row| row.0 == "weirds").unwrap();
    assert_eq!(weird.1["kind"], "long_certificate_chain");
}

#[test]
fn times_of_both_forms_and_odd_ones_are_read() {
    let read = |tag: u8, text: &str| {
        let bytes = [&[tag, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        time_ns(&Der::new(&bytes).next().unwrap()).map(|ns| ns / 1_000_000_000)
    };
    assert_eq!(read(0x17, "700101000000Z"), Some(0));
    assert_eq!(read(0x17, "491231235959Z"), Some(2_524_607_999)); // RFC 5280 4.1.2.5.1: below 50 is 20xx
    assert_eq!(read(0x18, "20000229120000Z"), Some(951_825_600));
    assert_eq!(read(0x18, "99991231235959Z"), Some(9_223_372_036)); // RFC 5280 4.1.2.5: no end; nanoseconds hold 2262
    assert_eq!(read(0x17, "7001010130+0130"), Some(0));
    assert_eq!(read(0x17, "701301000000Z"), None);
    assert_eq!(oid(&hex("2a8648ce3d040302")).as_deref(), Some("1.2.840.10045.4.3.2"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), changes in proptest::collection::vec((0usize..489, any::<u8>()), 1..6), end in 0usize..490) {
        let _ = Certificate::parse(&bytes).is_self_signed();
        let mut changed = hex(CERTIFICATE);
        for (place, byte) in changes {
            changed[place] = byte;
        }
        let _ = Certificate::parse(&changed).is_self_signed();
        let _ = Certificate::parse(&changed[..end.min(changed.len())]).is_self_signed();
    }
}
