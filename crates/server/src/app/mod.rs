//! Use cases: what Probity does, whoever asks. One file each.
//!
//! One thread, the `keeper`, owns the store's writer. It takes events in groups: appended, their orders brought up to
//! date, committed. Behind it they land: made durable, applied to the parties' states in memory, acknowledged. Readers see
//! only what is durable.

mod error;
mod own;
mod clock;
mod files;
mod columns;
mod versions;
mod prepare;
mod outcome;
mod due;
mod docket;
mod aside;
mod readers;
mod shared;
mod anew;
mod hindsight;
mod party;
mod orders;
mod taking;
mod reading;
mod timeline;
mod trial;
mod decide;
mod landing;
mod inbox;
mod ahead;
mod keeper;
mod open;
mod snapshot;
mod skew;
mod changes;
mod read;
mod score;
mod record;
mod sanction;
mod ranking;
mod estimate;
mod foretell;
mod calibrate;
mod import;
mod simulate;
mod rehearse;
mod detect;
mod whatif;
mod trial_report;
mod backtest;
mod dataset;
mod learning;

pub use aside::{Content, kept, reason, with_source};
pub use backtest::{
    BacktestOptions, BacktestProgress, Backtested, BecameRow, Checked, Example, Grouped, OutcomeRow, Policed,
    Reasoned, Requests, Stood, Switched, Tally, Undecided, Way, backtest,
};
pub use changes::{
    APPROVAL_HOURS, ActivatedCatalogue, Activation, Change, ChangeState, Changed, FileChange,
    ProposedCatalogue, activated, change_texts, changes, difference,
};
pub use clock::Clock;
pub use columns::{Guide, TableFile, read_table};
pub use dataset::{
    Counts, Dataset, DatasetOptions, LabelShown, LeftOut, MomentRow, Wanted as WantedIndicators, When,
    dataset,
};
pub use decide::{
    Asked, Closing, Decided, DecisionPage, DecisionState, ExposureOf, Form, KEY_DAYS, Replayed, starts_any,
};
pub use detect::{
    CheatsSeen, CheatsStopped, HonestSeen, HonestStopped, RoleSeen, RoleStopped, SeedsSeen, Separation,
    detect,
};
pub use error::{AppError, Class};
pub use files::{embedded_catalogue, folder_catalogue, report_in};
pub use foretell::{ForetellOptions, ForetellProgress, Foretold, ForetoldAt};
pub use hindsight::{Became, Harm, JudgedBy, Verdict};
pub use import::{
    AsideShown, ImportOptions, ImportProgress, Imported, Retried, Stage, TableCount, mapping_currency,
    rehearse,
};
pub use learning::{
    Alarm, Approved, CardPages, CardShown, Compared, DatasetShown, Drifted, Interval, LeakShown, LeftColumn,
    MonitorOptions, Monitored, MovedRow, OutcomeCount, Paired, PartRow, Performance, ScoreColumn, Stability,
    Step, SwapRow, TermRow, TrainOptions, Trained, TrendShown, TriedRow, ValidateOptions, Validated,
    card_report, compare_cards, monitor, train, validate,
};
pub use open::{Opening, Probity, chosen_currency};
pub use outcome::{Outcome, Settling};
pub use prepare::{Place, Prepared};
pub use ranking::{Measured, Rankings};
pub use read::{AsOf, EventRow, IndicatorValue, Indicators, TimelinePage};
pub use record::{Period, RecordProgress};
pub use rehearse::{Lived, Policy, RehearseProgress, Rehearsed, Reviewed, Scoring, Totals, Watched, Worlds};
pub use sanction::{
    Appeal, Approval, Ending, Notice, NoticePage, Proposal, RuleStart, SanctionFile, SanctionShown,
    SanctionsOf, StandingShown,
};
pub use score::{DimensionShown, Explained, HistoryPoint, ScoreAt, TierShown, Versions};
pub use simulate::{
    EventFormat, FileInfo, Manifest, MerchantTruth, SimulateOptions, SimulateProgress, VerifyProgress, World,
    WorldCounts, WorldFiles, merchants_of, simulate, simulate_nowhere, verify_world,
};
pub use trial_report::{
    Afterwards, AnswerShown, ArmCount, ArmFared, DecisionsCounted, Difference, DifferenceCount,
    DifferencePage, Direction, Fared, FaredCounts, Rate, SplitShown, TrialShown, share_text,
};
pub use versions::{kept_catalogue, past_catalogue};
pub use whatif::{Counted, MeasureCompared, Wanted, WhatIf, compare};
