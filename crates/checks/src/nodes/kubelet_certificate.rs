use airworthy_model::{
    CheckInfo, Finding, Group, Kind, Need, Phase, Severity,
    facts::{Kubelet, Node},
};

use super::{asked, node};
use crate::{Check, Context, Judgement, Outcome};

/// Kubelets that will soon be strangers.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "KubeletCertificate",
        summary: "a kubelet's certificate has ended or ends soon",
        phase: Phase::Pre,
        group: Group::NodeCheck,
        kind: Kind::Risk,
        level: Severity::Blocker,
        vendor: false,
        needs: &[Need::Nodes, Need::Kubelets],
        page: include_str!("kubelet_certificate.md"),
    },
    blocks: there,
    run,
};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// How long a certificate should still hold that nobody rotates.
const MONTH: i64 = 30 * DAY;

/// Without what kubelets say there is nothing to find.
fn there(ctx: &Context<'_>) -> bool {
    ctx.kubelets().is_ok()
}

fn run(ctx: &Context<'_>) -> Outcome {
    let nodes: Vec<_> = ctx
        .nodes()?
        .iter()
        .filter(|node| !node.is_virtual())
        .collect();
    let kubelets = asked::by_node(ctx.kubelets()?);
    let told = |node: &Node| kubelets.get(&*node.name).copied();
    let untold = nodes.iter().filter_map(|node| {
        let kubelet = told(node);
        let unread = kubelet.is_none_or(|kubelet| kubelet.unread("/metrics").is_some());
        unread.then_some((*node, kubelet))
    });
    let missing = asked::silent("/metrics", "", untold);
    let found: Judgement = nodes
        .iter()
        .filter_map(|node| Some((*node, told(node)?)))
        .flat_map(|(node, kubelet)| judge(ctx, node, kubelet))
        .collect();
    Ok(found.without(missing))
}

fn judge(ctx: &Context<'_>, node: &Node, kubelet: &Kubelet) -> Vec<Finding> {
    let rotates = kubelet.setting("rotateCertificates") == Some("true");
    let client = kubelet.client_certificate_seconds.and_then(|left| {
        let severity = client_severity(left, rotates)?;
        Some(describe(ctx, node, "client", severity, left, rotates))
    });
    let serving = kubelet
        .serving_certificate_seconds
        .filter(|left| *left < DAY);
    let serving = serving.map(|left| describe(ctx, node, "serving", Severity::Risk, left, true));
    client.into_iter().chain(serving).collect()
}

fn client_severity(left: i64, rotates: bool) -> Option<Severity> {
    match (left, rotates) {
        (..=0, _) => Some(Severity::Blocker),
        (left, false) if left < DAY => Some(Severity::Blocker),
        (left, false) if left < MONTH => Some(Severity::Risk),
        (left, true) if left < DAY => Some(Severity::Risk),
        _ => None,
    }
}

fn describe(
    ctx: &Context<'_>,
    node: &Node,
    which: &str,
    severity: Severity,
    left: i64,
    rotates: bool,
) -> Finding {
    let when = if left <= 0 {
        "has ended".to_owned()
    } else {
        format!("ends in {}", span(left))
    };
    let nobody = if rotates || left <= 0 {
        ""
    } else {
        ", and nobody rotates it"
    };
    let message = format!("the {which} certificate of its kubelet {when}{nobody}");
    let detail = format!("certificate_manager: {left} s left, rotateCertificates {rotates}");
    node::finding(ctx.now(), node, severity, message, detail)
        .telling_apart(which)
        .fix_with(
            "Let the kubelet rotate its certificates, approve its requests, and restart it if it does not ask",
            "kubectl get csr",
        )
}

fn span(seconds: i64) -> String {
    match seconds {
        ..HOUR => format!("{} min", seconds / 60),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ => format!("{} d", seconds / DAY),
    }
}
