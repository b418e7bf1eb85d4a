//! Facts that were looked up in the sources by hand, true ones and false ones.

use airworthy_model::Minor;

use super::{Effect, FieldStatus};
use crate::Knowledge;

type Kind = (&'static str, &'static str, &'static str);

const POD: Kind = ("", "v1", "Pod");
const SERVICE: Kind = ("", "v1", "Service");
const DEPLOYMENT: Kind = ("apps", "v1", "Deployment");
const PROXY: Kind = (
    "kubeproxy.config.k8s.io",
    "v1alpha1",
    "KubeProxyConfiguration",
);
const KUBELET: Kind = ("kubelet.config.k8s.io", "v1beta1", "KubeletConfiguration");
const CRD: Kind = ("apiextensions.k8s.io", "v1", "CustomResourceDefinition");

fn v(minor: u16) -> Minor {
    Minor::v1(minor)
}

fn status(kind: Kind, path: &str, minor: u16) -> FieldStatus {
    let path: Vec<_> = path.split('.').collect();
    Knowledge::embedded().field_status(kind, &path, v(minor))
}

fn known(since: u16) -> FieldStatus {
    FieldStatus::Known { since: v(since) }
}

fn removed(kind: Kind, from: u16, to: u16) -> Vec<String> {
    let removed = Knowledge::embedded().fields_removed(kind, v(from), v(to));
    let told = removed
        .into_iter()
        .map(|field| format!("{} {}", field.path, field.removed_in));
    told.collect()
}

#[test]
fn fields_that_came() {
    for (kind, path, since) in [
        (POD, "spec.containers.lifecycle.stopSignal", 33),
        (POD, "spec.hostUsers", 25),
        (POD, "spec.hostnameOverride", 34),
        (DEPLOYMENT, "spec.template.spec.resources", 32),
        (SERVICE, "spec.ipFamilyPolicy", 20),
        (SERVICE, "spec.trafficDistribution", 30),
        (CRD, "spec.versions.selectableFields", 30),
        (KUBELET, "failCgroupV1", 31),
        (KUBELET, "crashLoopBackOff", 32),
        (("batch", "v1", "Job"), "spec.podFailurePolicy", 25),
    ] {
        assert_eq!(status(kind, path, since), known(since), "{path}");
        assert_eq!(status(kind, path, 37), known(since), "{path}");
        let before = status(kind, path, since - 1);
        assert_eq!(before, FieldStatus::NotYet(v(since)), "{path}");
    }
}

#[test]
fn fields_that_went() {
    for (kind, path, gone) in [
        (POD, "spec.resourceClaims.source", 31),
        (POD, "spec.resourceClaims.source.resourceClaimName", 31),
        (DEPLOYMENT, "spec.template.spec.resourceClaims.source", 31),
        (POD, "spec.workloadRef", 36),
        (SERVICE, "spec.topologyKeys", 22),
        (SERVICE, "spec.ipFamily", 20),
        (DEPLOYMENT, "metadata.clusterName", 25),
        (PROXY, "udpIdleTimeout", 26),
        (KUBELET, "logging.sanitization", 24),
        (
            ("", "v1", "PersistentVolumeClaim"),
            "spec.resources.claims",
            29,
        ),
    ] {
        let since = status(kind, path, gone - 1);
        assert!(
            matches!(since, FieldStatus::Known { .. }),
            "{path} {since:?}"
        );
        assert_eq!(
            status(kind, path, gone),
            FieldStatus::RemovedIn(v(gone)),
            "{path}"
        );
        assert_eq!(
            status(kind, path, 37),
            FieldStatus::RemovedIn(v(gone)),
            "{path}"
        );
    }
}

#[test]
fn fields_that_are_no_news() {
    for (kind, path) in [
        (POD, "spec.containers.image"),
        (POD, "spec.serviceAccount"),
        (POD, "metadata.labels"),
        // A key of a map, where any name is right.
        (POD, "metadata.labels.source"),
        (POD, "spec.containers.resources.limits.cpu"),
        (POD, "apiVersion"),
        (SERVICE, "spec.ports.nodePort"),
        // Below a type that reads its own JSON nothing is known, so nothing is called wrong.
        (
            CRD,
            "spec.versions.schema.openAPIV3Schema.properties.spec.items.type",
        ),
        (
            CRD,
            "spec.versions.schema.openAPIV3Schema.properties.spec.default.whatever",
        ),
        (PROXY, "iptables.masqueradeBit"),
    ] {
        assert_eq!(status(kind, path, 37), known(19), "{path}");
    }
}

#[test]
fn fields_that_never_were() {
    for (kind, path) in [
        (POD, "spec.container"),
        (POD, "spec.containers.Image"),
        (POD, "spec.replicas"),
        (POD, "spec.containers.image.tag"),
        (POD, "spec.resourceClaims.sources"),
        (DEPLOYMENT, "spec.resourceClaims"),
        // The claims of a container stay, those of a volume claim went.
        (DEPLOYMENT, "spec.template.spec.containers.resources.claim"),
        (SERVICE, "spec.ports.nodePorts"),
        (KUBELET, "udpIdleTimeout"),
        (PROXY, "logging.sanitization"),
    ] {
        assert_eq!(status(kind, path, 31), FieldStatus::Unknown, "{path}");
    }
    let deep: Vec<_> = std::iter::repeat_n("properties", 100_000).collect();
    let deep = Knowledge::embedded().field_status(CRD, &deep, v(31));
    assert_eq!(deep, FieldStatus::Unknown);
}

#[test]
fn kinds_that_are_not_there_are_not_judged_by_their_fields() {
    let cronjob = ("batch", "v1beta1", "CronJob");
    assert_eq!(status(cronjob, "spec.schedule", 24), known(19));
    // The types are kept in the sources for long after the API went: which kinds are served, others know.
    let policy = ("settings.k8s.io", "v1alpha1", "PodPreset");
    assert_eq!(status(policy, "spec.env", 20), FieldStatus::NoKind);
    for kind in [("example.com", "v1", "Pod"), ("", "v2", "Pod")] {
        assert_eq!(status(kind, "spec.container", 31), FieldStatus::Unread);
    }
    assert_eq!(status(POD, "spec", 99), FieldStatus::Unread);
    assert_eq!(status(POD, "spec", 18), FieldStatus::Unread);
}

#[test]
fn what_an_upgrade_takes_away() {
    assert_eq!(removed(POD, 30, 31), ["spec.resourceClaims[].source 1.31"]);
    assert_eq!(removed(POD, 31, 32), [""; 0]);
    assert_eq!(removed(PROXY, 19, 37), ["udpIdleTimeout 1.26"]);
    let rule = ("resource.k8s.io", "v1alpha3", "DeviceTaintRule");
    assert_eq!(
        removed(rule, 33, 37),
        [
            "spec.deviceSelector.deviceClassName 1.35",
            "spec.deviceSelector.selectors[] 1.35"
        ]
    );
    let set = removed(("apps", "v1", "StatefulSet"), 30, 31);
    assert_eq!(set, ["spec.template.spec.resourceClaims[].source 1.31"]);
    // The kind is gone with all its fields: that is no news of a field.
    assert_eq!(
        removed(("settings.k8s.io", "v1alpha1", "PodPreset"), 19, 20),
        [""; 0]
    );
}

#[test]
fn a_field_that_was_dropped_and_will_be_judged_says_how() {
    let added = Knowledge::embedded().fields_added(POD, v(32), v(37));
    let find = |path: &str| added.iter().find(|field| field.path == path).unwrap();

    let signal = find("spec.containers[].lifecycle.stopSignal");
    assert_eq!((signal.added_in, &signal.effect), (v(33), &Effect::New));
    assert!(
        signal.demands[0].starts_with("one of SIGABRT, "),
        "{signal:?}"
    );

    let rules = find("spec.containers[].restartPolicyRules[]");
    assert_eq!(rules.demands, ["action must be there"]);

    let image = find("spec.volumes[].image");
    assert_eq!(image.effect, Effect::TurnedOn("ImageVolume".into()));
    assert_eq!(image.added_in, v(35));

    let mode = find("spec.volumes[].emptyDir.mode");
    assert_eq!(
        mode.effect,
        Effect::NewBehind(vec!["EmptyDirVolumeMode".into()])
    );

    assert!(added.iter().all(|field| field.path != "spec.hostUsers"));
}

#[test]
fn values_of_closed_fields() {
    let values = |path: &[&str], minor| Knowledge::embedded().field_values(POD, path, v(minor));
    assert_eq!(
        values(&["spec", "restartPolicy"], 37),
        Some(vec!["Always", "Never", "OnFailure"])
    );
    assert_eq!(values(&["spec", "nodeName"], 37), None);
    assert_eq!(values(&["spec", "nothing"], 37), None);
}

#[test]
fn deprecated_fields_say_since_when() {
    let found = Knowledge::embedded().fields_deprecated(POD, v(37));
    let words = |path: &str| {
        let field = found.iter().find(|field| field.path == path);
        field.map(|field| (field.deprecation.since, &*field.deprecation.words))
    };
    let repo = words("spec.volumes[].gitRepo").unwrap();
    assert!(repo.1.contains("GitRepo is deprecated"), "{repo:?}");
    let account = words("spec.serviceAccount").unwrap();
    assert!(account.1.contains("serviceAccountName"), "{account:?}");
    assert_eq!(words("spec.nodeName"), None);
}

#[test]
fn a_field_is_found_by_its_name() {
    let k = Knowledge::embedded();
    let found = k.field_lives("Pod.spec.resourceClaims[].source");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].spans.len(), 1);
    assert_eq!(
        (found[0].spans[0].from, found[0].spans[0].to),
        (v(26), v(30))
    );
    assert_eq!(found[0].source.file, "core/v1/types.go");
    let found = k.field_lives("apps/v1/Deployment.spec.template.spec.hostUsers");
    assert_eq!(
        (found[0].spans[0].from, found[0].spans[0].to),
        (v(25), v(37))
    );
    assert!(k.field_lives("Deployment.spec.replicas").len() >= 3);
    for nothing in [
        "Pod",
        "Pod.",
        "Pod.spec.container",
        "v2/Pod.spec",
        ".spec",
        "",
        "/",
    ] {
        assert_eq!(k.field_lives(nothing), [], "{nothing:?}");
    }
}
