//! Periods in a train of events: times in, periods out.
//!
//! A period P is told by its links: an event has a link where another follows it after P, give or take a tenth. Candidates
//! come from a histogram of the times between an event and each of the next few. How many links chance would make follows
//! from the train's own rate (a Poisson process, with a dead time where events that follow one at once are left out); a period stands where links are far more than that (Chernoff's bound of
//! the binomial tail, corrected for the number of candidates), and where enough events form runs, in which single events
//! may be missing. Events of a period that was found are taken out, and what is left is searched again: so two periods at
//! one peer, and a period that changes, are told apart. Silence, gaps and missing days only end runs.
#![forbid(unsafe_code)]

mod candidates;
mod chance;
mod links;

use chance::Random;
use links::{Link, links, runs};

/// What is asked of a period. Whoever searches says it, and why (`actions/periods.py`).
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Events before a period is claimed.
    pub min_repetitions: usize,
    /// Events of a train that are looked at.
    pub max_events: usize,
    /// Share of the period by which one interval may differ from it.
    pub tolerance: f64,
    /// Jitter of a period that is told by its multiple.
    pub max_jitter: f64,
    /// Events in a row that may be missing inside a run.
    pub max_missed: usize,
    /// Later events to which intervals are measured.
    pub neighbours: usize,
    /// Ratio of neighbouring bins of the histogram.
    pub bin_ratio: f64,
    /// Intervals that a bin and its neighbours hold, at least, to be tried; and a tenth of the events.
    pub min_in_bin: usize,
    /// Fullest bins that are tried.
    pub max_candidates: usize,
    /// Periods searched in one train.
    pub max_periods: usize,
    /// Share of all events that are in runs of the period, at least.
    pub min_share: f64,
    /// The same of the events between its first and its last run.
    pub min_local_share: f64,
    /// Events of a run, at least.
    pub min_run: usize,
    /// Probability that chance alone makes so many links, at most, over all candidates.
    pub max_chance: f64,
    /// A shorter period is taken instead of a longer one when the share of events that it links is at least this part of its;
    /// instead of its multiple, when it is this part of that.
    pub shorter: f64,
    /// Shorter ones are within a burst.
    pub min_period_s: f64,
}

/// A period that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// Length in seconds.
    pub period_s: f64,
    /// Half the spread between the first and the ninth tenth of the intervals, as a share of the period.
    pub jitter: f64,
    /// Places of its events in the train, ascending.
    pub events: Vec<usize>,
}

/// The periods of a train of ascending times in seconds, the one with most events first found. Of events that come within `dead_s`
/// after another one is in the train.
#[must_use]
pub fn periods(times: &[f64], dead_s: f64, rules: &Rules) -> Vec<Period> {
    let mut left: Vec<(usize, f64)> = times.iter().copied().enumerate().take(rules.max_events).collect();
    let mut found: Vec<Period> = Vec::new();
    while left.len() >= rules.min_repetitions.max(2) && found.len() < rules.max_periods {
        let those: Vec<f64> = left.iter().map(|(_, time)| *time).collect();
        let Some(one) = strongest(&those, dead_s, rules) else { break };
        let mut taken = vec![false; left.len()];
        for event in &one.events {
            if let Some(flag) = taken.get_mut(*event) {
                *flag = true;
            }
        }
        let places = left.iter().zip(&taken).filter(|(_, taken)| **taken).map(|((place, _), _)| *place).collect();
        found.push(Period { events: places, ..one });
        let mut flags = taken.into_iter();
        left.retain(|_| flags.next() == Some(false));
    }
    found
}

/// A candidate that stands: share of the events that it links, period, its intervals in order, its runs.
struct Tried {
    share: f64,
    period: f64,
    intervals: Vec<f64>,
    runs: Vec<Vec<usize>>,
}

fn strongest(times: &[f64], dead_s: f64, rules: &Rules) -> Option<Period> {
    let candidates = candidates::candidates(times, rules);
    let random = Random::of(times, dead_s);
    let tried: Vec<Tried> =
        candidates.iter().filter_map(|candidate| tried(times, *candidate, &random, candidates.len(), rules)).collect();
    let top = tried.iter().max_by(|one, other| one.share.total_cmp(&other.share))?;
    let (most, longest) = (top.share, top.period);
    let best = tried
        .into_iter()
        .filter(|one| one.share >= rules.shorter * most * divided(longest, one.period, rules))
        .min_by(|one, other| one.period.total_cmp(&other.period))?;
    let mut events: Vec<usize> = best.runs.into_iter().flatten().collect();
    events.sort_unstable();
    let found = Period { period_s: best.period, jitter: spread(&best.intervals) / 2.0 / best.period, events };
    Some(undivided(times, found, rules))
}

/// What a part of a period needs less: other events are near a multiple by chance more often, as it may differ by more.
fn divided(longest: f64, period: f64, rules: &Rules) -> f64 {
    let parts = longest / period;
    let is_part = parts > 1.5 && (parts - parts.round_ties_even()).abs() <= rules.tolerance / 2.0 * parts;
    if is_part { rules.shorter } else { 1.0 }
}

fn tried(times: &[f64], candidate: f64, random: &Random, candidates: usize, rules: &Rules) -> Option<Tried> {
    let mut period = candidate;
    let mut those = links(times, candidate, rules);
    if !those.is_empty() {
        // the middle of the links is a better candidate
        period = median(&in_order(&those));
        those = links(times, period, rules);
    }
    if period < rules.min_period_s {
        return None;
    }
    let chance = random.link(period, rules.tolerance);
    if tail(count(times.len() - 1), count(those.len()), chance) * count(candidates) >= rules.max_chance {
        return None;
    }
    let runs = runs(times, period, those.first()?.place, those.last()?.place + 1, rules);
    // what lies before and behind may have another period, of which this one is a part, and links by chance
    let low = *runs.iter().filter_map(|run| run.first()).min()?;
    let high = *runs.iter().filter_map(|run| run.last()).max()?;
    let linked = those.iter().filter(|link| (low..high).contains(&link.place)).count();
    let inside: usize = runs.iter().map(Vec::len).sum();
    let between = count(high - low);
    let wanted =
        count(rules.min_repetitions).max(rules.min_share * count(times.len())).max(rules.min_local_share * between);
    (count(inside) >= wanted).then(|| Tried {
        share: count(linked) / between,
        period,
        intervals: in_order(&those),
        runs,
    })
}

/// The part of a period at which all events of its stretch come, if they do so less regularly: the sum of several uneven
/// intervals is more even than they are.
fn undivided(times: &[f64], found: Period, rules: &Rules) -> Period {
    let (Some(&low), Some(&high)) = (found.events.first(), found.events.last()) else { return found };
    let mut gaps = gaps(times.get(low..=high).unwrap_or_default());
    gaps.sort_by(f64::total_cmp);
    let middle = median(&gaps);
    if middle <= 0.0 {
        return found;
    }
    let parts = found.period_s / middle;
    let whole = parts.round_ties_even();
    let jitter = spread(&gaps) / 2.0 / middle;
    if whole < 2.0 || (parts - whole).abs() > rules.tolerance * parts || jitter > rules.max_jitter {
        return found;
    }
    Period { period_s: middle, jitter, events: (low..=high).collect() }
}

/// Bound of the probability of at least so many hits (Chernoff, by relative entropy).
fn tail(trials: f64, hits: f64, chance: f64) -> f64 {
    let share = hits / trials;
    if share <= chance || chance >= 1.0 {
        return 1.0;
    }
    if share >= 1.0 {
        return chance.powf(trials);
    }
    let entropy = share * (share / chance).ln() + (1.0 - share) * ((1.0 - share) / (1.0 - chance)).ln();
    (-trials * entropy).exp()
}

fn gaps(times: &[f64]) -> Vec<f64> {
    times.iter().zip(times.iter().skip(1)).map(|(time, later)| later - time).collect()
}

fn in_order(links: &[Link]) -> Vec<f64> {
    let mut intervals: Vec<f64> = links.iter().map(|link| link.interval).collect();
    intervals.sort_by(f64::total_cmp);
    intervals
}

/// The middle of numbers in order; 0 of none.
fn median(ordered: &[f64]) -> f64 {
    let half = ordered.len() / 2;
    let upper = ordered.get(half).copied().unwrap_or_default();
    if ordered.len() % 2 == 1 {
        return upper;
    }
    half.checked_sub(1).and_then(|place| ordered.get(place)).map_or(upper, |lower| (lower + upper) / 2.0)
}

/// What lies between the first and the ninth tenth of numbers in order.
fn spread(ordered: &[f64]) -> f64 {
    let at = |place: usize| ordered.get(place).copied().unwrap_or_default();
    at(ordered.len() * 9 / 10) - at(ordered.len() / 10)
}

/// A number of events; trains are bounded, so that it is exact.
#[allow(clippy::cast_precision_loss)]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests;
