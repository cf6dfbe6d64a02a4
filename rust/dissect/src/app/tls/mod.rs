//! TLS 1.0 to 1.3 and SSL 3.0 over TCP: hellos, alerts, certificates, and records from the start or the middle of a stream.

mod connection;
pub mod fingerprint;
pub mod hello;
pub mod names;
mod reader;
pub mod record_layer;
mod rows;
pub mod session;

pub use reader::TlsParser;

use super::x509::CertificateRow;
use super::{Carrier, Probe, Protocol, Verdict};
use crate::tables::Record;
use rows::{TlsAlert, TlsClientHello, TlsConnection, TlsServerHello};

/// TLS as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "tls",
    // HTTPS, SMTPS, DoT, FTPS, IMAPS, POP3S, MQTT over TLS, usual alternatives of HTTPS
    tcp_ports: &[443, 465, 853, 990, 993, 995, 8443, 8883],
    udp_ports: &[],
    probe,
    parser: || Box::new(TlsParser::default()),
    tables: &[TlsClientHello::SPEC, TlsServerHello::SPEC, TlsAlert::SPEC, TlsConnection::SPEC, CertificateRow::SPEC],
};

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier == Carrier::Tcp { record_layer::looks_like_tls(probe) } else { Verdict::No }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
