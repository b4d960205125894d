use super::*;
use proptest::prelude::*;

fn near(got: f64, wanted: f64) {
    assert!((got - wanted).abs() < 1e-9, "{got} instead of {wanted}");
}

#[test]
fn hand_worked_scores() {
    let risk = [0.1, 0.1, 0.4, 0.8];
    let bad = [false, true, false, true];
    let got = brier(&risk, &bad, None, 10).unwrap();
    // (0.01 + 0.81 + 0.16 + 0.04) / 4; the tie at 0.1 shares a bin, so the bins see every difference.
    near(got.score.value, 0.255);
    near(got.uncertainty, 0.25);
    near(got.reliability, (2.0 * 0.16 + 0.16 + 0.04) / 4.0);
    near(got.resolution, (0.25 + 0.25) / 4.0);
    near(got.within, 0.0);
    near(got.skill.unwrap(), 1.0 - 0.255 / 0.25);
    let loss = -(0.9_f64.ln() + 0.1_f64.ln() + 0.6_f64.ln() + 0.8_f64.ln()) / 4.0;
    near(log_loss(&risk, &bad, None).unwrap().value, loss);
    near(log_loss(&[0.0, 0.0], &[true, false], None).unwrap().value, -(1e-15_f64.ln()) / 2.0);
    // z: ((−0.1)(0.8) + 0.9·0.8 − 0.4·0.2 + 0.2·(−0.6)) / √(2·0.64·0.09 + 0.04·0.24 + 0.36·0.16).
    let z = (-0.08 + 0.72 - 0.08 - 0.12) / (2.0_f64 * 0.64 * 0.09 + 0.04 * 0.24 + 0.36 * 0.16).sqrt();
    near(spiegelhalter(&risk, &bad, None).unwrap().unwrap().z, z);
    assert_eq!(spiegelhalter(&[0.5, 1.0], &[true, true], None).unwrap(), None);
}

#[test]
fn bins_hold_equal_weight_and_whole_ties() {
    let risk = [0.1, 0.2, 0.2, 0.2, 0.3, 0.4];
    let bad = [false, false, true, false, true, true];
    let bins = calibration_bins(&risk, &bad, None, 3).unwrap();
    let got: Vec<(usize, f64)> = bins.iter().map(|bin| (bin.rows, bin.observed.value)).collect();
    assert_eq!(got, [(4, 0.25), (2, 1.0)]);
    near(bins[0].predicted, 0.175);
    assert_eq!((bins[1].lowest, bins[1].highest), (0.3, 0.4));
    assert_eq!(calibration_bins(&risk, &bad, None, 1).unwrap().len(), 1);
    assert!(calibration_bins(&risk, &bad, None, 0).is_err());
}

/// Two groups of rows: predicted 1/4 and 3/4, observed `first` and `second` of a hundred.
fn two_groups(first: usize, second: usize) -> (Vec<f64>, Vec<bool>) {
    let risk = (0..200).map(|row| if row < 100 { 0.25 } else { 0.75 }).collect();
    let bad = (0..200).map(|row| if row < 100 { row < first } else { row - 100 < second }).collect();
    (risk, bad)
}

#[test]
fn a_line_through_two_groups_is_exact() {
    let logit = |p: f64| (p / (1.0 - p)).ln();
    for (first, second) in [(25, 75), (40, 60), (10, 50), (5, 95)] {
        let (risk, bad) = two_groups(first, second);
        let line = calibration_line(&risk, &bad, None).unwrap();
        let (low, high) = (logit(first as f64 / 100.0), logit(second as f64 / 100.0));
        let slope = (high - low) / (2.0 * 3.0_f64.ln());
        let got = line.slope.unwrap();
        near(got.value, slope);
        near(line.intercept.unwrap().value, (high + low) / 2.0);
        // With one parameter for each group the sandwich is the usual variance: Σ 1/(n p q) / (2 ln 3)².
        let spread = |bad: usize| 1.0 / (100.0 * (bad as f64 / 100.0) * (1.0 - bad as f64 / 100.0));
        let error = ((spread(first) + spread(second)).sqrt()) / (2.0 * 3.0_f64.ln());
        near((got.high - got.value) / 1.959_963_984_540_054, error);
    }
    let (risk, bad) = two_groups(25, 75);
    near(calibration_line(&risk, &bad, None).unwrap().in_the_large.value, 0.0);
}

#[test]
fn a_line_without_an_optimum_is_none() {
    let apart = calibration_line(&[0.1, 0.2, 0.8, 0.9], &[false, false, true, true], None).unwrap();
    assert_eq!((apart.slope, apart.intercept), (None, None));
    let alike = calibration_line(&[0.25; 4], &[false, true, true, true], None).unwrap();
    assert_eq!(alike.slope, None);
    near(alike.in_the_large.value, 3.0_f64.ln() * 2.0);
    assert!(calibration_line(&[0.1, 0.2], &[true, true], None).is_err());
    let certain = calibration_line(&[0.0, 1.0, 0.0, 1.0], &[true, true, false, false], None).unwrap();
    assert!(certain.in_the_large.value.is_finite());
}

proptest! {
    #[test]
    fn the_parts_of_brier_make_the_whole(rows in prop::collection::vec((0..20_u8, any::<bool>(), 0..4_u8), 1..60)) {
        let risk: Vec<f64> = rows.iter().map(|row| f64::from(row.0) / 20.0).collect();
        let bad: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let weight: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
        prop_assume!(weight.iter().sum::<f64>() > 0.0);
        // As many bins as distinct probabilities could need: nothing is left within them.
        let fine = brier(&risk, &bad, Some(&weight), 100_000).unwrap();
        prop_assert!(fine.within.abs() < 1e-9, "{fine:?}");
        let coarse = brier(&risk, &bad, Some(&weight), 4).unwrap();
        prop_assert!((coarse.score.value - fine.score.value).abs() < 1e-15);
        prop_assert!(coarse.resolution <= fine.resolution + 1e-12);
        let bins = calibration_bins(&risk, &bad, Some(&weight), 4).unwrap();
        prop_assert!(bins.len() <= 4 && bins.iter().all(|bin| bin.weight > 0.0));
        prop_assert!((bins.iter().map(|bin| bin.weight).sum::<f64>() - weight.iter().sum::<f64>()).abs() < 1e-9);
    }

    #[test]
    fn the_line_takes_back_what_was_done_to_true_probabilities(slope in 0.3..3.0_f64, shift in -1.0..1.0_f64) {
        // Weights make the observed rates exactly what they should be.
        let truth: Vec<f64> = (1..10).map(|tenth| f64::from(tenth) / 10.0).collect();
        let log_odds = |p: f64| (p / (1.0 - p)).ln();
        let told: Vec<f64> = truth.iter().map(|&p| probability((log_odds(p) - shift) / slope)).collect();
        let risk: Vec<f64> = told.iter().chain(&told).copied().collect();
        let bad: Vec<bool> = (0..18).map(|row| row < 9).collect();
        let weight: Vec<f64> = truth.iter().copied().chain(truth.iter().map(|p| 1.0 - p)).collect();
        let line = calibration_line(&risk, &bad, Some(&weight)).unwrap();
        prop_assert!((line.slope.unwrap().value - slope).abs() < 1e-6);
        prop_assert!((line.intercept.unwrap().value - shift).abs() < 1e-6);
    }
}
