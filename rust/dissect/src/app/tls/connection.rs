//! What is kept of a connection beside its handshake messages: records, alerts, and the row at its end.

use super::names;
use super::rows::{TlsAlert, TlsConnection};
use super::session::Session;
use crate::app::{Context, Direction};
use crate::at::At;

/// Payload of the longest encrypted alert of TLS 1.3 without padding: 2 bytes, content type, tag (RFC 8446 5.2).
const TLS13_ALERT_BYTES: u16 = 2 + 1 + 16;
/// Level of an alert that ends the connection (RFC 5246 7.2).
const FATAL: u8 = 2;
/// Alerts told of one connection; a real one has two or three.
const MAX_ALERTS: u32 = 16;

/// Counters of one direction.
#[allow(missing_docs)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Traffic {
    pub records: u64,
    pub bytes: u64,
    /// records after this side's part of the handshake
    pub has_finished: bool,
}

impl Session {
    /// Notes a record.
    pub fn record(&mut self, at: &At, direction: Direction, version: u16) {
        if self.first.is_none() {
            self.first = Some((*at, direction));
        }
        self.last = Some((at.capture, at.frame, at.time_ns));
        self.record_version = version;
    }

    /// Notes a record of application data.
    pub fn application_data(&mut self, direction: Direction, length: u16) {
        let is_13 = self.is_13();
        let Some(traffic) = self.traffic.get_mut(direction.index()) else { return };
        traffic.records = traffic.records.saturating_add(1);
        traffic.bytes = traffic.bytes.saturating_add(u64::from(length));
        // before TLS 1.3 nobody sends data before the handshake is over; in it the client's Finished is such a record
        traffic.has_finished |= !is_13 || length > TLS13_ALERT_BYTES;
    }

    /// Notes an encrypted handshake message: Finished, where a ChangeCipherSpec came before it.
    pub fn finished(&mut self, direction: Direction) {
        if let Some(traffic) = self.traffic.get_mut(direction.index()) {
            traffic.has_finished = true;
        }
    }

    /// Whether TLS or DTLS 1.3 was agreed on.
    pub fn is_13(&self) -> bool {
        matches!(self.version, Some(0x0304 | 0x7f00..=0x7fff | 0xfb00..=0xfbff | 0xfefc))
    }

    /// The sender's role.
    pub fn role(&self, direction: Direction) -> Option<&'static str> {
        self.client.map(|client| if client == direction { "client" } else { "server" })
    }

    /// Takes an alert record's payload.
    pub fn alert(&mut self, ctx: &mut Context<'_>, direction: Direction, payload: &[u8], is_encrypted: bool) {
        let (level, description) = match payload {
            [level, description] if !is_encrypted => (Some(*level), Some(*description)),
            _ => (None, None),
        };
        self.alerts = self.alerts.saturating_add(1);
        if self.alerts > MAX_ALERTS {
            return;
        }
        ctx.emit(&TlsAlert {
            at: ctx.at,
            carrier: self.carrier.name(),
            sent_by: self.role(direction),
            level,
            description,
            name: description.and_then(names::alert),
            is_encrypted: level.is_none(),
        });
        if let (Some(FATAL), Some(description), None) = (level, description, self.fatal_alert) {
            self.fatal_alert = Some((description, direction));
        }
    }

    /// Writes the connection's row.
    pub fn end(&mut self, ctx: &mut Context<'_>) {
        let (Some((first, sender)), Some(last)) = (self.first.take(), self.last) else { return };
        let source = self.client.unwrap_or(sender);
        let at = if source == sender { first } else { first.reversed() };
        let [up, down] = self.traffic;
        let (mine, other) = if source == Direction::Up { (up, down) } else { (down, up) };
        let [up_certificates, down_certificates] = self.certificates;
        let (of_source, of_other) =
            if source == Direction::Up { (up_certificates, down_certificates) } else { (down_certificates, up_certificates) };
        let has_hello = self.client.is_some();
        ctx.emit(&TlsConnection {
            at,
            carrier: self.carrier.name(),
            last_capture: last.0,
            last_frame: last.1,
            last_ns: last.2,
            hellos: match (self.client_hellos > 0, self.version.is_some()) {
                (true, true) => "whole",
                (true, false) => "client",
                (false, true) => "server",
                (false, false) => "none",
            },
            started_in: self.started_in,
            upgrade_capture: self.asked.map(|(capture, _)| capture),
            upgrade_frame: self.asked.map(|(_, frame)| frame),
            server_name: self.server_name.take(),
            alpn: self.alpn.take(),
            version: self.version,
            record_version: self.record_version,
            cipher: self.cipher,
            cipher_name: self.cipher.and_then(names::cipher),
            key_group: self.group,
            resumption: self.resumption,
            server_certificates: if has_hello { of_other } else { of_source.saturating_add(of_other) },
            client_certificates: if has_hello { of_source } else { 0 },
            asked_client_certificate: self.version.filter(|_| !self.is_13()).map(|_| self.asked_certificate),
            is_established: has_hello.then_some(mine.has_finished && other.has_finished),
            fatal_alert: self.fatal_alert.map(|(description, _)| description),
            fatal_alert_by: self.fatal_alert.map(|(_, by)| if by == source { "source" } else { "destination" }),
            source_records: mine.records,
            source_record_bytes: mine.bytes,
            destination_records: other.records,
            destination_record_bytes: other.bytes,
            missing_bytes: self.missing_bytes,
        });
    }
}
