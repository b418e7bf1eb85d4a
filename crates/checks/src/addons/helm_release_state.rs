use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::HelmRelease,
};
use jiff::Timestamp;

use super::release;
use crate::{Check, Context, Outcome, never, text::short};

/// Seconds for which an operation of Helm may go on: its own default.
const OPERATION: i64 = 300;

/// Releases whose newest revision is not deployed.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "HelmReleaseState",
        summary: "the newest revision of a Helm release failed, or was broken off",
        phase: Phase::Pre,
        group: Group::AddonCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::HelmReleases],
        page: include_str!("helm_release_state.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let releases = ctx.helm_releases()?.iter();
    Ok(releases.filter_map(|release| judge(ctx, release)).collect())
}

/// What Helm last did to a release.
#[derive(Clone, Copy)]
pub(crate) struct Newest<'a> {
    pub(crate) revision: u32,
    pub(crate) status: &'a str,
    pub(crate) written_at: Option<Timestamp>,
}

impl<'a> Newest<'a> {
    pub(crate) fn of(release: &'a HelmRelease) -> Self {
        match &release.newest {
            Some(newest) => Self {
                revision: newest.revision,
                status: &newest.status,
                written_at: newest.written_at,
            },
            None => Self {
                revision: release.revision,
                status: &release.status,
                written_at: release.written_at,
            },
        }
    }

    /// Helm was broken off, or is still at it.
    pub(crate) fn is_pending(self) -> bool {
        self.status.starts_with("pending-") || self.status == "uninstalling"
    }

    /// Helm has not finished what it began, or not well.
    pub(crate) fn is_unfinished(self) -> bool {
        self.is_pending() || self.status == "failed"
    }
}

fn judge(ctx: &Context<'_>, release: &HelmRelease) -> Option<Finding> {
    let newest = Newest::of(release);
    let age = ctx.seconds_since(newest.written_at);
    let at_work = newest.is_pending() && newest.written_at.is_some() && age < OPERATION;
    if !newest.is_unfinished() || at_work {
        return None;
    }
    let Newest {
        revision, status, ..
    } = newest;
    let status = short(status, 40);
    let runs = if release.status == "deployed" {
        format!("; revision {} is deployed", release.revision)
    } else {
        "; no revision is deployed".to_owned()
    };
    let next = if newest.is_pending() {
        ", and Helm refuses to go on"
    } else {
        ""
    };
    let message = format!("its newest revision {revision} is {status}{next}{runs}");
    Some(describe(ctx, release, &message, newest))
}

fn describe(
    ctx: &Context<'_>,
    release: &HelmRelease,
    message: &str,
    newest: Newest<'_>,
) -> Finding {
    let HelmRelease {
        namespace, name, ..
    } = release;
    let subject = Subject::namespaced("", "HelmRelease", namespace, name);
    let written = newest
        .written_at
        .map_or_else(String::new, |at| format!(", written at {at}"));
    let detail = format!("revision {} {}{written}", newest.revision, newest.status);
    Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(release::source(release), ctx.now(), detail))
        .fix_with(
            "Roll it back to the revision that is deployed, or try the upgrade of the release again",
            format!("helm -n {namespace} rollback {name}"),
        )
}
