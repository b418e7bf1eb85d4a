//! The collector on real control planes: both encodings say the same, nothing harmful is asked for, and rights that are
//! exactly those of the needs are enough.

use std::{path::Path, time::Duration};

use airworthy_collect::{ConnectOptions, Encoding, Plan, Unusable, collect, connect};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Access, Facts, Need, Reason,
    facts::{
        AnnotatedProfile, Condition, Conversion, DeprecatedRequest, GroupVisitor, IntOrPercent,
        ProfileKind, Read, Rows, ServiceAsk,
    },
};
use airworthy_testbed::{Apply, Client, Cluster, ClusterOptions, How, NodeOptions, wait_until};
use serde_json::{Value, json};

mod real {
    mod quantities;
    pub(crate) mod routes;
}

const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn minor_1_31() {
    Box::pin(read_a_cluster_of("1.31")).await;
}

#[tokio::test]
async fn minor_1_32() {
    Box::pin(read_a_cluster_of("1.32")).await;
}

/// Other minors, oldest to newest, when they are asked for: their control planes take long to build.
#[tokio::test]
async fn other_minors() {
    let minors = std::env::var("AIRWORTHY_TEST_MINORS").unwrap_or_default();
    for minor in minors.split(',').filter(|minor| !minor.is_empty()) {
        Box::pin(read_a_cluster_of(minor)).await;
    }
}

async fn read_a_cluster_of(minor: &str) {
    let mut options = ClusterOptions::new(minor)
        .nodes(2)
        .user("reader", &[])
        .audit();
    // How many objects there are decides how some are read.
    options
        .api_server_args
        .push("--etcd-count-metric-poll-period=1s".into());
    let cluster = Cluster::start(options).await.unwrap();
    let admin = cluster.client("test").unwrap();
    fill(&cluster, &admin).await;
    real::routes::fill(&cluster, &admin, minor).await;
    let serves_it = !["1.24", "1.25"].contains(&minor);
    if serves_it {
        let written = Apply::new("pipeline/v1", How::ServerSide);
        cluster.apply(LEFT_OVER, &written).await.unwrap();
    }
    let facts = both_encodings_agree(&cluster).await;
    versions_and_nodes(&facts, cluster.version());
    pods_and_budgets(&facts);
    shape_of_a_pod(&facts, minor);
    volumes(&facts);
    networks(&facts);
    components(&facts, cluster.version());
    releases(&facts);
    names(&facts);
    real::routes::read_back(&facts, minor);
    if serves_it {
        writers(&facts, minor);
    }
    apis(&facts);
    webhooks(&facts);
    nothing_is_hushed_up(&facts);
    strangers_are_told_what_lacks(&cluster).await;
    exact_rights_are_enough(&cluster, &admin).await;
    deprecated_requests_are_those_of_others(&cluster, &admin).await;
    nothing_harmful_was_asked_for(&cluster.audit_log());
}

/// Written at the version that lasts, with an annotation that is left over from another: it costs no deprecated request.
const LEFT_OVER: &str = r#"
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata:
  name: left-over
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3", "kind": "hush"}'
spec: {matchingPrecedence: 9000, priorityLevelConfiguration: {name: global-default}}
"#;

/// Makes the objects and waits until the controllers have done with them.
async fn fill(cluster: &Cluster, admin: &Client) {
    let taints = json!({ "key": "dedicated", "value": "gpu", "effect": "NoSchedule" });
    let odd = NodeOptions {
        taints: vec![taints],
        unschedulable: true,
        ..NodeOptions::default()
    };
    cluster.add_node("odd", "v1.29.1", &odd).await.unwrap();
    let yaml = include_str!("every_kind.yaml");
    let apply = Apply::new("kubectl/v1.31.0", How::ClientSide);
    cluster.apply(yaml, &apply).await.unwrap();
    let gadget =
        json!({ "apiVersion": "example.com/v1", "kind": "Gadget", "metadata": { "name": "one" } });
    wait_until(DEADLINE, "the gadget", || async {
        Ok(admin
            .create("/apis/example.com/v1/gadgets", &gadget)
            .await
            .ok())
    })
    .await
    .unwrap();
    settled(admin).await;
    counted(admin).await;
    crash(admin).await;
}

/// Waits until metrics count what holds records of Helm.
async fn counted(admin: &Client) {
    let counts = |metrics: &str, resource: &str| {
        let label = format!("resource=\"{resource}\"");
        let of_it = |line: &str| line.contains("_objects{") && line.contains(&label);
        metrics
            .lines()
            .any(|line| of_it(line) && !line.ends_with(" 0"))
    };
    wait_until(DEADLINE, "counts of objects", || async {
        let metrics = admin.get_text("/metrics").await?;
        let both = ["secrets", "configmaps"]
            .into_iter()
            .all(|resource| counts(&metrics, resource));
        Ok(both.then_some(()))
    })
    .await
    .unwrap();
}

async fn settled(admin: &Client) {
    let shop = |group: &str, rest: &str| format!("/{group}/namespaces/shop/{rest}");
    wait_until(DEADLINE, "settled workloads", || async {
        let web = admin.get(&shop("apis/apps/v1", "deployments/web")).await?;
        let agent = admin.get(&shop("apis/apps/v1", "daemonsets/agent")).await?;
        let db = admin.get(&shop("apis/apps/v1", "statefulsets/db")).await?;
        let budget = admin
            .get(&shop("apis/policy/v1", "poddisruptionbudgets/web"))
            .await?;
        let nowhere = admin.get(&shop("api/v1", "pods/nowhere")).await?;
        let crashing = admin.get(&shop("api/v1", "pods/crashing")).await?;
        let done = web["status"]["availableReplicas"] == 2
            && agent["status"]["numberAvailable"] == 2
            && db["status"]["availableReplicas"] == 1
            && budget["status"]["currentHealthy"] == 2
            && nowhere["status"]["conditions"][0]["status"] == "False"
            && crashing["status"]["phase"] == "Running";
        Ok(done.then_some(()))
    })
    .await
    .unwrap();
}

/// Says of a pod's containers what a kubelet says when they crash.
async fn crash(admin: &Client) {
    let container = |name: &str, restarts: i32, state: Value| json!({ "name": name, "restartCount": restarts, "state": state, "lastState": {}, "ready": false, "image": "x", "imageID": "" });
    let waiting = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off" } });
    let status = json!({
        "reason": "Odd",
        "initContainerStatuses": [container("first", 2, json!({ "running": {} }))],
        "containerStatuses": [container("main", 7, waiting)],
    });
    let path = "/api/v1/namespaces/shop/pods/crashing";
    admin.patch_status(path, &status).await.unwrap();
}

async fn read(kubeconfig: &Path, plan: &Plan) -> Facts {
    let options = ConnectOptions {
        kubeconfig: Some(kubeconfig.to_owned()),
        ..ConnectOptions::default()
    };
    let connection = connect(options).await.unwrap();
    collect(&connection, Knowledge::embedded(), plan, &|_| ())
        .await
        .unwrap()
}

fn plan(encoding: Encoding) -> Plan {
    let mut plan = Plan::everything();
    plan.encoding = encoding;
    // Small pages, so that most lists have several.
    plan.limits.page_size = 2;
    plan.limits.largest_page = 2;
    plan.limits.second_look = Duration::ZERO;
    plan
}

/// What is read namespace by namespace in protobuf is what JSON tells as a whole. The cluster does not stand still, so JSON is read before and after: where those agree, so must protobuf.
async fn both_encodings_agree(cluster: &Cluster) -> Facts {
    let kubeconfig = cluster.kubeconfig();
    wait_until(DEADLINE, "a quiet cluster", || async {
        let before = comparable(&read(&kubeconfig, &plan(Encoding::Json)).await);
        let mut by_namespace = plan(Encoding::Protobuf);
        by_namespace.limits.long_list = 1;
        by_namespace.limits.long_choice = 1;
        let protobuf = read(&kubeconfig, &by_namespace).await;
        let after = comparable(&read(&kubeconfig, &plan(Encoding::Json)).await);
        if before != after {
            return Ok(None);
        }
        assert_eq!(comparable(&protobuf), after);
        Ok(Some(protobuf))
    })
    .await
    .unwrap()
}

/// Whether a group is a cluster's own, and read unasked.
fn is_read(need: Need) -> bool {
    !matches!(need, Need::Audit | Need::Manifests) && !Need::OPT_IN.contains(&need)
}

struct Groups(Vec<(Need, Vec<Value>)>);

impl GroupVisitor for Groups {
    type Error = std::convert::Infallible;

    fn group<T: Rows>(&mut self, need: Need, group: &Read<T>) -> Result<(), Self::Error> {
        if !is_read(need) {
            return Ok(());
        }
        let rows = group.as_ref().unwrap_or_else(|missing| panic!("{missing}"));
        let rows = rows
            .rows()
            .iter()
            .map(|row| serde_json::to_value(row).unwrap());
        self.0.push((need, rows.collect()));
        Ok(())
    }
}

/// All groups but those that change by being read; of leases, what does not change.
fn comparable(facts: &Facts) -> Vec<(Need, Vec<Value>)> {
    let mut groups = Groups(Vec::new());
    facts.visit(&mut groups).unwrap();
    groups
        .0
        .retain(|(need, _)| !matches!(need, Need::Metrics | Need::Collection | Need::Health));
    for (need, rows) in &mut groups.0 {
        for row in rows.iter_mut() {
            if matches!(need, Need::Leases | Need::NodeLeases) {
                assert!(row["renewed"].is_string(), "{row}");
                row["renewed"] = Value::Null;
            }
        }
    }
    groups.0
}

fn versions_and_nodes(facts: &Facts, version: &str) {
    assert_eq!(
        facts.version.as_ref().unwrap().version.to_string(),
        format!("v{version}")
    );
    assert!(facts.cluster.uid.is_some() && facts.cluster.name.is_some());
    let health = facts.health.as_ref().unwrap();
    assert!(
        health.ready.len() > 10 && health.live.len() > 10,
        "{health:?}"
    );
    let leases = facts.leases.as_ref().unwrap();
    let mut elections: Vec<_> = leases.iter().map(|lease| lease.name.as_str()).collect();
    elections.sort_unstable();
    assert_eq!(elections, ["kube-controller-manager", "kube-scheduler"]);
    assert!(
        leases
            .iter()
            .all(|lease| lease.holder.is_some() && lease.duration_seconds == Some(15))
    );
    for lease in leases {
        let age = facts.observed_at.duration_since(lease.renewed.unwrap());
        assert!(age.abs() < jiff::SignedDuration::from_mins(1), "{lease:?}");
    }
    let nodes = facts.nodes.as_ref().unwrap();
    let odd = nodes.iter().find(|node| node.name == "odd").unwrap();
    assert!(nodes.len() == 3 && odd.unschedulable);
    assert!(
        odd.taints
            .iter()
            .any(|taint| taint.value == "gpu" && taint.effect == "NoSchedule")
    );
    assert_eq!(odd.kubelet_version, "v1.29.1");
    let capacity = (odd.cpu_thousandths, odd.memory_bytes);
    assert_eq!(capacity, (Some(8000), Some(32 << 30)));
    assert_eq!(odd.labels.get("kubernetes.io/os"), Some("linux"));
    assert!(Condition::find(&odd.conditions, "Ready").unwrap().is_true());
}

fn volumes(facts: &Facts) {
    let pods = facts.pods.as_ref().unwrap();
    let pod = pods.iter().find(|pod| pod.name == "volumes").unwrap();
    let expected = json!([
        { "claim": "flex" },
        { "inline": { "plugin": "gitRepo" } },
        { "emptyDir": { "memory": true } },
        { "hostPath": { "path": "/run/containerd/containerd.sock", "type": "Socket", "readOnly": true } },
        { "inline": { "plugin": "csi", "driver": "inline.example.com" } },
        { "claim": "volumes-own" },
    ]);
    assert_eq!(serde_json::to_value(&pod.volumes).unwrap(), expected);
    let volumes = facts.persistent_volumes.as_ref().unwrap();
    let volume = |name: &str| volumes.iter().find(|one| one.name == name).unwrap();
    let flex = volume("flex");
    assert_eq!(
        (flex.plugin.name(), &*flex.driver),
        ("flexVolume", "example.com/lvm")
    );
    assert_eq!(flex.claim.as_ref().unwrap().name, "flex");
    assert_eq!(
        (volume("csi").plugin.name(), &*volume("csi").class),
        ("csi", "fast")
    );
    let class = &facts.storage_classes.as_ref().unwrap()[0];
    assert!(class.default && class.waits_for_pod && class.provisioner == "csi.example.com");
    let nodes = facts.csi_nodes.as_ref().unwrap();
    let limits: Vec<_> = nodes[0].drivers.iter().map(|driver| driver.limit).collect();
    assert_eq!(limits, [Some(5), None]);
    let attachment = &facts.volume_attachments.as_ref().unwrap()[0];
    assert_eq!((&*attachment.volume, &*attachment.node), ("csi", "odd"));
    let job = &facts.jobs.as_ref().unwrap()[0];
    assert_eq!(
        (job.suspended, job.backoff_limit, &*job.restart_policy),
        (true, 0, "Never")
    );
    let cron = &facts.cron_jobs.as_ref().unwrap()[0];
    assert_eq!(
        (&*cron.schedule, cron.starting_deadline_seconds),
        ("0 3 * * *", Some(60))
    );
}

/// What decides where a pod may run, whole.
fn shape_of_a_pod(facts: &Facts, minor: &str) {
    let pods = facts.pods.as_ref().unwrap();
    let pod = pods.iter().find(|pod| pod.name == "shaped").unwrap();
    let volumes = serde_json::to_value(&pod.volumes).unwrap();
    let read_only = json!({ "hostPath": { "path": "/read", "readOnly": true } });
    assert_eq!(
        volumes,
        json!([{ "hostPath": { "path": "/data" } }, read_only])
    );
    let shape = serde_json::to_value(pod.shape.as_deref()).unwrap();
    // The first init container asks for more than the others together with the sidecar that starts after it.
    let expected = json!({
        "requests": { "cpu": 2000, "memory": 1_u64 << 30, "ephemeral-storage": 1_000_000_000, "example.com/gpu": 1 },
        "priority": 2_000_000_000,
        "priorityClass": "system-cluster-critical",
        "scheduler": "other",
        "graceSeconds": 7,
        "breaks": "baseline",
        "containers": [
            { "requests": { "cpu": 2000 }, "role": "init" },
            { "requests": { "cpu": 250 }, "role": "sidecar" },
            {
                "requests": { "cpu": 1500, "memory": 1_u64 << 30, "ephemeral-storage": 1_000_000_000, "example.com/gpu": 1 },
                "limits": { "example.com/gpu": 1 },
            },
        ],
        "quotaMarks": { "otherNamespaces": true },
        "nodeSelector": [["nowhere", "true"]],
        "nodeTerms": [{
            "labels": [{ "key": "cores", "operator": "Gt", "values": ["4"] }],
            "fields": [{ "key": "metadata.name", "operator": "In", "values": ["node-1"] }],
        }],
        "near": [{ "selector": { "matchLabels": [["app", "web"]] }, "namespaces": ["shop", "other"], "topology": "zone" }],
        "apart": [{
            "selector": { "matchExpressions": [{ "key": "app", "operator": "Exists" }] },
            "namespaceSelector": {},
            "topology": "kubernetes.io/hostname",
        }],
        "spread": [{
            "selector": { "matchLabels": [["app", "shaped"]] },
            "topology": "zone",
            "maxSkew": 2,
            "minPlaces": 3,
            "countsUnselected": true,
            "honoursTaints": true,
        }],
        "tolerations": [{ "key": "gpu", "value": "yes", "effect": "NoSchedule" }, { "effect": "NoExecute" }],
        "hostPorts": [{ "port": 8080 }, { "port": 5353, "protocol": "UDP", "address": "192.0.2.9" }],
    });
    // Older servers drop some members of a spread.
    if !["1.24", "1.25"].contains(&minor) {
        assert_eq!(shape, expected);
    }
    let volumes = facts.persistent_volumes.as_ref().unwrap();
    let csi = volumes.iter().find(|volume| volume.name == "csi").unwrap();
    assert_eq!(csi.node_terms[0].labels[0].values, ["a", "b"]);
}

/// What the testbed's own mirror pods and settings tell; they have the real command lines.
fn components(facts: &Facts, version: &str) {
    let seen = facts.components.as_ref().unwrap();
    assert!(seen.runs_api_server() && seen.unread.is_empty(), "{seen:?}");
    for name in [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ] {
        let pod = seen.of(name).find(|one| !one.node.is_empty()).unwrap();
        assert_eq!((&*pod.tag, &*pod.node), (&*format!("v{version}"), "node-1"));
        let told = seen.of(name).find(|one| one.node.is_empty());
        assert!(told.unwrap().source.ends_with("/configmaps/kubeadm-config"));
    }
    let server = seen.of("kube-apiserver").find(|one| !one.node.is_empty());
    let server = server.unwrap();
    assert!(server.sets("etcd-servers") && server.value("etcd-servers").is_none());
    assert_eq!(
        server.value("disable-admission-plugins"),
        Some("ServiceAccount")
    );
    assert!(seen.of("kubelet").next().is_some() && seen.of("etcd").next().is_some());
    assert_eq!(seen.proxy.as_ref().unwrap().mode, "iptables");
    assert!(
        !seen.external_etcd && seen.documents.len() == 3,
        "{:?}",
        seen.documents
    );
    let metrics = facts.metrics.as_ref().unwrap();
    assert!(
        metrics.storage_bytes.iter().any(|bytes| *bytes > 0),
        "{metrics:?}"
    );
}

fn pods_and_budgets(facts: &Facts) {
    let pods = facts.pods.as_ref().unwrap();
    let pod = |name: &str| pods.iter().find(|pod| pod.name == name).unwrap();
    assert!(pod("static").mirror && pod("static").node == "node-1");
    assert!(
        pod("nowhere")
            .unscheduled
            .as_ref()
            .unwrap()
            .message
            .contains("nodes")
    );
    assert!(
        pod("nowhere")
            .unscheduled
            .as_ref()
            .unwrap()
            .last_transition
            .is_some()
    );
    assert!(!pod("nowhere").mirror && pod("nowhere").phase == "Pending");
    let crashing: Vec<_> = pod("crashing")
        .containers
        .iter()
        .map(|one| (one.name.as_str(), one.waiting.as_str(), one.restarts))
        .collect();
    assert_eq!(
        crashing,
        [("first", "", 2), ("main", "CrashLoopBackOff", 7)]
    );
    let db = pod("db-0");
    assert_eq!(&*db.controller.as_ref().unwrap().kind, "StatefulSet");
    assert!(db.ready && db.containers.is_empty() && db.created.is_some() && !db.deleting);
    let deployments = facts.deployments.as_ref().unwrap();
    let web = deployments.iter().find(|one| one.name == "web").unwrap();
    assert_eq!(
        (web.desired, web.updated, web.ready, web.available),
        (2, 2, 2, 2)
    );
    assert_eq!(web.images, ["example.com/init:1", "example.com/web:1"]);
    assert!(web.annotated_profiles.is_empty());
    let idle = deployments.iter().find(|one| one.name == "idle").unwrap();
    let profile = |kind, container: Option<&str>, field| AnnotatedProfile {
        kind,
        container: container.map(str::to_owned),
        field,
    };
    let profiles = [
        profile(ProfileKind::AppArmor, Some("side"), false),
        profile(ProfileKind::Seccomp, Some("idle"), true),
        profile(ProfileKind::Seccomp, None, false),
    ];
    assert_eq!(idle.annotated_profiles, profiles);
    assert!(
        Condition::find(&web.conditions, "Available")
            .unwrap()
            .last_transition
            .is_some()
    );
    let idle = deployments.iter().find(|one| one.name == "idle").unwrap();
    assert!(idle.paused && idle.desired == 0);
    assert_eq!(facts.stateful_sets.as_ref().unwrap()[0].desired, 1);
    let agent = &facts.daemon_sets.as_ref().unwrap()[0];
    assert_eq!((agent.desired, agent.ready, agent.updated), (2, 2, 2));
    let [term] = &agent.node_terms.as_ref().unwrap()[..] else {
        panic!("{agent:?}");
    };
    assert_eq!(term.labels[0].key, "agent");
    let budgets = facts.pdbs.as_ref().unwrap();
    let web = budgets.iter().find(|one| one.name == "web").unwrap();
    assert_eq!(web.min_available, Some(IntOrPercent::Percent("50%".into())));
    assert_eq!(
        (web.api_version.as_str(), web.disruptions_allowed),
        ("policy/v1", 1)
    );
    assert_eq!(web.selector.as_ref().unwrap().match_expressions.len(), 2);
    let none = budgets.iter().find(|one| one.name == "none").unwrap();
    assert_eq!(none.max_unavailable, Some(IntOrPercent::Int(0)));
    assert!(none.selector.as_ref().unwrap().is_empty());
}

fn networks(facts: &Facts) {
    let namespaces = facts.namespaces.as_ref().unwrap();
    let shop = namespaces.iter().find(|one| one.name == "shop").unwrap();
    assert_eq!(
        (shop.labels.get("team"), shop.labels.get("empty")),
        (Some("blue"), Some(""))
    );
    assert_eq!(shop.phase, "Active");
    let services = facts.services.as_ref().unwrap();
    let service = |name: &str| services.iter().find(|one| one.name == name).unwrap();
    assert!(service("web").has_selector && service("web").ports.len() == 2);
    assert!(!service("outside").has_selector && service("outside").r#type == "ExternalName");
    let asks = [
        ServiceAsk::TolerateUnreadyEndpoints,
        ServiceAsk::PublishNotReadyAddresses,
        ServiceAsk::TopologyMode,
    ];
    assert_eq!(service("outside").asks, asks);
    assert!(service("web").asks.is_empty());
    let slices = facts.endpoint_slices.as_ref().unwrap();
    let by_hand = slices.iter().find(|one| one.service.is_empty()).unwrap();
    assert_eq!((by_hand.ready, by_hand.not_ready), (2, 1));
    assert_eq!(by_hand.ports, [""]);
    let web = slices.iter().find(|one| one.service == "web").unwrap();
    assert_eq!(web.ready, 2);
}

/// The Secret comes with one more base64 as JSON, and without it as protobuf.
fn releases(facts: &Facts) {
    let releases = facts.helm_releases.as_ref().unwrap();
    let read: Vec<_> = releases
        .iter()
        .map(|one| {
            (
                one.stored_in.as_str(),
                one.revision,
                one.watched.len(),
                one.problem.as_ref(),
            )
        })
        .collect();
    assert_eq!(read, [("Secret", 2, 1, None), ("ConfigMap", 3, 1, None)]);
}

/// The testbed writes the Corefile that kubeadm writes.
fn names(facts: &Facts) {
    let corefiles = &facts.cluster_dns.as_ref().unwrap().corefiles;
    let [corefile] = &corefiles[..] else {
        panic!("{corefiles:?}")
    };
    assert_eq!((&*corefile.name, &*corefile.key), ("coredns", "Corefile"));
    assert_eq!(corefile.problem, None);
    let plugins = &corefile.servers[0].plugins;
    let forward = plugins
        .iter()
        .find(|plugin| plugin.name == "forward")
        .unwrap();
    assert_eq!(forward.options[0].name, "max_concurrent");
    assert_eq!(forward.options[0].line, forward.line + 1);
}

/// A kind is looked at while an old version of it is served.
fn writers(facts: &Facts, minor: &str) {
    let kinds = facts.api_writers.as_ref().unwrap();
    let schemas = kinds.iter().find(|kind| kind.kind == "FlowSchema");
    let Some(schemas) = schemas.filter(|_| minor == "1.31") else {
        assert_eq!((schemas, minor == "1.31"), (None, false));
        return;
    };
    assert!(
        schemas.unread.is_none() && schemas.untold == 0,
        "{schemas:?}"
    );
    let [object] = &schemas.watched[..] else {
        panic!("{schemas:?}");
    };
    assert_eq!(object.name, "left-over");
    assert_eq!(
        object.last_applied.as_deref(),
        Some("flowcontrol.apiserver.k8s.io/v1beta3")
    );
    let mut writers = object.writers.iter();
    let pipeline = writers.find(|writer| writer.manager == "pipeline").unwrap();
    assert_eq!((pipeline.fields, pipeline.applies), (2, true));
}

fn apis(facts: &Facts) {
    let crds = facts.crds.as_ref().unwrap();
    let crd = |name: &str| crds.iter().find(|one| one.name == name).unwrap();
    let probes = |name: &str| -> Vec<(String, u16)> {
        let probes = crd(name).probes.iter();
        probes
            .map(|probe| (probe.version.clone(), probe.status))
            .collect()
    };
    let widgets = crd("widgets.example.com");
    assert_eq!(widgets.stored_versions, ["v1"]);
    assert!(
        widgets
            .versions
            .iter()
            .any(|version| version.deprecated && version.name == "v1alpha2")
    );
    assert_eq!(widgets.conversion, Conversion::None);
    assert_eq!(
        probes("widgets.example.com"),
        [("v1".into(), 200), ("v1beta1".into(), 200)]
    );
    let Conversion::Webhook(Some(converter)) = &crd("gadgets.example.com").conversion else {
        panic!("{crds:?}")
    };
    assert_eq!(
        (converter.name.as_str(), converter.port),
        ("converter", 443)
    );
    assert_eq!(
        probes("gadgets.example.com"),
        [("v1".into(), 200), ("v1beta1".into(), 500)]
    );
    let message = &crd("gadgets.example.com").probes[1].message;
    assert!(message.contains("conversion webhook"), "{message}");
    let api_services = facts.api_services.as_ref().unwrap();
    let away = api_services
        .iter()
        .find(|one| one.group == "away.example.com")
        .unwrap();
    assert_eq!(away.service.as_ref().unwrap().port, 8443);
    assert!(
        !Condition::find(&away.conditions, "Available")
            .unwrap()
            .is_true()
    );
    let served = facts.discovery.as_ref().unwrap();
    assert!(served.serves("example.com", "v1beta1", "widgets") && served.serves("", "v1", "pods"));
    assert!(
        served
            .resources
            .iter()
            .all(|one| !one.resource.contains('/'))
    );
    let pods = served
        .resources
        .iter()
        .find(|one| one.resource == "pods")
        .unwrap();
    assert!(pods.listable && pods.namespaced && pods.kind == "Pod");
    assert_eq!(served.failed, ["away.example.com/v1"]);
}

fn webhooks(facts: &Facts) {
    let webhooks = facts.webhooks.as_ref().unwrap();
    let webhook = |name: &str| webhooks.iter().find(|one| one.name == name).unwrap();
    let by_service = webhook("by-service.example.com");
    assert_eq!(by_service.service.as_ref().unwrap().port, 8443);
    assert_eq!(by_service.rules[0].operations, ["CREATE", "UPDATE"]);
    assert_eq!(by_service.rules[0].scope, "Namespaced");
    assert_eq!(
        by_service.object_selector.match_expressions[0].operator,
        "DoesNotExist"
    );
    assert_eq!(
        by_service.namespace_selector.match_labels.get("checked"),
        Some("true")
    );
    assert_eq!(webhook("by-url.example.com").service, None);
    let changes = webhook("changes.example.com");
    assert_eq!(changes.service.as_ref().unwrap().port, 443);
    assert_eq!(changes.rules[0].scope, "*");
    assert_eq!(
        changes.object_selector.match_labels.get("changed"),
        Some("true")
    );
}

/// Texts that objects hold and facts must not.
fn nothing_is_hushed_up(facts: &Facts) {
    let text = format!("{facts:?}");
    assert!(text.contains("by-url.example.com"));
    assert!(!text.contains("hush"), "a secret text reached the facts");
}

/// A server whose authority we do not trust, and one that does not know our token.
async fn strangers_are_told_what_lacks(cluster: &Cluster) {
    let untrusted = stranger(cluster, &json!({})).await;
    assert!(matches!(untrusted, Unusable::Trust { .. }), "{untrusted}");
    assert!(untrusted.to_string().contains(cluster.url()), "{untrusted}");
    let authority = json!({ "certificate-authority": cluster.ca_file() });
    let unknown = stranger(cluster, &authority).await;
    assert!(
        matches!(unknown, Unusable::Authenticate { .. }),
        "{unknown}"
    );
    assert!(!unknown.to_string().contains("hush"), "{unknown}");
}

async fn stranger(cluster: &Cluster, trust: &Value) -> Unusable {
    let mut server = trust.clone();
    server["server"] = cluster.url().into();
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "stranger",
        "contexts": [{ "name": "stranger", "context": { "cluster": "c", "user": "u" } }],
        "clusters": [{ "name": "c", "cluster": server }],
        "users": [{ "name": "u", "user": { "token": "hush" } }],
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, kubeconfig.to_string()).unwrap();
    let options = ConnectOptions {
        kubeconfig: Some(path),
        ..ConnectOptions::default()
    };
    let connection = connect(options).await.unwrap();
    let plan = plan(Encoding::Protobuf);
    collect(&connection, Knowledge::embedded(), &plan, &|_| ())
        .await
        .unwrap_err()
}

/// The role that the needs ask for, and nothing else.
async fn exact_rights_are_enough(cluster: &Cluster, admin: &Client) {
    let rules: Vec<Value> = Need::ALL
        .iter()
        .flat_map(|need| need.access())
        .map(|access| match access {
            Access::List { group, resource } => {
                json!({ "apiGroups": [group], "resources": [resource], "verbs": ["list"] })
            }
            Access::Get { group, resource } => {
                json!({ "apiGroups": [group], "resources": [resource], "verbs": ["get"] })
            }
            Access::Path(path) => json!({ "nonResourceURLs": [path], "verbs": ["get"] }),
        })
        .collect();
    let of = |kind: &str| json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": { "name": "reader" } });
    let mut role = of("ClusterRole");
    role["rules"] = rules.into();
    let mut binding = of("ClusterRoleBinding");
    binding["roleRef"] =
        json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader" });
    binding["subjects"] =
        json!([{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "reader" }]);
    let kubeconfig = cluster.kubeconfig_for("reader").unwrap();
    let before = read(&kubeconfig, &plan(Encoding::Protobuf)).await;
    let refused = before.pods.unwrap_err();
    assert_eq!(refused.reason, Reason::Forbidden);
    assert!(refused.detail.contains("reader"), "{}", refused.detail);
    assert!(!before.permissions.unwrap().iter().all(|one| one.allowed));
    let path = "/apis/rbac.authorization.k8s.io/v1";
    admin
        .create(&format!("{path}/clusterroles"), &role)
        .await
        .unwrap();
    admin
        .create(&format!("{path}/clusterrolebindings"), &binding)
        .await
        .unwrap();
    wait_until(DEADLINE, "rights", || async {
        let facts = read(&kubeconfig, &plan(Encoding::Protobuf)).await;
        let allowed = facts
            .permissions
            .as_ref()
            .unwrap()
            .iter()
            .all(|one| one.allowed);
        // What is not read needs no right.
        let mut missing = facts.missing();
        missing.retain(|one| is_read(one.need));
        Ok((allowed && missing.is_empty()).then_some(()))
    })
    .await
    .unwrap();
}

/// Somebody else uses a deprecated API; we say so, and say nothing else, however often we looked.
async fn deprecated_requests_are_those_of_others(cluster: &Cluster, admin: &Client) {
    let before = read(&cluster.kubeconfig(), &plan(Encoding::Protobuf))
        .await
        .metrics
        .unwrap();
    // Control planes of some minors use deprecated APIs themselves.
    let theirs = ["podsecuritypolicies", "endpoints"];
    let others = |one: &DeprecatedRequest| theirs.contains(&one.resource.as_str());
    assert!(before.deprecated_requests.iter().all(others), "{before:?}");
    assert_eq!(
        before.object_counts.get("widgets.example.com"),
        Some(&0),
        "{:?}",
        before.object_counts
    );
    assert!(before.process_started.is_some());
    admin.list("/api/v1/componentstatuses").await.unwrap();
    let facts = read(&cluster.kubeconfig(), &plan(Encoding::Protobuf)).await;
    let mut requests = facts.metrics.unwrap().deprecated_requests;
    requests.retain(|one| !others(one));
    let [one] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(
        (one.resource.as_str(), one.version.as_str()),
        ("componentstatuses", "v1")
    );
    assert_eq!(one.verbs.get("LIST"), Some(&1));
    let notes = facts.collection.unwrap().notes;
    // One API server by its lease, and where there are no such leases yet by its pod.
    assert!(
        notes.iter().all(|note| note.source != "/metrics"),
        "{notes:?}"
    );
}

/// Where settings of components are fetched from, by name.
const SETTINGS: &str = "/api/v1/namespaces/kube-system/configmaps/";

fn nothing_harmful_was_asked_for(audit_log: &Path) {
    let log = std::fs::read_to_string(audit_log).unwrap();
    let events = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ours: Vec<Value> = events
        .filter(|event| event["userAgent"] == airworthy_collect::USER_AGENT)
        .collect();
    assert!(
        ours.len() > 100,
        "the audit log has {} of our requests",
        ours.len()
    );
    for kind in ["pods", "secrets", "configmaps"] {
        let path = format!("/api/v1/namespaces/shop/{kind}?limit=2&");
        let listed_exactly = |event: &Value| {
            let uri = event["requestURI"].as_str().unwrap();
            let exact = uri.starts_with(&path) && uri.ends_with("&resourceVersionMatch=Exact");
            exact && event["responseStatus"]["code"] == 200
        };
        assert!(ours.iter().any(listed_exactly), "no {kind} of a namespace");
    }
    // The one of each release that counts.
    let records = [
        "/api/v1/namespaces/shop/secrets/sh.helm.release.v1.web.v2",
        "/api/v1/namespaces/shop/configmaps/sh.helm.release.v1.web.v3",
    ];
    for event in ours {
        let uri = event["requestURI"].as_str().unwrap();
        let resource = event["objectRef"]["resource"].as_str().unwrap_or_default();
        assert_ne!(event["annotations"]["k8s.io/deprecated"], "true", "{event}");
        match event["verb"].as_str().unwrap() {
            "create" => assert!(resource.starts_with("selfsubject"), "{event}"),
            "list" => assert!(uri.contains("limit="), "{event}"),
            "get" => assert!(
                resource.is_empty() || records.contains(&uri) || uri.starts_with(SETTINGS),
                "{event}"
            ),
            _ => panic!("{event}"),
        }
        let secretive = ["secrets", "configmaps"].contains(&resource);
        // Of tokens nothing but metadata; the audit log does not show the header that says so.
        let tokens = uri.contains("fieldSelector=type%3Dkubernetes.io%2Fservice-account-token");
        let settings = uri.starts_with(SETTINGS);
        let chosen = tokens
            || settings
            || uri.contains("labelSelector=owner%3Dhelm")
            || records.contains(&uri);
        assert!(!secretive || chosen, "{event}");
        let harmful = ["endpoints", "componentstatuses"];
        assert!(!harmful.contains(&resource), "{event}");
    }
}
