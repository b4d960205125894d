//! What the keeper is asked, gathered into groups.

use super::decide::Ask;
use super::error::AppError;
use super::landing::Underway;
use super::outcome::{Outcome, Reply, Settling};
use super::prepare::Prepared;
use probity_credit::catalogue::Catalogue;
use probity_primitives::Timestamp;
use probity_store::SetAside;
use std::collections::VecDeque;
use tokio::sync::{mpsc, oneshot};

/// Events taken into one commit at most.
const LARGEST_GROUP: usize = 8_192;

/// What the keeper is asked to do.
pub(super) enum Command {
    Take {
        items: Vec<Prepared>,
        settling: Settling,
        reply: Reply<Vec<Outcome>>,
    },
    SetAside {
        items: Vec<SetAside>,
        once: bool,
        reply: Reply<()>,
    },
    DropSetAside {
        items: Vec<(u64, SetAside)>,
        reply: Reply<()>,
    },
    Settle {
        now: Timestamp,
        reply: Reply<u64>,
    },
    Checkpoint {
        reply: Reply<()>,
    },
    /// A trial begins, with the event that says so.
    Try {
        challenger: Box<Catalogue>,
        begun: Box<Prepared>,
        reply: Reply<()>,
    },
    Ask(Ask),
    /// Batches have landed: there may be room for the next.
    Landed,
}

/// What goes into one batch.
#[derive(Default)]
pub(super) struct Inbox {
    /// Asked first, in order: what is answered sees what has landed, and what was held before it.
    pub(super) asks: VecDeque<Ask>,
    pub(super) takes: VecDeque<(Vec<Prepared>, Reply<Vec<Outcome>>)>,
    /// To be done after the batch.
    pub(super) others: Vec<Command>,
    /// How the last of the events want timers to be treated.
    pub(super) settling: Option<Settling>,
    events: usize,
}

impl Inbox {
    /// Events whose outcome nobody waits for.
    pub(super) fn of(items: Vec<Prepared>) -> Self {
        let (reply, _) = oneshot::channel();
        Self { takes: VecDeque::from([(items, reply)]), ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.asks.is_empty() && self.takes.is_empty()
    }

    /// Takes up a command and what waits behind it.
    pub(super) fn fill(&mut self, first: Command, commands: &mut mpsc::Receiver<Command>) {
        self.put(first);
        while self.events < LARGEST_GROUP
            && let Ok(command) = commands.try_recv()
        {
            self.put(command);
        }
    }

    fn put(&mut self, command: Command) {
        match command {
            Command::Take { items, settling, reply } => {
                self.events += items.len();
                self.settling = Some(settling);
                self.takes.push_back((items, reply));
            }
            Command::Ask(ask) => {
                self.events += ask.size();
                self.asks.push_back(ask);
            }
            Command::Landed => {}
            other => self.others.push(other),
        }
    }

    /// While as many batches as may be are underway, the one at hand need not be closed: waits for more to go into it. False
    /// when it is to be closed now. Where the one at hand is `awaited`, those underway land as soon as they can.
    pub(super) fn more(
        &mut self,
        commands: &mut mpsc::Receiver<Command>,
        underway: &Underway,
        awaited: bool,
    ) -> bool {
        if awaited || !self.others.is_empty() {
            underway.hurry();
        }
        while self.events < LARGEST_GROUP && self.others.is_empty() && !underway.has_room() {
            let Some(command) = commands.blocking_recv() else { return false };
            self.fill(command, commands);
            if !self.is_empty() {
                return true;
            }
        }
        false
    }

    /// What is still in it cannot be done.
    pub(super) fn refuse(&mut self, error: &AppError) {
        self.asks.drain(..).for_each(|ask| ask.refuse(error));
        self.takes.drain(..).for_each(|(_, reply)| drop(reply.send(Err(error.clone()))));
    }
}
