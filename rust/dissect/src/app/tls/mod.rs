//! TLS 1.0 to 1.3 and SSL 3.0 over TCP: the hellos. What follows them is passed over.

pub mod fingerprint;
pub mod hello;
mod reader;
mod records;

pub use reader::TlsParser;

use super::{Carrier, Probe, Protocol, Verdict};
use crate::record;
use crate::tables::Record;

record! {
    /// A TLS ClientHello: what a client asks for and can do. Reserved values (GREASE, RFC 8701) are left out of the lists.
    pub struct TlsClientHello in "tls_client_hellos" at {
        /// Host name that the client asks for (SNI)
        server_name: Option<String>,
        /// Application protocols offered, best first (ALPN)
        alpn: Option<Vec<String>>,
        /// Version of the record layer (768 + n: SSL 3.0 is 768, TLS 1.0 769, TLS 1.2 771; 2 for a hello in SSL 2.0's format)
        record_version: u16,
        /// Version in the message itself; 771 where TLS 1.3 is offered too
        legacy_version: u16,
        /// Versions offered (supported_versions); null where the client does not send that extension
        versions: Option<Vec<u16>>,
        /// Highest version offered
        highest_version: u16,
        /// Cipher suites offered, best first (IANA numbers)
        ciphers: Vec<u16>,
        /// Extensions in the order sent (IANA numbers)
        extensions: Vec<u16>,
        /// Key exchange groups offered (IANA numbers)
        groups: Vec<u16>,
        /// Signature algorithms accepted (IANA numbers)
        signature_algorithms: Vec<u16>,
        /// Encrypted ClientHello is present; clients also send a meaningless one on purpose
        has_ech: bool,
        /// Bytes of the session id
        session_id_bytes: usize,
        /// A session ticket of an earlier connection is shown (RFC 5077)
        has_ticket: bool,
        /// A pre-shared key, usually of an earlier connection, is shown (TLS 1.3)
        has_psk: bool,
        /// Second hello of its connection: the server had asked again
        is_second: bool,
        /// The hello was captured to its end; else lists and extensions may be missing (snap length, lost frames)
        is_whole: bool,
        /// JA3 fingerprint (MD5 hex); null where the hello is not whole
        ja3: Option<String>,
        /// JA4 fingerprint; null where the hello is not whole
        ja4: Option<String>,
    }
}

record! {
    /// A TLS ServerHello: what was agreed on.
    pub struct TlsServerHello in "tls_server_hellos" at {
        /// Version agreed on (769 TLS 1.0, 771 TLS 1.2, 772 TLS 1.3)
        version: u16,
        /// Version of the record layer
        record_version: u16,
        /// Cipher suite chosen (IANA number)
        cipher: u16,
        /// Application protocol chosen (ALPN); TLS 1.3 hides it
        alpn: Option<String>,
        /// Extensions in the order sent (IANA numbers)
        extensions: Vec<u16>,
        /// The server asks for another ClientHello (RFC 8446 4.1.4)
        is_hello_retry: bool,
        /// Bytes of the session id
        session_id_bytes: usize,
        /// The hello was captured to its end
        is_whole: bool,
        /// JA3S fingerprint (MD5 hex); null where the hello is not whole
        ja3s: Option<String>,
    }
}

/// TLS as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "tls",
    // HTTPS, SMTPS, DoT, FTPS, IMAPS, POP3S, MQTT over TLS, usual alternatives of HTTPS
    tcp_ports: &[443, 465, 853, 990, 993, 995, 8443, 8883],
    udp_ports: &[],
    probe,
    parser: || Box::new(TlsParser::default()),
    tables: &[TlsClientHello::SPEC, TlsServerHello::SPEC],
};

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier == Carrier::Tcp { records::looks_like_tls(probe) } else { Verdict::No }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
