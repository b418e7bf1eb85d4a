use airworthy_knowledge::Component as Program;
use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Minor, Missing, Need, Phase, Severity, UpgradePath,
    facts::{Component, Components},
};

use super::started;
use crate::{Check, Context, Judgement, Outcome, text::short};

/// Ways of electing a leader that programs of the target do not know.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "LeaderElectionLock",
        summary: "a program elects its leader by a kind of lock that the target does not know",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Components],
        page: include_str!("leader_election_lock.md"),
    },
    blocks: |ctx| ctx.path().map_or(true, any_goes),
    run,
};

const FLAG: &str = "leader-elect-resource-lock";
/// Kinds of lock with the first minor whose client library refuses them (`resourcelock.New` of client-go).
const GONE: [(&str, Minor); 4] = [
    ("configmaps", Minor::v1(24)),
    ("endpoints", Minor::v1(24)),
    ("configmapsleases", Minor::v1(28)),
    ("endpointsleases", Minor::v1(28)),
];
const ELECTED: [Program; 2] = [Program::KubeControllerManager, Program::KubeScheduler];

fn any_goes(path: &UpgradePath) -> bool {
    GONE.iter().any(|(_, since)| path.crosses(*since))
}

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    if !any_goes(path) {
        return Ok(Judgement::default());
    }
    let seen = ctx.components()?;
    let elected = ELECTED.iter().flat_map(|program| seen.of(program.name()));
    let found: Judgement = elected
        .filter_map(|place| judge(ctx, path, place))
        .collect();
    Ok(started::concluded(ctx, found, || {
        started::gap(seen, &ELECTED).or_else(|| file(seen))
    }))
}

/// The scheduler's file names a kind of lock too, below the flag; nothing shows that file.
fn file(seen: &Components) -> Option<Missing> {
    let mut schedulers = seen.of(Program::KubeScheduler.name());
    let place = schedulers.find(|one| one.sets("config") && one.value(FLAG).is_none())?;
    let why = format!(
        "{}: it reads a file (--config), which may name a kind of lock",
        place.source
    );
    let cure = format!(
        "look at leaderElection.resourceLock in that file, or set --{FLAG}=leases, which stands above it"
    );
    Some(Missing {
        cure: Some(cure),
        ..Missing::not_collected(Need::Components, why)
    })
}

fn judge(ctx: &Context<'_>, path: &UpgradePath, place: &Component) -> Option<Finding> {
    let lock = place.value(FLAG)?;
    let (_, since) = GONE.iter().find(|(gone, _)| *gone == lock)?;
    let hop = path.hop_crossing(*since)?;
    let program = &*place.name;
    let message = format!(
        "--{FLAG}={}: {program} does not know this kind of lock from {since} on and ends",
        short(lock, 30)
    );
    let detail = format!("{program} is started with --{FLAG}={lock}");
    let finding = started::finding(
        ctx,
        Severity::Blocker,
        program,
        message,
        [(place, detail)].into_iter(),
    )
    .setting(FLAG, lock, Some("leases"))
    .telling_apart(&*place.source);
    let finding = started::repair(finding, program, &format!("Set --{FLAG}=leases"));
    Some(Finding {
        hop: Some(hop),
        ..finding
    })
}
