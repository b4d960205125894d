//! Rounds that cannot make the fit worse. A round minimizes a quadratic of the loss, and that is far from the loss where its
//! curvature changes fast: rare bad rows, separation, collinear columns, or values pooled to a trend. So a round goes only as
//! far as the loss together with the prior does not rise (step halving; Marschner, glm2: Fitting generalized linear models
//! with convergence problems, 2011).

use super::backfit::{Model, Rows};
use super::term::Term;

/// How often a round is halved before it is given up: a thousandth of it is no move.
const HALVINGS: usize = 10;

/// No value of a table is further from zero than this, in log-odds: odds of three million to one.
const FURTHEST: f64 = 15.0;

/// Newton steps to the intercept of the model without terms. No step is longer than 1; an offset may be that far off.
const TO_THE_NULL: usize = 60;

/// Where a model stood.
struct Place {
    intercept: f64,
    values: Vec<Vec<f64>>,
    log_odds: Vec<f64>,
}

impl Place {
    fn of(model: &Model) -> Self {
        let values = model.terms().map(|term| term.values.clone()).collect();
        Place { intercept: model.intercept, values, log_odds: model.log_odds.clone() }
    }
}

/// One round over all terms, as far as the penalised loss does not rise. The penalty is that of the precisions before the
/// round, on which it was solved; what a new precision asks for is the next round's. Steps that are allowed stay so: those of
/// a shape are a convex set.
pub(super) fn round(model: &mut Model, rows: &Rows, adapt: bool) {
    let precisions: Vec<f64> = model.terms().map(Term::precision).collect();
    let penalised = |model: &Model| {
        let penalty: f64 =
            model.terms().zip(&precisions).map(|(term, precision)| term.penalty(*precision)).sum();
        rows.loss(&model.log_odds) + penalty
    };
    let (before, least) = (Place::of(model), penalised(model));
    model.round(rows, adapt);
    for _ in 0..HALVINGS {
        if penalised(model) <= least {
            return;
        }
        halve(model, &before);
    }
    restore(model, before);
}

/// Moves a model half-way back.
fn halve(model: &mut Model, before: &Place) {
    let middle = |now: &mut f64, before: &f64| *now = 0.5 * (*now + before);
    middle(&mut model.intercept, &before.intercept);
    model.log_odds.iter_mut().zip(&before.log_odds).for_each(|(now, before)| middle(now, before));
    for (term, before) in model.terms_mut().zip(&before.values) {
        term.values.iter_mut().zip(before).for_each(|(now, before)| middle(now, before));
    }
}

fn restore(model: &mut Model, before: Place) {
    (model.intercept, model.log_odds) = (before.intercept, before.log_odds);
    model.terms_mut().zip(before.values).for_each(|(term, before)| term.values = before);
}

/// One round that only moves each term along a shape of its own (see [`Model::round_along`]), as far as the loss with the
/// belief about the factors does not rise.
pub(super) fn round_along(
    model: &mut Model,
    rows: &Rows,
    shapes: &[Vec<f64>],
    factors: &mut [f64],
    belief: (f64, f64),
) {
    let penalised = |model: &Model, factors: &[f64]| {
        let square = |factor: &f64| (factor - belief.0) * (factor - belief.0);
        rows.loss(&model.log_odds) + 0.5 * belief.1 * factors.iter().map(square).sum::<f64>()
    };
    let (before, begun, least) = (Place::of(model), factors.to_vec(), penalised(model, factors));
    model.round_along(rows, shapes, factors, belief);
    for _ in 0..HALVINGS {
        if penalised(model, factors) <= least {
            return;
        }
        halve(model, &before);
        factors.iter_mut().zip(&begun).for_each(|(now, before)| *now = 0.5 * (*now + before));
    }
    restore(model, before);
    factors.copy_from_slice(&begun);
}

/// Bounds the values of all terms, then moves the model as far towards the one with the intercept alone as it takes to lose no
/// more than that: at most all the way. The loss is convex on the way, and the order of the values stays.
pub(super) fn settle(model: &mut Model, rows: &Rows) {
    for term in model.terms_mut() {
        term.values.iter_mut().for_each(|value| *value = value.clamp(-FURTHEST, FURTHEST));
    }
    model.place(rows);
    let mut null = Model::new(rows, vec![]);
    for _ in 0..TO_THE_NULL {
        null.draw(rows);
    }
    let most = rows.loss(&null.log_odds);
    let nothing = Place {
        intercept: null.intercept,
        values: model.terms().map(|term| vec![0.0; term.values.len()]).collect(),
        log_odds: null.log_odds,
    };
    for _ in 0..HALVINGS {
        if rows.loss(&model.log_odds) <= most {
            return;
        }
        halve(model, &nothing);
    }
    restore(model, nothing);
}
