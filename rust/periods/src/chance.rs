//! How often chance alone makes a link: events that come at random, but never sooner than a dead time after another.

use crate::{count, gaps, median};
use std::f64::consts::LN_2;

/// Mean intervals after which an event tells nothing any more of when others come.
const MEMORY: f64 = 12.0;
/// Events in a dead time from which on the next ones are so regular that this shows at single periods.
const REGULAR: f64 = 0.2;
/// Parts in which a period is summed up.
const PARTS: usize = 96;

/// Events at random, by the middle of their intervals, which silence does not change.
pub(crate) struct Random {
    /// seconds after an event in which no other is counted
    dead: f64,
    /// events per second behind those
    rate: f64,
}

impl Random {
    /// As dense as a train of ascending times in which no event is counted in `dead` seconds after another.
    pub(crate) fn of(times: &[f64], dead: f64) -> Random {
        let mut gaps = gaps(times);
        gaps.sort_by(f64::total_cmp);
        let free = median(&gaps) - dead;
        // the middle of exponential intervals is ln 2 of their mean
        Random { dead, rate: if free > 0.0 { LN_2 / free } else { f64::INFINITY } }
    }

    /// Probability that an event has another after a period, give or take a share of it.
    pub(crate) fn link(&self, period: f64, tolerance: f64) -> f64 {
        let (from, width) = (period * (1.0 - tolerance), period * 2.0 * tolerance);
        if self.rate.is_infinite() {
            return 1.0;
        }
        let mean = self.dead + 1.0 / self.rate;
        if self.dead * self.rate < REGULAR || from > MEMORY * mean {
            return self.waited(width) / mean;
        }
        1.0 - self.none(from, from + width)
    }

    /// Probability that the next event comes later than that.
    fn later(&self, seconds: f64) -> f64 {
        (-self.rate * (seconds - self.dead).max(0.0)).exp()
    }

    /// Mean of the seconds until the next event, of which no more than so many count.
    fn waited(&self, most: f64) -> f64 {
        most.min(self.dead) + (1.0 - self.later(most)) / self.rate
    }

    /// Probability that no event lies between two times after an event: the last one before them is followed by none until their end.
    fn none(&self, from: f64, to: f64) -> f64 {
        let part = from / count(PARTS);
        let last = |place: usize| {
            let at = (count(place) + 0.5) * part;
            self.density(at) * self.later(to - at) * part
        };
        (self.later(to) + (0..PARTS).map(last).sum::<f64>()).clamp(0.0, 1.0)
    }

    /// Events per second at a time after an event (renewal density): the sum over how many lie between (Gamma's density each).
    fn density(&self, at: f64) -> f64 {
        let mut sum = 0.0;
        let (mut number, mut free, mut log_factorial) = (1.0, at - self.dead, 0.0);
        while free > 0.0 {
            sum += (number * self.rate.ln() + (number - 1.0) * free.ln() - self.rate * free - log_factorial).exp();
            log_factorial += f64::ln(number);
            number += 1.0;
            free -= self.dead;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn without_a_dead_time_events_come_as_in_a_poisson_process() {
        let random = Random { dead: 0.0, rate: 0.5 };
        assert!((random.link(10.0, 0.1) - (1.0 - f64::exp(-1.0))).abs() < 1e-12);
    }

    #[test]
    fn what_an_event_tells_of_the_others_ends() {
        let random = Random { dead: 1.0, rate: 4.0 };
        // the next one alone: 1 + X, of X exponential
        let next = f64::exp(-4.0 * 0.08) - f64::exp(-4.0 * 0.32);
        assert!((random.link(1.2, 0.1) - next).abs() < 0.02, "{}", random.link(1.2, 0.1));
        // long after, it is as if there had been none
        let far = 1.0 - random.none(14.0, 14.5);
        assert!((far - random.waited(0.5) / 1.25).abs() < 0.02, "{far}");
    }
}
