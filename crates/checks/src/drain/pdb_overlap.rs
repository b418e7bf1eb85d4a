use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject,
    facts::{LabelSelector, Pdb, Pod},
};

use crate::{
    Check, Context, Outcome,
    text::{counted, short, some_of},
    when_draining,
};

/// The first minor whose eviction API may honour an empty selector; 1.25 and older skip such budgets.
const EMPTY_SELECTS_ALL: Minor = Minor::v1(26);

/// Pods behind two budgets.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PdbOverlap",
        summary: "a pod behind two disruption budgets can never be evicted",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Pods, Need::Pdbs],
        page: include_str!("pdb_overlap.md"),
    },
    blocks: when_draining,
    run,
};

/// The budgets of one pod, by name.
type Guards<'a> = BTreeMap<&'a str, &'a Pdb>;

/// What several budgets over one pod do to its evictions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Harm {
    /// The eviction API finds more than one, and refuses.
    Refused,
    /// It asks one, which the disruption controller, whose reading of the empty selector differs, may not keep up to date.
    Stale,
}

/// By namespace, harm and names of budgets: the budgets and the pods behind all of them.
type Overlaps<'a> = BTreeMap<(&'a str, Harm, Vec<&'a str>), (Guards<'a>, Vec<&'a Pod>)>;

fn run(ctx: &Context<'_>) -> Outcome {
    let (pods, pdbs) = (ctx.pods()?, ctx.pdbs()?);
    // Nodes are drained by the API server of the target, so its reading of selectors is the one that matters.
    let empty_counts = ctx.path()?.target.minor >= EMPTY_SELECTS_ALL;
    let by_namespace = by_namespace(pdbs);
    let mut overlaps: Overlaps<'_> = BTreeMap::new();
    for pod in pods
        .iter()
        .filter(|pod| !pod.is_finished() && !pod.deleting && !pod.stays_with_node())
    {
        let Some((harm, guards)) = harm(guards(pod, &by_namespace), empty_counts) else {
            continue;
        };
        let key = (
            pod.namespace.as_str(),
            harm,
            guards.keys().copied().collect(),
        );
        overlaps
            .entry(key)
            .or_insert((guards, Vec::new()))
            .1
            .push(pod);
    }
    let found = overlaps.into_iter();
    Ok(found
        .filter_map(|((_, harm, _), (guards, pods))| describe(ctx, harm, &guards, &pods))
        .collect())
}

/// What becomes of evictions of a pod behind these budgets, and which of the budgets make it so.
fn harm(guards: Guards<'_>, empty_counts: bool) -> Option<(Harm, Guards<'_>)> {
    let mut asked = guards.clone();
    asked.retain(|_, pdb| empty_counts || !selects_all(pdb));
    match asked.len() {
        0 => None,
        1 => (guards.len() > 1).then_some((Harm::Stale, guards)),
        _ => Some((Harm::Refused, asked)),
    }
}

fn by_namespace(pdbs: &[Pdb]) -> BTreeMap<&str, Vec<&Pdb>> {
    let mut map: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for pdb in pdbs {
        map.entry(pdb.namespace.as_str()).or_default().push(pdb);
    }
    map
}

fn selects_all(pdb: &Pdb) -> bool {
    pdb.selector.as_ref().is_some_and(LabelSelector::is_empty)
}

fn guards<'a>(pod: &Pod, budgets: &BTreeMap<&str, Vec<&'a Pdb>>) -> Guards<'a> {
    // At v1beta1 the empty selector selects nothing.
    let selects = |pdb: &&&Pdb| {
        let nothing = pdb.api_version == "policy/v1beta1" && selects_all(pdb);
        !nothing
            && pdb
                .selector
                .as_ref()
                .is_some_and(|s| s.selects(&pod.labels))
    };
    let budgets = budgets.get(pod.namespace.as_str()).into_iter().flatten();
    budgets
        .filter(selects)
        .map(|pdb| (pdb.name.as_str(), *pdb))
        .collect()
}

/// A pending pod may still be evicted, but it will not stay pending: a risk.
fn severity(ctx: &Context<'_>, harm: Harm, pods: &[&Pod]) -> Severity {
    let pending = pods.iter().all(|pod| pod.phase == "Pending");
    match (ctx.drains_nodes(), harm) {
        (false, _) => Severity::Note,
        (true, Harm::Refused) if !pending => Severity::Blocker,
        (true, _) => Severity::Risk,
    }
}

fn describe(ctx: &Context<'_>, harm: Harm, guards: &Guards<'_>, pods: &[&Pod]) -> Option<Finding> {
    let (_, first) = guards.first_key_value()?;
    let example = &pods.iter().min_by_key(|pod| &pod.name)?.name;
    let subject = Subject::namespaced(
        &first.api_version,
        "PodDisruptionBudget",
        &first.namespace,
        &first.name,
    );
    let others: Vec<_> = guards.keys().copied().skip(1).collect();
    let message = format!(
        "{} such as {} also behind {}: {}",
        counted(pods.len(), "pod"),
        short(example, 50),
        some_of(others.iter().copied()),
        match harm {
            Harm::Refused => "eviction answers 500",
            Harm::Stale =>
                "only one of them is kept up to date, at random, and evictions may stay refused",
        }
    );
    let source = format!(
        "/apis/{}/namespaces/{}/poddisruptionbudgets",
        first.api_version, first.namespace
    );
    let finding = Finding::new(severity(ctx, harm, pods), subject, message)
        .because(Evidence::state(source, ctx.now(), format!("pod {example} is selected by {}", some_of(guards.keys().copied()))))
        .fix("Keep one budget per pod: merge these, or narrow their selectors until no pod is behind two")
        .telling_apart(others.join(" "));
    Some(others.iter().fold(finding, |finding, other| {
        finding.fix_with(
            "Delete a budget that another one makes superfluous",
            format!("kubectl -n {} delete pdb {other}", first.namespace),
        )
    }))
}
