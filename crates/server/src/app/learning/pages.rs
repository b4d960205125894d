//! A scorecard of the catalogue as a page with pictures, and as a model card.

use super::super::error::AppError;
use super::bridge::{as_table, stated};
use super::judging::{read_card, role, sample_of};
use super::rows::{Reading, Rows, refused};
use super::validate::ValidateOptions;
use probity_credit::catalogue::Catalogue;
use probity_credit::score::Scorecard;
use probity_scorecard::report::{Named, Options, html, model_card};
use probity_scorecard::validation::Limits;

/// What is known of a card, to be read by people.
#[derive(Debug, Clone)]
pub struct CardPages {
    /// One HTML file, complete in itself.
    pub html: String,
    /// Markdown.
    pub model_card: String,
}

/// Makes the pages of a card on a training set.
///
/// # Errors
/// As [`super::validate()`].
pub fn card_report(
    catalogue: &Catalogue,
    options: &ValidateOptions,
    progress: Reading<'_>,
) -> Result<CardPages, AppError> {
    let read = options.card.as_ref().map(|path| read_card(path, catalogue)).transpose()?;
    let card = read.as_ref().map_or_else(|| catalogue.scorecard(options.of), |(card, _)| card);
    let rows = Rows::read(&options.dataset, role(card), progress)?;
    let table = as_table(card)?;
    let sample = sample_of(card, &rows)?;
    let periods = rows.by_moment()?;
    let made = || {
        let scored = table.score(&sample.table)?;
        let mut named = Named::new("this set", &sample, &scored);
        named.periods = Some(periods.clone());
        let asked = asked(card, catalogue);
        Ok(CardPages {
            html: html(&table, &[named.clone()], &asked)?,
            model_card: model_card(&table, &[named], &asked)?,
        })
    };
    made().map_err(|error: probity_scorecard::Error| refused(&error))
}

fn asked(card: &Scorecard, catalogue: &Catalogue) -> Options {
    let mut provenance = vec![("catalogue".to_owned(), catalogue.hash.to_string())];
    if let Some(fitted) = card.fitted() {
        let held = fitted.held_out.as_ref().map_or_else(
            || "none".to_owned(),
            |held| {
                format!(
                    "{} rows, AUC {:.4}, {} {:.4}",
                    held.rows, held.auc[0], held.champion, held.champion_auc[0]
                )
            },
        );
        provenance.extend([
            ("label".to_owned(), format!("{} {}", fitted.label, fitted.label_hash)),
            ("training set".to_owned(), fitted.dataset.clone()),
            (
                "fitted on".to_owned(),
                format!("{} rows, {} bad, {} to {}", fitted.rows, fitted.bad, fitted.from, fitted.to),
            ),
            ("held out".to_owned(), held),
        ]);
    }
    Options {
        title: card.title().to_owned(),
        purpose: card.reasoning().trim().to_owned(),
        limits: vec![
            "Points alone: the gates of the card and the ends of its scale, which `probity validate` counts in, are left out here.".to_owned(),
            "Rows of one party at several moments are taken as independent; intervals that know they are not come from `probity validate`.".to_owned(),
        ],
        trends: stated(card, catalogue),
        leakage: Limits::default(),
        provenance,
        ..Options::default()
    }
}
