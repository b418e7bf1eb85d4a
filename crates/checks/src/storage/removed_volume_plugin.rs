use std::collections::BTreeMap;

use airworthy_knowledge::{PluginFate, PluginTurn, plugin_turns, turns_met};
use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Hop, Kind, Minor, Missing, Need, Phase, Severity, Subject,
    UpgradePath,
    facts::{PersistentVolume, VolumePlugin},
};

use super::users;
use crate::{
    Check, Context, Judgement, Outcome, nodes::kubelet, text::counted, workloads::owner::Owner,
};

/// Volumes that nothing can mount any more.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "RemovedVolumePlugin",
        summary: "volumes are of a plugin that the target no longer has",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Exception,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes, Need::Pods, Need::PersistentVolumes],
        page: include_str!("removed_volume_plugin.md"),
    },
    blocks: |ctx| ctx.drains_nodes() && ctx.path().map_or(true, |path| may_lose(ctx, path)),
    run,
};

/// What stops working, and at which hop: at none where only kubelets that lag behind the API server still have it.
type Lost = BTreeMap<VolumePlugin, (Option<Hop>, &'static PluginTurn)>;

fn run(ctx: &Context<'_>) -> Outcome {
    let path = ctx.path()?;
    let (oldest, gap) = match oldest_kubelet(ctx, path) {
        Ok(oldest) => (oldest, None),
        Err(missing) => (path.from.minor, Some(missing)),
    };
    let lost = lost(path, oldest);
    if lost.is_empty() && gap.is_none() {
        return Ok(Judgement::not_applicable(
            "every volume plugin that works at the start of this path works at its end",
        ));
    }
    let parts = [in_pods(ctx, &lost), in_volumes(ctx, &lost)].into_iter();
    Ok(parts.collect::<Judgement>().without(gap))
}

/// The oldest kubelet that is brought to the target, where nodes are drained. One of unknown version is taken to be as old as the
/// API server.
fn oldest_kubelet(ctx: &Context<'_>, path: &UpgradePath) -> Result<Minor, Missing> {
    if !ctx.drains_nodes() {
        return Ok(path.from.minor);
    }
    let kubelets = ctx.nodes()?.iter().filter_map(kubelet::minor);
    Ok(kubelets.min().unwrap_or(path.from.minor))
}

/// Whether a plugin stops working, or may: kubelets that cannot be read lag as far as they may.
fn may_lose(ctx: &Context<'_>, path: &UpgradePath) -> bool {
    let from = path.from.minor;
    let furthest = || Minor {
        minor: from.minor.saturating_sub(from.kubelet_lag()),
        ..from
    };
    let oldest = oldest_kubelet(ctx, path).unwrap_or_else(|_| furthest());
    !lost(path, oldest).is_empty()
}

/// Plugins that stop working on the way: each with the first hop at which it does, then those that only kubelets still have.
fn lost(path: &UpgradePath, oldest: Minor) -> Lost {
    let hops = path.hops.iter();
    let met = hops.flat_map(|hop| turns_met(*hop).map(|turn| (Some(*hop), turn)));
    let late = plugin_turns()
        .iter()
        .filter(|turn| oldest < turn.since && turn.since <= path.from.minor)
        .filter(|turn| turn.fate != PluginFate::Unmounted)
        .map(|turn| (None, turn));
    let mut lost = Lost::new();
    for (hop, turn) in met.chain(late) {
        if !matches!(turn.fate, PluginFate::Migrated { .. }) {
            lost.entry(turn.plugin).or_insert((hop, turn));
        }
    }
    lost
}

fn in_pods(ctx: &Context<'_>, lost: &Lost) -> Outcome {
    let owners = users::owners(ctx.pods()?);
    Ok(owners
        .into_iter()
        .filter_map(|((owner, plugin), pods)| {
            let (hop, turn) = lost.get(&plugin)?;
            let finding = of_owner(ctx, &owner, pods, turn);
            Some(Finding {
                hop: *hop,
                ..finding
            })
        })
        .collect())
}

fn in_volumes(ctx: &Context<'_>, lost: &Lost) -> Outcome {
    let volumes = ctx.persistent_volumes()?.iter();
    Ok(volumes
        .filter(|volume| users::is_bound(volume))
        .filter_map(|volume| {
            let (hop, turn) = lost.get(&volume.plugin)?;
            let finding = of_volume(ctx, volume, turn);
            Some(Finding {
                hop: *hop,
                ..finding
            })
        })
        .collect())
}

fn of_owner(ctx: &Context<'_>, owner: &Owner<'_>, pods: usize, turn: &PluginTurn) -> Finding {
    let message = format!(
        "{} with a {} volume: {}",
        counted(pods, "pod"),
        turn.plugin.name(),
        consequence(turn)
    );
    let source = format!("/api/v1/namespaces/{}/pods", owner.namespace);
    let detail = format!(
        "spec.volumes has {}, in {}",
        turn.plugin.name(),
        counted(pods, "pod")
    );
    finding(ctx, turn, owner.subject(), message, (&source, &detail)).fix_with(
        "See the volume in the pods",
        format!(
            "kubectl -n {} get pods -o jsonpath='{{range .items[*]}}{{.metadata.name}} {{.spec.volumes[*].{}}}{{\"\\n\"}}{{end}}'",
            owner.namespace,
            turn.plugin.name()
        ),
    )
}

fn of_volume(ctx: &Context<'_>, volume: &PersistentVolume, turn: &PluginTurn) -> Finding {
    let message = format!(
        "the {} volume of claim {}: {}",
        turn.plugin.name(),
        crate::text::short(&users::claim_of(volume), 70),
        consequence(turn)
    );
    let source = format!("/api/v1/persistentvolumes/{}", volume.name);
    let detail = format!(
        "spec.{}, phase {}, claim {}",
        turn.plugin.name(),
        volume.phase,
        users::claim_of(volume)
    );
    finding(
        ctx,
        turn,
        users::subject(volume),
        message,
        (&source, &detail),
    )
    .fix_with(
        "See who uses its claim",
        format!("kubectl get pv {} -o yaml", volume.name),
    )
}

/// What both sorts of findings have in common.
fn finding(
    ctx: &Context<'_>,
    turn: &PluginTurn,
    subject: Subject,
    message: String,
    (source, detail): (&str, &str),
) -> Finding {
    let plugin = turn.plugin.name();
    Finding::new(severity(ctx, turn), subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .because(Evidence {
            observed_at: None,
            ..Evidence::state(turn.source(), ctx.now(), "where this was read")
        })
        .setting(&format!("spec.volumes.{plugin}"), plugin, None)
        .telling_apart(plugin)
        .fix(remedy(turn))
}

/// Kubelets mount volumes: while they stay as they are, running pods keep theirs.
fn severity(ctx: &Context<'_>, turn: &PluginTurn) -> Severity {
    if ctx.drains_nodes() && turn.fate != PluginFate::Unmounted {
        Severity::Blocker
    } else {
        Severity::Risk
    }
}

fn consequence(turn: &PluginTurn) -> String {
    let since = turn.since;
    match turn.fate {
        PluginFate::Off { .. } => {
            format!("off by default from {since} on, so that its pods do not start")
        }
        PluginFate::Unmounted => format!(
            "from {since} on kubeadm does not mount its drivers into the controller manager, which attaches with them"
        ),
        PluginFate::Removed | PluginFate::Migrated { .. } => {
            format!("gone in {since}, and nothing takes its place, so that its pods do not start")
        }
    }
}

fn remedy(turn: &PluginTurn) -> String {
    match (turn.plugin, turn.fate) {
        (VolumePlugin::GitRepo, _) => {
            "Fetch the repository in an init container into an emptyDir, or put what it holds into the image".to_owned()
        }
        (_, PluginFate::Unmounted) => {
            "Move to a CSI driver, or give the controller manager the folder with extraVolumes of kubeadm's configuration".to_owned()
        }
        (plugin, _) => format!(
            "Move the data to a volume of a CSI driver while {} still works, and make the claim anew with it",
            plugin.name()
        ),
    }
}
