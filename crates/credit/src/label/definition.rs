//! Labels as they stand in `catalogue/labels/`, read and checked.

use super::observed::{AfterwardsColumns, ObservedColumns};
use crate::event::{Rates, Role, Vocabulary};
use crate::indicator::{Better, Plan};
use crate::source::Source;
use probity_expression::{Columns, Expression, Type};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Digest, Duration, Problem};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;

/// The code of a label that is defined wrongly.
pub const LABEL_INVALID: Code = Code::new("label-invalid");

/// The longest performance window and the longest lag of reports, in days.
const LONGEST: i32 = 730;
/// How long facts are waited for when a label does not say.
const REPORT: i32 = 30;

/// What is to be foretold of a party: whom it is about, and what counts as bad.
#[derive(Debug)]
pub struct Label {
    name: String,
    title: String,
    reasoning: String,
    of: Role,
    within: i32,
    report: i32,
    bad: Expression,
    indeterminate: Option<Expression>,
    observe: Option<Expression>,
    exclude: Option<Expression>,
    afterwards: Plan,
    file: String,
    hash: Digest,
}

/// The labels of a catalogue.
#[derive(Debug, Default)]
pub struct Labels(Vec<Label>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    label: Vec<LabelText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelText {
    name: Spanned<String>,
    of: Spanned<String>,
    title: Spanned<String>,
    reasoning: Spanned<String>,
    within: Spanned<String>,
    report: Option<Spanned<String>>,
    bad: Spanned<String>,
    indeterminate: Option<Spanned<String>>,
    observe: Option<Spanned<String>>,
    exclude: Option<Spanned<String>>,
}

/// What labels are checked against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) vocabulary: &'a Vocabulary,
    pub(crate) rates: &'a Rates,
    pub(crate) score_use_days: i32,
}

impl Labels {
    /// Reads and checks all files of labels.
    ///
    /// # Errors
    /// Every problem found: `label-invalid` and the codes of expressions, each with `file:line:column`.
    pub(crate) fn read(sources: &[Source<'_>], ground: Ground<'_>) -> Result<Self, Vec<Problem>> {
        let mut labels: Vec<Label> = Vec::new();
        let mut problems = Vec::new();
        for source in sources {
            let file: File = match source.read() {
                Ok(file) => file,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            for text in file.label {
                let span = text.name.span();
                if labels.iter().any(|label| label.name == *text.name.get_ref()) {
                    let detail = format!("'{}' is defined twice", shown(text.name.get_ref()));
                    problems.push(source.problem(LABEL_INVALID, &span, detail));
                    continue;
                }
                let reading = Reading { source, ground, name: text.name.get_ref().clone() };
                match reading.label(text) {
                    Ok(label) => labels.push(label),
                    Err(found) => problems.extend(found),
                }
            }
        }
        if problems.is_empty() { Ok(Self(labels)) } else { Err(problems) }
    }

    /// All of them, in the order of the files.
    pub fn list(&self) -> &[Label] {
        &self.0
    }

    /// One by its name.
    pub fn get(&self, name: &str) -> Option<&Label> {
        self.0.iter().find(|label| label.name == name)
    }
}

/// The reading of one label.
struct Reading<'a> {
    source: &'a Source<'a>,
    ground: Ground<'a>,
    name: String,
}

impl Reading<'_> {
    fn refuse(&self, span: &Range<usize>, why: &str) -> Problem {
        self.source.problem(LABEL_INVALID, span, format!("{}: {why}", shown(&self.name)))
    }

    fn label(&self, text: LabelText) -> Result<Label, Vec<Problem>> {
        let mut problems = Vec::new();
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let begins = self.name.starts_with(|c: char| c.is_ascii_lowercase());
        if !begins || self.name.len() > 64 || !self.name.chars().all(fits) {
            problems.push(self.refuse(&text.name.span(), "a name is snake_case, at most 64 characters"));
        }
        for told in [&text.title, &text.reasoning] {
            if told.get_ref().trim().is_empty() {
                problems.push(self.refuse(&told.span(), "title and reasoning say something"));
            }
        }
        let Some(of) = Role::parse(text.of.get_ref()) else {
            problems.push(self.refuse(&text.of.span(), "of is merchant or buyer"));
            return Err(problems);
        };
        let mut keep = |made: Result<Option<Expression>, Problem>| match made {
            Ok(expression) => expression,
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        let names = self.ground.plan.names(of);
        let observe = keep(self.condition("observe", text.observe.as_ref(), &ObservedColumns(names)));
        let exclude = keep(self.condition("exclude", text.exclude.as_ref(), &ObservedColumns(names)));
        let all = AfterwardsColumns(names);
        let bad = keep(self.condition("bad", Some(&text.bad), &all));
        let unclear = keep(self.condition("indeterminate", text.indeterminate.as_ref(), &all));
        let within = self.days("within", &text.within, 1);
        let report = text.report.as_ref().map_or(Ok(REPORT), |report| self.days("report", report, 0));
        let (within, report) = match (within, report) {
            (Ok(within), Ok(report)) => (within, report),
            (within, report) => {
                problems.extend([within.err(), report.err()].into_iter().flatten());
                return Err(problems);
            }
        };
        problems.extend(self.harmless(of, &text.bad, bad.as_ref()).err());
        let (true, Some(bad)) = (problems.is_empty(), bad) else { return Err(problems) };
        let read: Vec<usize> =
            bad.columns().into_iter().chain(unclear.iter().flat_map(Expression::columns)).collect();
        // A window that begins within a day ends within another: both count.
        let ground = (self.ground.vocabulary, self.ground.rates);
        let afterwards = self
            .ground
            .plan
            .over_days(of, &read, within + 1, ground)
            .map_err(|why| vec![self.refuse(&text.bad.span(), &why)])?;
        let over = AfterwardsColumns(afterwards.names(of));
        let alone = |problem: Problem| vec![problem];
        let again = self.condition("bad", Some(&text.bad), &over).map_err(alone)?;
        let indeterminate =
            self.condition("indeterminate", text.indeterminate.as_ref(), &over).map_err(alone)?;
        Ok(Label {
            bad: again.unwrap_or(bad),
            indeterminate,
            observe,
            exclude,
            afterwards,
            of,
            within,
            report,
            name: self.name.clone(),
            title: text.title.into_inner(),
            reasoning: text.reasoning.into_inner(),
            file: self.source.file.to_owned(),
            hash: Digest::of(&[self.source.text.as_bytes()]),
        })
    }

    fn days(&self, what: &str, text: &Spanned<String>, least: i32) -> Result<i32, Problem> {
        let days = text.get_ref().strip_suffix('d').and_then(|number| number.parse::<i32>().ok());
        let most = LONGEST.min(self.ground.score_use_days - 1);
        days.filter(|days| (least..=most).contains(days)).ok_or_else(|| {
            let why = format!("{what} '{}' is not {least}d to {most}d", shown(text.get_ref()));
            self.refuse(&text.span(), &why)
        })
    }

    fn condition(
        &self,
        what: &str,
        text: Option<&Spanned<String>>,
        columns: &dyn Columns,
    ) -> Result<Option<Expression>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let expression = Expression::parse(text.get_ref(), columns).map_err(|refusal| {
            let mut problem =
                refusal.problem.at(self.source.inside(&text.span(), refusal.line, refusal.column));
            problem.detail = format!("{}: {what}: {}", shown(&self.name), problem.detail);
            problem
        })?;
        match expression.result_type() {
            Type::Boolean => Ok(Some(expression)),
            other => Err(self.refuse(&text.span(), &format!("{what} gives {other:?}, not a truth"))),
        }
    }

    /// Whoever uses a right must not be called bad for it: indicators without preference are no part of `bad`.
    fn harmless(&self, of: Role, text: &Spanned<String>, bad: Option<&Expression>) -> Result<(), Problem> {
        let Some(bad) = bad else { return Ok(()) };
        for column in bad.columns() {
            let neutral = self.ground.plan.definitions(of).nth(column);
            if let Some(neutral) = neutral.filter(|definition| definition.better == Better::Neutral) {
                let why = format!("bad reads '{}', which carries no preference", neutral.name);
                let hint = "allegations and the use of a right make nobody bad; read facts that were finally decided";
                return Err(self.refuse(&text.span(), &why).hint(hint));
            }
        }
        Ok(())
    }
}

impl Label {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Why it is defined so.
    pub fn reasoning(&self) -> &str {
        &self.reasoning
    }

    /// Whom it is about.
    pub const fn of(&self) -> Role {
        self.of
    }

    /// The length of the performance window.
    pub const fn within(&self) -> Duration {
        Duration::days(self.within as i64)
    }

    /// How long after the window facts about it are waited for.
    pub const fn report(&self) -> Duration {
        Duration::days(self.report as i64)
    }

    /// What counts as bad.
    pub const fn bad(&self) -> &Expression {
        &self.bad
    }

    /// What is neither good nor bad.
    pub const fn indeterminate(&self) -> Option<&Expression> {
        self.indeterminate.as_ref()
    }

    /// What must be there before the moment.
    pub const fn observe(&self) -> Option<&Expression> {
        self.observe.as_ref()
    }

    /// What must not be there before the moment.
    pub const fn exclude(&self) -> Option<&Expression> {
        self.exclude.as_ref()
    }

    /// The indicators that `bad` and `indeterminate` read, over the window.
    pub const fn afterwards(&self) -> &Plan {
        &self.afterwards
    }

    /// The declaring file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The content hash of that file.
    pub const fn hash(&self) -> Digest {
        self.hash
    }
}
