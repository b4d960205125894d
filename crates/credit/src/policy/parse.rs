//! From the text of a policy file to a [`Policy`], or to everything that is wrong with it.

use super::cover::{Found, Proofs, told};
use super::definition::{Effect, Hit, Outcome, Policy, Reason, Rule, Table};
use super::fields::Fields;
use super::formula::Formula;
use super::index::Index;
use super::request::RequestKind;
use super::shape::{FileShape, PolicyShape, ReasonShape, RuleShape, TableShape};
use crate::event::Role;
use crate::sanction::{Ground, Sanction};
use crate::score::findings::Findings;
use probity_expression::{Expression, MoneyIn, Type};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Digest, Duration, Problem};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use toml::Spanned;

/// The code of every refused policy file.
pub const POLICY_INVALID: Code = Code::new("policy-invalid");

/// The most tables of a policy.
const MOST_TABLES: usize = 50;
/// The most rules of a table.
const MOST_RULES: usize = 50_000;
/// The most reasons of a policy.
const MOST_REASONS: usize = 500;
/// Pairs of rules of one table that are compared at most.
const MOST_COMPARED: usize = 200_000;
/// Overlaps told at most.
const MOST_NOTES: usize = 20;
/// The longest text for people, in bytes.
const LONGEST_TEXT: usize = 1_000;
/// The longest account of why the policy is as it is.
const LONGEST_REASONING: usize = 50_000;

/// What a policy is read against: makes the columns for a kind of request and its attributes.
pub type FieldsOf<'a> = &'a dyn Fn(RequestKind, &[(String, Type)]) -> Fields;

/// What a file says that it decides; none for one that is no policy at all.
pub fn decides(text: &str) -> Option<RequestKind> {
    let table: toml::Table = text.parse().ok()?;
    RequestKind::parse(table.get("policy")?.get("decides")?.as_str()?)
}

impl Policy {
    /// Reads and checks a policy. `file` names it in problems.
    ///
    /// # Errors
    /// `policy-invalid` for everything that is wrong, each with `file:line:column`: what does not read or type-check, a case
    /// that no rule of a table covers (with the case), a rule that can never hold.
    pub fn parse(file: &str, text: &str, fields_of: FieldsOf<'_>) -> Result<Self, Vec<Problem>> {
        let mut findings = Findings::new(file, text, POLICY_INVALID);
        let made = read(&mut findings, text, fields_of);
        findings.end(made)
    }
}

fn read<'a>(findings: &mut Findings<'a>, text: &'a str, fields_of: FieldsOf<'_>) -> Option<Policy> {
    let mut tables = findings.tables()?;
    let table_shapes = findings.items::<TableShape>(&mut tables, "table", MOST_TABLES);
    let reason_shapes = findings.items::<ReasonShape>(&mut tables, "reason", MOST_REASONS);
    let readable = findings.count() == 0;
    let head = findings.rest::<FileShape>(tables)?.policy;
    let (kind, attributes) = declared(findings, &head)?;
    let fields = fields_of(kind, &attributes);
    let mut check = Check { findings, fields: &fields, codes: HashMap::new(), notes: Vec::new() };
    let reasons = check.reasons(reason_shapes);
    let tables: Vec<Table> =
        table_shapes.into_iter().filter_map(|shape| check.table(shape.into_inner())).collect();
    let notes = std::mem::take(&mut check.notes);
    head_checked(findings, &head);
    let time_to_live = duration(findings, &head.time_to_live);
    let mut names = HashSet::new();
    for table in &tables {
        if !names.insert(table.name.clone()) {
            findings.refuse(0..0, format!("a second table '{}'", shown(&table.name)));
        }
    }
    let decides = tables.iter().any(|table| table.rules.iter().all(|rule| rule.effect.outcome.is_some()));
    if readable && findings.count() == 0 && !decides {
        let hint = "one table whose every rule names an outcome; there is no default";
        findings.refuse_with(0..0, "no table decides: none gives an outcome for every case", hint);
    }
    let columns = columns(&tables);
    Some(Policy {
        name: head.name.into_inner(),
        title: head.title.into_inner(),
        reasoning: head.reasoning.into_inner(),
        reserves: head.reserves.unwrap_or(kind == RequestKind::Payment),
        attributes,
        time_to_live,
        tables,
        reasons,
        notes,
        columns,
        fields,
        hash: Digest::of(&[text.as_bytes()]),
    })
}

fn head_checked(findings: &mut Findings<'_>, head: &PolicyShape) {
    findings.name(&head.name);
    findings.text(&head.title, LONGEST_TEXT);
    findings.text(&head.reasoning, LONGEST_REASONING);
}

/// The kind of request and the attributes that the head declares.
fn declared(findings: &mut Findings<'_>, head: &PolicyShape) -> Option<(RequestKind, Vec<(String, Type)>)> {
    let kind = RequestKind::parse(head.decides.get_ref());
    if kind.is_none() {
        let names: Vec<&str> = RequestKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let detail = format!("'{}' is no kind of request", shown(head.decides.get_ref()));
        findings.refuse_with(head.decides.span(), detail, &format!("one of {}", names.join(", ")));
    }
    let mut attributes = Vec::new();
    for (name, of) in &head.attributes {
        let found = match of.get_ref().as_str() {
            "boolean" => Type::Boolean,
            "integer" => Type::Integer,
            "text" => Type::Text,
            other => {
                let detail = format!("'{}' is no type of an attribute", shown(other));
                findings.refuse_with(of.span(), detail, "boolean, integer or text");
                continue;
            }
        };
        let good = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !good || name.is_empty() || name.len() > 64 {
            findings.refuse_with(of.span(), format!("'{}' is no name", shown(name)), "1 to 64 of a-z 0-9 _");
        }
        attributes.push((name.clone(), found));
    }
    Some((kind?, attributes))
}

fn duration(findings: &mut Findings<'_>, text: &Spanned<String>) -> Duration {
    match Duration::parse(text.get_ref()) {
        Ok(found) => found,
        Err(problem) => {
            findings.note(text.span(), Problem::new(POLICY_INVALID, problem.detail));
            Duration(0)
        }
    }
}

/// All columns that the tables read.
fn columns(tables: &[Table]) -> Vec<usize> {
    let mut all = BTreeSet::new();
    for rule in tables.iter().flat_map(|table| &table.rules) {
        let read = [&rule.when, &rule.effect.limit, &rule.effect.deposit];
        all.extend(read.into_iter().flatten().flat_map(Expression::columns));
    }
    all.into_iter().collect()
}

struct Check<'f, 'a> {
    findings: &'f mut Findings<'a>,
    fields: &'f Fields,
    codes: HashMap<String, usize>,
    notes: Vec<String>,
}

impl Check<'_, '_> {
    fn reasons(&mut self, shapes: Vec<Spanned<ReasonShape>>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for shape in shapes {
            let shape = shape.into_inner();
            for text in [&shape.text, &shape.advice, &shape.text_zh, &shape.advice_zh] {
                self.findings.text(text, LONGEST_TEXT);
            }
            let code = shape.code.get_ref();
            let good = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
            if code.is_empty() || code.len() > 16 || !code.bytes().all(good) {
                let detail = format!("'{}' is no code", shown(code));
                self.findings.refuse_with(shape.code.span(), detail, "1 to 16 of A-Z 0-9 _ -");
            }
            if self.codes.insert(code.clone(), reasons.len()).is_some() {
                self.findings.refuse(shape.code.span(), format!("a second reason with the code '{code}'"));
            }
            reasons.push(Reason {
                code: shape.code.into_inner(),
                text: shape.text.into_inner(),
                advice: shape.advice.into_inner(),
                text_zh: shape.text_zh.into_inner(),
                advice_zh: shape.advice_zh.into_inner(),
            });
        }
        reasons
    }

    fn table(&mut self, shape: TableShape) -> Option<Table> {
        let refused = self.findings.count();
        self.findings.name(&shape.name);
        self.findings.text(&shape.title, LONGEST_TEXT);
        let hit = match shape.hit.get_ref().as_str() {
            "first" => Hit::First,
            "all" => Hit::All,
            "priority" => Hit::Priority,
            other => {
                let detail = format!("'{}' does not say which rules count", shown(other));
                self.findings.refuse_with(shape.hit.span(), detail, "first, all or priority");
                Hit::First
            }
        };
        let place = shape.name.span();
        let mut rules = self.rules(&shape.rules);
        rules.extend(self.rows(&shape));
        if rules.is_empty() || rules.len() > MOST_RULES {
            let detail = format!("{} rules, not between 1 and {MOST_RULES}", rules.len());
            self.findings.refuse(place, detail);
            return None;
        }
        if shape.adds_only && hit == Hit::First {
            let hint = "hit = \"all\"";
            self.findings.refuse_with(
                place.clone(),
                "a table that only adds counts all rules that hold",
                hint,
            );
        }
        let mut names = HashSet::new();
        for (rule, span) in &rules {
            if !names.insert(rule.name.clone()) {
                self.findings.refuse(span.clone(), format!("a second rule '{}'", shown(&rule.name)));
            }
        }
        let conditions: Vec<_> =
            rules.iter().map(|(rule, _)| rule.when.as_ref().map(Expression::tree)).collect();
        let index = Index::new(&conditions);
        if self.findings.count() == refused {
            self.prove(&shape.name, hit, shape.adds_only, &rules, &index);
        }
        let rules = rules.into_iter().map(|(rule, _)| rule).collect();
        let (name, title) = (shape.name.into_inner(), shape.title.into_inner());
        Some(Table { name, title, hit, rules, index })
    }

    /// Nothing may be left open, and nothing may be in vain.
    fn prove(
        &mut self,
        name: &Spanned<String>,
        hit: Hit,
        adds_only: bool,
        rules: &[(Rule, Range<usize>)],
        index: &Index,
    ) {
        let formula = |rule: &Rule| {
            rule.when.as_ref().map_or(Formula::Known(Some(true)), |when| Formula::of(when.tree()))
        };
        let formulas: Vec<Formula> = rules.iter().map(|(rule, _)| formula(rule)).collect();
        let mut proofs = Proofs::new(self.fields, &formulas);
        let hint = "add a rule for it; a last rule without `when` covers all that is left";
        match proofs.open_case() {
            Found::Case(case) if !adds_only => {
                let case = told(self.fields, &case);
                let detail = format!("table '{}' leaves open: {case}", name.get_ref());
                self.findings.refuse_with(name.span(), detail, hint);
            }
            Found::TooMuch if !adds_only => {
                let detail =
                    format!("table '{}' is too wide to prove that it leaves nothing open", name.get_ref());
                self.findings.refuse_with(name.span(), detail, "end it with a rule without `when`");
            }
            _ => {}
        }
        let (mut pairs, mut unproved) = (0, 0);
        let mut overlaps = Vec::new();
        index.each_with_those_before(|place, before| {
            let Some((rule, span)) = rules.get(place) else { return true };
            pairs += before.len();
            if pairs > MOST_COMPARED {
                unproved = rules.len() - place;
                return false;
            }
            let held = proofs.reachable(place, if hit == Hit::First { before } else { &[] });
            if held == Found::Nothing {
                let hint = "rules before it hold wherever it would, or its condition contradicts itself";
                self.findings.refuse_with(span.clone(), format!("rule '{}' can never hold", rule.name), hint);
            }
            unproved += usize::from(held == Found::TooMuch);
            if hit == Hit::All || rule.when.is_none() {
                return true;
            }
            for other in before.iter().map(|other| *other as usize) {
                let before = rules.get(other).filter(|(before, _)| before.when.is_some());
                let Some((before, _)) = before.filter(|_| self.notes.len() + overlaps.len() < MOST_NOTES)
                else {
                    break;
                };
                if let Found::Case(case) = proofs.overlap(other, place) {
                    overlaps.push((&before.name, &rule.name, case));
                }
            }
            true
        });
        for (before, rule, case) in overlaps {
            let case = told(self.fields, &case);
            self.notes.push(format!("table {}: {before} and {rule} both hold for {case}", name.get_ref()));
        }
        if unproved > 0 {
            let name = name.get_ref();
            self.notes.push(format!("table {name}: {unproved} rules not compared with those before them"));
        }
    }

    fn rules(&mut self, shapes: &[Spanned<RuleShape>]) -> Vec<(Rule, Range<usize>)> {
        let mut rules = Vec::with_capacity(shapes.len());
        for shape in shapes {
            let rule = shape.get_ref();
            self.findings.name(&rule.name);
            let when =
                rule.when.as_ref().and_then(|when| self.expression(when, when.get_ref(), Type::Boolean));
            let effect = self.effect(&rule.effects());
            let (name, priority) = (rule.name.get_ref().clone(), rule.priority.unwrap_or(0));
            rules.push((Rule { name, when, priority, effect }, rule.name.span()));
        }
        rules
    }

    /// Rows of a decision table: a cell per input says what the input must be, a cell per output what is added.
    fn rows(&mut self, shape: &TableShape) -> Vec<(Rule, Range<usize>)> {
        let (inputs, outputs) = (&shape.inputs, &shape.outputs);
        let mut rules = Vec::with_capacity(shape.rows.len());
        for (n, row) in shape.rows.iter().enumerate() {
            let cells = row.get_ref();
            if cells.len() != inputs.len() + outputs.len() {
                let detail = format!(
                    "{} cells for {} inputs and {} outputs",
                    cells.len(),
                    inputs.len(),
                    outputs.len()
                );
                self.findings.refuse(row.span(), detail);
                continue;
            }
            let (asked, given) = cells.split_at(inputs.len());
            let parts: Vec<String> = inputs
                .iter()
                .zip(asked)
                .filter_map(|(input, cell)| self.cell(input.get_ref(), cell.get_ref()))
                .collect();
            let text = parts.join(" AND ");
            let when = if text.is_empty() { None } else { self.expression(row, &text, Type::Boolean) };
            let given: Vec<(&str, Spanned<String>)> = outputs
                .iter()
                .zip(given)
                .filter(|(_, cell)| !cell.get_ref().trim().is_empty())
                .map(|(output, cell)| (output.get_ref().as_str(), cell.clone()))
                .collect();
            let effect = self.effect(&given);
            rules.push((Rule { name: format!("row_{}", n + 1), when, priority: 0, effect }, row.span()));
        }
        rules
    }

    /// A cell as a condition: blank asks nothing, `> 5` and the like compare, `IN (…)`, `IS …`, `BETWEEN …` and `LIKE …` are
    /// taken as they stand, anything else is the value itself.
    fn cell(&self, input: &str, cell: &str) -> Option<String> {
        use probity_expression::Columns as _;
        let cell = cell.trim();
        if cell.is_empty() || cell == "-" {
            return None;
        }
        let word = cell.split([' ', '(']).next().unwrap_or_default().to_ascii_uppercase();
        let money = matches!(self.fields.column(input), Some((_, Type::Money(_))));
        let valued = |value: &str| if money { format!("amount('{value}')") } else { value.to_owned() };
        if matches!(word.as_str(), "IN" | "IS" | "NOT" | "BETWEEN" | "LIKE") {
            return Some(format!("{input} {cell}"));
        }
        if let Some(operator) =
            ["<=", ">=", "<>", "<", ">", "="].iter().find(|operator| cell.starts_with(**operator))
        {
            let value = cell.get(operator.len()..).unwrap_or_default().trim();
            return Some(format!("{input} {operator} {}", valued(value)));
        }
        let text = matches!(self.fields.column(input), Some((_, Type::Text)));
        let value =
            if text { format!("'{}'", cell.trim_matches('\'').replace('\'', "''")) } else { valued(cell) };
        Some(format!("{input} = {value}"))
    }

    fn expression<T>(&mut self, at: &Spanned<T>, text: &str, wanted: Type) -> Option<Expression> {
        match Expression::parse(text, self.fields) {
            Ok(expression) if expression.result_type() == wanted => Some(expression),
            Ok(expression) => {
                let detail = format!("'{}' gives {}, not {wanted}", shown(text), expression.result_type());
                self.findings.refuse(at.span(), detail);
                None
            }
            Err(refusal) => {
                let mut problem = refusal.problem;
                problem.detail =
                    format!("'{}', character {}: {}", shown(text), refusal.column, problem.detail);
                self.findings.note(at.span(), problem);
                None
            }
        }
    }

    fn effect(&mut self, given: &[(&str, Spanned<String>)]) -> Effect {
        let mut effect = Effect::default();
        let money = Type::Money(MoneyIn::Reporting);
        for (name, text) in given {
            let value = text.get_ref().trim();
            match *name {
                "outcome" => effect.outcome = self.word(text, Outcome::parse(value), "an outcome"),
                "limit" => effect.limit = self.expression(text, value, money),
                "deposit" => effect.deposit = self.expression(text, value, money),
                "discount" => effect.discount = self.share(text),
                "reserve" => effect.reserve = self.share(text),
                "cover" => effect.cover = self.share(text),
                "payout_delay" => effect.payout_delay = Some(duration(self.findings, text)),
                "step_up" => effect.step_up = Some(self.named(text)),
                "case" => effect.case = Some(self.named(text)),
                "sanction" => effect.sanction = self.sanction(text),
                "reason" => {
                    let found = self.codes.get(value).copied();
                    effect.reason = self.word(text, found, "a reason of this policy");
                }
                other => {
                    let hint = "outcome, limit, discount, payout_delay, reserve, deposit, cover, step_up, sanction, case or reason";
                    self.findings.refuse_with(
                        text.span(),
                        format!("a rule gives no '{}'", shown(other)),
                        hint,
                    );
                }
            }
        }
        let adverse = ["limit", "sanction", "step_up"];
        let grave = effect.outcome.is_some_and(|outcome| outcome > Outcome::Approve);
        let at = given.iter().find(|(name, _)| adverse.contains(name) || (grave && *name == "outcome"));
        if let Some((_, text)) = at.filter(|_| effect.reason.is_none()) {
            self.findings.refuse_with(text.span(), "an adverse answer without a reason", "reason = \"CODE\"");
        }
        let bounds = effect.sanction.is_some_and(|(kind, ..)| kind == Sanction::Limit);
        let at = given.iter().find(|(name, _)| *name == "sanction");
        if let Some((_, text)) = at.filter(|_| bounds && effect.limit.is_none()) {
            let hint = "limit = \"amount('100.00')\" in the same rule";
            self.findings.refuse_with(text.span(), "a sanction that limits, without an amount", hint);
        }
        effect
    }

    fn word<T>(&mut self, text: &Spanned<String>, found: Option<T>, what: &str) -> Option<T> {
        if found.is_none() {
            self.findings.refuse(text.span(), format!("'{}' is not {what}", shown(text.get_ref())));
        }
        found
    }

    fn share(&mut self, text: &Spanned<String>) -> Option<u32> {
        let found = text.get_ref().trim().parse().ok().filter(|share| *share <= 10_000_u32);
        self.word(text, found, "a share in basis points, 0 to 10000")
    }

    fn named(&mut self, text: &Spanned<String>) -> String {
        self.findings.name(text);
        text.get_ref().clone()
    }

    /// `suspend merchant for risk` and the like.
    fn sanction(&mut self, text: &Spanned<String>) -> Option<(Sanction, Role, Ground)> {
        let words: Vec<&str> = text.get_ref().split_whitespace().collect();
        let found = match words.as_slice() {
            [kind, role, "for", ground] => Sanction::parse(kind)
                .zip(Role::parse(role))
                .zip(Ground::parse(ground))
                .map(|((kind, role), ground)| (kind, role, ground)),
            _ => None,
        };
        self.word(text, found, "a sanction, its party and its ground, such as `suspend merchant for risk`")
    }
}
