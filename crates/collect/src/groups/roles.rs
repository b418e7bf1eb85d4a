//! Roles of which some rule counts, with who is bound to them.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::facts::Role;

use crate::{
    failure::Failure,
    list::list,
    resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES, Versions},
    session::Session,
    wire::access::{self, Binding},
};

/// Most subjects of one role that are kept.
const MOST_BOUND: usize = 20;

pub(crate) async fn read(
    session: &Session<'_>,
    versions: Versions<'_>,
) -> Result<Vec<Role>, Failure> {
    let counts = |role: Role, rows: &mut Vec<Role>| {
        if !role.rules.is_empty() {
            rows.push(role);
        }
    };
    let (mut roles, cluster_roles, mut bindings, cluster_bindings) = tokio::try_join!(
        list(session, versions, &ROLES, |wire: access::Role, _, rows| {
            counts(wire.into(), rows);
        }),
        list(
            session,
            versions,
            &CLUSTER_ROLES,
            |wire: access::ClusterRole, _, rows| counts(wire.into(), rows)
        ),
        list(
            session,
            versions,
            &ROLE_BINDINGS,
            |wire: access::RoleBinding, _, rows| rows.push(Binding::from(wire))
        ),
        list(
            session,
            versions,
            &CLUSTER_ROLE_BINDINGS,
            |wire: access::ClusterRoleBinding, _, rows| rows.push(Binding::from(wire))
        ),
    )?;
    roles.extend(cluster_roles);
    bindings.extend(cluster_bindings);
    bind(&mut roles, bindings);
    Ok(roles)
}

fn bind(roles: &mut [Role], bindings: Vec<Binding>) {
    let mut bound: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for binding in bindings {
        let subjects = bound.entry((binding.namespace, binding.role)).or_default();
        subjects.extend(binding.subjects);
    }
    for role in roles {
        let subjects = bound.remove(&(role.namespace.clone(), role.name.clone()));
        role.bound = subjects.into_iter().flatten().take(MOST_BOUND).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_bound_is_known_by_namespace_and_name() {
        let role = |namespace: &str, name: &str| Role {
            namespace: namespace.into(),
            name: name.into(),
            ..Role::default()
        };
        let binding = |namespace: &str, role: &str, subject: String| Binding {
            namespace: namespace.into(),
            role: role.into(),
            subjects: vec![subject],
        };
        let mut roles = [role("shop", "debug"), role("", "debug"), role("", "idle")];
        let mut bindings = vec![
            binding("shop", "debug", "User b".into()),
            binding("shop", "debug", "User a".into()),
            binding("shop", "debug", "User a".into()),
            binding("other", "debug", "User c".into()),
        ];
        bindings.extend((0..50).map(|n| binding("", "debug", format!("User {n:02}"))));
        bind(&mut roles, bindings);
        assert_eq!(roles[0].bound, ["User a", "User b"]);
        assert_eq!(
            (roles[1].bound.len(), roles[1].bound[0].as_str()),
            (20, "User 00")
        );
        assert_eq!(roles[2].bound, [""; 0]);
    }
}
