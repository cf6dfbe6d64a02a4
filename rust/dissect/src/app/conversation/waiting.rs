//! Bytes of a direction that wait until a protocol is found, each stretch with the place of its own frame.

use crate::app::{Budget, Buffer};
use crate::at::At;

/// What waits of one direction.
#[derive(Default)]
pub struct Waiting {
    buffer: Buffer,
    /// ends of the stretches, and where they were seen; what was pushed last has none yet
    ends: Vec<(usize, At)>,
}

/// Bytes, and the place of the frame that brought them.
pub type Stretch = (At, Vec<u8>);

impl Waiting {
    /// All that waits.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.bytes()
    }

    /// Appends bytes; `false` where there is no room (nothing waits then).
    pub fn push(&mut self, bytes: &[u8], limit: usize, budget: &Budget) -> bool {
        let has_room = self.buffer.push(bytes, limit, budget);
        if !has_room {
            self.ends.clear();
        }
        has_room
    }

    /// What was pushed last goes on waiting, and came at this place.
    pub fn mark(&mut self, at: At) {
        self.ends.push((self.buffer.bytes().len(), at));
    }

    /// Takes out everything; what has no mark came at the place given.
    pub fn take(&mut self, last: At) -> Vec<Stretch> {
        let mut rest = self.buffer.take();
        let mut begins = 0usize;
        let mut stretches = Vec::new();
        for (end, at) in self.ends.drain(..) {
            let behind = rest.split_off(end.saturating_sub(begins).min(rest.len()));
            stretches.push((at, std::mem::replace(&mut rest, behind)));
            begins = end;
        }
        stretches.push((last, rest));
        stretches.retain(|(_, bytes)| !bytes.is_empty());
        stretches
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.ends.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::at;

    #[test]
    fn stretches_keep_their_places() {
        let budget = Budget::default();
        let mut waiting = Waiting::default();
        let [first, last] = [at(1, 2), at(3, 4)];
        assert!(waiting.push(b"220 ", 10, &budget));
        waiting.mark(first);
        assert!(waiting.push(b"mx", 10, &budget));
        assert_eq!(waiting.bytes(), b"220 mx");
        assert_eq!(waiting.take(last), [(first, b"220 ".to_vec()), (last, b"mx".to_vec())]);
        assert!(waiting.take(last).is_empty());
    }
}
