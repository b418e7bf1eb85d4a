use airworthy_model::{
    Access, CONFIG_MAPS, CheckInfo, Evidence, Finding, Group, Kind, Need, Phase, Severity, Subject,
    facts::Permission,
};

use crate::{CATALOGUE, Check, Context, Outcome, never};

/// Permissions that checks need and that our identity lacks.
pub(crate) static CHECK: Check = Check {
    info: CheckInfo {
        name: "PermissionCoverage",
        summary: "a permission that checks need is not granted",
        phase: Phase::Pre,
        group: Group::ExecuteException,
        kind: Kind::Risk,
        level: Severity::Risk,
        vendor: false,
        needs: &[Need::Permissions],
        page: include_str!("permission_coverage.md"),
    },
    blocks: never,
    run,
};

fn run(ctx: &Context<'_>) -> Outcome {
    let permissions = ctx.permissions()?.iter();
    Ok(permissions
        .filter(|permission| !permission.allowed)
        .map(|permission| describe(ctx, permission))
        .collect())
}

fn describe(ctx: &Context<'_>, permission: &Permission) -> Finding {
    let needs = explained_by(permission);
    let rule = format!("{} {}", permission.verb, resource(permission));
    Finding::new(
        Severity::Risk,
        Subject::cluster("rbac.authorization.k8s.io/v1", "Permission", &rule),
        format!("is not granted: {} cannot be read", facts(&needs)),
    )
    .because(Evidence::state(
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        ctx.now(),
        format!(
            "{rule}: not allowed; checks that read it: {}",
            readers(&needs)
        ),
    ))
    .fix_with(advice(permission), grant(permission))
    .fix_with(
        "Or apply the whole role that airworthy asks for",
        "airworthy rbac",
    )
}

/// The needs that ask for it. Which kinds are read for their writers depends on the server, so that is named only where nothing else
/// explains the permission.
fn explained_by(permission: &Permission) -> Vec<Need> {
    let asking = |need: &Need| need.access().iter().any(|access| asks(access, permission));
    let mut needs: Vec<_> = Need::ALL.into_iter().filter(asking).collect();
    if needs.len() > 1 {
        needs.retain(|need| *need != Need::ApiWriters);
    }
    needs
}

/// Whether the permission is the one that a need asks for.
fn asks(access: &Access, permission: &Permission) -> bool {
    let Permission {
        verb,
        group,
        resource,
        ..
    } = permission;
    match access {
        Access::List {
            group: g,
            resource: r,
        } => verb == "list" && group == g && resource == r,
        Access::Get {
            group: g,
            resource: r,
        } => verb == "get" && group == g && resource == r,
        Access::Path(path) => verb == "get" && resource == path,
    }
}

/// `pods`, `deployments.apps`, `/metrics`.
fn resource(permission: &Permission) -> String {
    let Permission {
        group, resource, ..
    } = permission;
    if group.is_empty() {
        resource.clone()
    } else {
        format!("{resource}.{group}")
    }
}

fn facts(needs: &[Need]) -> String {
    if needs.is_empty() {
        return "facts that need it".to_owned();
    }
    let labels: Vec<_> = needs.iter().map(|need| need.label()).collect();
    labels.join(" and ")
}

fn readers(needs: &[Need]) -> String {
    let reads = |check: &&&Check| check.info.needs.iter().any(|need| needs.contains(need));
    let names: Vec<_> = CATALOGUE
        .iter()
        .filter(reads)
        .map(|check| check.info.name)
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// Whether it is the reading of `ConfigMaps`, of which only some have a matter here.
fn is_of_some(permission: &Permission) -> bool {
    (&*permission.verb, &*permission.group, &*permission.resource) == ("get", "", "configmaps")
}

fn advice(permission: &Permission) -> &'static str {
    if is_of_some(permission) {
        "Grant this one rule, and bind the role to the identity that airworthy runs as; only where Helm keeps its releases in ConfigMaps it has to be \
         without the names"
    } else {
        "Grant this one rule, and bind the role to the identity that airworthy runs as"
    }
}

/// The command that makes a role of just this rule.
fn grant(permission: &Permission) -> String {
    let (verb, target) = (&permission.verb, resource(permission));
    let words = target.replace('*', "any").replace(['/', '.'], "-");
    let role = format!("airworthy-{verb}-{}", words.trim_matches('-'));
    let what = if target.starts_with('/') {
        "non-resource-url"
    } else {
        "resource"
    };
    let names = if is_of_some(permission) {
        let names = CONFIG_MAPS.map(|name| format!(" --resource-name={name}"));
        names.concat()
    } else {
        String::new()
    };
    format!("kubectl create clusterrole {role} --verb={verb} '--{what}={target}'{names}")
}
