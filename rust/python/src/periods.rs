//! `periods` for Python: at which periods events come.

use ::periods::Rules;
use pyo3::prelude::*;

/// What is asked of a period, by the names of `periods::Rules`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Given {
    min_repetitions: usize,
    max_events: usize,
    tolerance: f64,
    max_jitter: f64,
    max_missed: usize,
    neighbours: usize,
    bin_ratio: f64,
    min_in_bin: usize,
    max_candidates: usize,
    max_periods: usize,
    min_share: f64,
    min_local_share: f64,
    min_run: usize,
    max_chance: f64,
    shorter: f64,
    min_period_s: f64,
}

/// The periods of a train of ascending times in seconds, in which events within `dead_s` after another are left out: [(period in seconds, jitter, places of its events)].
#[pyfunction]
pub fn periods(py: Python<'_>, times_s: Vec<f64>, dead_s: f64, rules: Given) -> Vec<(f64, f64, Vec<usize>)> {
    let rules = Rules {
        min_repetitions: rules.min_repetitions,
        max_events: rules.max_events,
        tolerance: rules.tolerance,
        max_jitter: rules.max_jitter,
        max_missed: rules.max_missed,
        neighbours: rules.neighbours,
        bin_ratio: rules.bin_ratio,
        min_in_bin: rules.min_in_bin,
        max_candidates: rules.max_candidates,
        max_periods: rules.max_periods,
        min_share: rules.min_share,
        min_local_share: rules.min_local_share,
        min_run: rules.min_run,
        max_chance: rules.max_chance,
        shorter: rules.shorter,
        min_period_s: rules.min_period_s,
    };
    py.detach(|| ::periods::periods(&times_s, dead_s, &rules))
        .into_iter()
        .map(|found| (found.period_s, found.jitter, found.events))
        .collect()
}
