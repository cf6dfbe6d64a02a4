//! What the threads do. One at a time walks the captures and hands out the frames between two meetings, shard by shard;
//! whoever is free reads the frames of a shard that nobody reads, or writes rows of a table that nobody writes. Each shard's
//! frames are read in their order, so that neither who reads them nor when changes anything.

use crate::batch::{Batch, Queue};
use crate::collector::{Collector, name};
use crate::dissect::Options;
use crate::shard::{SHARDS, Shard};
use crate::sink::Sink;
use crate::tables::{Sheet, Sheets, TableError, TableWriter};
use crate::walk::{Walk, Walked};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Meetings whose frames wait or are read at a time: those of the next are there when a thread has no more of the one before.
const MAX_OPEN: usize = 2;
/// Meetings that the walk may be ahead of the one whose rows are all written: bounds the rows that wait.
const MAX_AHEAD: u64 = 2;
/// Bytes of frames that must wait for each other thread while one walks, which takes a sixth of the time of a meeting's frames
/// (4 MiB with what they count beside their bytes): more than that.
const LOW_BYTES: usize = 1 << 20;

/// A shard and where its rows go.
struct Desk {
    shard: Shard,
    sink: Sink,
}

/// Frames between two meetings.
struct Epoch {
    number: u64,
    /// they are the last ones
    is_last: bool,
    batch: Batch,
    /// shards whose frames nobody has taken yet
    waiting: Vec<usize>,
    /// shards whose frames are not read yet
    unread: usize,
    /// rows so far, one for each thread that has any
    rooms: Vec<Sheets>,
}

enum Job<'a> {
    Walk(Box<Walk<'a>>, Batch),
    Write(Vec<Sheet>),
    Read(Reading),
}

/// A shard's frames that a thread reads.
struct Reading {
    epoch: u64,
    is_last: bool,
    shard: usize,
    desk: Box<Desk>,
    queue: Queue,
    room: Sheets,
}

struct State<'a> {
    /// none while a thread walks, and when all frames are handed out
    walk: Option<Box<Walk<'a>>>,
    is_walked: bool,
    /// the last epoch that was handed out
    walked: u64,
    epochs: VecDeque<Epoch>,
    /// by shard; none while a thread reads it
    desks: Vec<Option<Box<Desk>>>,
    collector: Collector,
    /// room of earlier frames
    batches: Vec<Batch>,
    error: Option<TableError>,
}

/// Threads at work.
pub struct Crew<'a> {
    threads: usize,
    writer: TableWriter,
    state: Mutex<State<'a>>,
    moved: Condvar,
}

/// Ends the run when a thread fails, so that no other waits for it.
struct Alarm<'c, 'a>(&'c Crew<'a>);

impl Drop for Alarm<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().error.get_or_insert_with(TableError::failed);
            self.0.moved.notify_all();
        }
    }
}

impl<'a> Crew<'a> {
    /// For so many threads, each of which calls [`Crew::work`] with its number.
    pub fn new(threads: usize, writer: TableWriter, walk: Walk<'a>, options: &Options) -> Self {
        let desk =
            |number| Desk { shard: Shard::default(), sink: Sink::new(number, options.spool.clone(), options.blind) };
        let state = State {
            walk: Some(Box::new(walk)),
            is_walked: false,
            walked: 0,
            epochs: VecDeque::new(),
            desks: (0..SHARDS).map(|number| Some(Box::new(desk(number)))).collect(),
            collector: Collector::default(),
            batches: Vec::new(),
            error: None,
        };
        Self { threads, writer, state: Mutex::new(state), moved: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what there is to do until all is done, or something fails.
    pub fn work(&self, thread: usize) {
        let _alarm = Alarm(self);
        let mut state = self.lock();
        while !state.is_over() {
            let Some(job) = state.next(thread, self.threads) else {
                state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            state = match job {
                Job::Walk(walk, batch) => self.walk(walk, batch),
                Job::Write(sheets) => self.write(sheets),
                Job::Read(reading) => self.read(reading),
            };
            self.moved.notify_all();
        }
        // what threads free before their end goes back to the system; what is freed later waits for who allocates again
        let left = state.leave(thread, self.threads);
        drop(state);
        drop(left);
    }

    fn walk(&self, mut walk: Box<Walk<'a>>, mut batch: Batch) -> MutexGuard<'_, State<'a>> {
        let walked = walk.fill(&mut batch);
        let mut state = self.lock();
        if walked == Walked::Cancelled {
            state.error.get_or_insert_with(TableError::cancelled);
            return state;
        }
        let is_last = walked == Walked::Over;
        let waiting = batch.waiting(is_last);
        let room = state.collector.refilled(std::mem::take(walk.sheets()));
        let number = state.walked.saturating_add(1);
        state.walked = number;
        state.epochs.push_back(Epoch { number, is_last, batch, unread: waiting.len(), waiting, rooms: vec![room] });
        state.is_walked = is_last;
        state.walk = (!is_last).then_some(walk);
        state.close_read();
        state
    }

    fn write(&self, sheets: Vec<Sheet>) -> MutexGuard<'_, State<'a>> {
        let outcome = self.writer.append(name(&sheets), &sheets);
        let mut state = self.lock();
        state.collector.written(sheets);
        if let Err(error) = outcome {
            state.error.get_or_insert(error);
        }
        state
    }

    fn read(&self, mut reading: Reading) -> MutexGuard<'_, State<'a>> {
        let Desk { shard, sink } = reading.desk.as_mut();
        std::mem::swap(&mut sink.sheets, &mut reading.room);
        reading.queue.read(shard, sink);
        reading.queue.clear();
        let mut outcome = Ok(());
        if reading.is_last {
            shard.finish(sink);
            outcome = sink.finish();
        }
        std::mem::swap(&mut sink.sheets, &mut reading.room);
        let mut state = self.lock();
        if let Err(error) = outcome {
            state.error.get_or_insert(TableError::from_io(&error));
        }
        state.was_read(reading);
        state
    }

    /// Closes the tables; gives rows by table.
    ///
    /// # Errors
    /// the first one met while writing
    pub fn finish(self) -> Result<Vec<(&'static str, i64)>, TableError> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.error {
            Some(error) => Err(error),
            None => self.writer.finish(self.threads),
        }
    }
}

impl<'a> State<'a> {
    fn is_over(&self) -> bool {
        self.error.is_some() || self.is_walked && self.epochs.is_empty() && self.collector.is_idle()
    }

    /// What a thread can do now. Writing comes first, since it sets memory free; then the walk, where the others could run
    /// out of frames before it is back.
    fn next(&mut self, thread: usize, threads: usize) -> Option<Job<'a>> {
        if let Some(sheets) = self.collector.take() {
            return Some(Job::Write(sheets));
        }
        if self.is_time_to_walk(threads)
            && let Some(walk) = self.walk.take()
        {
            return Some(Job::Walk(walk, self.batches.pop().unwrap_or_default()));
        }
        self.take_reading(thread, threads).map(Job::Read)
    }

    fn is_time_to_walk(&self, threads: usize) -> bool {
        let has_room = self.epochs.len() < MAX_OPEN && self.walked < self.collector.settled().saturating_add(MAX_AHEAD);
        let of = |epoch: &Epoch| epoch.waiting.iter().map(|shard| epoch.batch.bytes(*shard)).sum::<usize>();
        let is_none = self.epochs.iter().all(|epoch| epoch.waiting.is_empty());
        let low = LOW_BYTES.saturating_mul(threads.saturating_sub(1));
        has_room && (is_none || self.epochs.iter().map(of).sum::<usize>() < low)
    }

    /// A shard of the earliest frames that wait: of those that the thread reads where it can, since their memory is near, the one
    /// with the most frames, so that what is left at the end is little.
    fn take_reading(&mut self, thread: usize, threads: usize) -> Option<Reading> {
        let desks = &mut self.desks;
        for epoch in &mut self.epochs {
            let batch = &epoch.batch;
            let is_free = |shard: usize| desks.get(shard).is_some_and(Option::is_some);
            let worth = |shard: usize| (shard.checked_rem(threads) == Some(thread), batch.bytes(shard));
            let free = epoch.waiting.iter().copied().enumerate().filter(|(_, shard)| is_free(*shard));
            let Some((place, shard)) = free.max_by_key(|(_, shard)| worth(*shard)) else { continue };
            epoch.waiting.swap_remove(place);
            let room = epoch.rooms.pop().unwrap_or_else(|| self.collector.refilled(Sheets::default()));
            return Some(Reading {
                epoch: epoch.number,
                is_last: epoch.is_last,
                shard,
                desk: desks.get_mut(shard)?.take()?,
                queue: epoch.batch.take(shard),
                room,
            });
        }
        None
    }

    /// What a thread holds more than others, and what nobody needs any more.
    fn leave(&mut self, thread: usize, threads: usize) -> (Vec<Option<Box<Desk>>>, Vec<Batch>, Vec<Sheet>) {
        let own = self.desks.iter_mut().skip(thread).step_by(threads.max(1)).map(Option::take).collect();
        (own, std::mem::take(&mut self.batches), self.collector.spare())
    }

    fn was_read(&mut self, reading: Reading) {
        let Reading { epoch, shard, desk, queue, room, .. } = reading;
        if let Some(slot) = self.desks.get_mut(shard) {
            *slot = Some(desk);
        }
        if let Some(epoch) = self.epochs.iter_mut().find(|other| other.number == epoch) {
            epoch.batch.put(shard, queue);
            epoch.rooms.push(room);
            epoch.unread = epoch.unread.saturating_sub(1);
        }
        self.close_read();
    }

    /// Hands on the rows of epochs that are read, in their order.
    fn close_read(&mut self) {
        while self.epochs.front().is_some_and(|epoch| epoch.unread == 0)
            && let Some(mut epoch) = self.epochs.pop_front()
        {
            self.collector.add(epoch.number, std::mem::take(&mut epoch.rooms));
            self.batches.push(epoch.batch);
        }
    }
}
