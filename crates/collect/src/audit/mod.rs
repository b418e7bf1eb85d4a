//! Audit logs of API servers: who called which API, read about as fast as the bytes come, and kept in bounded memory.
//!
//! An API server writes one event a line and annotates calls at versions that it deprecates. Most lines are no such call: of
//! those only the client is noted, found by the fixed order in which an API server writes the members of an event. A line that
//! is a call of interest, or that has another form, is decoded whole.

mod event;
mod lines;
mod outline;
mod sources;
mod tally;
#[cfg(test)]
mod tests;

use airworthy_knowledge::Knowledge;
use airworthy_model::{Missing, Need, Reason, facts::AuditLog};

pub use event::Refusal;
pub use sources::{OpenAuditError, Sources};
pub use tally::{Callers, Tally, callers};

/// Most rows of callers, and most rows of clients.
pub const MOST_ROWS: usize = 10_000;

/// Reads all sources to their ends. What cannot be read is among the problems of the result.
pub fn read(sources: Sources, knowledge: &Knowledge) -> AuditLog {
    let mut tally = Tally::new(knowledge);
    let names = sources.names();
    sources.read(&mut tally);
    tally.finish(names)
}

/// What stands for an audit log where nobody gave one: an API server does not show its own.
pub fn not_given() -> Missing {
    Missing {
        need: Need::Audit,
        reason: Reason::SwitchedOff,
        detail: "no audit log was given".to_owned(),
        cure: Some("give the API server's audit log (--audit-log FILE), or let it send its audit events to the service".to_owned()),
    }
}
