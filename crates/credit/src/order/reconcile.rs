//! What the log still lacks: facts to write and retractions of facts that do not hold.

use super::book::Book;
use super::clocks::Clocks;
use super::timeline::{Fact, timeline};
use super::words::Words;
use crate::event::{Event, FieldKind, FieldValue, TypeIndex, Vocabulary, key_of};
use probity_primitives::{ExternalId, Timestamp};

/// The source of everything Probity derives itself; refused from outside.
pub const DERIVED_SOURCE: &str = "probity";

/// The store's key of an order.
pub fn order_key(order: &str) -> [u8; 16] {
    // No source can hold a NUL, so an order never shares a key with an event.
    key_of("\0order", order)
}

impl Book {
    /// Events that bring the log in line with what the order's events say, timers up to `settle` included (`None`: only
    /// those let go off before). They are taken into the book. Also the next moment at which a timer goes off.
    pub fn reconcile(
        &mut self,
        vocabulary: &Vocabulary,
        words: &Words,
        clocks: &Clocks,
        settle: Option<Timestamp>,
    ) -> (Vec<Event>, Option<Timestamp>) {
        self.settled = self.settled.max(settle);
        let (mut wanted, next_due) = timeline(self, clocks, self.settled);
        let mut events = Vec::new();
        // Those that began and ended at the same moment were never known to anybody.
        wanted.retain(|fact| fact.until != Some(fact.known_at));
        for at in 0..self.logged.len() {
            let Some(logged) = self.logged.get(at) else { continue };
            let have = logged.fact.clone();
            if have.until == Some(have.known_at) {
                continue;
            }
            let kept = wanted.iter().position(|want| {
                want.same(&have)
                    && want.known_at == have.known_at
                    && (have.until.is_none() || have.until == want.until)
            });
            let end = match kept {
                Some(place) => wanted.swap_remove(place).until.filter(|_| have.until.is_none()),
                None => Some(have.known_at),
            };
            if let Some(end) = end {
                events.extend(self.retraction(vocabulary, words, at, end));
            }
        }
        wanted.sort_by_key(|fact| (fact.known_at, fact.kind));
        for fact in wanted {
            let Some(event) = self.write(vocabulary, words, &fact) else { continue };
            self.add(vocabulary, words, &event);
            let place = self.logged.len().saturating_sub(1);
            events.push(event);
            if let Some(end) = fact.until {
                events.extend(self.retraction(vocabulary, words, place, end));
            }
        }
        (events, next_due)
    }

    /// A retraction of a logged fact, taken into the book.
    fn retraction(
        &mut self,
        vocabulary: &Vocabulary,
        words: &Words,
        at: usize,
        end: Timestamp,
    ) -> Option<Event> {
        let logged = self.logged.get(at)?;
        let id = format!("{}.r{}", logged.id, logged.retractions + 1);
        let target = logged.id.clone();
        let fields = [
            ("target", FieldValue::Text(target.clone())),
            ("target_source", FieldValue::Text(DERIVED_SOURCE.into())),
        ];
        let event = draft(vocabulary, words.retracted, &id, end, end, &fields)?;
        self.mark_fact(&target, end);
        Some(event)
    }

    fn write(&self, vocabulary: &Vocabulary, words: &Words, fact: &Fact) -> Option<Event> {
        let terms = &fact.terms;
        let generations =
            self.logged.iter().filter(|logged| logged.fact.kind == fact.kind).map(|logged| logged.generation);
        let generation = generations.max().map_or(0, |last| last.saturating_add(1));
        let word = fact.kind.name().strip_prefix("order.").unwrap_or_default();
        let id = format!("{}.{word}.{generation}", hex(&order_key(&terms.order)));
        let mut fields = vec![
            ("order", FieldValue::Text(terms.order.clone())),
            ("value", FieldValue::Integer(terms.value)),
        ];
        fields.extend(terms.category.iter().map(|category| ("category", FieldValue::Text(category.clone()))));
        fields.extend(terms.items.iter().map(|items| ("items", FieldValue::Integer(*items))));
        fields.extend(fact.content.iter().cloned());
        let mut event =
            draft(vocabulary, words.type_of(fact.kind), &id, fact.occurred_at, fact.known_at, &fields)?;
        event.merchant.clone_from(&terms.merchant);
        event.buyer.clone_from(&terms.buyer);
        event.currency = terms.currency;
        Some(event)
    }
}

/// An event of Probity's own. Fields that its type does not declare are left out.
fn draft(
    vocabulary: &Vocabulary,
    kind: TypeIndex,
    id: &str,
    occurred_at: Timestamp,
    known_at: Timestamp,
    fields: &[(&str, FieldValue)],
) -> Option<Event> {
    let declared = vocabulary.get(kind);
    let mut values = vec![None; declared.fields.len()];
    for (name, value) in fields {
        let Some(at) = declared.field(name) else { continue };
        let value = match (value, declared.fields.get(at).map(|field| &field.kind)) {
            (FieldValue::Text(text), Some(FieldKind::Choice(words))) => {
                let choice = words.iter().position(|word| **word == **text)?;
                FieldValue::Choice(u16::try_from(choice).ok()?)
            }
            _ => value.clone(),
        };
        if let Some(slot) = values.get_mut(at) {
            *slot = Some(value);
        }
    }
    Some(Event {
        id: ExternalId::try_new(id).ok()?,
        source: ExternalId::try_new(DERIVED_SOURCE).ok()?,
        kind,
        occurred_at,
        known_at,
        known_given: true,
        merchant: None,
        buyer: None,
        currency: None,
        fields: values,
    })
}

fn hex(key: &[u8; 16]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}
