//! Events that follow one another after a period.

use crate::{Rules, count};

/// An event that another follows after the period.
pub struct Link {
    /// Place of the event in the train.
    pub place: usize,
    /// Seconds to the one that follows.
    pub interval: f64,
}

/// The intervals from each event to the one that follows after the period, in order of the events.
pub fn links(times: &[f64], period: f64, rules: &Rules) -> Vec<Link> {
    let mut found = Vec::new();
    for (place, time) in times.iter().enumerate() {
        if let Some((_, after)) = nearest(times, time + period, period * rules.tolerance, place + 1) {
            found.push(Link { place, interval: after - time });
        }
    }
    found
}

/// Runs of events a period apart between two places, in which some may be missing; an event is in one run.
pub fn runs(times: &[f64], period: f64, low: usize, high: usize, rules: &Rules) -> Vec<Vec<usize>> {
    let mut taken = vec![false; times.len()];
    let mut runs = Vec::new();
    for start in low..=high {
        if taken.get(start) != Some(&false) {
            continue;
        }
        let mut run = vec![start];
        let mut last = start;
        while let Some(after) = next(times, last, period, &taken, rules).filter(|after| *after <= high) {
            run.push(after);
            last = after;
        }
        if run.len() >= rules.min_run {
            for place in &run {
                if let Some(flag) = taken.get_mut(*place) {
                    *flag = true;
                }
            }
            runs.push(run);
        }
    }
    runs
}

fn next(times: &[f64], place: usize, period: f64, taken: &[bool], rules: &Rules) -> Option<usize> {
    let time = times.get(place)?;
    (1..=rules.max_missed + 1).find_map(|steps| {
        let (after, _) = nearest(times, time + count(steps) * period, period * rules.tolerance, place + 1)?;
        (taken.get(after) == Some(&false)).then_some(after)
    })
}

/// Place and time of the event nearest to a time, within a slack, from a place on; of two as near the earlier.
fn nearest(times: &[f64], wanted: f64, slack: f64, low: usize) -> Option<(usize, f64)> {
    let at = low + first_from(times.get(low..)?, wanted);
    let near = |place: usize| {
        let time = *times.get(place)?;
        let distance = (time - wanted).abs();
        (place >= low && distance <= slack).then_some((place, time, distance))
    };
    let found = match (at.checked_sub(1).and_then(near), near(at)) {
        (Some(before), Some(behind)) if behind.2 < before.2 => Some(behind),
        (before, behind) => before.or(behind),
    };
    found.map(|(place, time, _)| (place, time))
}

/// Place of the first event not before a time: most are a few places on, so that the steps of the search grow from there.
fn first_from(times: &[f64], wanted: f64) -> usize {
    let mut end = 1;
    while times.get(end).is_some_and(|time| *time < wanted) {
        end *= 2;
    }
    let (begin, end) = (end / 2, times.len().min(end + 1));
    begin + times.get(begin..end).map_or(0, |near| near.partition_point(|time| *time < wanted))
}
