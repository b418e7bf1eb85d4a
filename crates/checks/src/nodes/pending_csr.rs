use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject, facts::Csr,
};

use crate::{Check, Context, Outcome, never, text::short};

/// Certificates that kubelets wait for.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PendingCsr",
        summary: "a kubelet waits for a certificate that nobody grants or denies",
        phase: Phase::Pre,
        group: Group::MasterCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Csrs],
        page: include_str!("pending_csr.md"),
    },
    blocks: never,
    run,
};

/// Signers of certificates of kubelets, and what each certificate is.
const SIGNERS: [(&str, &str); 2] = [
    ("kubernetes.io/kubelet-serving", "serving"),
    ("kubernetes.io/kube-apiserver-client-kubelet", "client"),
];
/// Seconds within which an approver answers.
const PATIENCE: i64 = 300;

fn run(ctx: &Context<'_>) -> Outcome {
    let waiting = ctx.csrs()?.iter().filter(|csr| !csr.decided);
    Ok(waiting.filter_map(|csr| judge(ctx, csr)).collect())
}

/// A request of a kubelet that nobody decides about.
pub(crate) fn judge(ctx: &Context<'_>, csr: &Csr) -> Option<Finding> {
    let (_, which) = SIGNERS.iter().find(|(signer, _)| *signer == csr.signer)?;
    let waits = ctx.seconds_since(csr.created);
    if waits <= PATIENCE {
        return None;
    }
    let whose = match csr.requestor.strip_prefix("system:node:") {
        Some(node) => short(node, 60),
        None => format!("a kubelet ({})", short(&csr.requestor, 40)),
    };
    let message = format!(
        "waits for a decision for {} min: the {which} certificate of {whose}",
        waits / 60
    );
    let subject = Subject::cluster(
        "certificates.k8s.io/v1",
        "CertificateSigningRequest",
        &csr.name,
    );
    let source = format!(
        "/apis/certificates.k8s.io/v1/certificatesigningrequests/{}",
        csr.name
    );
    let detail = format!(
        "signer {}, asked by {}, no condition",
        csr.signer,
        short(&csr.requestor, 80)
    );
    let finding = Finding::new(Severity::Risk, subject, message)
        .because(Evidence::state(source, ctx.now(), detail))
        .fix_with(
            "See that the request is the node's own, approve it, and find out why the approver did not",
            format!("kubectl certificate approve {}", csr.name),
        );
    Some(finding)
}
