//! Which sanctions are in force at a moment.

use super::kind::{Ground, Sanction};
use crate::event::{Event, TypeIndex, Vocabulary};
use probity_primitives::Timestamp;
use serde::Serialize;

/// A sanction as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imposed {
    /// Its id.
    pub id: Box<str>,
    /// What it is.
    pub kind: Sanction,
    /// On what ground.
    pub ground: Ground,
    /// Code of the reason.
    pub reason: Box<str>,
    /// The most that may be open, for a limit, in minor units of its currency.
    pub limit: Option<i64>,
    /// When it was decided and told.
    pub told_at: Timestamp,
    /// When it takes effect.
    pub starts_at: Timestamp,
    /// When it ends by itself.
    pub ends_at: Option<Timestamp>,
    /// Until when the party may appeal.
    pub appeal_by: Timestamp,
    /// When the party appealed, and no answer was given yet.
    pub appealed_at: Option<Timestamp>,
    /// When it was lifted.
    pub lifted_at: Option<Timestamp>,
}

/// What a party may do at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Standing {
    /// The most that may be open, in minor units of the reporting currency.
    pub limit: Option<i64>,
    /// It may not trade.
    pub suspended: bool,
    /// The relation has ended.
    pub terminated: bool,
}

/// The types that carry sanctions.
#[derive(Debug, Clone, Copy, Default)]
pub struct SanctionTypes {
    started: Option<TypeIndex>,
    appealed: Option<TypeIndex>,
    ended: Option<TypeIndex>,
    proposed: Option<TypeIndex>,
    queued: Option<TypeIndex>,
}

/// The sanctions of one party.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sanctions {
    pub(super) imposed: Vec<Imposed>,
    /// Appeals and ends of sanctions whose start has not been seen yet.
    pub(super) early: Vec<(Box<str>, Change)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Appealed(Timestamp),
    Rejected,
    Lifted(Timestamp),
}

impl SanctionTypes {
    /// Finds them in a vocabulary; one without them knows no sanctions.
    pub fn resolve(vocabulary: &Vocabulary) -> Self {
        Self {
            started: vocabulary.find("sanction.started"),
            appealed: vocabulary.find("sanction.appealed"),
            ended: vocabulary.find("sanction.ended"),
            proposed: vocabulary.find("sanction.proposed"),
            queued: vocabulary.find("notice.queued"),
        }
    }

    /// True for a type that carries sanctions.
    pub fn is_sanction(&self, kind: TypeIndex) -> bool {
        [self.started, self.appealed, self.ended].contains(&Some(kind))
    }

    /// True for a type that proposes a sanction, or carries one.
    pub fn is_step(&self, kind: TypeIndex) -> bool {
        self.proposed == Some(kind) || self.is_sanction(kind)
    }

    /// True for a notice.
    pub fn is_notice(&self, kind: TypeIndex) -> bool {
        self.queued == Some(kind)
    }
}

impl Imposed {
    /// Whether it is in force at a moment.
    pub fn in_force(&self, at: Timestamp) -> bool {
        self.starts_at <= at
            && self.ends_at.is_none_or(|ends| at < ends)
            && self.lifted_at.is_none_or(|lifted| at < lifted)
    }
}

impl Sanctions {
    /// Takes an event of the party in, if it is about sanctions. The order in which events come does not matter.
    pub fn add(&mut self, vocabulary: &Vocabulary, types: &SanctionTypes, event: &Event) {
        let declared = vocabulary.get(event.kind);
        let Some(id) = event.text(declared, "sanction") else { return };
        if Some(event.kind) == types.started {
            let moment = |name: &str| event.integer(declared, name).map(Timestamp::from_millis);
            let kind = event.text(declared, "kind").and_then(Sanction::parse);
            let ground = event.text(declared, "ground").and_then(Ground::parse);
            // What cannot be read must not let anyone through.
            let mut imposed = Imposed {
                id: id.into(),
                kind: kind.unwrap_or(Sanction::Suspend),
                ground: ground.unwrap_or(Ground::Risk),
                reason: event.text(declared, "reason").unwrap_or_default().into(),
                limit: event.integer(declared, "limit"),
                told_at: event.occurred_at,
                starts_at: moment("starts_at").unwrap_or(event.occurred_at),
                ends_at: moment("ends_at"),
                appeal_by: moment("appeal_by").unwrap_or(event.occurred_at),
                appealed_at: None,
                lifted_at: None,
            };
            let (own, rest) =
                std::mem::take(&mut self.early).into_iter().partition(|(early, _)| **early == *id);
            self.early = rest;
            let own: Vec<(Box<str>, Change)> = own;
            own.into_iter().for_each(|(_, change)| imposed.change(change));
            if !self.imposed.iter().any(|known| *known.id == *id) {
                self.imposed.push(imposed);
                self.imposed.sort_by(|a, b| (a.told_at, &a.id).cmp(&(b.told_at, &b.id)));
            }
            return;
        }
        let change = if Some(event.kind) == types.appealed {
            Change::Appealed(event.occurred_at)
        } else if Some(event.kind) == types.ended {
            match event.text(declared, "how") {
                Some("appeal_rejected") => Change::Rejected,
                _ => Change::Lifted(event.occurred_at),
            }
        } else {
            return;
        };
        match self.imposed.iter_mut().find(|known| *known.id == *id) {
            Some(imposed) => imposed.change(change),
            None => self.early.push((id.into(), change)),
        }
    }

    /// All of them, oldest first.
    pub fn list(&self) -> &[Imposed] {
        &self.imposed
    }

    /// What the party may do at a moment.
    pub fn standing(&self, at: Timestamp) -> Standing {
        let mut standing = Standing::default();
        for imposed in self.imposed.iter().filter(|imposed| imposed.in_force(at)) {
            match imposed.kind {
                Sanction::Limit => {
                    let limit = imposed.limit.unwrap_or(0);
                    standing.limit = Some(standing.limit.map_or(limit, |least| least.min(limit)));
                }
                Sanction::Suspend => standing.suspended = true,
                Sanction::Terminate => standing.terminated = true,
            }
        }
        standing
    }

    /// The next moment after `at` at which the standing may be another one by itself.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let moments = self.imposed.iter().flat_map(|imposed| [Some(imposed.starts_at), imposed.ends_at]);
        moments.flatten().filter(|moment| *moment > at).min()
    }
}

impl Imposed {
    fn change(&mut self, change: Change) {
        match change {
            Change::Appealed(at) => self.appealed_at = Some(self.appealed_at.unwrap_or(at)),
            Change::Rejected => self.appealed_at = None,
            Change::Lifted(at) => self.lifted_at = Some(self.lifted_at.map_or(at, |first| first.min(at))),
        }
    }
}
