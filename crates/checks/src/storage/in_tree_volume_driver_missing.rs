use std::collections::BTreeSet;

use airworthy_knowledge::{PluginFate, PluginTurn, plugin_turns};
use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject,
    facts::{PersistentVolume, PersistentVolumeClaim, Pod, StorageClass},
};

use super::users;
use crate::{
    Check, Context, Judgement, Outcome,
    text::{counted, some_of},
};

/// Volumes that Kubernetes hands to a CSI driver that is not there.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "InTreeVolumeDriverMissing",
        summary: "volumes need a CSI driver at the target that is not installed, or not on their nodes",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[
            Need::PersistentVolumes,
            Need::Pods,
            Need::StorageClasses,
            Need::PersistentVolumeClaims,
            Need::CsiDrivers,
            Need::CsiNodes,
        ],
        page: include_str!("in_tree_volume_driver_missing.md"),
    },
    blocks: |ctx| {
        ctx.drains_nodes()
            && ctx
                .path()
                .map_or(true, |path| migrations(path.target.minor).next().is_some())
    },
    run,
};

/// A plugin whose volumes belong to a CSI driver at the target.
#[derive(Clone, Copy)]
struct Migration {
    turn: &'static PluginTurn,
    driver: &'static str,
    provisioner: &'static str,
}

fn migrations(target: Minor) -> impl Iterator<Item = Migration> {
    plugin_turns()
        .iter()
        .filter_map(move |turn| match turn.fate {
            PluginFate::Migrated {
                driver,
                provisioner,
            } if turn.since <= target => Some(Migration {
                turn,
                driver,
                provisioner,
            }),
            _ => None,
        })
}

/// What asks for the driver of one plugin.
struct Users<'a> {
    volumes: Vec<&'a PersistentVolume>,
    pods: Vec<&'a Pod>,
    classes: Vec<&'a StorageClass>,
    nodes: BTreeSet<&'a str>,
}

fn run(ctx: &Context<'_>) -> Outcome {
    let target = ctx.path()?.target.minor;
    if migrations(target).next().is_none() {
        return Ok(Judgement::not_applicable(
            "the target hands no volumes to CSI drivers",
        ));
    }
    let parts = migrations(target).map(|migration| {
        let users = users_of(ctx, migration)?;
        if users.volumes.is_empty() && users.pods.is_empty() && users.classes.is_empty() {
            return Ok(Judgement::default());
        }
        judge(ctx, migration, &users)
    });
    Ok(parts.collect())
}

fn users_of<'a>(
    ctx: &Context<'a>,
    migration: Migration,
) -> Result<Users<'a>, airworthy_model::Missing> {
    let plugin = migration.turn.plugin;
    let pods = ctx.pods()?;
    let volumes = ctx.persistent_volumes()?.iter();
    let volumes: Vec<_> = volumes
        .filter(|volume| volume.plugin == plugin && users::is_bound(volume))
        .collect();
    let inline: Vec<_> = users::living(pods)
        .filter(|pod| users::inline(pod).any(|used| used == plugin))
        .collect();
    let classes = ctx.storage_classes()?.iter();
    let claims = volumes.iter().filter_map(|volume| volume.claim.as_ref());
    let mut nodes = users::nodes_using(pods, &claims.collect());
    nodes.extend(
        inline
            .iter()
            .map(|pod| pod.node.as_str())
            .filter(|node| !node.is_empty()),
    );
    Ok(Users {
        volumes,
        pods: inline,
        classes: classes
            .filter(|class| class.provisioner == migration.provisioner)
            .collect(),
        nodes,
    })
}

fn judge(ctx: &Context<'_>, migration: Migration, users: &Users<'_>) -> Outcome {
    let (drivers, nodes) = (ctx.csi_drivers()?, ctx.csi_nodes()?);
    let having: BTreeSet<&str> = nodes
        .iter()
        .filter(|node| node.has(migration.driver))
        .map(|node| node.name.as_str())
        .collect();
    // The object of a driver is optional; what its node plugin has registered is not.
    let registered = drivers.iter().any(|driver| driver.name == migration.driver);
    if registered || !having.is_empty() {
        let without: BTreeSet<&str> = users.nodes.difference(&having).copied().collect();
        let lacking = (!without.is_empty()).then(|| not_on(ctx, migration, &without));
        return Ok(lacking.into_iter().collect());
    }
    absent(ctx, migration, users)
}

fn absent(ctx: &Context<'_>, migration: Migration, users: &Users<'_>) -> Outcome {
    let (used, unused) = split(users, ctx)?;
    let mut findings: Vec<_> = unused
        .into_iter()
        .map(|class| idle(ctx, migration, class))
        .collect();
    if !(users.volumes.is_empty() && users.pods.is_empty() && used.is_empty()) {
        findings.push(missing(ctx, migration, users, &used));
    }
    Ok(findings.into())
}

/// Classes that claims name or get by default, and those that nobody uses.
fn split<'a>(
    users: &Users<'a>,
    ctx: &Context<'_>,
) -> Result<(Vec<&'a StorageClass>, Vec<&'a StorageClass>), airworthy_model::Missing> {
    if users.classes.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let claims = ctx.persistent_volume_claims()?;
    let is_used = |class: &&StorageClass| claims.iter().any(|claim| takes(claim, class));
    Ok(users.classes.iter().copied().partition(is_used))
}

/// A claim that is bound has its volume, which is looked at by itself.
fn takes(claim: &PersistentVolumeClaim, class: &StorageClass) -> bool {
    claim.phase != "Bound"
        && claim
            .class
            .as_ref()
            .map_or(class.default, |name| *name == class.name)
}

fn missing(
    ctx: &Context<'_>,
    migration: Migration,
    users: &Users<'_>,
    classes: &[&StorageClass],
) -> Finding {
    let message = format!(
        "not installed, and from {} on {} {} handed to it: pods with them do not start",
        migration.turn.since,
        wanting(migration, users, classes),
        if users.volumes.len() + users.pods.len() + classes.len() == 1 {
            "is"
        } else {
            "are"
        },
    );
    let listed = format!("no CSIDriver and no CSINode names {}", migration.driver);
    let mut finding = finding(ctx, migration, message, &listed)
        .fix(format!("Install the CSI driver {} before the control plane is upgraded, on every node that runs such pods", migration.driver))
        .fix_with("See that it is registered", format!("kubectl get csinodes -o jsonpath='{{.items[*].spec.drivers[*].name}}' | grep {}", migration.driver));
    finding.objects = objects(users, classes);
    finding
}

/// `2 awsElasticBlockStore volumes and 1 StorageClass object`.
fn wanting(migration: Migration, users: &Users<'_>, classes: &[&StorageClass]) -> String {
    let plugin = migration.turn.plugin.name();
    let parts: Vec<_> = [
        (users.volumes.len(), format!("{plugin} volume")),
        (users.pods.len(), format!("inline {plugin} volume")),
        (classes.len(), "StorageClass object".to_owned()),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, noun)| counted(number, &noun))
    .collect();
    parts.join(" and ")
}

fn objects(users: &Users<'_>, classes: &[&StorageClass]) -> Vec<Subject> {
    let volumes = users.volumes.iter().map(|volume| users::subject(volume));
    let pods = users
        .pods
        .iter()
        .map(|pod| Subject::namespaced("v1", "Pod", &pod.namespace, &pod.name));
    let classes = classes.iter().map(|class| class_subject(class));
    volumes.chain(pods).chain(classes).collect()
}

fn class_subject(class: &StorageClass) -> Subject {
    Subject::cluster("storage.k8s.io/v1", "StorageClass", &class.name)
}

fn not_on(ctx: &Context<'_>, migration: Migration, nodes: &BTreeSet<&str>) -> Finding {
    let message = format!(
        "not registered on {}, where pods use {} volumes, which from {} on are handed to it",
        some_of(nodes.iter().copied()),
        migration.turn.plugin.name(),
        migration.turn.since
    );
    let detail = format!(
        "spec.drivers of {} without {}",
        some_of(nodes.iter().copied()),
        migration.driver
    );
    let mut finding = finding(ctx, migration, message, &detail)
        .telling_apart("nodes")
        .fix_with(
            "Let the driver's DaemonSet run on these nodes: look at its selectors, tolerations and pods",
            format!("kubectl get csinode {} -o yaml", nodes.first().unwrap_or(&"")),
        );
    finding.objects = nodes
        .iter()
        .map(|node| Subject::cluster("v1", "Node", node))
        .collect();
    finding
}

fn finding(ctx: &Context<'_>, migration: Migration, message: String, detail: &str) -> Finding {
    let severity = if ctx.drains_nodes() {
        Severity::Blocker
    } else {
        Severity::Risk
    };
    let subject = Subject::cluster("storage.k8s.io/v1", "CSIDriver", migration.driver);
    let found = Finding::new(severity, subject, message)
        .because(Evidence::state(
            "/apis/storage.k8s.io/v1/csinodes",
            ctx.now(),
            detail,
        ))
        .because(origin(ctx, migration));
    match ctx
        .path()
        .ok()
        .and_then(|path| path.hop_crossing(migration.turn.since))
    {
        Some(hop) => found.at(hop),
        None => found,
    }
}

fn origin(ctx: &Context<'_>, migration: Migration) -> Evidence {
    Evidence {
        observed_at: None,
        ..Evidence::state(migration.turn.source(), ctx.now(), "where this was read")
    }
}

/// A class that no claim asks for.
fn idle(ctx: &Context<'_>, migration: Migration, class: &StorageClass) -> Finding {
    let message = format!(
        "nobody uses it now; from {} on its claims wait for the CSI driver {}, which is not installed",
        migration.turn.since, migration.driver
    );
    Finding::new(Severity::Note, class_subject(class), message)
        .because(Evidence::state(
            format!("/apis/storage.k8s.io/v1/storageclasses/{}", class.name),
            ctx.now(),
            format!("provisioner {}", class.provisioner),
        ))
        .because(origin(ctx, migration))
        .fix_with(
            "Delete the class, or install the driver",
            format!("kubectl delete storageclass {}", class.name),
        )
}
