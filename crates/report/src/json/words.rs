//! The fixed words of a report, each the mirror of a word of the model: a change there cannot slip into the format unseen.

use airworthy_model as model;
use schemars::JsonSchema;
use serde::Serialize;

macro_rules! words {
    ($( $(#[$doc:meta])* $name:ident = $from:path { $( $(#[$word_doc:meta])* $word:ident ),* $(,)? } )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub enum $name { $( $(#[$word_doc])* $word, )* }

        impl From<$from> for $name {
            fn from(word: $from) -> Self {
                use $from as From;
                match word { $( From::$word => Self::$word, )* }
            }
        }
    )* };
}

words! {
    /// When a check runs.
    Phase = model::Phase {
        /// Before the upgrade.
        Pre,
        /// After it.
        Post,
    }
    /// The answer.
    Verdict = model::Verdict {
        /// Nothing stands in the way.
        Ready,
        /// Risks that somebody must accept.
        ReadyWithRisks,
        /// A blocker.
        NotReady,
        /// Something that could be a blocker could not be looked at.
        CannotDetermine,
    }
    /// Whether everything that applies was looked at.
    Scope = model::Scope {
        /// All checks that apply.
        Full,
        /// Something was left out by choice.
        Partial,
    }
    /// What a check concluded.
    Status = model::Status {
        /// It found something.
        Found,
        /// It looked and found nothing.
        Clear,
        /// It could not look.
        Unknown,
        /// It has no meaning on this path or cluster.
        NotApplicable,
        /// The caller left it out.
        Skipped,
        /// All its findings are accepted.
        Waived,
    }
    /// How bad a finding is.
    Severity = model::Severity {
        /// The upgrade must not start, or did not succeed.
        Blocker,
        /// Somebody must accept it.
        Risk,
        /// Worth knowing, changes nothing.
        Note,
    }
    /// What a piece of evidence proves.
    EvidenceKind = model::EvidenceKind {
        /// A client called an API.
        Call,
        /// A manager last wrote an object at a version.
        Writer,
        /// The next apply will send it.
        Reapply,
        /// It is stored and cannot be read at the target.
        Stored,
        /// The state of an object as the API server reports it.
        State,
    }
    /// What stops working, and when.
    Breaks = model::Breaks {
        /// A client that runs now.
        RunningClient,
        /// The next deploy.
        NextDeploy,
        /// Nothing: superseded since.
        Stale,
    }
    /// What a step of an upgrade brings to another version.
    Part = model::Part {
        /// API servers, then the rest of the control plane.
        ControlPlane,
        /// Add-ons, as far as the new control plane asks for it.
        Addons,
        /// Nodes, one after the other.
        Nodes,
    }
    /// What is wrong with a waiver.
    WaiverFault = model::WaiverFault {
        /// It would cover a blocker, and none can be waived.
        Refused,
        /// Its time is over: what it covers counts again.
        Expired,
        /// Nothing that was found is what it covers.
        Unused,
        /// Its file could not be used: none of it counts.
        Unreadable,
    }
    /// Why facts could not be read.
    Reason = model::Reason {
        /// The server said 401 or 403.
        Forbidden,
        /// The server does not serve it.
        NotServed,
        /// No answer within the deadline.
        TimedOut,
        /// The server asked to slow down, or was overloaded.
        Overloaded,
        /// No connection, or it broke.
        Unreachable,
        /// The answer was not what the API promises.
        Malformed,
        /// The source does not hold it.
        NotCollected,
        /// It is read only when asked for.
        SwitchedOff,
    }
}
