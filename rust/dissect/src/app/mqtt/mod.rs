//! MQTT 3.1, 3.1.1 and 5.0 over TCP: all control packets; the payloads of messages are passed over.

mod packet;
mod reader;

use super::{Carrier, Probe, Protocol, Verdict};
use crate::record;
use crate::tables::Record;
use packet::{Fixed, Start, kind};

record! {
    /// An MQTT control packet. Its frame is the one that completes it.
    pub struct Mqtt in "mqtt" at {
        /// connect, connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback, pingreq, pingresp, disconnect, auth
        packet_type: &'static str,
        /// Version of the connection (3: 3.1, 4: 3.1.1, 5: 5.0); null where its start was not captured
        protocol_version: Option<u8>,
        /// Client's identifier (connect)
        client_id: Option<String>,
        /// User name (connect)
        user_name: Option<String>,
        /// A password is sent (connect)
        has_password: Option<bool>,
        /// Longest silence that the client keeps, seconds; 0: any (connect)
        keep_alive_s: Option<u16>,
        /// The client wants to begin without what was before (connect)
        clean_session: Option<bool>,
        /// Topic that the server tells others when the client is lost (connect)
        will_topic: Option<String>,
        /// Topic (publish); where only an alias is sent, the topic it stood for
        topic: Option<String>,
        /// Delivery: 0 at most once, 1 at least once, 2 exactly once (publish)
        qos: Option<u8>,
        /// The server keeps the message for later subscribers (publish)
        retain: Option<bool>,
        /// Sent again (publish)
        duplicate: Option<bool>,
        /// Identifier that an acknowledgement repeats
        packet_id: Option<u16>,
        /// Bytes of the message (publish); with its properties, if any, where protocol_version is null
        payload_bytes: Option<usize>,
        /// Topics subscribed to or left
        topics: Option<Vec<String>>,
        /// Return or reason code, of several the first (0: fine)
        reason_code: Option<u8>,
        /// Some of its bytes were not captured
        has_gap: bool,
    }
}

/// MQTT as a protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "mqtt",
    tcp_ports: &[PORT],
    udp_ports: &[],
    probe,
    parser: || Box::new(reader::MqttParser::default()),
    tables: &[Mqtt::SPEC],
};

/// IANA: mqtt.
const PORT: u16 = 1883;
/// Names and versions in CONNECT (3.1.2.1; 3.1 said MQIsdp).
const SIGNATURES: [(&[u8], &[u8]); 2] = [(b"\0\x04MQTT", &[4, 5]), (b"\0\x06MQIsdp", &[3])];

/// A topic without levels is told by so many letters and digits; shorter ones stand in other protocols too.
const MIN_NAME_BYTES: usize = 4;

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier != Carrier::Tcp {
        return Verdict::No;
    }
    let connect = begins_with_connect(probe.bytes);
    if connect != Verdict::No {
        return connect;
    }
    match packets(probe.bytes) {
        Tiles::All { .. } if probe.has_port(PORT) => Verdict::Yes,
        // elsewhere a topic as text, in a stream whose start is missing
        Tiles::All { has_topic: true } if !probe.from_start => Verdict::Yes,
        _ => Verdict::No,
    }
}

fn begins_with_connect(bytes: &[u8]) -> Verdict {
    let fixed = match Fixed::parse(bytes) {
        Start::Bad => return Verdict::No,
        Start::Short => return if bytes.first().is_none_or(|byte| byte >> 4 == kind::CONNECT) { Verdict::Maybe } else { Verdict::No },
        Start::Packet(fixed) => fixed,
    };
    if fixed.kind != kind::CONNECT || !fixed.is_likely() {
        return Verdict::No;
    }
    let body = bytes.get(fixed.bytes..).unwrap_or_default();
    for (name, versions) in SIGNATURES {
        if let Some(rest) = body.strip_prefix(name) {
            return match rest.first() {
                None => Verdict::Maybe,
                Some(version) if versions.contains(&(version & 0x7f)) => Verdict::Yes,
                Some(_) => Verdict::No,
            };
        }
        if name.starts_with(body) {
            return Verdict::Maybe;
        }
    }
    Verdict::No
}

/// Whether bytes are a row of packets.
#[derive(Debug, PartialEq, Eq)]
enum Tiles {
    No,
    /// to the last byte, or but for the payload of the last message
    All {
        /// one is a message whose topic is a path of printable text, or a name where all of the message is there
        has_topic: bool,
    },
}

fn packets(mut bytes: &[u8]) -> Tiles {
    let mut has_topic = false;
    if bytes.is_empty() {
        return Tiles::No;
    }
    while !bytes.is_empty() {
        let Start::Packet(fixed) = Fixed::parse(bytes) else { return Tiles::No };
        let body = bytes.get(fixed.bytes..).unwrap_or_default();
        let (body, rest) = body.split_at_checked(fixed.length).map_or((body, None), |(body, rest)| (body, Some(rest)));
        if !fixed.is_likely() {
            return Tiles::No;
        }
        let Some(said) = packet::read(&fixed, None, body) else { return Tiles::No };
        if let Some(topic) = &said.topic {
            // 4.7.1: no wildcards in a message's topic
            let is_text = !topic.is_empty() && topic.chars().all(|c| !c.is_control() && !matches!(c, '#' | '+' | char::REPLACEMENT_CHARACTER));
            if !is_text || said.head_bytes > fixed.length {
                return Tiles::No;
            }
            let is_path = topic.len() >= 3 && topic.contains('/') && topic.is_ascii();
            let is_name = topic.len() >= MIN_NAME_BYTES
                && rest.is_some()
                && topic.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            has_topic |= is_path || is_name;
        } else if rest.is_none() {
            return Tiles::No;
        }
        bytes = rest.unwrap_or_default();
    }
    Tiles::All { has_topic }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests;
