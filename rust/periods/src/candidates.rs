//! Periods that are worth a try.

use crate::{Rules, count, median};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The middles of the fullest bins of the histogram of intervals to the next few events; bins have a constant ratio.
pub fn candidates(times: &[f64], rules: &Rules) -> Vec<f64> {
    let mut bins: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (place, time) in times.iter().enumerate() {
        for later in times.iter().skip(place + 1).take(rules.neighbours) {
            let gap = later - time;
            if gap >= rules.min_period_s {
                bins.entry(bin(gap, rules)).or_default().push(gap);
            }
        }
    }
    let size = |number: i64| bins.get(&number).map_or(0, Vec::len);
    let least = count(rules.min_in_bin).max(count(times.len() / 10));
    let mut full: Vec<(Reverse<usize>, i64)> = bins
        .iter()
        .map(|(number, gaps)| {
            (Reverse(gaps.len() + size(number.saturating_sub(1)) + size(number.saturating_add(1))), *number)
        })
        .filter(|(Reverse(sum), _)| count(*sum) >= least)
        .collect();
    full.sort_unstable();
    full.truncate(rules.max_candidates);
    full.iter()
        .filter_map(|(_, number)| bins.get(number))
        .map(|gaps| {
            let mut ordered = gaps.clone();
            ordered.sort_by(f64::total_cmp);
            median(&ordered)
        })
        .collect()
}

#[allow(clippy::cast_possible_truncation)] // logarithms are small
fn bin(gap: f64, rules: &Rules) -> i64 {
    (gap.ln() / rules.bin_ratio.ln()) as i64
}
