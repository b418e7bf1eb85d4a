//! A management cluster with Cluster API's kinds and no controllers but ours, which moves when it is told.

use std::time::Duration;

use airworthy_drivers::{ClusterApi, Management};
use airworthy_testbed::{Apply, Client, Cluster, ClusterOptions, How, Patch, wait_until};
use airworthy_upgrade::driver::{Driver as _, Order, Step};
use serde_json::{Value, json};

pub(super) const OLD: &str = "v1.31.14";
pub(super) const NEW: &str = "v1.32.13";

/// The versions that a management cluster serves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Only the older one.
    V1beta1,
    /// Both: the newer one is to be used.
    V1beta2,
}

pub(super) struct House {
    pub(super) cluster: Cluster,
    pub(super) client: Client,
    shape: Shape,
}

/// One workload cluster, in a namespace of its own.
pub(super) struct Workload<'a> {
    house: &'a House,
    pub(super) name: &'static str,
}

const GROUP: &str = "cluster.x-k8s.io";
const CONTROL_PLANE: &str = "controlplane.cluster.x-k8s.io";

fn crd(group: &str, kind: &str, shape: Shape) -> String {
    let plural = format!("{}s", kind.to_lowercase());
    let version = |name: &str, storage: bool| {
        format!(
            "  - name: {name}\n    served: true\n    storage: {storage}\n    subresources: {{status: {{}}}}\n    schema:\n      \
             openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true, properties: {{spec: {{type: object, \
             x-kubernetes-preserve-unknown-fields: true}}, status: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}}}\n"
        )
    };
    let versions = match shape {
        Shape::V1beta1 => version("v1beta1", true),
        Shape::V1beta2 => version("v1beta2", true) + &version("v1beta1", false),
    };
    format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {plural}.{group}}}\nspec:\n  \
         group: {group}\n  scope: Namespaced\n  names: {{kind: {kind}, plural: {plural}, singular: {singular}, listKind: \
         {kind}List}}\n  versions:\n{versions}",
        singular = kind.to_lowercase()
    )
}

impl House {
    pub(super) async fn start(shape: Shape) -> Self {
        let options = ClusterOptions {
            controllers: false,
            ..ClusterOptions::new("1.32")
        };
        let cluster = Cluster::start(options).await.unwrap();
        let crds = [
            crd(GROUP, "Cluster", shape),
            crd(GROUP, "MachineDeployment", shape),
            crd(CONTROL_PLANE, "KubeadmControlPlane", shape),
        ];
        let apply = Apply::new("clusterctl/v1.9.0", How::Create);
        cluster.apply(&crds.join("---\n"), &apply).await.unwrap();
        let client = cluster.client("controller").unwrap();
        let house = Self {
            cluster,
            client,
            shape,
        };
        for path in ["clusters", "machinedeployments"] {
            house.until_served(&house.path(GROUP, path)).await;
        }
        let path = house.path(CONTROL_PLANE, "kubeadmcontrolplanes");
        house.until_served(&path).await;
        house
    }

    async fn until_served(&self, path: &str) {
        let served = wait_until(Duration::from_secs(30), path, || async {
            Ok(self.client.list(path).await.is_ok().then_some(()))
        });
        served.await.unwrap();
    }

    fn version(&self) -> &'static str {
        match self.shape {
            Shape::V1beta1 => "v1beta1",
            Shape::V1beta2 => "v1beta2",
        }
    }

    fn path(&self, group: &str, rest: &str) -> String {
        format!("/apis/{group}/{}/{rest}", self.version())
    }

    /// A cluster with a control plane of three and two pools of two.
    pub(super) async fn workload(&self, name: &'static str, topology: bool) -> Workload<'_> {
        let namespace = json!({ "metadata": { "name": name } });
        self.client
            .create("/api/v1/namespaces", &namespace)
            .await
            .unwrap();
        let workload = Workload { house: self, name };
        let reference = match self.shape {
            Shape::V1beta1 => {
                json!({ "apiVersion": format!("{CONTROL_PLANE}/v1beta1"), "kind": "KubeadmControlPlane", "name": "masters", "namespace": name })
            }
            Shape::V1beta2 => {
                json!({ "apiGroup": CONTROL_PLANE, "kind": "KubeadmControlPlane", "name": "masters" })
            }
        };
        let mut spec = json!({ "controlPlaneRef": reference });
        if topology {
            spec["topology"] = json!({ "class": "plain", "version": OLD });
        }
        workload.make("Cluster", "prod", spec).await;
        let masters = json!({ "replicas": 3, "version": OLD });
        workload
            .make("KubeadmControlPlane", "masters", masters)
            .await;
        for pool in ["first", "second"] {
            let spec = json!({ "clusterName": "prod", "replicas": 2, "template": { "spec": { "version": OLD } } });
            workload.make("MachineDeployment", pool, spec).await;
        }
        workload.tick().await;
        workload
    }
}

impl Workload<'_> {
    fn driver(&self) -> ClusterApi {
        ClusterApi {
            management: Management {
                kubeconfig: self.house.cluster.kubeconfig(),
                context: None,
                namespace: self.name.into(),
                name: "prod".into(),
            },
            deadline: Duration::from_hours(2),
            patience: ClusterApi::PATIENCE,
        }
    }

    pub(super) async fn step(&self, order: &Order, scratch: Option<&Value>) -> Step {
        self.driver().step(order, scratch).await
    }

    fn list(&self, kind: &str) -> String {
        let group = if kind == "KubeadmControlPlane" {
            CONTROL_PLANE
        } else {
            GROUP
        };
        let rest = format!("namespaces/{}/{}s", self.name, kind.to_lowercase());
        self.house.path(group, &rest)
    }

    pub(super) fn path(&self, kind: &str, name: &str) -> String {
        format!("{}/{name}", self.list(kind))
    }

    async fn make(&self, kind: &str, name: &str, spec: Value) {
        let group = if kind == "KubeadmControlPlane" {
            CONTROL_PLANE
        } else {
            GROUP
        };
        let labels = json!({ "cluster.x-k8s.io/cluster-name": "prod" });
        let object = json!({
            "apiVersion": format!("{group}/{}", self.house.version()), "kind": kind,
            "metadata": { "name": name, "labels": labels }, "spec": spec,
        });
        self.house
            .client
            .create(&self.list(kind), &object)
            .await
            .unwrap();
    }

    pub(super) async fn get(&self, kind: &str, name: &str) -> Value {
        self.house.client.get(&self.path(kind, name)).await.unwrap()
    }

    pub(super) async fn change(&self, kind: &str, name: &str, change: &Value) {
        let path = self.path(kind, name);
        self.house
            .client
            .patch(&path, Patch::Merge, change)
            .await
            .unwrap();
    }

    pub(super) async fn set_status(&self, kind: &str, name: &str, status: &Value) {
        let path = self.path(kind, name);
        self.house.client.patch_status(&path, status).await.unwrap();
    }

    /// The controllers do one thing each: one machine more is at the version asked for.
    pub(super) async fn tick(&self) {
        let cluster = self.get("Cluster", "prod").await;
        let asked = cluster["spec"]["topology"]["version"].as_str();
        let masters = self.roll("KubeadmControlPlane", "masters").await;
        let first = self.roll("MachineDeployment", "first").await;
        let second = self.roll("MachineDeployment", "second").await;
        let Some(asked) = asked else { return };
        let is = |version: &Option<String>| version.as_deref() == Some(asked);
        if is(&masters) {
            let spec = json!({ "template": { "spec": { "version": asked } } });
            let change = json!({ "spec": spec });
            self.change("MachineDeployment", "first", &change).await;
            self.change("MachineDeployment", "second", &change).await;
        } else {
            let change = json!({ "spec": { "version": asked } });
            self.change("KubeadmControlPlane", "masters", &change).await;
        }
        let all = is(&masters) && is(&first) && is(&second);
        let mut condition = json!({ "type": "TopologyReconciled", "status": "True" });
        if !all {
            let (reason, message) = ("ControlPlaneUpgradePending", "not yet");
            condition = json!({ "type": "TopologyReconciled", "status": "False", "severity": "Info", "reason": reason, "message": message });
        }
        self.set_status("Cluster", "prod", &json!({ "conditions": [condition] }))
            .await;
    }

    /// One machine more; gives the version when all are at it.
    async fn roll(&self, kind: &str, name: &str) -> Option<String> {
        let object = self.get(kind, name).await;
        let (spec, status) = (&object["spec"], &object["status"]);
        let control_plane = kind == "KubeadmControlPlane";
        let asked = if control_plane {
            &spec["version"]
        } else {
            &spec["template"]["spec"]["version"]
        };
        let wanted = spec["replicas"].as_u64().unwrap();
        let done = if status["rolling"] == *asked {
            status["done"].as_u64().unwrap()
        } else {
            0
        };
        let next = (done + 1).min(wanted);
        let up_to_date = match self.house.shape {
            Shape::V1beta1 => "updatedReplicas",
            Shape::V1beta2 => "upToDateReplicas",
        };
        let mut told = json!({
            "rolling": asked, "done": next, "replicas": wanted, "readyReplicas": wanted,
            "observedGeneration": object["metadata"]["generation"],
        });
        told[up_to_date] = next.into();
        if control_plane && (next == wanted || status["version"].is_null()) {
            told["version"] = asked.clone();
        }
        self.set_status(kind, name, &told).await;
        (next == wanted).then(|| asked.as_str().unwrap().to_owned())
    }

    /// The version that an object asks for.
    pub(super) async fn asks(&self, kind: &str, name: &str) -> String {
        let spec = self.get(kind, name).await["spec"].take();
        let version = match kind {
            "KubeadmControlPlane" => &spec["version"],
            "Cluster" => &spec["topology"]["version"],
            _ => &spec["template"]["spec"]["version"],
        };
        version.as_str().unwrap().to_owned()
    }
}
