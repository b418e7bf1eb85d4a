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

/// By namespace and names of budgets: the budgets and the pods behind all of them.
type Overlaps<'a> = BTreeMap<(&'a str, Vec<&'a str>), (Guards<'a>, Vec<&'a Pod>)>;

fn run(ctx: &Context<'_>) -> Outcome {
    let (pods, pdbs) = (ctx.pods()?, ctx.pdbs()?);
    // Nodes are drained by the API server of the target, so its reading of selectors is the one that matters.
    let empty_counts = ctx.path()?.target.minor >= EMPTY_SELECTS_ALL;
    let by_namespace = by_namespace(pdbs, empty_counts);
    let mut overlaps: Overlaps<'_> = BTreeMap::new();
    for pod in pods
        .iter()
        .filter(|pod| !pod.is_finished() && !pod.deleting)
    {
        let guards = guards(pod, &by_namespace);
        if guards.len() > 1 {
            let key = (pod.namespace.as_str(), guards.keys().copied().collect());
            overlaps
                .entry(key)
                .or_insert((guards, Vec::new()))
                .1
                .push(pod);
        }
    }
    let describe = |(guards, pods): (Guards<'_>, Vec<&Pod>)| describe(ctx, &guards, &pods);
    Ok(overlaps.into_values().filter_map(describe).collect())
}

fn by_namespace(pdbs: &[Pdb], empty_counts: bool) -> BTreeMap<&str, Vec<&Pdb>> {
    let mut map: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for pdb in pdbs.iter().filter(|pdb| empty_counts || !selects_all(pdb)) {
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
fn severity(ctx: &Context<'_>, pods: &[&Pod]) -> Severity {
    match (
        ctx.drains_nodes(),
        pods.iter().all(|pod| pod.phase == "Pending"),
    ) {
        (false, _) => Severity::Note,
        (true, true) => Severity::Risk,
        (true, false) => Severity::Blocker,
    }
}

fn describe(ctx: &Context<'_>, guards: &Guards<'_>, pods: &[&Pod]) -> Option<Finding> {
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
        "{} such as {} also behind {}: eviction answers 500",
        counted(pods.len(), "pod"),
        short(example, 50),
        some_of(others.iter().copied())
    );
    let source = format!(
        "/apis/{}/namespaces/{}/poddisruptionbudgets",
        first.api_version, first.namespace
    );
    let finding = Finding::new(severity(ctx, pods), subject, message)
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
