//! Payload bytes worth reading: of flows that no parser claims, and of carriers in clear. The same content between the
//! same ends is kept once and counted. What is kept is bounded by flow and by shard; what is left out is counted.

use crate::at::At;
use crate::record;
use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};

/// Bytes of one piece of content; longer ones go on in the next row.
const MAX_CONTENT_BYTES: usize = 16 << 10;
/// Content of one flow and sender; ten thousand beacons of a device, or the first quarter of a second of a video.
const MAX_FLOW_BYTES: usize = 256 << 10;
/// Content of one shard; with 16 shards 256 MiB on disk.
const MAX_SHARD_BYTES: usize = 16 << 20;
/// Pieces of one shard; with 16 shards about a million rows.
const MAX_SHARD_ROWS: usize = 65_536;
/// Content that waits for the same again, per shard; with 16 shards 4 MiB.
const MAX_WAITING_BYTES: usize = 256 << 10;
/// Pieces that wait for the same again, per shard: a row takes some 300 bytes beside its content.
const MAX_WAITING_ROWS: usize = 4096;
/// Flows whose share is remembered, per shard; beyond, all begin anew.
const MAX_SHARES: usize = 8192;
/// Shorter messages say nothing that could be searched for.
const MIN_BYTES: usize = 4;

record! {
    /// Payload bytes worth reading: of flows that no parser claims, and of carriers in clear. The same content between the same ends is kept once; a row counts how often it came before the row was written, and later rows of the same content add up.
    pub struct PayloadRow in "payloads" at {
        /// What carried it: tcp or udp (nobody knows the protocol), http (body), mqtt (message), mdns (TXT record)
        carrier: &'static str,
        /// What the carrier says it is about: HTTP target, MQTT topic, name of the record, what an answer to a prompt is (user name, password)
        subject: Option<String>,
        /// Place of the first byte in its stream or message
        stream_offset: u64,
        /// The bytes
        content: Vec<u8>,
        /// Times that this content came
        times: u64,
        /// Capture file of the last time
        last_capture: u32,
        /// Frame of the last time
        last_frame: u64,
        /// Last time, UTC nanoseconds since 1970
        last_ns: i64,
    }
}

record! {
    /// Payload that was left out of `payloads` since a flow or the capture has too much of it. Rows add up. Of a direction that is full only the first piece is counted here: it is read no more, and `flows` has the payload bytes of all.
    pub struct OmittedRow in "payloads_omitted" {
        /// What carried it
        carrier: &'static str,
        /// Pieces that were left out
        pieces: u64,
        /// Their bytes
        bytes: u64,
    }
}

/// Content of one shard.
#[derive(Default)]
pub struct Payloads {
    /// rows that wait, with their positions; what is told of their last time is in `known`, their content in `contents`
    waiting: Vec<(u64, PayloadRow)>,
    known: HashTable<Known>,
    contents: Vec<u8>,
    /// bytes kept of each flow and sender
    shares: FxHashMap<(u64, bool), usize>,
    kept_bytes: usize,
    kept_rows: usize,
    omitted: FxHashMap<&'static str, (u64, u64)>,
}

/// A content that waits: what is looked at each time that it comes again lies together.
#[derive(Clone, Copy)]
struct Known {
    hash: u64,
    start: usize,
    length: usize,
    row: usize,
    times: u64,
    last_capture: u32,
    last_frame: u64,
    last_ns: i64,
}

impl Payloads {
    /// Takes content that was seen at `position` of the walk; false where more of this flow and sender is of no use.
    pub fn add(
        &mut self,
        position: u64,
        at: &At,
        carrier: &'static str,
        subject: Option<&str>,
        offset: u64,
        bytes: &[u8],
    ) -> bool {
        let mut wanted = true;
        let mut offset = offset;
        for content in bytes.chunks(MAX_CONTENT_BYTES).filter(|content| content.len() >= MIN_BYTES) {
            wanted = self.piece(position, at, carrier, subject, offset, content);
            offset = offset.saturating_add(content.len() as u64);
        }
        wanted
    }

    fn piece(
        &mut self,
        position: u64,
        at: &At,
        carrier: &'static str,
        subject: Option<&str>,
        offset: u64,
        content: &[u8],
    ) -> bool {
        let mut hasher = FxHasher::default();
        (at.flow.0, at.source.port, at.source.address, carrier, subject, content).hash(&mut hasher);
        let hash = hasher.finish();
        if let Some(known) = self.known.find_mut(hash, |known| known.hash == hash)
            && self.contents.get(known.start..known.start.saturating_add(known.length)) == Some(content)
        {
            // a frame captured twice was sent once
            known.times = known.times.saturating_add(u64::from(!at.is_repeated));
            (known.last_capture, known.last_frame, known.last_ns) = (at.capture, at.frame, at.time_ns);
            return true;
        }
        if self.shares.len() >= MAX_SHARES {
            self.shares.clear();
        }
        let share = self.shares.entry((at.flow.0, at.source < at.destination)).or_insert(0);
        let is_full = share.saturating_add(content.len()) > MAX_FLOW_BYTES;
        if is_full
            || self.kept_bytes.saturating_add(content.len()) > MAX_SHARD_BYTES
            || self.kept_rows >= MAX_SHARD_ROWS
        {
            let (pieces, bytes) = self.omitted.entry(carrier).or_insert((0, 0));
            *pieces = pieces.saturating_add(1);
            *bytes = bytes.saturating_add(content.len() as u64);
            return false;
        }
        *share = share.saturating_add(content.len());
        self.kept_bytes = self.kept_bytes.saturating_add(content.len());
        self.kept_rows = self.kept_rows.saturating_add(1);
        self.remember(hash, content, at);
        self.waiting.push((
            position,
            PayloadRow {
                at: *at,
                carrier,
                subject: subject.map(str::to_owned),
                stream_offset: offset,
                content: Vec::new(),
                times: 1,
                last_capture: at.capture,
                last_frame: at.frame,
                last_ns: at.time_ns,
            },
        ));
        true
    }

    /// Remembers the content of the next row; another one with the same hash is found no more.
    fn remember(&mut self, hash: u64, content: &[u8], at: &At) {
        let new = Known {
            hash,
            start: self.contents.len(),
            length: content.len(),
            row: self.waiting.len(),
            times: 1,
            last_capture: at.capture,
            last_frame: at.frame,
            last_ns: at.time_ns,
        };
        self.contents.extend_from_slice(content);
        match self.known.find_mut(hash, |known| known.hash == hash) {
            Some(known) => std::mem::replace(known, new).tell(&mut self.waiting, &self.contents),
            None => {
                self.known.insert_unique(hash, new, |known| known.hash);
            }
        }
    }

    /// Whether rows must not wait longer.
    pub fn is_full(&self) -> bool {
        self.contents.len() >= MAX_WAITING_BYTES || self.waiting.len() >= MAX_WAITING_ROWS
    }

    /// All rows that wait, with their positions.
    pub fn drain(&mut self) -> std::vec::Drain<'_, (u64, PayloadRow)> {
        for known in self.known.drain() {
            known.tell(&mut self.waiting, &self.contents);
        }
        self.contents.clear();
        self.waiting.drain(..)
    }

    /// What was left out.
    pub fn omitted(&mut self) -> Vec<OmittedRow> {
        let mut rows: Vec<OmittedRow> =
            self.omitted.drain().map(|(carrier, (pieces, bytes))| OmittedRow { carrier, pieces, bytes }).collect();
        rows.sort_unstable_by_key(|row| row.carrier);
        rows
    }
}

impl Known {
    /// Completes the row of this content.
    fn tell(self, waiting: &mut [(u64, PayloadRow)], contents: &[u8]) {
        let Some((_, row)) = waiting.get_mut(self.row) else { return };
        row.content = contents.get(self.start..self.start.saturating_add(self.length)).unwrap_or_default().to_vec();
        (row.times, row.last_capture) = (self.times, self.last_capture);
        (row.last_frame, row.last_ns) = (self.last_frame, self.last_ns);
    }
}
