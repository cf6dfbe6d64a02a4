//! What is told of TLS, DTLS and QUIC handshakes: hellos, alerts, connections.

use crate::record;

record! {
    /// A TLS ClientHello: what a client asks for and can do. Reserved values (GREASE, RFC 8701) are left out of the lists.
    pub struct TlsClientHello in "tls_client_hellos" at {
        /// What carried it: tls, dtls or quic
        carrier: &'static str,
        /// Host name that the client asks for (SNI)
        server_name: Option<String>,
        /// Application protocols offered, best first (ALPN)
        alpn: Option<Vec<String>>,
        /// Version of the record layer (768 + n: SSL 3.0 is 768, TLS 1.0 769, TLS 1.2 771; 65279 DTLS 1.0, 65277 DTLS 1.2; 2 for a hello in SSL 2.0's format; null in QUIC)
        record_version: Option<u16>,
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
        /// Reserved values (GREASE, RFC 8701) are among ciphers, extensions, groups or versions: usual for clients of browsers
        has_grease: bool,
        /// Encrypted ClientHello (extension 65037): outer, inner, or unknown (another form); clients also send a meaningless outer one on purpose (GREASE), which nobody can tell from a real one
        ech: Option<&'static str>,
        /// Bytes of the session id
        session_id_bytes: usize,
        /// A session ticket of an earlier connection is shown (RFC 5077)
        has_ticket: bool,
        /// A pre-shared key, usually of an earlier connection, is shown (TLS 1.3)
        has_psk: bool,
        /// Data is sent before the server has answered (0-RTT, RFC 8446 2.3)
        has_early_data: bool,
        /// Bytes of the cookie that is shown (DTLS; null elsewhere)
        cookie_bytes: Option<usize>,
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
        /// What carried it: tls, dtls or quic
        carrier: &'static str,
        /// Version agreed on (769 TLS 1.0, 771 TLS 1.2, 772 TLS 1.3, 65277 DTLS 1.2, 65276 DTLS 1.3)
        version: u16,
        /// Version in the message itself
        legacy_version: u16,
        /// Version of the record layer; null in QUIC
        record_version: Option<u16>,
        /// Cipher suite chosen (IANA number)
        cipher: u16,
        /// Its name in IANA's registry; null where that has none
        cipher_name: Option<&'static str>,
        /// Application protocol chosen (ALPN); TLS 1.3 hides it
        alpn: Option<String>,
        /// Key exchange group chosen (IANA number); before TLS 1.3 see tls_connections
        key_group: Option<u16>,
        /// Extensions in the order sent (IANA numbers)
        extensions: Vec<u16>,
        /// The server asks for another ClientHello (RFC 8446 4.1.4)
        is_hello_retry: bool,
        /// Bytes of the session id
        session_id_bytes: usize,
        /// An earlier session goes on: psk (TLS 1.3), session_id, or ticket; null where nothing tells so
        resumption: Option<&'static str>,
        /// The hello was captured to its end
        is_whole: bool,
        /// JA3S fingerprint (MD5 hex); null where the hello is not whole
        ja3s: Option<String>,
    }
}

record! {
    /// A TLS or DTLS alert, at most 16 of a connection. Those of TLS 1.3 after the hellos look like application data and are not told.
    pub struct TlsAlert in "tls_alerts" at {
        /// What carried it: tls or dtls
        carrier: &'static str,
        /// The sender's role: client or server; null where no hello was captured
        sent_by: Option<&'static str>,
        /// Level: 1 warning, 2 fatal; null where encrypted
        level: Option<u8>,
        /// Description (IANA number); null where encrypted
        description: Option<u8>,
        /// Its name in IANA's registry
        name: Option<&'static str>,
        /// The alert is encrypted: that there was one is all that can be seen
        is_encrypted: bool,
    }
}

record! {
    /// A TLS or DTLS connection, told when it ended or left memory (rows of one flow add up). Place and time are those of its first record; the source is the client, or whoever sent first where no hello was captured.
    pub struct TlsConnection in "tls_connections" at {
        /// What carried it: tls or dtls
        carrier: &'static str,
        /// Frame of the last record header read
        last_frame: u64,
        /// Capture file of that frame
        last_capture: u32,
        /// When that frame was captured, UTC nanoseconds since 1970
        last_ns: i64,
        /// What was captured of the handshake: whole (both hellos), client, server, or none (the connection was open before)
        hellos: &'static str,
        /// The clear protocol in which it began (STARTTLS): smtp, imap, pop3, ftp, xmpp ...; null for TLS from the first byte
        started_in: Option<&'static str>,
        /// Capture file of the message that asked for TLS there, where it was captured
        upgrade_capture: Option<u32>,
        /// Frame of that message: STARTTLS, STLS, AUTH TLS, CONNECT
        upgrade_frame: Option<u64>,
        /// Host name that the client asked for (SNI)
        server_name: Option<String>,
        /// Application protocol chosen (ALPN); TLS 1.3 hides it
        alpn: Option<String>,
        /// Version agreed on; without a ServerHello, null
        version: Option<u16>,
        /// Version of the records last seen (TLS 1.3 says 771 there)
        record_version: u16,
        /// Cipher suite chosen (IANA number)
        cipher: Option<u16>,
        /// Its name in IANA's registry
        cipher_name: Option<&'static str>,
        /// Key exchange group chosen (IANA number)
        key_group: Option<u16>,
        /// An earlier session went on: psk, session_id, or ticket; null where nothing tells so
        resumption: Option<&'static str>,
        /// Certificates that the server sent in clear; 0 in TLS 1.3, which hides them
        server_certificates: u32,
        /// Certificates that the client sent in clear
        client_certificates: u32,
        /// The server asked the client for a certificate; null where that cannot be seen (TLS 1.3, no handshake captured)
        asked_client_certificate: Option<bool>,
        /// Both sides finished the handshake, as far as records tell; null where it was not captured
        is_established: Option<bool>,
        /// Description of the first fatal alert that could be read (IANA number)
        fatal_alert: Option<u8>,
        /// Who sent it: source or destination
        fatal_alert_by: Option<&'static str>,
        /// Application-data records from the source (in TLS 1.3 the encrypted rest of the handshake and alerts are among them)
        source_records: u64,
        /// Bytes of their payload on the wire
        source_record_bytes: u64,
        /// Application-data records from the destination
        destination_records: u64,
        /// Bytes of their payload on the wire
        destination_record_bytes: u64,
        /// Bytes of both directions that the capture lacks; records in them are not counted
        missing_bytes: u64,
    }
}
