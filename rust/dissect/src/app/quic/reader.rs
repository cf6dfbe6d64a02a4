//! Reads the datagrams of a flow: one QUIC connection after the other.

use super::QuicConnection;
use super::frames::{Frame, next_frame};
use super::google;
use super::keys::{self, Keys, Q050};
use super::packet::{Kind, Long};
use super::parameters::{Parameters, told_by};
use crate::app::tls::session::{Carrier, Session, message};
use crate::app::pieces::Pieces;
use crate::app::{Context, Direction, Parser, text};
use crate::at::{At, End};
use crate::packet::Cursor;
use crate::weird::Weird;

/// Packets in one datagram that are looked at: a server sends Initial, Handshake and one more.
const MAX_COALESCED: usize = 8;
/// Client's Initial packets that no keys fit before no others are tried.
const MAX_FAILURES: u32 = 16;

/// A connection as far as it has been read. `Direction::Up` is from the client.
struct Connection {
    first: Option<At>,
    last: Option<At>,
    version: u32,
    /// connection id that the keys come from, and keys of client and server with their version
    key_id: Vec<u8>,
    keys: [Option<(u32, Keys)>; 2],
    original_id: Option<Vec<u8>>,
    ids: [Option<Vec<u8>>; 2],
    negotiated: Vec<u32>,
    has_retry: bool,
    has_token: bool,
    is_decrypted: bool,
    failures: u32,
    session: Session,
    crypto: [Pieces; 2],
    alpn: Vec<String>,
    parameters: Parameters,
    close: Option<(u64, String)>,
    initial: u64,
    zero_rtt: u64,
    handshake: [u64; 2],
    short: [u64; 2],
}

/// Reads one flow.
#[derive(Default)]
pub struct QuicParser {
    connection: Connection,
    client: Option<End>,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            session: Session::new(Carrier::Quic),
            first: None,
            last: None,
            version: 0,
            key_id: Vec::new(),
            keys: [None, None],
            original_id: None,
            ids: [None, None],
            negotiated: Vec::new(),
            has_retry: false,
            has_token: false,
            is_decrypted: false,
            failures: 0,
            crypto: [Pieces::default(), Pieces::default()],
            alpn: Vec::new(),
            parameters: Parameters::default(),
            close: None,
            initial: 0,
            zero_rtt: 0,
            handshake: [0; 2],
            short: [0; 2],
        }
    }
}

impl Parser for QuicParser {
    fn datagram(&mut self, ctx: &mut Context<'_>, bytes: &[u8]) {
        let sender = End { mac: None, ..ctx.at.source };
        let client = *self.client.get_or_insert_with(|| if is_from_server(bytes) { End { mac: None, ..ctx.at.destination } } else { sender });
        let direction = if client == sender { Direction::Up } else { Direction::Down };
        let connection = &mut self.connection;
        connection.first.get_or_insert(if direction == Direction::Up { ctx.at } else { ctx.at.reversed() });
        connection.last = Some(ctx.at);
        if let Some(packet) = google::read(bytes) {
            self.google(ctx, direction, packet);
            return;
        }
        let mut rest = bytes;
        for place in 0..MAX_COALESCED {
            let Some((packet, behind)) = Long::read(rest) else {
                if place == 0 && bytes.first().is_some_and(|first| first & 0x80 == 0)
                    && let Some(count) = self.connection.short.get_mut(direction.index())
                {
                    *count = count.saturating_add(1);
                }
                break;
            };
            self.packet(ctx, direction, &packet);
            rest = behind;
        }
    }

    fn end(&mut self, ctx: &mut Context<'_>) {
        self.finish(ctx);
    }
}

/// Whether a flow's first datagram is an answer: the start of the connection was not captured.
fn is_from_server(bytes: &[u8]) -> bool {
    matches!(Long::read(bytes), Some((Long { kind: Kind::Retry | Kind::VersionNegotiation, .. }, _)))
}

impl QuicParser {
    /// A packet of a version before the IETF's.
    fn google(&mut self, ctx: &mut Context<'_>, direction: Direction, packet: google::Packet<'_>) {
        if direction == Direction::Up && self.connection.original_id.as_ref().is_some_and(|id| id != packet.connection_id) {
            self.finish(ctx);
            (self.connection.first, self.connection.last) = (Some(ctx.at), Some(ctx.at));
        }
        self.connection.version = packet.version;
        self.connection.original_id.get_or_insert_with(|| packet.connection_id.to_vec());
        self.connection.hello(packet.hello);
    }

    fn packet(&mut self, ctx: &mut Context<'_>, direction: Direction, packet: &Long<'_>) {
        let connection = &mut self.connection;
        match packet.kind {
            Kind::VersionNegotiation => {
                connection.negotiated = packet.versions();
                return;
            }
            Kind::Retry => {
                connection.has_retry = true;
                connection.version = packet.version;
                return;
            }
            Kind::ZeroRtt => connection.zero_rtt = connection.zero_rtt.saturating_add(1),
            Kind::Handshake => {
                if let Some(count) = connection.handshake.get_mut(direction.index()) {
                    *count = count.saturating_add(1);
                }
            }
            Kind::Initial => self.initial(ctx, direction, packet),
        }
        let connection = &mut self.connection;
        connection.version = packet.version;
        if let Some(id) = connection.ids.get_mut(direction.index()) {
            id.get_or_insert_with(|| packet.source_id.to_vec());
        }
    }

    fn initial(&mut self, ctx: &mut Context<'_>, direction: Direction, packet: &Long<'_>) {
        let payload = self.connection.open(direction, packet).or_else(|| self.begin(ctx, direction, packet));
        let connection = &mut self.connection;
        connection.initial = connection.initial.saturating_add(1);
        connection.has_token |= direction == Direction::Up && !packet.token.is_empty();
        let Some(payload) = payload else {
            connection.failures = connection.failures.saturating_add(1);
            return;
        };
        connection.is_decrypted = true;
        if packet.version == Q050 {
            connection.hello(google::hello(&payload));
            return;
        }
        let mut frames = Cursor::new(&payload);
        while let Some(frame) = next_frame(&mut frames) {
            match frame {
                Frame::Crypto(offset, bytes) => {
                    let Some(crypto) = connection.crypto.get_mut(direction.index()) else { continue };
                    if !crypto.add(offset, bytes, ctx.budget) {
                        ctx.weird(Weird::MessageTooLong, None);
                    }
                    while let Some((kind, body)) = crypto.next_message() {
                        connection.session.message(ctx, direction, None, kind, &body, true);
                        if kind == message::CLIENT_HELLO {
                            (connection.alpn, connection.parameters) = told_by(&body);
                        }
                    }
                }
                Frame::Close(code, reason) => {
                    connection.close.get_or_insert_with(|| (code, text::lossy(reason)));
                }
                Frame::Other => {}
            }
        }
    }

    /// Tries the keys that come from this packet itself: the first one, one after a Retry, or one of another connection.
    fn begin(&mut self, ctx: &mut Context<'_>, direction: Direction, packet: &Long<'_>) -> Option<Vec<u8>> {
        if self.connection.failures >= MAX_FAILURES {
            return None;
        }
        let (keys, payload) = Keys::initial(packet.version, packet.destination_id, true)
            .find_map(|keys| keys.open(packet.bytes, packet.number_at).map(|payload| (keys, payload)))?;
        let goes_on = direction == Direction::Up && self.connection.session.version.is_none();
        let is_same = !self.connection.is_decrypted || (goes_on && (self.connection.has_retry || !self.connection.negotiated.is_empty()));
        if !is_same {
            self.finish(ctx);
            self.connection.first = Some(ctx.at);
            self.connection.last = Some(ctx.at);
        } else if direction == Direction::Down {
            // who seemed to be the server began
            self.connection.first = self.connection.first.map(At::reversed);
        }
        self.client = Some(End { mac: None, ..ctx.at.source });
        let connection = &mut self.connection;
        connection.original_id.get_or_insert_with(|| packet.destination_id.to_vec());
        connection.key_id = packet.destination_id.to_vec();
        connection.keys = [Some((packet.version, keys)), None];
        Some(payload)
    }

    /// Writes the connection's row and forgets it.
    fn finish(&mut self, ctx: &mut Context<'_>) {
        let mut connection = std::mem::take(&mut self.connection);
        let (Some(first), Some(last)) = (connection.first, connection.last) else { return };
        let at = ctx.at;
        for (direction, crypto) in [Direction::Up, Direction::Down].into_iter().zip(&mut connection.crypto) {
            if let [kind, _, _, _, body @ ..] = crypto.take_rest().as_slice() {
                ctx.at = if direction == Direction::Up { first } else { first.reversed() };
                connection.session.message(ctx, direction, None, *kind, body, false);
            }
        }
        ctx.at = at;
        let [source_short, destination_short] = connection.short;
        let [client_handshake, server_handshake] = connection.handshake;
        let [client_id, server_id] = connection.ids.map(|id| id.map(|id| text::hex(&id)));
        let parameters = connection.parameters;
        let shown = |list: Vec<u32>| (!list.is_empty()).then(|| list.into_iter().map(|one| format!("{one:08x}")).collect());
        ctx.emit(&QuicConnection {
            at: first,
            last_capture: last.capture,
            last_frame: last.frame,
            last_ns: last.time_ns,
            version: keys::name(connection.version),
            original_destination_id: connection.original_id.map(|id| text::hex(&id)),
            client_id,
            server_id,
            negotiated_versions: shown(connection.negotiated),
            has_retry: connection.has_retry,
            has_token: connection.has_token,
            is_decrypted: connection.is_decrypted,
            server_name: connection.session.server_name.take(),
            alpn_offered: (!connection.alpn.is_empty()).then_some(connection.alpn),
            cipher: connection.session.cipher(),
            is_established: client_handshake > 0 && server_handshake > 0 && (source_short > 0 || destination_short > 0),
            close_error: connection.close.as_ref().map(|(code, _)| *code),
            close_reason: connection.close.map(|(_, reason)| reason).filter(|reason| !reason.is_empty()),
            idle_timeout_ms: parameters.idle_timeout_ms,
            max_datagram_bytes: parameters.max_datagram_bytes,
            initial_max_data: parameters.initial_max_data,
            user_agent: parameters.user_agent,
            client_versions: shown(parameters.versions),
            initial_packets: connection.initial,
            zero_rtt_packets: connection.zero_rtt,
            handshake_packets: client_handshake.saturating_add(server_handshake),
            source_short_datagrams: source_short,
            destination_short_datagrams: destination_short,
        });
    }
}

impl Connection {
    /// What Google's own handshake tells.
    fn hello(&mut self, hello: Option<google::Hello>) {
        let hello = hello.unwrap_or_default();
        self.session.server_name = self.session.server_name.take().or(hello.server_name);
        self.parameters.user_agent = self.parameters.user_agent.take().or(hello.user_agent);
    }

    /// Decrypts with the keys at hand; those of another version come from the same id (RFC 9369 4.1).
    fn open(&mut self, direction: Direction, packet: &Long<'_>) -> Option<Vec<u8>> {
        if self.key_id.is_empty() && !self.is_decrypted {
            return None;
        }
        let place = self.keys.get_mut(direction.index())?;
        if place.as_ref().is_none_or(|(version, _)| *version != packet.version) {
            let mut candidates = Keys::initial(packet.version, &self.key_id, direction == Direction::Up);
            let (keys, payload) = candidates.find_map(|keys| keys.open(packet.bytes, packet.number_at).map(|payload| (keys, payload)))?;
            *place = Some((packet.version, keys));
            return Some(payload);
        }
        place.as_ref()?.1.open(packet.bytes, packet.number_at)
    }
}
