//! From definitions to a plan: checked expressions, shared measures, an order in which derived indicators can be read.

use super::definition::{
    Aggregate, Body, Definition, INDICATOR_INVALID, Measured, Prior, Text, Unit, Window,
};
use super::measure::{Contributions, Measure, Shape};
use crate::event::{Event, Placing, Rates, Role, TypeIndex, Vocabulary};
use crate::source::Source;
use probity_expression::{Columns, Expression, Faults, MoneyIn, Type};
use probity_primitives::Problem;
use std::collections::HashMap;

/// How an indicator is read.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Measured(Read),
    Derived(Expression),
}

/// How a value is read from a measure's tiles.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) slot: u16,
    pub(super) aggregate: Aggregate,
    pub(super) window: Window,
    pub(super) quantile: f64,
    /// Weights of whole days of age in 2⁻³², for a decayed sum.
    pub(super) decay: Vec<u64>,
    pub(super) prior: Option<Prior>,
    pub(super) minimum: i64,
    /// Sums are divided by this to reach the unit: the scale, minor units in a major one, milliseconds in an hour or day.
    pub(super) divisor: f64,
}

/// A compiled indicator.
#[derive(Debug, Clone)]
pub struct Indicator {
    /// Its definition.
    pub definition: Definition,
    pub(super) kind: Kind,
}

/// All indicators of a catalogue, ready to be fed and read.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    measures: Vec<Measure>,
    routes: Vec<Vec<u16>>,
    indicators: Vec<Indicator>,
    order: [Vec<usize>; 2],
    names: [Vec<String>; 2],
    /// For each indicator its place among those of its role.
    pub(super) place: Vec<usize>,
}

/// What compiling needs beside the definitions.
#[derive(Debug, Clone, Copy)]
struct Context<'a> {
    vocabulary: &'a Vocabulary,
    rates: &'a Rates,
    sources: &'a [Source<'a>],
    score_use_days: i32,
}

impl Plan {
    /// Compiles definitions. `score_use_days` bounds the windows over adverse facts.
    ///
    /// # Errors
    /// Every problem found: `indicator-invalid` and the codes of expressions, each with `file:line:column`.
    pub fn compile(
        definitions: Vec<Definition>,
        vocabulary: &Vocabulary,
        rates: &Rates,
        sources: &[Source<'_>],
        score_use_days: i32,
    ) -> Result<Self, Vec<Problem>> {
        let context = Context { vocabulary, rates, sources, score_use_days };
        let mut plan = Self { routes: vec![Vec::new(); vocabulary.len()], ..Self::default() };
        let mut shared: HashMap<String, u16> = HashMap::new();
        let mut problems = Vec::new();
        let mut pending = Vec::new();
        for definition in definitions {
            let names = &mut plan.names[usize::from(definition.of.number())];
            if names.contains(&definition.name) {
                problems.push(
                    Problem::new(INDICATOR_INVALID, format!("'{}' is defined twice", definition.name))
                        .at(&definition.at),
                );
                continue;
            }
            plan.place.push(names.len());
            names.push(definition.name.clone());
            pending.push(definition);
        }
        let columns = Role::ALL.map(|role| Siblings(plan.names[usize::from(role.number())].clone()));
        for definition in pending {
            let kind = match &definition.body {
                Body::Measured(measured) => {
                    plan.measured(&context, &definition, measured, &mut shared).map(Kind::Measured)
                }
                Body::Derived(text) => {
                    derived(&context, &definition, text, &columns[usize::from(definition.of.number())])
                        .map(Kind::Derived)
                }
            };
            match kind {
                Ok(kind) => plan.indicators.push(Indicator { definition, kind }),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            problems.extend(plan.arrange());
        }
        if problems.is_empty() { Ok(plan) } else { Err(problems) }
    }

    fn measured(
        &mut self,
        context: &Context<'_>,
        definition: &Definition,
        measured: &Measured,
        shared: &mut HashMap<String, u16>,
    ) -> Result<Read, Problem> {
        let types = context.types(definition, measured)?;
        let shape = Shape::of(measured.aggregate);
        let hourly = matches!(measured.window, Window::Hours(_));
        let text = |text: &Option<Text>| text.as_ref().map_or("", |text| text.text.as_str()).to_owned();
        let on: Vec<_> = measured.on.iter().map(|text| text.text.as_str()).collect();
        let key = format!(
            "{}\0{}\0{}\0{}\0{}\0{}\0{shape:?}\0{:?}\0{:?}\0{hourly}",
            definition.of.as_str(),
            on.join(","),
            text(&measured.filter),
            text(&measured.value),
            text(&measured.base),
            text(&measured.weight),
            measured.scale,
            measured.pair_cap,
        );
        let slot = match shared.get(&key) {
            Some(slot) => *slot,
            None => {
                let measure = context.measure(definition, measured, &types)?;
                let slot = u16::try_from(self.measures.len())
                    .map_err(|_| context.refuse(definition, "there are more than 65,535 measures"))?;
                for kind in &types {
                    if let Some(route) = self.routes.get_mut(usize::from(kind.0)) {
                        route.push(slot);
                    }
                }
                self.measures.push(measure);
                shared.insert(key, slot);
                slot
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the slot was just given or found")]
        let measure = &mut self.measures[usize::from(slot)];
        let divisor = context.divisor(definition, measured, measure)?;
        let decay =
            if measured.aggregate == Aggregate::DecayedSum { decay(measured.half_life) } else { Vec::new() };
        widen(measure, measured, &decay);
        if matches!(measured.prior, Some(Prior::Category(_))) {
            let category = measure.placing.column("category").filter(|(_, kind)| *kind == Type::Text);
            let (column, _) = category.ok_or_else(|| {
                context.refuse(definition, "a category prior needs a text column 'category'")
            })?;
            measure.category = Some(column);
            measure.mix = true;
        }
        Ok(Read {
            slot,
            aggregate: measured.aggregate,
            window: measured.window,
            quantile: measured.quantile,
            decay,
            prior: measured.prior,
            minimum: measured.minimum,
            divisor,
        })
    }

    /// Finds an order in which every derived indicator comes after those it reads.
    fn arrange(&mut self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for role in Role::ALL {
            let of: Vec<usize> = (0..self.indicators.len())
                .filter(|at| {
                    self.indicators.get(*at).is_some_and(|indicator| indicator.definition.of == role)
                })
                .collect();
            let mut order: Vec<usize> = Vec::new();
            let mut left = of.clone();
            while !left.is_empty() {
                let ready = |at: &usize| match self.indicators.get(*at).map(|indicator| &indicator.kind) {
                    Some(Kind::Derived(expression)) => expression
                        .columns()
                        .iter()
                        .all(|column| of.get(*column).is_some_and(|read| order.contains(read))),
                    _ => true,
                };
                let (now, later): (Vec<_>, Vec<_>) = left.iter().copied().partition(ready);
                if now.is_empty() {
                    for at in later {
                        let Some(indicator) = self.indicators.get(at) else { continue };
                        let detail = format!(
                            "'{}' is derived from itself, directly or in a circle",
                            indicator.definition.name
                        );
                        problems.push(Problem::new(INDICATOR_INVALID, detail).at(&indicator.definition.at));
                    }
                    break;
                }
                order.extend(now);
                left = later;
            }
            self.order[usize::from(role.number())] = order;
        }
        problems
    }

    /// What an event contributes to all measures, of both roles.
    pub fn contributions(
        &self,
        vocabulary: &Vocabulary,
        rates: &Rates,
        event: &Event,
        faults: &mut Faults,
    ) -> Contributions {
        let Some(route) = self.routes.get(usize::from(event.kind.0)) else { return Vec::new() };
        let mut out = Vec::with_capacity(route.len());
        for slot in route {
            let Some(measure) = self.measure(*slot) else { continue };
            if event.party(measure.role).is_none() {
                continue;
            }
            if let Some(contribution) = measure.contribution(vocabulary, rates, event, faults) {
                out.push((*slot, contribution));
            }
        }
        out
    }

    /// Whether any measure reads events of a type.
    pub fn reads(&self, kind: TypeIndex) -> bool {
        self.routes.get(usize::from(kind.0)).is_some_and(|route| !route.is_empty())
    }

    /// A measure by its slot.
    pub fn measure(&self, slot: u16) -> Option<&Measure> {
        self.measures.get(usize::from(slot))
    }

    /// All indicators, in catalogue order.
    pub fn indicators(&self) -> &[Indicator] {
        &self.indicators
    }

    /// The names of a role's indicators, in the order of [`Plan::values`].
    pub fn names(&self, role: Role) -> &[String] {
        &self.names[usize::from(role.number())]
    }

    /// The definitions of a role's indicators, in the order of [`Plan::values`].
    pub fn definitions(&self, role: Role) -> impl Iterator<Item = &Definition> {
        self.indicators
            .iter()
            .map(|indicator| &indicator.definition)
            .filter(move |definition| definition.of == role)
    }

    pub(super) fn order(&self, role: Role) -> &[usize] {
        &self.order[usize::from(role.number())]
    }
}

/// A measure's tiles serve the widest of the windows that read them.
fn widen(measure: &mut Measure, measured: &Measured, decay: &[u64]) {
    let days = matches!(measured.aggregate, Aggregate::DaysSinceFirst | Aggregate::DaysSinceLast);
    let reach = match (measured.window.longest(), measured.aggregate) {
        (Some(reach), _) => Some(reach),
        (None, Aggregate::DecayedSum) => i32::try_from(decay.len()).ok(),
        (None, _) => None,
    };
    let needs_buckets = reach.is_some() || days;
    let keep_all = days && reach.is_none();
    measure.retention = match (measure.bucketed, needs_buckets) {
        (_, false) => measure.retention,
        (_, true) if keep_all => None,
        (false, true) => reach,
        (true, true) => measure.retention.and_then(|known| reach.map(|reach| known.max(reach))),
    };
    measure.bucketed |= needs_buckets;
    measure.total |= reach.is_none();
    measure.prior |= matches!(measured.prior, Some(Prior::Platform(_) | Prior::Category(_)));
}

/// Weights 2^(−age / half-life) of whole days of age, in 2⁻³², until they are nothing.
fn decay(half_life: i32) -> Vec<u64> {
    let mut weights = Vec::new();
    loop {
        let age = weights.len() as f64;
        let weight = (libm::exp2(32.0 - age / f64::from(half_life))).round() as u64;
        if weight == 0 {
            return weights;
        }
        weights.push(weight);
    }
}

/// The columns of a derived indicator: its siblings, in the order of their names.
struct Siblings(Vec<String>);

impl Columns for Siblings {
    fn column(&self, name: &str) -> Option<(usize, Type)> {
        self.0.iter().position(|known| known == name).map(|at| (at, Type::Double))
    }

    fn names(&self) -> Vec<String> {
        self.0.clone()
    }
}

fn derived(
    context: &Context<'_>,
    definition: &Definition,
    text: &Text,
    siblings: &Siblings,
) -> Result<Expression, Problem> {
    let expression = context.expression(definition, text, siblings)?;
    match expression.result_type() {
        Type::Double | Type::Integer | Type::Boolean => Ok(expression),
        other => Err(context.refuse(definition, &format!("derive gives {other:?}, not a number"))),
    }
}

impl Context<'_> {
    fn refuse(&self, definition: &Definition, why: &str) -> Problem {
        Problem::new(INDICATOR_INVALID, format!("{}: {why}", definition.name)).at(&definition.at)
    }

    fn source(&self, definition: &Definition) -> Source<'_> {
        self.sources
            .iter()
            .find(|source| source.file == definition.file)
            .copied()
            .unwrap_or(Source { file: "", text: "" })
    }

    fn expression(
        &self,
        definition: &Definition,
        text: &Text,
        columns: &dyn Columns,
    ) -> Result<Expression, Problem> {
        Expression::parse(&text.text, columns).map_err(|refusal| {
            let place = self.source(definition).inside(&text.span, refusal.line, refusal.column);
            let mut problem = refusal.problem.at(place);
            problem.detail = format!("{}: {}", definition.name, problem.detail);
            problem
        })
    }

    /// The event types an indicator reads; each must be about its role.
    fn types(&self, definition: &Definition, measured: &Measured) -> Result<Vec<TypeIndex>, Problem> {
        let mut types = Vec::new();
        for on in &measured.on {
            let at = self.source(definition).at(&on.span);
            let refuse = |why: String| {
                Err(Problem::new(INDICATOR_INVALID, format!("{}: {why}", definition.name)).at(at.clone()))
            };
            let Some(kind) = self.vocabulary.find(&on.text) else {
                return refuse(format!("'{}' is not a declared event type", on.text));
            };
            let declared = self.vocabulary.get(kind);
            let about = match definition.of {
                Role::Merchant => declared.merchant,
                Role::Buyer => declared.buyer,
            };
            if about.is_none() {
                return refuse(format!("{} is not about a {}", on.text, definition.of.as_str()));
            }
            if measured.pair_cap.is_some() && (declared.merchant.is_none() || declared.buyer.is_none()) {
                return refuse(format!("a pair_cap needs both parties, and {} has one", on.text));
            }
            if declared.adverse && measured.window.longest().is_none_or(|days| days > self.score_use_days) {
                return refuse(format!(
                    "{} is adverse: the window must be at most {}d",
                    on.text, self.score_use_days
                ));
            }
            if types.contains(&kind) {
                return refuse(format!("'{}' stands twice", on.text));
            }
            types.push(kind);
        }
        Ok(types)
    }

    fn measure(
        &self,
        definition: &Definition,
        measured: &Measured,
        types: &[TypeIndex],
    ) -> Result<Measure, Problem> {
        let placing = Placing::of(self.vocabulary, types).map_err(|column| {
            self.refuse(
                definition,
                &format!("the column '{column}' has different types in the events it is read from"),
            )
        })?;
        let compile = |text: &Option<Text>| {
            text.as_ref().map(|text| self.expression(definition, text, &placing)).transpose()
        };
        let shape = Shape::of(measured.aggregate);
        let measure = Measure {
            role: definition.of,
            filter: compile(&measured.filter)?,
            value: compile(&measured.value)?,
            base: compile(&measured.base)?,
            weight: compile(&measured.weight)?,
            shape,
            scale: measured.scale,
            category: None,
            keeping: shape.keeping(),
            pair_cap: measured.pair_cap,
            hourly: matches!(measured.window, Window::Hours(_)),
            retention: None,
            bucketed: false,
            total: false,
            prior: false,
            mix: false,
            placing,
        };
        self.check(definition, &measure)?;
        Ok(measure)
    }

    fn check(&self, definition: &Definition, measure: &Measure) -> Result<(), Problem> {
        let boolean = |what: &str, expression: &Option<Expression>| match expression
            .as_ref()
            .map(Expression::result_type)
        {
            None | Some(Type::Boolean) => Ok(()),
            Some(other) => Err(self.refuse(definition, &format!("{what} gives {other:?}, not a truth"))),
        };
        boolean("where", &measure.filter)?;
        boolean("base", &measure.base)?;
        match measure.weight.as_ref().map(Expression::result_type) {
            None | Some(Type::Integer | Type::Money(MoneyIn::Reporting)) => {}
            Some(Type::Money(MoneyIn::Event)) => return Err(self.mixed(definition, "weight")),
            Some(other) => {
                return Err(self.refuse(
                    definition,
                    &format!("weight gives {other:?}; a whole number or reporting(money) is needed"),
                ));
            }
        }
        let numeric = matches!(measure.shape, Shape::Sum | Shape::Mean | Shape::Value);
        match (measure.shape, measure.value_type()) {
            (Shape::Share, Some(other)) if other != Type::Boolean => {
                Err(self.refuse(definition, &format!("a share's value gives {other:?}, not a truth")))
            }
            (_, Some(Type::Money(MoneyIn::Event))) => Err(self.mixed(definition, "value")),
            (_, Some(Type::Double)) if numeric && measure.scale.is_none() => {
                Err(self.refuse(definition, "a float is added up as fixed point: give a scale"))
            }
            (_, Some(Type::Text)) if numeric => {
                Err(self.refuse(definition, "a text cannot be added up or ranked"))
            }
            (Shape::Sum | Shape::Mean, Some(Type::Timestamp)) => {
                Err(self.refuse(definition, "moments cannot be added up; subtract them first"))
            }
            _ => Ok(()),
        }
    }

    fn mixed(&self, definition: &Definition, what: &str) -> Problem {
        let detail = format!("{what} would mix amounts of different currencies");
        let mut problem = self.refuse(definition, &detail).hint("reporting(…) converts by a dated rate");
        problem.code = probity_primitives::Code::new("expression-currency");
        problem
    }

    /// What sums are divided by to reach the unit.
    fn divisor(
        &self,
        definition: &Definition,
        measured: &Measured,
        measure: &Measure,
    ) -> Result<f64, Problem> {
        let scale = measured.scale.unwrap_or(1) as f64;
        let unit = definition.unit;
        match (measured.aggregate, measure.value_type()) {
            (
                Aggregate::Share
                | Aggregate::Count
                | Aggregate::Distinct
                | Aggregate::DaysSinceFirst
                | Aggregate::DaysSinceLast,
                _,
            ) => Ok(1.0),
            (_, Some(Type::Money(_))) if unit == Unit::Money => {
                Ok(10_f64.powi(self.rates.reporting.exponent() as i32))
            }
            (_, Some(Type::Money(_))) => Err(self.refuse(definition, "an amount has the unit money")),
            (_, Some(Type::Duration)) => match unit {
                Unit::Days => Ok(86_400_000.0),
                Unit::Hours => Ok(3_600_000.0),
                _ => Err(self.refuse(definition, "a length of time has the unit days or hours")),
            },
            (_, Some(Type::Timestamp)) => {
                Err(self
                    .refuse(definition, "a moment is not a measure; use days_since_first or days_since_last"))
            }
            (_, Some(Type::Double)) => Ok(scale),
            _ if measured.scale.is_some() => Err(self.refuse(definition, "scale belongs to floats")),
            _ => Ok(1.0),
        }
    }
}
