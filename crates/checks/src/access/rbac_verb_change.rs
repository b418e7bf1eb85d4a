use airworthy_model::{
    CheckInfo, Evidence, Finding, Group, Kind, Minor, Need, Phase, Severity, Subject,
    facts::{Role, RoleRule},
};

use crate::{
    Check, Context, Judgement, Outcome, never,
    text::{short, some_of},
};

/// Roles that lose what they grant because the API server asks for another verb.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "RbacVerbChange",
        summary: "a role grants a verb that an API server on the way no longer takes as enough",
        phase: Phase::Pre,
        group: Group::LimitCheck,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Roles],
        page: include_str!("rbac_verb_change.md"),
    },
    blocks: never,
    run,
};

/// A change of what the API server asks for.
struct Change {
    since: Minor,
    group: &'static str,
    /// Resources that are asked for, with their subresource.
    resources: &'static [&'static str],
    /// What a role must grant to have been enough, and what it must grant now.
    verbs: (&'static [&'static str], &'static [&'static str]),
    /// On what the new verb is asked for; empty for the same resource.
    on: &'static [&'static str],
    so: &'static str,
}

const CHANGES: [Change; 2] = [
    // Gate AuthorizePodWebsocketUpgradeCreatePermission: a WebSocket begins with a GET, and now asks for create as well.
    Change {
        since: Minor::v1(35),
        group: "",
        resources: &["pods/exec", "pods/attach", "pods/portforward"],
        verbs: (&["get"], &["create"]),
        on: &[],
        so: "over WebSocket also create is asked for",
    },
    // Gate DRAResourceClaimGranularStatusAuthorization.
    Change {
        since: Minor::v1(36),
        group: "resource.k8s.io",
        resources: &["resourceclaims/status"],
        verbs: (
            &["update", "patch"],
            &[
                "associated-node:update",
                "associated-node:patch",
                "arbitrary-node:update",
                "arbitrary-node:patch",
                "update",
                "patch",
            ],
        ),
        on: &["resourceclaims/driver", "resourceclaims/binding"],
        so: "status writes also ask for rights on resourceclaims/driver or resourceclaims/binding",
    },
];

fn run(ctx: &Context<'_>) -> Outcome {
    let crossed = ctx.crossed(&CHANGES, |change| change.since)?;
    if crossed.is_empty() {
        return Ok(Judgement::not_applicable(
            "no version on this path asks for other verbs",
        ));
    }
    let roles = ctx
        .roles()?
        .iter()
        .filter(|role| !role.built_in && !role.bound.is_empty());
    Ok(roles
        .flat_map(|role| crossed.iter().filter_map(|change| judge(ctx, role, change)))
        .collect())
}

fn judge(ctx: &Context<'_>, role: &Role, change: &Change) -> Option<Finding> {
    let (before, now) = change.verbs;
    let lost: Vec<_> = change
        .resources
        .iter()
        .copied()
        .filter(|resource| {
            let on = if change.on.is_empty() {
                std::slice::from_ref(resource)
            } else {
                change.on
            };
            grants(role, change.group, resource, before)
                && !on.iter().any(|one| grants(role, change.group, one, now))
        })
        .collect();
    (!lost.is_empty()).then(|| describe(ctx, role, change, &lost))
}

fn grants(role: &Role, group: &str, resource: &str, verbs: &[&str]) -> bool {
    role.rules
        .iter()
        .any(|rule| has(&rule.groups, &[group]) && names(rule, resource) && has(&rule.verbs, verbs))
}

fn has(list: &[String], any: &[&str]) -> bool {
    list.iter()
        .any(|one| one == "*" || any.contains(&one.as_str()))
}

/// `*` is every resource with its subresources, `*/exec` every resource's `exec`.
fn names(rule: &RoleRule, resource: &str) -> bool {
    let sub = resource.split_once('/').map_or("", |(_, sub)| sub);
    rule.resources
        .iter()
        .any(|named| named == "*" || named == resource || named.strip_prefix("*/") == Some(sub))
}

fn describe(ctx: &Context<'_>, role: &Role, change: &Change, lost: &[&str]) -> Finding {
    let Role {
        namespace,
        name,
        bound,
        ..
    } = role;
    let version = "rbac.authorization.k8s.io/v1";
    let (kind, subject, source) = if namespace.is_empty() {
        (
            "clusterrole",
            Subject::cluster(version, "ClusterRole", name),
            format!("/apis/{version}/clusterroles/{name}"),
        )
    } else {
        (
            "role",
            Subject::namespaced(version, "Role", namespace, name),
            format!("/apis/{version}/namespaces/{namespace}/roles/{name}"),
        )
    };
    let scope = if namespace.is_empty() {
        String::new()
    } else {
        format!("-n {namespace} ")
    };
    let verb = change.verbs.0[0];
    let message = format!(
        "grants {verb} on {} alone; from {} on {}",
        lost.join(", "),
        change.since,
        change.so
    );
    let who = some_of(bound.iter().map(String::as_str));
    // A role that grants reading of everything was hardly meant to run commands.
    let named = |one: &&str| {
        role.rules
            .iter()
            .any(|rule| rule.resources.iter().any(|name| name == one))
    };
    let severity = if lost.iter().any(named) {
        Severity::Risk
    } else {
        Severity::Note
    };
    Finding::new(severity, subject, short(&message, 200))
        .telling_apart(change.resources[0])
        .because(Evidence::state(
            source,
            ctx.now(),
            format!("bound to {who}"),
        ))
        .fix_with(
            "Add what the API server will ask for, or take the rule out if nobody needs it",
            format!("kubectl {scope}edit {kind} {name}"),
        )
}
