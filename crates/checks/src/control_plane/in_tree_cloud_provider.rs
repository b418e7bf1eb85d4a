use airworthy_knowledge::Component as Program;
use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Missing, Need, Phase, Severity, UpgradePath,
    facts::{Component, Components, Lease, Node},
};

use super::started;
use crate::{Check, Context, Judgement, Outcome, text::counted};

/// A cloud that the programs of the control plane will no longer look after, while nothing else does.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "InTreeCloudProvider",
        summary: "the control plane itself looks after the cloud, which that of the target does not",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Components, Need::Leases, Need::Nodes],
        page: include_str!("in_tree_cloud_provider.md"),
    },
    blocks: |ctx| ctx.path().map_or(true, any_goes),
    run,
};

const FLAG: &str = "cloud-provider";
/// The gate that switches the code off before it is taken out, with the minor that sets it where nobody says otherwise.
const GATE: &str = "DisableCloudProviders";
const OFF: Minor = Minor::v1(29);
/// Providers that were built in, with the first minor that is built without them (`pkg/kubelet` and `k8s.io/cloud-provider`, `plugins.go`;
/// for gce the gate is locked).
const PROVIDERS: [(&str, Minor); 5] = [
    ("openstack", Minor::v1(26)),
    ("aws", Minor::v1(27)),
    ("azure", Minor::v1(30)),
    ("vsphere", Minor::v1(30)),
    ("gce", Minor::v1(31)),
];
/// The programs that are told of the provider.
const CLOUDS: [Program; 2] = [Program::KubeControllerManager, Program::KubeApiserver];
/// What takes over: also the name of its lease, or a part of it.
const EXTERNAL: &str = "cloud-controller-manager";
/// Seconds for which no lease counts as stale, however short it is.
const PATIENCE: i64 = 60;

fn any_goes(path: &UpgradePath) -> bool {
    let mut ends = PROVIDERS.iter().map(|(_, since)| *since).chain([OFF]);
    ends.any(|since| path.crosses(since))
}

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    if !any_goes(path) {
        return Ok(Judgement::default());
    }
    let seen = ctx.components()?;
    let unseen = || started::gap(seen, &CLOUDS);
    let ending: Vec<_> = PROVIDERS
        .into_iter()
        .filter_map(|(provider, gone)| ending(path, seen, provider, gone))
        .collect();
    if ending.is_empty() || taken_over(ctx, seen)? {
        return Ok(started::concluded(ctx, Judgement::default(), unseen));
    }
    let nodes = ctx.nodes()?;
    let found = ending.into_iter().map(|end| describe(ctx, &end, nodes));
    Ok(started::concluded(ctx, found.collect(), unseen))
}

/// A provider that is in use and ends on the way.
struct Ending<'a> {
    provider: &'static str,
    since: Minor,
    hop: airworthy_model::Hop,
    places: Vec<&'a Component>,
}

fn ending<'a>(
    path: &UpgradePath,
    seen: &'a Components,
    provider: &'static str,
    gone: Minor,
) -> Option<Ending<'a>> {
    let programs = CLOUDS.iter().flat_map(|program| seen.of(program.name()));
    let places: Vec<_> = programs
        .filter(|place| place.value(FLAG) == Some(provider))
        .collect();
    let kept = |place: &&Component| place.gates().any(|gate| gate == (GATE, "false"));
    let since = if !places.is_empty() && places.iter().all(kept) {
        gone
    } else {
        gone.min(OFF)
    };
    let hop = path.hop_crossing(since)?;
    (!places.is_empty()).then_some(Ending {
        provider,
        since,
        hop,
        places,
    })
}

/// Whether a cloud controller manager works: it renews its lease, or a pod of it is there.
fn taken_over(ctx: &Context<'_>, seen: &Components) -> Result<bool, Missing> {
    let fresh = |lease: &Lease| {
        let lasts = 3 * i64::from(lease.duration_seconds.unwrap_or_default());
        lease.renewed.is_some() && ctx.seconds_since(lease.renewed) <= PATIENCE.max(lasts)
    };
    let mut leases = ctx.leases()?.iter();
    let leads = leases.any(|lease| lease.name.contains(EXTERNAL) && fresh(lease));
    Ok(leads || seen.of(EXTERNAL).any(|one| !one.node.is_empty()))
}

fn describe(ctx: &Context<'_>, end: &Ending<'_>, nodes: &[Node]) -> Finding {
    let Ending {
        provider, since, ..
    } = end;
    let program = &*end.places[0].name;
    let theirs = nodes.iter().filter(|node| node.provider == *provider);
    let theirs: Vec<_> = theirs.map(|node| &*node.name).collect();
    let (severity, whom) = match theirs.len() {
        0 => (Severity::Risk, "no node names it".to_owned()),
        some => (
            Severity::Blocker,
            format!("{} of it", counted(some, "node")),
        ),
    };
    let message = format!(
        "from {since} on nothing looks after {provider} ({whom}): no {EXTERNAL} is there to take over from {program}"
    );
    let places = end.places.iter().map(|place| {
        let detail = format!("{} is started with --{FLAG}={provider}", place.name);
        (*place, detail)
    });
    let mut finding = started::finding(ctx, severity, program, message, places)
        .because(no_lease(ctx))
        .setting(FLAG, *provider, Some("external"))
        .telling_apart(*provider)
        .fix_with(
            format!("Deploy the {EXTERNAL} of {provider} and set --{FLAG}=external on the control plane and on kubelets, before the upgrade"),
            "kubectl -n kube-system get leases",
        );
    if let Some(node) = theirs.first() {
        let detail = format!("its providerID begins with {provider}://");
        finding = finding.because(Evidence::state(
            format!("/api/v1/nodes/{node}"),
            ctx.now(),
            detail,
        ));
    }
    Finding {
        hop: Some(end.hop),
        ..finding
    }
}

fn no_lease(ctx: &Context<'_>) -> Evidence {
    let source = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
    let detail = format!("no lease of a {EXTERNAL} is being renewed");
    Evidence::state(source, ctx.now(), detail)
}
