use super::{Period, Rules, periods};
use proptest::prelude::*;

const RULES: Rules = Rules {
    min_repetitions: 8,
    max_events: 2000,
    tolerance: 0.1,
    max_jitter: 0.2,
    max_missed: 2,
    neighbours: 4,
    bin_ratio: 1.05,
    min_in_bin: 4,
    max_candidates: 12,
    max_periods: 3,
    min_share: 0.2,
    min_local_share: 0.4,
    min_run: 4,
    max_chance: 1e-4,
    shorter: 0.75,
    min_period_s: 1.0,
};

fn train(period: u32, events: u32) -> Vec<f64> {
    (0..events).map(|n| f64::from(n * period)).collect()
}

#[test]
fn a_clock_has_its_period_without_jitter() {
    let found = periods(&train(30, 20), 0.0, &RULES);
    assert_eq!(found, [Period { period_s: 30.0, jitter: 0.0, events: (0..20).collect() }]);
}

#[test]
fn two_clocks_are_told_apart() {
    let mut times = [train(15, 400), train(47, 120)].concat();
    times.sort_by(f64::total_cmp);
    let mut found: Vec<f64> = periods(&times, 0.0, &RULES).iter().map(|one| one.period_s.round()).collect();
    found.sort_by(f64::total_cmp);
    assert_eq!(found, [15.0, 47.0]);
}

#[test]
fn a_clock_that_changes_beside_another_is_told_in_its_parts() {
    let later: Vec<f64> = train(45, 100).iter().map(|time| 3025.0 + time).collect();
    let first: Vec<f64> = train(20, 150).iter().map(|time| 4.0 + time).collect();
    let mut times = [first, later, train(130, 57)].concat();
    times.sort_by(f64::total_cmp);
    let mut found: Vec<f64> = periods(&times, 0.0, &RULES).iter().map(|one| one.period_s.round()).collect();
    found.sort_by(f64::total_cmp);
    assert_eq!(found, [20.0, 45.0, 130.0]);
}

#[test]
fn seven_events_are_too_few() {
    assert_eq!(periods(&train(60, 7), 0.0, &RULES), []);
}

proptest! {
    #[test]
    fn whatever_comes_places_ascend_within_the_train(mut times in prop::collection::vec(any::<f64>(), 0..80)) {
        times.sort_by(f64::total_cmp);
        for found in periods(&times, 0.0, &RULES) {
            prop_assert!(found.events.windows(2).all(|pair| pair.first() < pair.last()));
            prop_assert!(found.events.last().is_some_and(|place| *place < times.len()));
        }
    }
}
