//! Which bytes of a file came.

/// Stretches in order that neither touch nor overlap: first byte, and the one behind the last.
#[derive(Default)]
pub struct Spans(Vec<(u64, u64)>);

impl Spans {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Behind the last byte of all.
    pub fn end(&self) -> u64 {
        self.0.last().map_or(0, |(_, high)| *high)
    }

    /// Adds a stretch.
    pub fn add(&mut self, mut low: u64, mut high: u64) {
        self.0.retain(|(first, end)| {
            let touches = *first <= high && *end >= low;
            if touches {
                (low, high) = (low.min(*first), high.max(*end));
            }
            !touches
        });
        let place = self.0.partition_point(|(first, _)| *first < low);
        self.0.insert(place, (low, high));
    }

    /// What they leave of a stretch.
    pub fn without(&self, low: u64, high: u64) -> Vec<(u64, u64)> {
        let mut parts = Vec::new();
        let mut place = low;
        for (first, end) in &self.0 {
            if *end <= place || *first >= high {
                continue;
            }
            if *first > place {
                parts.push((place, *first));
            }
            place = *end;
        }
        if place < high {
            parts.push((place, high));
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_join_and_leave_what_is_missing() {
        let mut spans = Spans::default();
        for (low, high) in [(10, 20), (0, 5), (30, 40), (18, 30)] {
            spans.add(low, high);
        }
        assert_eq!((spans.count(), spans.end()), (2, 40));
        assert_eq!(spans.without(0, 50), [(5, 10), (40, 50)]);
        assert_eq!(spans.without(6, 8), [(6, 8)]);
        assert!(spans.without(12, 40).is_empty());
    }
}
