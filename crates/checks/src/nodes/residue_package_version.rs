use std::collections::BTreeSet;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::{Lease, Operation},
};

use crate::{
    Check, Context, Judgement, Outcome, never,
    text::{counted, short},
};

/// What earlier upgrades have left.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "ResiduePackageVersion",
        summary: "records of earlier upgrades or of nodes that are gone are left",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: true,
        needs: &[
            Need::Nodes,
            Need::NodeLeases,
            Need::Operations,
            Need::Metrics,
        ],
        page: include_str!("residue_package_version.md"),
    },
    blocks: never,
    run,
};

/// Seconds after which a lease counts as one that nobody renews.
const STALE: i64 = 3600;
/// The kind in which CCE records what it has put on nodes.
const RECORDS: &str = "packageversions.version.cce.io";

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes: BTreeSet<_> = ctx.nodes()?.iter().map(|node| node.name.as_str()).collect();
    let leases = ctx.node_leases().map(|leases| {
        let gone = leases
            .iter()
            .filter(|lease| !nodes.contains(lease.name.as_str()));
        gone.filter_map(|lease| left(ctx, lease))
            .collect::<Judgement>()
    });
    let machines = ctx.operations().map(|all| machines(ctx, &nodes, all));
    let records = ctx.metrics().map(|metrics| {
        let count = metrics.object_counts.get(RECORDS).copied();
        count
            .and_then(|count| usize::try_from(count).ok())
            .filter(|count| *count > 0)
            .map(|count| records(ctx, count))
            .into_iter()
            .collect()
    });
    Ok([leases, machines, records].into_iter().collect())
}

fn left(ctx: &Context<'_>, lease: &Lease) -> Option<Finding> {
    lease
        .renewed
        .filter(|_| ctx.seconds_since(lease.renewed) > STALE)?;
    let (namespace, name) = (&lease.namespace, &lease.name);
    let subject = Subject::namespaced("coordination.k8s.io/v1", "Lease", namespace, name);
    let source = format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}");
    let detail = format!("not renewed for {} s", ctx.seconds_since(lease.renewed));
    let finding = Finding::new(Severity::Note, subject, "is of a node that is not there")
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "Delete it, once the node is known to be gone",
            format!("kubectl -n {namespace} delete lease {name}"),
        );
    Some(finding)
}

/// Machines of this cluster that say that they run a node which is not there.
fn machines(ctx: &Context<'_>, nodes: &BTreeSet<&str>, all: &[Operation]) -> Judgement {
    let machines = || {
        all.iter()
            .filter(|one| one.kind == "Machine" && !one.node.is_empty())
    };
    let ours: BTreeSet<_> = machines()
        .filter(|one| nodes.contains(one.node.as_str()))
        .map(|one| one.cluster.as_str())
        .collect();
    let lost = machines().filter(|one| {
        !one.deleting && !nodes.contains(one.node.as_str()) && ours.contains(one.cluster.as_str())
    });
    lost.map(|one| lost_machine(ctx, one)).collect()
}

fn lost_machine(ctx: &Context<'_>, one: &Operation) -> Finding {
    let subject = Subject::namespaced(&one.api_version, "Machine", &one.namespace, &one.name);
    let message = format!(
        "says that it runs node {}, which is not there",
        short(&one.node, 80)
    );
    let source = format!("{} {}", one.api_version, subject.path());
    Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(
            source,
            ctx.now(),
            format!("phase {}", short(&one.phase, 40)),
        ))
        .fix_with(
            "Find out what became of the node; delete the machine if it does not come back",
            format!(
                "kubectl -n {} get machine {} -o yaml",
                one.namespace, one.name
            ),
        )
}

fn records(ctx: &Context<'_>, count: usize) -> Finding {
    let subject = Subject::cluster(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        RECORDS,
    );
    let are = if count == 1 { "is" } else { "are" };
    let message = format!(
        "{} of upgrades of CCE {are} there: one that was left over stops the next upgrade",
        counted(count, "record")
    );
    Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state("/metrics", ctx.now(), format!("stored objects: {count}")))
        .fix_with("Look which of them are of upgrades and nodes that are over, keep a copy, and delete those", "kubectl get packageversions -A")
}
