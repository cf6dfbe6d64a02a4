//! EAPOL (IEEE 802.1X-2020 11): a device logs in at its network, and agrees on keys with its access point.

use crate::app::text;
use crate::at::At;
use crate::packet::Cursor;
use crate::record;
use crate::sink::Sink;
use crate::weird::Weird;

record! {
    /// An EAPOL frame: login to a network (EAP, RFC 3748) or agreement on keys (IEEE 802.11-2020 12.7).
    pub struct Eapol in "eapol" at {
        /// Version of the protocol: 1 802.1X-2001, 2 802.1X-2004, 3 802.1X-2010
        version: u8,
        /// Type: 0 EAP, 1 start, 2 logoff, 3 key, 4 alert, 5 MKA
        kind: u8,
        /// Key: descriptor, 2 RSN (WPA2, WPA3), 254 WPA, 1 RC4
        descriptor: Option<u8>,
        /// Key: message of the four-way handshake, 1 to 4; null in one about a group key
        message: Option<u8>,
        /// Key: counter by which messages of one handshake are told
        replay_counter: Option<u64>,
        /// EAP: 1 request, 2 response, 3 success, 4 failure
        eap_code: Option<u8>,
        /// EAP: method (IANA EAP types): 1 identity, 13 TLS, 21 TTLS, 25 PEAP; null in success and failure
        eap_type: Option<u8>,
        /// EAP: identity that a response tells in clear
        identity: Option<String>,
    }
}

const EAP: u8 = 0;
const KEY: u8 = 3;
/// Descriptors whose body is that of IEEE 802.11-2020 12.7.2.
const RSN: u8 = 2;
const WPA: u8 = 254;
/// Key information (IEEE 802.11-2020 12.7.2).
const PAIRWISE: u16 = 1 << 3;
const ACK: u16 = 1 << 7;
const MIC: u16 = 1 << 8;
/// Length of the key, replay counter behind it; then nonce, vector, sequence counter, reserved and code up to the data's length.
const NONCE_TO_CODE_BYTES: usize = 32 + 16 + 8 + 8 + 16;
const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;
const IDENTITY: u8 = 1;

impl Eapol {
    /// Reads a frame from its version on.
    pub fn read(sink: &mut Sink, at: At, bytes: &[u8]) {
        match Self::parse(at, bytes) {
            Some(row) => sink.emit(&row),
            None => sink.weird(&at, Weird::BadMessage, "eapol", None),
        }
    }

    fn parse(at: At, bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let (version, kind, length) = (cursor.u8()?, cursor.u8()?, usize::from(cursor.u16()?));
        let body = cursor.rest();
        let body = body.get(..length).unwrap_or(body);
        let mut row = Self {
            at,
            version,
            kind,
            descriptor: None,
            message: None,
            replay_counter: None,
            eap_code: None,
            eap_type: None,
            identity: None,
        };
        match kind {
            EAP => row.eap(body),
            KEY => row.key(body),
            _ => None,
        };
        Some(row)
    }

    /// Code, identifier, length, then type and its data.
    fn eap(&mut self, body: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(body);
        let code = cursor.u8()?;
        self.eap_code = Some(code);
        let (_identifier, length) = (cursor.u8()?, usize::from(cursor.u16()?));
        if !matches!(code, REQUEST | RESPONSE) {
            return None;
        }
        self.eap_type = cursor.u8();
        let rest = cursor.rest();
        if code == RESPONSE && self.eap_type == Some(IDENTITY) {
            self.identity = text::padded(rest.get(..length.saturating_sub(5)).unwrap_or(rest));
        }
        Some(())
    }

    fn key(&mut self, body: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(body);
        let descriptor = cursor.u8()?;
        self.descriptor = Some(descriptor);
        if !matches!(descriptor, RSN | WPA) {
            return None;
        }
        let information = cursor.u16()?;
        cursor.skip(2)?;
        self.replay_counter = cursor.u64();
        cursor.skip(NONCE_TO_CODE_BYTES)?;
        let has_data = cursor.u16()? > 0;
        self.message =
            (information & PAIRWISE != 0).then_some(match (information & ACK != 0, information & MIC != 0) {
                (true, false) => 1,
                (true, true) => 3,
                // the second brings what its sender can do, the fourth nothing
                (false, _) if has_data => 2,
                (false, _) => 4,
            });
        Some(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::Eapol;
    use crate::app::testing::{at, hex};
    use proptest::prelude::*;

    fn key(information: &str, data: &str) -> Vec<u8> {
        let zeros = "00".repeat(80);
        hex(&format!("02 03 0075 02 {information} 0010 0000000000000007 {zeros} {data}"))
    }

    #[test]
    fn the_four_messages_of_a_handshake_are_told_apart() {
        let told = |information, data| Eapol::parse(at(0, 0), &key(information, data)).unwrap();
        let messages = [("008a", "0000"), ("010a", "0001 30"), ("13ca", "0001 30"), ("030a", "0000")];
        let numbers = messages.map(|(information, data)| told(information, data).message);
        assert_eq!(numbers, [Some(1), Some(2), Some(3), Some(4)]);
        let first = told("008a", "0000");
        assert_eq!((first.version, first.kind, first.descriptor, first.replay_counter), (2, 3, Some(2), Some(7)));
        // a group key, acknowledged
        assert_eq!(told("1382", "0000").message, None);
    }

    #[test]
    fn a_login_tells_its_identity() {
        let row = Eapol::parse(at(0, 0), &hex("01 00 000a  02 01 000a 01 616c696365  0000")).unwrap();
        assert_eq!((row.eap_code, row.eap_type, row.identity.as_deref()), (Some(2), Some(1), Some("alice")));
        let success = Eapol::parse(at(0, 0), &hex("01 00 0004 03 02 0004")).unwrap();
        assert_eq!((success.eap_code, success.eap_type), (Some(3), None));
        assert!(Eapol::parse(at(0, 0), &hex("01 00 00")).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(kind in 0u8..6, bytes in proptest::collection::vec(any::<u8>(), 0..110)) {
            let _ = Eapol::parse(at(0, 0), &[&[1, kind], bytes.as_slice()].concat());
        }
    }
}
