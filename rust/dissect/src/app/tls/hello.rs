//! ClientHello and ServerHello (RFC 8446 4.1, RFC 5246 7.4.1), read as far as they go.

use crate::app::text;
use crate::packet::Cursor;

/// Extension numbers (IANA TLS ExtensionType values).
pub mod extension {
    #![allow(missing_docs)]
    pub const SERVER_NAME: u16 = 0;
    pub const SUPPORTED_GROUPS: u16 = 10;
    pub const EC_POINT_FORMATS: u16 = 11;
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    pub const ALPN: u16 = 16;
    pub const SESSION_TICKET: u16 = 35;
    pub const PRE_SHARED_KEY: u16 = 41;
    pub const EARLY_DATA: u16 = 42;
    pub const SUPPORTED_VERSIONS: u16 = 43;
    pub const KEY_SHARE: u16 = 51;
    pub const QUIC_TRANSPORT_PARAMETERS: u16 = 57;
    /// the number that drafts of QUIC used (draft-ietf-quic-tls-32 8.2)
    pub const QUIC_TRANSPORT_PARAMETERS_DRAFT: u16 = 0xffa5;
    pub const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
}

/// RFC 8446 4.1.3: the random of a ServerHello that asks for another ClientHello.
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, //
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Versions of draft-ietf-tls-tls13 up to 21, whose ServerHello has neither session id nor compression method.
const OLD_DRAFTS: std::ops::RangeInclusive<u16> = 0x7f00..=0x7f15;

/// Smallest version number of DTLS.
const FIRST_DTLS: u16 = 0xfe00;

/// Whether a number is reserved to be ignored (GREASE, RFC 8701 2).
pub fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && high & 0x0f == 0x0a
}

/// A hello of either side. Lists are as sent, GREASE included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// version field of the message
    pub legacy_version: u16,
    /// client: asked again (never set); server: asks for another hello
    pub is_retry: bool,
    /// session id
    pub session_id: Vec<u8>,
    /// ciphers offered, or the one chosen
    pub ciphers: Vec<u16>,
    /// extensions in order
    pub extensions: Vec<u16>,
    /// host name asked for
    pub server_name: Option<String>,
    /// protocols (ALPN), as bytes
    pub alpn: Vec<Vec<u8>>,
    /// versions offered, or the one chosen (extension 43)
    pub versions: Vec<u16>,
    /// key exchange groups
    pub groups: Vec<u16>,
    /// elliptic curve point formats
    pub point_formats: Vec<u8>,
    /// signature algorithms
    pub signature_algorithms: Vec<u16>,
    /// a session ticket that is not empty
    pub has_ticket: bool,
    /// server: key exchange group chosen (extension 51, TLS 1.3)
    pub selected_group: Option<u16>,
    /// client: ECHClientHello's type, 0 outer, 1 inner (RFC 9849 5)
    pub ech_kind: Option<u8>,
    /// QUIC's transport parameters as sent
    pub transport_parameters: Option<Vec<u8>>,
    /// DTLS: bytes of the cookie that the client shows
    pub cookie_bytes: Option<usize>,
    /// the message ends within a field
    pub is_cut: bool,
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    let mut cursor = Cursor::new(bytes);
    std::iter::from_fn(|| cursor.u16()).collect()
}

fn list_u16<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = usize::from(cursor.u16()?);
    cursor.take(length)
}

fn list_u8<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = usize::from(cursor.u8()?);
    cursor.take(length)
}

impl Hello {
    /// Reads the body of a ClientHello; `None` where not even its ciphers are there.
    pub fn client(body: &[u8], has_cookie: bool) -> Option<Self> {
        let mut cursor = Cursor::new(body);
        let mut hello = Self { legacy_version: cursor.u16()?, ..Self::default() };
        cursor.skip(32)?;
        hello.session_id = list_u8(&mut cursor)?.to_vec();
        if has_cookie {
            hello.cookie_bytes = Some(list_u8(&mut cursor)?.len());
        }
        hello.ciphers = numbers(list_u16(&mut cursor)?);
        list_u8(&mut cursor)?; // compression methods
        hello.read_extensions(cursor, false);
        Some(hello)
    }

    /// Reads the body of a ServerHello; `None` where not even its cipher is there.
    pub fn server(body: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(body);
        let mut hello = Self { legacy_version: cursor.u16()?, ..Self::default() };
        hello.is_retry = cursor.array() == Some(RETRY_RANDOM);
        let is_old_draft = OLD_DRAFTS.contains(&hello.legacy_version);
        if !is_old_draft {
            hello.session_id = list_u8(&mut cursor)?.to_vec();
        }
        hello.ciphers = vec![cursor.u16()?];
        if !is_old_draft {
            cursor.skip(1)?; // compression method
        }
        hello.read_extensions(cursor, true);
        Some(hello)
    }

    /// A ClientHello in SSL 2.0's format (RFC 5246 E.2), behind its two bytes of length.
    pub fn client_v2(body: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(body);
        cursor.skip(1)?;
        let legacy_version = cursor.u16()?;
        let (ciphers, session, challenge) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
        let mut specs = Cursor::new(cursor.take(usize::from(ciphers))?);
        // three bytes each; those of SSL 3.0 and TLS begin with 0
        let ciphers = std::iter::from_fn(|| specs.array::<3>()).filter(|[kind, ..]| *kind == 0).map(|[_, a, b]| u16::from_be_bytes([a, b]));
        let ciphers = ciphers.collect();
        let is_cut = cursor.remaining() != usize::from(session).saturating_add(usize::from(challenge));
        let session_id = cursor.take(usize::from(session)).unwrap_or_default().to_vec();
        Some(Self { legacy_version, ciphers, session_id, is_cut, ..Self::default() })
    }

    /// Versions offered or chosen without GREASE: extension 43, else the version field.
    pub fn offered_versions(&self) -> Vec<u16> {
        let named = without_grease(&self.versions);
        if named.is_empty() { vec![self.legacy_version] } else { named }
    }

    /// Whether an extension was sent.
    pub fn has(&self, number: u16) -> bool {
        self.extensions.contains(&number)
    }

    /// Whether reserved values (GREASE, RFC 8701) stand among ciphers, extensions, groups or versions.
    pub fn has_grease(&self) -> bool {
        [&self.ciphers, &self.extensions, &self.groups, &self.versions].into_iter().flatten().any(|number| is_grease(*number))
    }

    /// Highest version offered; those of DTLS count down.
    pub fn highest_version(&self) -> u16 {
        let all = self.offered_versions();
        let dtls = all.iter().copied().filter(|version| *version >= FIRST_DTLS).min();
        dtls.or(all.into_iter().max()).unwrap_or(self.legacy_version)
    }

    /// ALPN as text.
    pub fn alpn_text(&self) -> Vec<String> {
        self.alpn.iter().map(|name| text::lossy(name)).collect()
    }

    fn read_extensions(&mut self, mut cursor: Cursor<'_>, is_server: bool) {
        if cursor.remaining() == 0 {
            return;
        }
        let mut cursor = match list_u16(&mut cursor) {
            Some(all) => Cursor::new(all),
            None => {
                self.is_cut = true;
                // those that were captured are read
                cursor
            }
        };
        while let Some(number) = cursor.u16() {
            let Some(bytes) = list_u16(&mut cursor) else {
                self.is_cut = true;
                return;
            };
            self.extensions.push(number);
            let read = if is_server { self.server_extension(number, bytes) } else { self.client_extension(number, bytes) };
            self.is_cut |= read.is_none();
        }
        self.is_cut |= cursor.remaining() != 0;
    }

    fn client_extension(&mut self, number: u16, bytes: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(bytes);
        match number {
            extension::SERVER_NAME => {
                // RFC 6066 3: a list of (kind, name); kind 0 is a host name
                let mut names = Cursor::new(list_u16(&mut cursor)?);
                while let Some(kind) = names.u8() {
                    let name = list_u16(&mut names)?;
                    if kind == 0 && !name.is_empty() {
                        self.server_name.get_or_insert_with(|| text::lossy(name));
                    }
                }
            }
            extension::ALPN => self.read_alpn(&mut cursor)?,
            extension::SUPPORTED_VERSIONS => self.versions = numbers(list_u8(&mut cursor)?),
            extension::SUPPORTED_GROUPS => self.groups = numbers(list_u16(&mut cursor)?),
            extension::EC_POINT_FORMATS => self.point_formats = list_u8(&mut cursor)?.to_vec(),
            extension::SIGNATURE_ALGORITHMS => self.signature_algorithms = numbers(list_u16(&mut cursor)?),
            extension::SESSION_TICKET => self.has_ticket = !bytes.is_empty(),
            extension::ENCRYPTED_CLIENT_HELLO => self.ech_kind = cursor.u8(),
            _ => self.read_transport_parameters(number, bytes),
        }
        Some(())
    }

    fn read_transport_parameters(&mut self, number: u16, bytes: &[u8]) {
        if matches!(number, extension::QUIC_TRANSPORT_PARAMETERS | extension::QUIC_TRANSPORT_PARAMETERS_DRAFT) {
            self.transport_parameters = Some(bytes.to_vec());
        }
    }

    fn server_extension(&mut self, number: u16, bytes: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(bytes);
        match number {
            extension::ALPN => self.read_alpn(&mut cursor)?,
            extension::SUPPORTED_VERSIONS => self.versions = vec![cursor.u16()?],
            extension::KEY_SHARE => self.selected_group = Some(cursor.u16()?),
            _ => {}
        }
        Some(())
    }

    /// RFC 7301 3.1.
    fn read_alpn(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let mut names = Cursor::new(list_u16(cursor)?);
        while names.remaining() > 0 {
            self.alpn.push(list_u8(&mut names)?.to_vec());
        }
        Some(())
    }
}

/// The numbers that mean something.
pub fn without_grease(numbers: &[u16]) -> Vec<u16> {
    numbers.iter().copied().filter(|number| !is_grease(*number)).collect()
}
