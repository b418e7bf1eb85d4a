use std::collections::{BTreeSet, HashMap};

use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Hpa, Pod, Service, Workload},
};

use crate::{
    Check, Context, Outcome, never,
    workloads::{owner::Owner, workload},
};

/// Workloads whose only pod is evicted.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "SingleReplica",
        summary: "a workload with one pod is down while the node of that pod is drained",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[
            Need::Deployments,
            Need::StatefulSets,
            Need::Pods,
            Need::Services,
            Need::Hpas,
        ],
        page: include_str!("single_replica.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let single: Vec<&Workload> = ctx
        .deployments()?
        .iter()
        .chain(ctx.stateful_sets()?)
        .filter(|one| one.desired == 1)
        .collect();
    let (pods, services, hpas) = (
        by_owner(ctx.pods()?),
        by_namespace(ctx.services()?),
        scaled(ctx.hpas()?),
    );
    let findings = single.into_iter().filter_map(|workload| {
        let pod = pods.get(&key(workload))?;
        let mut services = services
            .get(workload.namespace.as_str())
            .into_iter()
            .flatten();
        let service = services.find(|service| serves(service, pod));
        Some(describe(
            ctx,
            workload,
            pod,
            service.copied(),
            hpas.contains(&key(workload)),
        ))
    });
    Ok(findings.collect())
}

type Key<'a> = (&'a str, &'a str, &'a str);

fn key(workload: &Workload) -> Key<'_> {
    (&workload.namespace, workload.kind.kind(), &workload.name)
}

/// Of each owner a pod that is on a node and will be evicted.
fn by_owner(pods: &[Pod]) -> HashMap<Key<'_>, &Pod> {
    let on_a_node = pods
        .iter()
        .filter(|pod| !pod.node.is_empty() && !pod.is_finished() && !pod.deleting);
    let keyed = on_a_node.map(|pod| {
        let Owner {
            namespace,
            kind,
            name,
        } = Owner::of(pod);
        ((namespace, kind, name), pod)
    });
    keyed.collect()
}

fn by_namespace(services: &[Service]) -> HashMap<&str, Vec<&Service>> {
    let mut map: HashMap<_, Vec<_>> = HashMap::new();
    for service in services
        .iter()
        .filter(|service| !service.selector.is_empty())
    {
        map.entry(service.namespace.as_str())
            .or_default()
            .push(service);
    }
    map
}

fn serves(service: &Service, pod: &Pod) -> bool {
    service
        .selector
        .0
        .iter()
        .all(|(key, value)| pod.labels.get(key) == Some(value))
}

/// What autoscalers scale to more than one.
fn scaled(hpas: &[Hpa]) -> BTreeSet<Key<'_>> {
    let several = hpas.iter().filter(|hpa| hpa.max > 1);
    several
        .map(|hpa| {
            (
                hpa.namespace.as_str(),
                hpa.target_kind.as_str(),
                hpa.target_name.as_str(),
            )
        })
        .collect()
}

/// Who is asked through a Service is missed; others, such as operators, only do nothing for a while.
fn describe(
    ctx: &Context<'_>,
    workload: &Workload,
    pod: &Pod,
    service: Option<&Service>,
    scaled: bool,
) -> Finding {
    let missed = service.is_some() && !scaled && ctx.drains_nodes();
    let severity = if missed {
        Severity::Risk
    } else {
        Severity::Note
    };
    let whom = service.map_or("nobody asks it through a Service".to_owned(), |service| {
        format!("Service {} has no other", service.name)
    });
    let grows = if scaled {
        "; an autoscaler may add more"
    } else {
        ""
    };
    let message = format!(
        "its only pod goes when its node is drained: {}{grows}",
        crate::text::short(&whom, 100)
    );
    let detail = format!(
        "pod {} on node {}; {}",
        pod.name,
        pod.node,
        workload::counts(workload)
    );
    workload::finding(ctx.now(), workload, severity, message, &detail)
        .setting("spec.replicas", "1", Some("2"))
        .fix_with(
            "Run a second pod for the time of the upgrade, or accept the gap",
            format!(
                "kubectl -n {} scale {} {} --replicas=2",
                workload.namespace,
                workload.kind.resource(),
                workload.name
            ),
        )
}
