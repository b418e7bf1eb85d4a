use std::collections::BTreeMap;

use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Kubelet, Node},
};

use super::{asked, node, pool};
use crate::{
    Check, Context, Judgement, Outcome, never,
    text::{counted, short},
};

/// Kubelets that are configured otherwise than those beside them.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "NodeConfigConsistency",
        summary: "a kubelet is configured otherwise than the other nodes of its pool",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Nodes, Need::Kubelets],
        page: include_str!("node_config_consistency.md"),
    },
    blocks: never,
    run,
};

/// Fewest nodes among which one can be the odd one out.
const FEWEST: usize = 3;
/// Most fields of one node that become findings.
const MOST_FIELDS: usize = 5;

/// Fields that may differ between nodes of one pool: what CCE lets its users change for single nodes, and what follows from the node's
/// size, addresses or bootstrap.
const FREE: [&str; 19] = [
    "address",
    "allowedUnsafeSysctls",
    "cpuManagerPolicy",
    "eventRecordQPS",
    "healthzBindAddress",
    "kubeAPIBurst",
    "kubeAPIQPS",
    "kubeReserved",
    "maxPods",
    "podCIDR",
    "podPidsLimit",
    "registerWithTaints",
    "reservedMemory",
    "reservedSystemCPUs",
    "resolvConf",
    "systemReserved",
    "tlsCertFile",
    "tlsPrivateKeyFile",
    "topologyManager",
];

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes: Vec<_> = ctx
        .nodes()?
        .iter()
        .filter(|node| !node.is_virtual())
        .collect();
    if nodes.len() < FEWEST {
        return Ok(Judgement::default());
    }
    let kubelets = asked::by_node(ctx.kubelets()?);
    let told = |node: &Node| kubelets.get(&*node.name).copied();
    let configured = |node: &Node| {
        let kubelet = told(node)?;
        (!kubelet.config.is_empty()).then_some(kubelet)
    };
    let untold = nodes.iter().filter(|node| configured(node).is_none());
    let untold = untold.map(|node| (*node, told(node)));
    let missing = asked::silent("/configz", "its answer is empty", untold);
    let pools = pool::grouped(nodes.iter().copied());
    let found: Judgement = pools
        .iter()
        .flat_map(|(pool, nodes)| {
            by_version(nodes)
                .into_values()
                .map(move |nodes| (pool, nodes))
        })
        .flat_map(|(pool, nodes)| {
            let told = nodes
                .iter()
                .filter_map(|node| Some((*node, configured(node)?)));
            odd_ones(ctx, pool, &told.collect::<Vec<_>>())
        })
        .collect();
    Ok(found.without(missing))
}

/// Defaults change between versions: only kubelets of one version can be compared.
fn by_version<'a>(nodes: &[&'a Node]) -> BTreeMap<&'a str, Vec<&'a Node>> {
    let mut versions: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for node in nodes {
        versions
            .entry(node.kubelet_version.as_str())
            .or_default()
            .push(*node);
    }
    versions
}

type Told<'a> = (&'a Node, &'a Kubelet);

fn odd_ones(ctx: &Context<'_>, pool: &pool::Pool<'_>, told: &[Told<'_>]) -> Vec<Finding> {
    if told.len() < FEWEST {
        return Vec::new();
    }
    let usual = usual(told, pool.name.is_some());
    let odd = told.iter().flat_map(|(node, kubelet)| {
        let differs = usual
            .iter()
            .filter(|(field, value)| kubelet.setting(field) != **value);
        let differs: Vec<_> = differs.collect();
        let rest = differs.len().saturating_sub(MOST_FIELDS);
        let shown = differs.into_iter().take(MOST_FIELDS);
        shown
            .map(|(field, value)| describe(ctx, (node, kubelet), pool, (field, *value), rest))
            .collect::<Vec<_>>()
    });
    odd.collect()
}

/// What most of the kubelets have in each field that is not free; fields without such a value are left out. Where no label says that the
/// nodes belong together, nearly all have to agree.
fn usual<'a>(told: &[Told<'a>], named: bool) -> BTreeMap<&'a str, Option<&'a str>> {
    let fields = told.iter().flat_map(|(_, kubelet)| kubelet.config.keys());
    let fields = fields.map(|field| &**field).filter(|field| !is_free(field));
    let fields: std::collections::BTreeSet<_> = fields.collect();
    let agree = |field: &str| {
        let mut counts: BTreeMap<Option<&'a str>, usize> = BTreeMap::new();
        for (_, kubelet) in told {
            *counts.entry(kubelet.setting(field)).or_default() += 1;
        }
        let (value, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        let enough = if named {
            count * 2 > told.len()
        } else {
            count * 3 > told.len() * 2
        };
        (enough && count < told.len()).then_some(value)
    };
    fields
        .into_iter()
        .filter_map(|field| Some((field, agree(field)?)))
        .collect()
}

fn is_free(field: &str) -> bool {
    let top = field.split('.').next().unwrap_or(field);
    FREE.iter()
        .any(|free| top == *free || (*free == "topologyManager" && top.starts_with(free)))
}

fn describe(
    ctx: &Context<'_>,
    (node, kubelet): Told<'_>,
    pool: &pool::Pool<'_>,
    (field, usual): (&str, Option<&str>),
    more: usize,
) -> Finding {
    let show = |value: Option<&str>| value.map_or("not set".to_owned(), |value| short(value, 40));
    let value = kubelet.setting(field);
    let message = format!(
        "its kubelet has {} {}; {} {}",
        short(field, 60),
        show(value),
        pool.label(),
        if pool.name.is_some() {
            format!("has {}", show(usual))
        } else {
            format!("have {}", show(usual))
        },
    );
    let and_more = if more > 0 {
        format!(" (and {} more)", counted(more, "field"))
    } else {
        String::new()
    };
    let detail = format!(
        "/configz: {field} is {}, {} elsewhere in the pool at {}{and_more}",
        show(value),
        show(usual),
        node.kubelet_version
    );
    node::finding(ctx.now(), node, Severity::Risk, message, detail)
        .telling_apart(field)
        .setting(field, show(value), usual)
        .fix_with(
            "Set it as on the other nodes, or replace the node; if it is meant, put the node into a pool of its own or accept it",
            format!("kubectl get --raw /api/v1/nodes/{}/proxy/configz", node.name),
        )
}
