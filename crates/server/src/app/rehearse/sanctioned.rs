//! Sanctions of a party in a rehearsal: started by rules, lifted by nobody.

use probity_credit::catalogue::Catalogue;
use probity_credit::decision::Sanctioning;
use probity_credit::event::Role;
use probity_credit::sanction::{Sanction, Standing};
use probity_primitives::{Day, Timestamp};

/// What was started against a party.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Imposed {
    limit: Option<i64>,
    suspended: bool,
    /// From when the relation has ended: a termination takes effect when its notice has run out.
    ends_at: Option<Timestamp>,
    /// The first day at which one took effect.
    pub(super) since: Option<Day>,
}

impl Imposed {
    /// The relation ends at once: fraud was established.
    pub(super) fn end(&mut self, at: Timestamp) {
        self.ends_at = Some(self.ends_at.map_or(at, |ends_at| ends_at.min(at)));
        self.since = Some(self.since.map_or(at.day(), |since| since.min(at.day())));
    }

    /// Starts what an answer asks for against this role. Whether anything is new.
    pub(super) fn start(
        &mut self,
        catalogue: &Catalogue,
        role: Role,
        asked: &[Sanctioning],
        at: Timestamp,
    ) -> bool {
        let before = (self.limit, self.suspended, self.ends_at);
        for sanctioning in asked {
            let Some((kind, _, ground)) = sanctioning.read().filter(|(_, against, _)| *against == role)
            else {
                continue;
            };
            let starts_at = catalogue.notices.procedure(kind, ground, at).starts_at;
            match kind {
                Sanction::Limit => {
                    self.limit = [self.limit, sanctioning.limit].into_iter().flatten().min();
                }
                Sanction::Suspend => self.suspended = true,
                Sanction::Terminate if self.ends_at.is_none() => self.ends_at = Some(starts_at),
                Sanction::Terminate => {}
            }
            self.since = Some(self.since.map_or(starts_at.day(), |since| since.min(starts_at.day())));
        }
        before != (self.limit, self.suspended, self.ends_at)
    }

    /// What the party may do at a moment.
    pub(super) fn standing(&self, at: Timestamp) -> Standing {
        let terminated = self.ends_at.is_some_and(|ends_at| ends_at <= at);
        Standing { limit: self.limit, suspended: self.suspended, terminated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::embedded_catalogue;

    #[test]
    fn each_kind_takes_effect_when_its_notice_says() {
        let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
        let asked = |kind: &str, ground: &str| Sanctioning {
            kind: kind.into(),
            role: "merchant".into(),
            ground: ground.into(),
            limit: (kind == "limit").then_some(500),
            reason: "P1".into(),
            statement: "Because".into(),
        };
        let (at, later) = (Timestamp::from_millis(0), Timestamp::from_millis(40 * 86_400_000));
        let check = |kind: &str, ground: &str, now: Standing, then: Standing| {
            let mut imposed = Imposed::default();
            assert!(!imposed.start(&catalogue, Role::Buyer, &[asked(kind, ground)], at), "of another");
            assert!(imposed.start(&catalogue, Role::Merchant, &[asked(kind, ground)], at));
            assert!(!imposed.start(&catalogue, Role::Merchant, &[asked(kind, ground)], later), "once");
            assert_eq!((imposed.standing(at), imposed.standing(later)), (now, then), "{kind} {ground}");
            assert!(imposed.since.is_some());
        };
        let plain = Standing::default();
        let (ended, suspended) =
            (Standing { terminated: true, ..plain }, Standing { suspended: true, ..plain });
        let limited = Standing { limit: Some(500), ..plain };
        check("limit", "risk", limited, limited);
        check("suspend", "risk", suspended, suspended);
        check("terminate", "fraud", ended, ended);
        check("terminate", "risk", plain, ended);
    }
}
