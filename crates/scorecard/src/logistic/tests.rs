use super::*;
use crate::Error;
use proptest::prelude::*;

/// A small problem: rows of regressors, targets, weights and offsets.
#[derive(Debug, Clone)]
struct Problem {
    rows: Vec<Vec<f64>>,
    bad: Vec<bool>,
    weight: Vec<f64>,
    offset: Vec<f64>,
}

impl Problem {
    fn design(&self) -> Design<'_> {
        let width = self.rows[0].len();
        // Every other column as codes, so that both kinds are tried.
        let entries = |place: usize| {
            let numbers: Vec<f64> = self.rows.iter().map(|row| row[place]).collect();
            if place % 2 == 1 {
                return Entries::Numbers(numbers.into());
            }
            let mut values = numbers.clone();
            values.sort_by(f64::total_cmp);
            values.dedup();
            let code = |number: &f64| values.partition_point(|value| value < number) as u16;
            Entries::Coded { codes: numbers.iter().map(code).collect(), values }
        };
        let regressors = (0..width)
            .map(|place| Regressor { name: format!("x{place}"), entries: entries(place) })
            .collect();
        Design::try_new(regressors, &self.bad, Some(&self.weight), Some(&self.offset)).unwrap()
    }

    /// The function to minimise and its gradient, intercept first, as the module's documentation writes them.
    fn function(&self, at: &[f64], options: &Options) -> (f64, Vec<f64>) {
        let (mut value, mut gradient) = (0.0, vec![0.0; at.len()]);
        for (row, regressors) in self.rows.iter().enumerate() {
            let eta: f64 =
                self.offset[row] + at[0] + regressors.iter().zip(&at[1..]).map(|(x, b)| x * b).sum::<f64>();
            let y = f64::from(u8::from(self.bad[row]));
            value += self.weight[row] * (eta.max(0.0) + (-eta.abs()).exp().ln_1p() - y * eta);
            let error = self.weight[row] * (1.0 / (1.0 + (-eta).exp()) - y);
            gradient[0] += error;
            for (slope, x) in gradient[1..].iter_mut().zip(regressors) {
                *slope += error * x;
            }
        }
        for (slope, b) in gradient[1..].iter_mut().zip(&at[1..]) {
            value += options.l1 * b.abs() + 0.5 * options.l2 * (b - options.toward).powi(2);
            *slope += options.l2 * (b - options.toward);
        }
        (value, gradient)
    }

    /// The minimum with some coefficients held at zero and no signs: Newton's method as the textbook has it, its Hessian by
    /// differences of the gradient, its equations by elimination, the step halved until the function falls.
    fn slow(&self, options: &Options, held: &[bool]) -> Vec<f64> {
        let free: Vec<usize> = (0..=held.len()).filter(|&place| place == 0 || !held[place - 1]).collect();
        let mut at = vec![0.0; held.len() + 1];
        for _ in 0..60 {
            let (value, gradient) = self.function(&at, options);
            let mut equations: Vec<Vec<f64>> = free
                .iter()
                .map(|&place| {
                    let mut aside = at.clone();
                    aside[place] += 1e-5;
                    let moved = self.function(&aside, options).1;
                    let mut row: Vec<f64> =
                        free.iter().map(|&other| (moved[other] - gradient[other]) / 1e-5).collect();
                    row.push(-gradient[place]);
                    row
                })
                .collect();
            let step = eliminate(&mut equations);
            let mut part = 1.0;
            loop {
                let mut next = at.clone();
                free.iter().zip(&step).for_each(|(&place, step)| next[place] += part * step);
                if self.function(&next, options).0 <= value || part < 1e-10 {
                    at = next;
                    break;
                }
                part *= 0.5;
            }
        }
        at
    }
}

fn eliminate(equations: &mut [Vec<f64>]) -> Vec<f64> {
    let width = equations.len();
    for pivot in 0..width {
        for row in (0..width).filter(|&row| row != pivot) {
            let factor = equations[row][pivot] / equations[pivot][pivot];
            let pivots = equations[pivot].clone();
            equations[row]
                .iter_mut()
                .zip(pivots)
                .skip(pivot)
                .for_each(|(cell, other)| *cell -= factor * other);
        }
    }
    (0..width).map(|row| equations[row][width] / equations[row][row]).collect()
}

fn flat(fit: &Fit) -> Vec<f64> {
    std::iter::once(fit.intercept).chain(fit.coefficients.iter().map(|one| one.value)).collect()
}

fn problems(width: std::ops::Range<usize>) -> impl Strategy<Value = Problem> {
    (width, 8..40usize).prop_flat_map(|(width, rows)| {
        let values = prop::collection::vec(prop::collection::vec(-8i8..8, width), rows);
        let weights = prop::collection::vec(0u8..4, rows);
        let offsets = prop::collection::vec(-4i8..4, rows);
        (values, prop::collection::vec(any::<bool>(), rows), weights, offsets).prop_map(
            |(values, mut bad, weights, offsets)| {
                let mut weight: Vec<f64> = weights.iter().map(|weight| f64::from(*weight) / 2.0).collect();
                (bad[0], bad[1], weight[0], weight[1]) = (true, false, 1.0, 1.0);
                let scaled = |row: &Vec<i8>| row.iter().map(|value| f64::from(*value) / 4.0).collect();
                Problem {
                    rows: values.iter().map(scaled).collect(),
                    bad,
                    weight,
                    offset: offsets.iter().map(|offset| f64::from(*offset) / 8.0).collect(),
                }
            },
        )
    })
}

fn near(one: &[f64], other: &[f64], tolerance: f64) {
    for (one, other) in one.iter().zip(other) {
        assert!((one - other).abs() <= tolerance * (1.0 + other.abs()), "{one} and {other}");
    }
}

const SIGNS: [Sign; 3] = [Sign::Free, Sign::NotNegative, Sign::NotPositive];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn without_signs_it_is_where_slow_descent_ends(problem in problems(1..4), toward in 0i8..2) {
        let options = Options { l2: 0.5, toward: f64::from(toward), ..Options::default() };
        let fitted = fit(&problem.design(), &options).unwrap();
        near(&flat(&fitted), &problem.slow(&options, &vec![false; problem.rows[0].len()]), 1e-5);
    }

    #[test]
    fn with_signs_it_is_the_best_of_all_sets_held_at_zero(problem in problems(1..4), signs in prop::collection::vec(0..3usize, 4)) {
        let width = problem.rows[0].len();
        let signs: Vec<Sign> = signs[..width].iter().map(|sign| SIGNS[*sign]).collect();
        let options = Options { l2: 0.5, signs: signs.clone(), ..Options::default() };
        let fitted = fit(&problem.design(), &options).unwrap();
        let mut best = f64::INFINITY;
        for set in 0..1 << width {
            let held: Vec<bool> = (0..width).map(|place| set >> place & 1 == 1).collect();
            let at = problem.slow(&options, &held);
            let right = signs.iter().zip(&at[1..]).all(|(sign, value)| match sign {
                Sign::Free => true,
                Sign::NotNegative => *value >= 0.0,
                Sign::NotPositive => *value <= 0.0,
            });
            if right {
                best = best.min(problem.function(&at, &options).0);
            }
        }
        let value = problem.function(&flat(&fitted), &options).0;
        prop_assert!(value <= best + 1e-9 * best.abs(), "{value} above {best}");
        for (sign, one) in signs.iter().zip(&fitted.coefficients) {
            prop_assert!(*sign != Sign::NotNegative || one.value >= 0.0);
            prop_assert!(*sign != Sign::NotPositive || one.value <= 0.0);
        }
    }

    #[test]
    fn the_conditions_of_a_minimum_hold(problem in problems(1..7), signs in prop::collection::vec(0..3usize, 7), l1 in 0u8..8, l2 in 1u8..8) {
        let width = problem.rows[0].len();
        let signs: Vec<Sign> = signs[..width].iter().map(|sign| SIGNS[*sign]).collect();
        let options = Options { l1: f64::from(l1) / 4.0, l2: f64::from(l2) / 8.0, signs, ..Options::default() };
        let fitted = fit(&problem.design(), &options).unwrap();
        let at = flat(&fitted);
        let (_, gradient) = problem.function(&at, &options);
        let slack = 1e-5;
        prop_assert!(gradient[0].abs() < slack);
        for (place, sign) in options.signs.iter().enumerate() {
            let (slope, value) = (gradient[place + 1], at[place + 1]);
            if value != 0.0 {
                prop_assert!((slope + options.l1 * value.signum()).abs() < slack, "{slope} at {value}");
            } else if fitted.coefficients[place].state != State::Constant {
                prop_assert!(*sign == Sign::NotPositive || slope + options.l1 > -slack, "{slope} upwards");
                prop_assert!(*sign == Sign::NotNegative || slope - options.l1 < slack, "{slope} downwards");
            }
        }
    }

    #[test]
    fn a_weight_of_two_is_the_row_twice_and_order_does_not_matter(problem in problems(1..5)) {
        let options = Options { l2: 0.25, ..Options::default() };
        let fitted = fit(&problem.design(), &options).unwrap();
        let mut twice = Problem { rows: vec![], bad: vec![], weight: vec![], offset: vec![] };
        for row in (0..problem.bad.len()).rev() {
            // Half-weights: as many rows of a half as it takes.
            for _ in 0..(problem.weight[row] * 2.0) as usize {
                twice.rows.push(problem.rows[row].clone());
                twice.bad.push(problem.bad[row]);
                twice.weight.push(0.5);
                twice.offset.push(problem.offset[row]);
            }
        }
        let other = fit(&twice.design(), &options).unwrap();
        near(&flat(&fitted), &flat(&other), 1e-6);
        for (one, other) in fitted.coefficients.iter().zip(&other.coefficients) {
            if let (Some(one), Some(other)) = (one.standard_error, other.standard_error) {
                near(&[one], &[other], 1e-5);
            }
        }
    }
}

/// Rows enough that the fit starts on a part of them: two informative columns, one that copies the first with noise, one of
/// noise alone.
fn many(rows: usize) -> Problem {
    let mut seed = 7u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / f64::from(1u32 << 31)
    };
    let mut problem = Problem { rows: vec![], bad: vec![], weight: vec![], offset: vec![] };
    for _ in 0..rows {
        let x: Vec<f64> = (0..4).map(|_| (random() * 8.0).floor() / 4.0 - 1.0).collect();
        let row = vec![x[0], x[1], x[0] + 0.25 * x[2], x[3]];
        let eta = -2.0 + 0.8 * row[0] - 0.5 * row[1];
        problem.bad.push(random() < 1.0 / (1.0 + f64::exp(-eta)));
        problem.rows.push(row);
        problem.weight.push(1.0);
        problem.offset.push(0.0);
    }
    problem
}

#[test]
fn a_start_on_a_part_of_the_rows_changes_nothing() {
    let problem = many(45_000);
    let design = problem.design();
    let signs = vec![Sign::NotNegative; 4];
    for options in [
        Options::default(),
        Options { signs: signs.clone(), ..Options::default() },
        Options { l1: 20.0, l2: 3.0, ..Options::default() },
    ] {
        let fitted = fit(&design, &options).unwrap();
        let whole = newton::refit(&design, &options, None).unwrap();
        let values: Vec<f64> = fitted.coefficients.iter().map(|one| one.value).collect();
        near(&values, &whole[1..], 1e-6);
    }
    let unweighted = Design::try_new(design.regressors().to_vec(), &problem.bad, None, None).unwrap();
    let one = fit(&design, &Options::default()).unwrap();
    let other = fit(&unweighted, &Options::default()).unwrap();
    near(&flat(&one), &flat(&other), 1e-8);
    near(&[one.loss], &[other.loss], 1e-12);
    let held = fit(&design, &Options { signs, ..Options::default() }).unwrap();
    assert_eq!(held.coefficients[1].state, State::Held, "the truth is below zero");
    assert!(held.coefficients[0].p_value.unwrap() < 1e-9);
}

/// The standard error of a lone coefficient is known in closed form: √(1/a + 1/b + 1/c + 1/d) over a table of two by two.
#[test]
fn the_standard_error_is_that_of_the_odds_ratio() {
    let counts = [(0.0, false, 30.0), (0.0, true, 10.0), (1.0, false, 20.0), (1.0, true, 25.0)];
    let problem = Problem {
        rows: counts.iter().map(|count| vec![count.0]).collect(),
        bad: counts.iter().map(|count| count.1).collect(),
        weight: counts.iter().map(|count| count.2).collect(),
        offset: vec![0.0; 4],
    };
    let fitted = fit(&problem.design(), &Options::default()).unwrap();
    let ratio = f64::ln((25.0 / 20.0) / (10.0 / 30.0));
    let error = (1.0 / 30.0 + 1.0 / 10.0 + 1.0 / 20.0 + 1.0f64 / 25.0).sqrt();
    near(&flat(&fitted), &[f64::ln(10.0 / 30.0), ratio], 1e-7);
    near(&[fitted.coefficients[0].standard_error.unwrap()], &[error], 1e-6);
    let z: f64 = ratio / error;
    let wanted = libm::erfc(z / f64::sqrt(2.0));
    near(&[fitted.coefficients[0].p_value.unwrap()], &[wanted], 1e-6);
}

fn table(columns: &[&[f64]], bad: &[u8]) -> Problem {
    Problem {
        rows: (0..bad.len()).map(|row| columns.iter().map(|column| column[row]).collect()).collect(),
        bad: bad.iter().map(|bad| *bad == 1).collect(),
        weight: vec![1.0; bad.len()],
        offset: vec![0.0; bad.len()],
    }
}

#[test]
fn what_has_no_answer_is_refused_and_what_has_gets_one() {
    fn check(problem: &Problem, options: Options, wanted: Result<&[f64], &str>) {
        match (fit(&problem.design(), &options), wanted) {
            (Ok(fitted), Ok(values)) => near(&flat(&fitted)[1..], values, 1e-4),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (got, wanted) => panic!("{got:?} instead of {wanted:?}"),
        }
    }
    let apart = table(&[&[0.0, 0.0, 1.0, 1.0], &[0.0, 1.0, 0.0, 1.0]], &[0, 0, 1, 1]);
    check(&apart, Options::default(), Err("x0 tell good from bad"));
    // In one bin all are bad, in the other both occur.
    let half = table(&[&[0.0, 0.0, 0.0, 1.0, 1.0]], &[0, 1, 0, 1, 1]);
    check(&half, Options::default(), Err("give a penalty l2"));
    let bounded = fit(&half.design(), &Options { l2: 0.1, ..Options::default() }).unwrap();
    assert!((0.5..10.0).contains(&bounded.coefficients[0].value), "{bounded:?}");
    check(&half, Options { signs: vec![Sign::NotPositive], ..Options::default() }, Ok(&[0.0]));
    let x: &[f64] = &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
    let odds = f64::ln(4.0);
    let twins = table(&[x, x, &[3.0; 6]], &[0, 1, 0, 1, 0, 1]);
    check(&twins, Options::default(), Ok(&[odds / 2.0, odds / 2.0, 0.0]));
    check(
        &twins,
        Options { fixed: vec![Some(1.0), None, None], ..Options::default() },
        Ok(&[1.0, odds - 1.0, 0.0]),
    );
    check(&twins, Options { l2: -1.0, ..Options::default() }, Err("l2: -1"));
    check(&twins, Options { l1: f64::NAN, ..Options::default() }, Err("l1: NaN"));
    check(&twins, Options { tolerance: 0.0, ..Options::default() }, Err("tolerance: 0"));
    check(&twins, Options { signs: vec![Sign::Free], ..Options::default() }, Err("1 of them for 3 columns"));
    check(
        &twins,
        Options { fixed: vec![Some(f64::INFINITY); 3], ..Options::default() },
        Err("inf is no coeff"),
    );
}

#[test]
fn a_design_that_contradicts_itself_is_refused() {
    fn check(numbers: Vec<f64>, weight: Option<&[f64]>, offset: Option<&[f64]>, wanted: &str) {
        let regressor = Regressor { name: "x".to_owned(), entries: Entries::Numbers(numbers.into()) };
        let error = Design::try_new(vec![regressor], &[true, false], weight, offset).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    check(vec![1.0], None, None, "\"x\" has 1 rows, the target has 2");
    check(vec![1.0, f64::NAN], None, None, "\"x\" holds what is not a finite number");
    check(vec![1.0, 2.0], Some(&[1.0]), None, "weights");
    check(vec![1.0, 2.0], Some(&[1.0, -1.0]), None, "weights");
    check(vec![1.0, 2.0], Some(&[1.0, 0.0]), None, "good rows weigh 0 and bad rows 1");
    check(vec![1.0, 2.0], None, Some(&[1.0, f64::INFINITY]), "offsets");
    let coded = Entries::Coded { codes: vec![0, 1].into(), values: vec![0.5] };
    let regressor = Regressor { name: "x".to_owned(), entries: coded };
    assert!(Design::try_new(vec![regressor], &[true, false], None, None).is_err());
}

#[test]
fn a_path_goes_from_nothing_to_nearly_all_and_finds_the_middle() {
    let problem = many(3000);
    let design = problem.design();
    for mix in [0.0, 0.5, 1.0] {
        let how = PathOptions { mix, penalties: 12, smallest: 1e-4, ..PathOptions::default() };
        let found = path(&design, &Options::default(), &how).unwrap();
        assert_eq!(found, path(&design, &Options::default(), &how).unwrap(), "the same seed, the same path");
        assert_eq!(found.points.len(), 12);
        assert!(found.best > 0, "what tells nothing is worse: {found:?}");
        assert!(found.simplest <= found.best);
        let best = &found.points[found.best];
        assert!(found.points.iter().all(|point| point.log_loss >= best.log_loss));
        if mix == 1.0 {
            let options = |point: &PathPoint| Options { l1: point.l1, l2: point.l2, ..Options::default() };
            let first = fit(&design, &options(&found.points[0])).unwrap();
            assert!(first.coefficients.iter().all(|one| one.value.abs() < 1e-9), "{first:?}");
            let second = fit(&design, &options(&found.points[1])).unwrap();
            assert!(second.coefficients.iter().any(|one| one.value != 0.0));
        }
    }
    let wrong = |how: PathOptions, wanted: &str| {
        let error = path(&design, &Options::default(), &how).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    };
    wrong(PathOptions { folds: 1, ..PathOptions::default() }, "folds: 1");
    wrong(PathOptions { mix: 2.0, ..PathOptions::default() }, "mix: 2");
    wrong(PathOptions { penalties: 0, ..PathOptions::default() }, "penalties");
}

#[test]
fn folds_are_even_in_both_classes_and_the_same_for_the_same_seed() {
    let bad: Vec<bool> = (0..100).map(|row| row % 7 == 0).collect();
    let dealt = folds(&bad, 4, 3);
    assert_eq!(dealt, folds(&bad, 4, 3));
    assert_ne!(dealt, folds(&bad, 4, 4));
    for fold in 0..4 {
        let count = |class: bool| (0..100).filter(|&row| dealt[row] == fold && bad[row] == class).count();
        assert!((3..=4).contains(&count(true)) && (21..=22).contains(&count(false)));
    }
}

#[test]
fn every_column_that_is_left_out_is_told_why() {
    let problem = many(2000);
    let design = problem.design();
    let candidates: Vec<Candidate> = [0.3, 0.2, 0.25, 0.001]
        .iter()
        .enumerate()
        .map(|(place, value)| Candidate { name: format!("x{place}"), information_value: *value })
        .collect();
    let check = |rules: &Selection, kept: &[usize], reasons: &[&str]| {
        let selected = select(&design, &candidates, rules).unwrap();
        let told: Vec<String> =
            selected.dropped.iter().map(|dropped| format!("{}: {}", dropped.name, dropped.reason)).collect();
        assert_eq!(selected.kept, kept, "{told:?}");
        assert_eq!(told.len(), reasons.len(), "{told:?}");
        for (told, wanted) in told.iter().zip(reasons) {
            assert!(told.contains(wanted), "{told} has no {wanted}");
        }
    };
    let name = |place: usize| vec![format!("x{place}")];
    let little = "x3: its information value 0.0010 is below 0.005";
    check(&Selection::default(), &[0, 1], &[little, "x2: its correlation with x0 is 0.9"]);
    let loose = Selection { max_correlation: 1.0, ..Selection::default() };
    check(&loose, &[0, 1], &[little, "x2: its variance inflation beside the others is 1"]);
    check(&Selection { max_inflation: 1e3, ..loose.clone() }, &[0, 1, 2], &[little]);
    let forced = Selection { forced_in: name(2), forced_out: name(1), ..Selection::default() };
    check(&forced, &[2], &["x1: it was to stay out", little, "x0: its correlation with x2"]);
    let both = Selection { forced_in: name(1), forced_out: name(1), ..Selection::default() };
    assert!(select(&design, &candidates, &both).unwrap_err().to_string().contains("choose one"));
    let unknown = Selection { forced_in: vec!["y".to_owned()], ..Selection::default() };
    assert!(matches!(select(&design, &candidates, &unknown), Err(Error::UnknownColumn { .. })));
}
