//! Components that elect a leader: does one work?

use airworthy_model::{Evidence, Finding, Severity, facts::Lease};

use super::component;
use crate::{Context, Judgement, Outcome};

/// Components that elect a leader by a lease in `kube-system`.
const LEADERS: [&str; 2] = ["kube-controller-manager", "kube-scheduler"];
/// Seconds for which no lease counts as stale, however short it is.
const PATIENCE: i64 = 60;

/// What the leases of all of them say.
pub(crate) fn all(ctx: &Context<'_>) -> Outcome {
    let leases = ctx.leases()?;
    let judge = |name| {
        let lease = leases
            .iter()
            .find(|lease| lease.namespace == "kube-system" && lease.name == name);
        lease.map_or_else(|| Some(no_lease(ctx, name)), |lease| stale(ctx, lease))
    };
    Ok(LEADERS.into_iter().filter_map(judge).collect::<Judgement>())
}

fn lease_source(name: &str) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{name}")
}

fn no_lease(ctx: &Context<'_>, name: &str) -> Finding {
    component(
        Severity::Risk,
        name,
        "no lease: hidden by the platform or not running",
    )
    .because(Evidence::state(lease_source(name), ctx.now(), "absent"))
    .fix_with(
        "See that it runs, or ask the provider who runs it",
        "kubectl -n kube-system get leases",
    )
}

fn stale(ctx: &Context<'_>, lease: &Lease) -> Option<Finding> {
    let lasts = lease.duration_seconds.unwrap_or_default();
    let age = ctx.seconds_since(lease.renewed);
    let holder = lease.holder.as_deref().unwrap_or("nobody");
    let message = match lease.renewed {
        None => "its lease has no renewal: no leader works".to_owned(),
        Some(_) if age > PATIENCE.max(3 * i64::from(lasts)) => {
            format!(
                "its lease was last renewed {age} s ago (by {holder}) and lasts {lasts} s: no leader works"
            )
        }
        Some(_) => return None,
    };
    let renewed = lease
        .renewed
        .map_or_else(|| "never".to_owned(), |time| time.to_string());
    Some(
        component(Severity::Blocker, &lease.name, message)
            .because(Evidence::state(
                lease_source(&lease.name),
                ctx.now(),
                format!("renewed {renewed}, holder {holder}, duration {lasts} s"),
            ))
            .fix_with(
                "Bring it back: its log says why it lost the lease",
                format!("kubectl -n kube-system get lease {} -o yaml", lease.name),
            ),
    )
}
