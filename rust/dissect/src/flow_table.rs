//! The flows of one shard in memory, at most so many; one that must leave can come back under its old id.

use crate::app::Conversation;
use crate::at::End;
use crate::bursts::Bursts;
use crate::flow::{FlowKey, Segment};
use crate::tables::FlowId;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use std::hash::BuildHasher;

/// Flows in memory per shard; with 16 shards 98,304. One takes some 1,300 bytes before it has anything to be reassembled.
pub const MAX_FLOWS: usize = 6144;
/// Flows that have left and are remembered by their key's hash, per shard: as many as a hash table of 131,072 places takes, in 3 MiB.
const MAX_DEPARTED: usize = 114_688;

/// A flow in memory.
pub struct Flow {
    /// ends and protocol
    pub key: FlowKey,
    /// stable id
    pub id: FlowId,
    /// whether the low end is the originator
    pub low_is_originator: bool,
    /// what told that
    pub originator_known_by: &'static str,
    /// TCP: whether its first SYN was captured
    pub began: Option<bool>,
    /// Community ID, until the first segment is written
    pub community_id: Option<String>,
    /// counters of the slot and MACs at hand
    pub segment: Segment,
    /// counters of the same slot between other MACs (several capture points)
    pub others: Vec<Segment>,
    /// what was said without a longer silence
    pub bursts: Option<Box<Bursts>>,
    /// application
    pub conversation: Option<Box<Conversation>>,
    /// application and what told it, once its conversation is over
    pub label: Option<(&'static str, &'static str)>,
    /// first sequence number of each direction (TCP), to tell a reused port
    pub bases: [Option<u32>; 2],
    /// FIN or RST was seen
    pub is_closing: bool,
    /// used since the last round of the clock
    recently_used: bool,
}

/// Flows by key.
#[derive(Default)]
pub struct FlowTable {
    hasher: DefaultHashBuilder,
    index: HashTable<Entry>,
    flows: Vec<Flow>,
    hand: usize,
    departed: HashMap<u64, Remembered>,
    tellers: Codes<&'static str>,
    labels: Codes<(&'static str, &'static str)>,
    has_forgotten: bool,
}

/// Where a flow is. With the hash of its key most other flows are passed without a look at them, who lie in far memory.
struct Entry {
    hash: u64,
    place: usize,
}

/// What is known of a flow before its next packet.
#[derive(Clone, Copy)]
pub struct Departed {
    /// its id
    pub id: FlowId,
    /// whether the low end is the originator
    pub low_is_originator: bool,
    /// what told that
    pub originator_known_by: &'static str,
    /// whether its start was captured
    pub began: Option<bool>,
    /// application and what told it
    pub label: Option<(&'static str, &'static str)>,
}

/// The same of a flow that left, in little memory: words of ours as codes.
#[derive(Clone, Copy)]
struct Remembered {
    id: FlowId,
    originator_known_by: u16,
    label: Option<u16>,
    low_is_originator: bool,
    began: Option<bool>,
}

/// Values of which there are few, each with a code.
#[derive(Default)]
struct Codes<T>(Vec<T>);

impl<T: Copy + PartialEq> Codes<T> {
    /// The code of a value; none where there are too many.
    fn code(&mut self, value: T) -> Option<u16> {
        let place = self.0.iter().position(|known| *known == value).unwrap_or_else(|| {
            self.0.push(value);
            self.0.len().saturating_sub(1)
        });
        u16::try_from(place).ok()
    }

    fn value(&self, code: u16) -> Option<T> {
        self.0.get(usize::from(code)).copied()
    }
}

impl Flow {
    /// A flow whose first packet is `segment`'s.
    pub fn new(key: FlowKey, seen: Departed, segment: Segment) -> Self {
        Self {
            key,
            id: seen.id,
            low_is_originator: seen.low_is_originator,
            originator_known_by: seen.originator_known_by,
            began: seen.began,
            community_id: None,
            segment,
            others: Vec::new(),
            bursts: None,
            conversation: None,
            label: seen.label,
            bases: [None; 2],
            is_closing: false,
            recently_used: true,
        }
    }
}

impl FlowTable {
    /// The hash of a key, as the other functions want it.
    #[inline]
    pub fn hash(&self, key: &FlowKey) -> u64 {
        self.hasher.hash_one(key)
    }

    /// The flow of a key and its place, which holds until the next insertion. `likely` is where it may be.
    #[inline]
    pub fn find(&mut self, key: &FlowKey, hash: u64, likely: Option<usize>) -> Option<(usize, &mut Flow)> {
        let is_it = |place: usize| self.flows.get(place).is_some_and(|flow| flow.key == *key);
        let index = match likely.filter(|place| is_it(*place)) {
            Some(place) => place,
            None => self.index.find(hash, |entry| entry.hash == hash && is_it(entry.place))?.place,
        };
        let flow = self.flows.get_mut(index)?;
        flow.recently_used = true;
        Some((index, flow))
    }

    /// Where the flow of a key with this hash is, if it is there: told without a look at the flow.
    #[inline]
    pub fn likely(&self, hash: u64) -> Option<usize> {
        self.index.find(hash, |entry| entry.hash == hash).map(|entry| entry.place)
    }

    /// Fetches the memory of flows that are needed next. No read waits for another, so that they come at the same time.
    pub fn fetch(&self, places: impl Iterator<Item = usize> + Clone) {
        let flows = || places.clone().filter_map(|place| self.flows.get(place));
        let near = flows().fold(0, |sum, flow| sum ^ flow.segment.first_ns ^ flow.segment.slot_ns);
        let far = flows().fold(0, |sum, flow| {
            let talk = flow.conversation.as_deref().map_or(0, Conversation::fetch);
            sum ^ talk ^ flow.bursts.as_deref().map_or(0, Bursts::fetch)
        });
        std::hint::black_box((near, far));
    }

    /// The flow at a place.
    #[inline]
    pub fn at(&mut self, place: usize) -> Option<&mut Flow> {
        self.flows.get_mut(place)
    }

    /// What is remembered of a flow with a key of this hash that left the table.
    pub fn departed(&mut self, hash: u64) -> Option<Departed> {
        if self.departed.is_empty() {
            return None;
        }
        let known = self.departed.remove(&hash)?;
        Some(Departed {
            id: known.id,
            low_is_originator: known.low_is_originator,
            originator_known_by: self.tellers.value(known.originator_known_by)?,
            began: known.began,
            label: known.label.and_then(|label| self.labels.value(label)),
        })
    }

    /// Whether flows that left are not remembered any more: one without its start may then have begun in the capture.
    pub fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }

    /// Adds a flow whose key is not in the table; gives its place and the one that had to leave for it.
    pub fn insert(&mut self, flow: Flow, hash: u64) -> (usize, Option<Flow>) {
        if self.flows.len() < MAX_FLOWS {
            let place = self.flows.len();
            self.flows.push(flow);
            self.index_at(hash, place);
            return (place, None);
        }
        let place = self.choose();
        let Some(slot) = self.flows.get_mut(place) else { return (place, None) };
        let leaving = std::mem::replace(slot, flow);
        let old_hash = self.hasher.hash_one(leaving.key);
        if let Ok(entry) = self.index.find_entry(old_hash, |entry| entry.place == place) {
            entry.remove();
        }
        self.index_at(hash, place);
        if !leaving.is_closing {
            self.remember(&leaving, old_hash);
        }
        (place, Some(leaving))
    }

    fn remember(&mut self, leaving: &Flow, hash: u64) {
        if self.departed.len() >= MAX_DEPARTED {
            self.departed.clear();
            self.has_forgotten = true;
        }
        let label = leaving.label.or(leaving.conversation.as_ref().and_then(|talk| talk.label));
        let label = label.and_then(|label| self.labels.code(label));
        let Some(originator_known_by) = self.tellers.code(leaving.originator_known_by) else { return };
        let Flow { id, low_is_originator, began, .. } = *leaving;
        self.departed.insert(hash, Remembered { id, originator_known_by, label, low_is_originator, began });
    }

    /// Takes all flows out.
    pub fn drain(&mut self) -> Vec<Flow> {
        self.index.clear();
        std::mem::take(&mut self.flows)
    }

    fn index_at(&mut self, hash: u64, place: usize) {
        self.index.insert_unique(hash, Entry { hash, place }, |entry| entry.hash);
    }

    /// The clock algorithm: the next flow not used since the hand last passed; one that is closing at once.
    fn choose(&mut self) -> usize {
        for _ in 0..MAX_FLOWS * 2 {
            let place = self.hand;
            self.hand = if place.saturating_add(1) < self.flows.len() { place.saturating_add(1) } else { 0 };
            match self.flows.get_mut(place) {
                Some(flow) if flow.recently_used && !flow.is_closing => flow.recently_used = false,
                _ => return place,
            }
        }
        self.hand
    }
}

impl Flow {
    /// The low or the high end, as records tell it.
    pub fn end(&self, low: bool) -> End {
        let (endpoint, mac) =
            if low { (self.key.low, self.segment.low_mac) } else { (self.key.high, self.segment.high_mac) };
        End { mac, address: endpoint.address.ip(), port: Some(endpoint.port) }
    }
}
