//! The built-in kinds that are read, and the version at which each is asked for.

use airworthy_knowledge::Knowledge;
use airworthy_model::{Minor, facts::Served};

/// A kind that is listed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resource {
    pub group: &'static str,
    /// Versions that the structs in `wire` can decode, newest first.
    pub versions: &'static [&'static str],
    pub name: &'static str,
    /// The one namespace that is read; absent for all.
    pub namespace: Option<&'static str>,
}

const fn resource(group: &'static str, name: &'static str) -> Resource {
    Resource {
        group,
        versions: &["v1"],
        name,
        namespace: None,
    }
}

pub(crate) const NODES: Resource = resource("", "nodes");
pub(crate) const PODS: Resource = resource("", "pods");
pub(crate) const EVENTS: Resource = resource("", "events");
pub(crate) const NAMESPACES: Resource = resource("", "namespaces");
pub(crate) const SERVICES: Resource = resource("", "services");
pub(crate) const DEPLOYMENTS: Resource = resource("apps", "deployments");
pub(crate) const STATEFUL_SETS: Resource = resource("apps", "statefulsets");
pub(crate) const DAEMON_SETS: Resource = resource("apps", "daemonsets");
pub(crate) const DEFINITIONS: Resource =
    resource("apiextensions.k8s.io", "customresourcedefinitions");
pub(crate) const API_SERVICES: Resource = resource("apiregistration.k8s.io", "apiservices");
pub(crate) const VALIDATING: Resource = resource(
    "admissionregistration.k8s.io",
    "validatingwebhookconfigurations",
);
pub(crate) const MUTATING: Resource = resource(
    "admissionregistration.k8s.io",
    "mutatingwebhookconfigurations",
);
pub(crate) const LEASES: Resource = Resource {
    namespace: Some("kube-system"),
    ..resource("coordination.k8s.io", "leases")
};
pub(crate) const NODE_LEASES: Resource = Resource {
    namespace: Some("kube-node-lease"),
    ..LEASES
};
pub(crate) const CSRS: Resource = resource("certificates.k8s.io", "certificatesigningrequests");
pub(crate) const PDBS: Resource = Resource {
    versions: &["v1", "v1beta1"],
    ..resource("policy", "poddisruptionbudgets")
};
pub(crate) const ENDPOINT_SLICES: Resource = Resource {
    versions: &["v1", "v1beta1"],
    ..resource("discovery.k8s.io", "endpointslices")
};

pub(crate) const INGRESSES: Resource = resource("networking.k8s.io", "ingresses");
pub(crate) const INGRESS_CLASSES: Resource = resource("networking.k8s.io", "ingressclasses");

pub(crate) const PERSISTENT_VOLUMES: Resource = resource("", "persistentvolumes");
pub(crate) const PERSISTENT_VOLUME_CLAIMS: Resource = resource("", "persistentvolumeclaims");
pub(crate) const STORAGE_CLASSES: Resource = resource("storage.k8s.io", "storageclasses");
pub(crate) const CSI_DRIVERS: Resource = resource("storage.k8s.io", "csidrivers");
pub(crate) const CSI_NODES: Resource = resource("storage.k8s.io", "csinodes");
pub(crate) const VOLUME_ATTACHMENTS: Resource = resource("storage.k8s.io", "volumeattachments");
pub(crate) const JOBS: Resource = resource("batch", "jobs");
pub(crate) const CRON_JOBS: Resource = Resource {
    versions: &["v1", "v1beta1"],
    ..resource("batch", "cronjobs")
};

pub(crate) const NETWORK_POLICIES: Resource = resource("networking.k8s.io", "networkpolicies");
pub(crate) const ROLES: Resource = resource("rbac.authorization.k8s.io", "roles");
pub(crate) const CLUSTER_ROLES: Resource = resource("rbac.authorization.k8s.io", "clusterroles");
pub(crate) const ROLE_BINDINGS: Resource = resource("rbac.authorization.k8s.io", "rolebindings");
pub(crate) const CLUSTER_ROLE_BINDINGS: Resource =
    resource("rbac.authorization.k8s.io", "clusterrolebindings");
pub(crate) const SERVICE_ACCOUNTS: Resource = resource("", "serviceaccounts");
pub(crate) const SECRETS: Resource = resource("", "secrets");
pub(crate) const AUTOSCALERS: Resource = Resource {
    versions: &["v2", "v2beta2"],
    ..resource("autoscaling", "horizontalpodautoscalers")
};

impl Resource {
    /// The path of its list at a version.
    pub(crate) fn path(&self, version: &str) -> String {
        match self.namespace {
            None => airworthy_knowledge::url(self.group, version, self.name),
            Some(namespace) => format!(
                "/apis/{}/{version}/namespaces/{namespace}/{}",
                self.group, self.name
            ),
        }
    }

    /// `policy/poddisruptionbudgets`.
    pub(crate) fn label(&self) -> String {
        if self.group.is_empty() {
            return self.name.to_owned();
        }
        format!("{}/{}", self.group, self.name)
    }
}

/// What is known about versions when a list is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Versions<'a> {
    pub knowledge: &'a Knowledge,
    /// The minor that the server runs, when it said so.
    pub minor: Option<Minor>,
    /// What the server serves, when it said so.
    pub served: Option<&'a Served>,
}

impl Versions<'_> {
    /// Versions that may be asked for without harm, best first: one when discovery tells, else all that could be.
    pub(crate) fn to_ask(self, resource: &Resource) -> Result<Vec<&'static str>, String> {
        let harmless = |version: &&&'static str| !self.deprecated(resource, version);
        let candidates: Vec<_> = resource.versions.iter().filter(harmless).copied().collect();
        let served: Vec<_> = candidates
            .into_iter()
            .filter(|version| self.may_be_served(resource, version))
            .collect();
        if served.is_empty() {
            return Err(self.nothing_to_ask(resource));
        }
        Ok(served)
    }

    /// Whether its objects are known to be in namespaces, and those of all are read.
    pub(crate) fn in_namespaces(self, resource: &Resource, version: &str) -> bool {
        let served = self
            .served
            .and_then(|served| served.resource(resource.group, version, resource.name));
        resource.namespace.is_none() && served.is_some_and(|served| served.namespaced)
    }

    fn deprecated(&self, resource: &Resource, version: &str) -> bool {
        self.minor.is_some_and(|minor| {
            self.knowledge
                .deprecated_at(resource.group, version, resource.name, minor)
        })
    }

    fn may_be_served(&self, resource: &Resource, version: &str) -> bool {
        let Some(served) = self.served else {
            return true;
        };
        let group_version = airworthy_knowledge::api_version(resource.group, version);
        served.serves(resource.group, version, resource.name)
            || served.failed.contains(&group_version)
    }

    /// Whether discovery tells that nothing of a kind is served, at whatever version.
    pub(crate) fn none_of(self, resource: &Resource) -> bool {
        let may_be = |version: &&str| self.may_be_served(resource, version);
        self.served.is_some()
            && self.served_at(resource).is_empty()
            && !resource.versions.iter().any(may_be)
    }

    /// The versions at which a kind is served, understood or not.
    fn served_at(&self, resource: &Resource) -> Vec<&str> {
        let all = self.served.map_or(&[][..], |served| &served.resources);
        all.iter()
            .filter(|one| one.group == resource.group && one.resource == resource.name)
            .map(|one| &*one.version)
            .collect()
    }

    fn nothing_to_ask(&self, resource: &Resource) -> String {
        let label = resource.label();
        let at = self.served_at(resource);
        if at.is_empty() {
            return format!("the server does not serve {label}");
        }
        let (known, unknown): (Vec<_>, Vec<_>) = at
            .into_iter()
            .partition(|version| resource.versions.contains(version));
        if known.is_empty() {
            return format!(
                "the server serves {label} only at {}, which are not asked for here: this release reads {}",
                unknown.join(", "),
                resource.versions.join(", ")
            );
        }
        format!(
            "the server serves {label} only at {}, which it marks deprecated: asking for it would look like the use of a \
             deprecated API",
            known.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use airworthy_model::facts::ServedResource;

    use super::*;

    fn served(versions: &[&str]) -> Served {
        let resources = versions.iter().map(|version| ServedResource {
            group: "policy".into(),
            version: (*version).into(),
            resource: "poddisruptionbudgets".into(),
            kind: "PodDisruptionBudget".into(),
            namespaced: true,
            listable: true,
        });
        Served {
            resources: resources.collect(),
            failed: Vec::new(),
        }
    }

    fn to_ask(minor: u16, served: Option<&Served>) -> Result<Vec<&'static str>, String> {
        let versions = Versions {
            knowledge: Knowledge::embedded(),
            minor: Some(Minor::v1(minor)),
            served,
        };
        versions.to_ask(&PDBS)
    }

    #[test]
    fn the_newest_served_version_that_is_not_deprecated_is_asked_for() {
        assert_eq!(
            to_ask(20, Some(&served(&["v1beta1"]))).unwrap(),
            ["v1beta1"]
        );
        assert_eq!(
            to_ask(24, Some(&served(&["v1", "v1beta1"]))).unwrap(),
            ["v1"]
        );
        let refused = to_ask(24, Some(&served(&["v1beta1"]))).unwrap_err();
        assert!(refused.contains("only at v1beta1"), "{refused}");
        let unknown = to_ask(24, Some(&served(&["v9"]))).unwrap_err();
        assert!(unknown.contains("only at v9"), "{unknown}");
        let absent = to_ask(24, Some(&served(&[]))).unwrap_err();
        assert!(absent.contains("does not serve"), "{absent}");
    }

    #[test]
    fn without_discovery_every_harmless_version_may_be_tried() {
        assert_eq!(to_ask(20, None).unwrap(), ["v1", "v1beta1"]);
        assert_eq!(to_ask(24, None).unwrap(), ["v1"]);
    }

    #[test]
    fn a_group_version_whose_discovery_failed_may_still_be_served() {
        let mut failed = served(&[]);
        failed.failed.push("policy/v1".into());
        assert_eq!(to_ask(31, Some(&failed)).unwrap(), ["v1"]);
    }

    #[test]
    fn leases_are_read_in_one_namespace() {
        assert_eq!(
            LEASES.path("v1"),
            "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
        );
        assert_eq!(PODS.path("v1"), "/api/v1/pods");
    }
}
