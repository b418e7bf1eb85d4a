use airworthy_model::facts::{ClusterIdentity, GroupFiller, Read, Rows};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

/// Facts of which each group that is not given is there and empty.
struct Given(Value);

impl GroupFiller for Given {
    type Error = serde_json::Error;

    fn group<T: Rows>(&mut self, need: Need) -> Result<Read<T>, Self::Error> {
        let name = serde_json::to_value(need)?;
        let given = &self.0[name.as_str().unwrap_or_default()];
        if given == "missing" {
            let gap = Missing::not_collected(need, "forbidden");
            return Ok(Err(Missing {
                reason: Reason::Forbidden,
                ..gap
            }));
        }
        let rows = match given {
            Value::Array(rows) => rows.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        };
        let rows = rows
            .into_iter()
            .map(serde_json::from_value)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(T::from_rows(rows).ok_or_else(|| Missing::not_collected(need, "not asked for")))
    }
}

fn facts(given: Value) -> Facts {
    let mut facts = Facts::unread(ClusterIdentity::default(), Timestamp::UNIX_EPOCH, "");
    facts.fill(&mut Given(given)).unwrap();
    facts
}

/// The differences as lines.
fn told(before: Value, after: Value) -> Vec<String> {
    let compared = compare(&facts(before), &facts(after), Knowledge::embedded());
    let line = |it: &Difference| format!("{:?} {}: {}", it.change, it.subject, it.what);
    compared.differences.iter().map(line).collect()
}

fn deployment(name: &str, ready: i32) -> Value {
    json!({"kind": "Deployment", "namespace": "shop", "name": name, "desired": 2, "updated": 2, "ready": ready, "available": ready,
        "generation": 1, "observedGeneration": 1, "images": [], "conditions": []})
}

fn node(name: &str, kubelet: &str, ready: &str) -> Value {
    json!({"name": name, "uid": name, "kubeletVersion": kubelet, "runtimeVersion": "containerd://2.0", "operatingSystem": "linux",
        "conditions": [{"type": "Ready", "status": ready}], "taints": [], "unschedulable": false})
}

fn service(name: &str) -> Value {
    json!({"namespace": "shop", "name": name, "type": "ClusterIP", "ports": [], "hasSelector": true})
}

#[test]
fn what_is_the_same_is_not_told() {
    let same = json!({"version": {"version": "v1.31.14"}, "deployments": [deployment("web", 2)], "nodes": [node("n1", "v1.31.14", "True")]});
    assert_eq!(told(same.clone(), same), Vec::<String>::new());
}

#[test]
fn regressions_come_first_and_planned_changes_last() {
    let before = json!({
        "version": {"version": "v1.31.14"}, "deployments": [deployment("web", 2), deployment("db", 1)], "services": [service("web")],
        "nodes": [node("n1", "v1.31.14", "True"), node("n2", "v1.31.14", "True")],
    });
    let after = json!({
        "version": {"version": "v1.32.4"}, "deployments": [deployment("web", 0), deployment("new", 1), deployment("db", 2)],
        "nodes": [node("n1", "v1.32.4", "True"), node("n2", "v1.31.14", "Unknown")],
    });
    assert_eq!(
        told(before, after),
        [
            "Regression n2: Ready was True and is Unknown",
            "Regression Deployment shop/web: available was 2 and is 0",
            "Regression Deployment shop/web: ready was 2 and is 0",
            "Loss shop/web: is gone",
            "Other Deployment shop/db: available was 1 and is 2",
            "Other Deployment shop/db: ready was 1 and is 2",
            "Gain Deployment shop/new: is new",
            "Planned API server: version was v1.31.14 and is v1.32.4",
            "Planned n1: kubeletVersion was v1.31.14 and is v1.32.4",
        ]
    );
}

#[test]
fn replaced_nodes_are_told_from_lost_ones() {
    let nodes = |names: &[&str]| {
        let nodes: Vec<_> = names
            .iter()
            .map(|name| node(name, "v1.31.14", "True"))
            .collect();
        json!({"nodes": nodes})
    };
    assert_eq!(
        told(nodes(&["a", "b", "c"]), nodes(&["d", "e"])),
        [
            "Loss c: is gone",
            "Planned a: was replaced",
            "Planned b: was replaced",
            "Planned d: stands in place of another",
            "Planned e: stands in place of another",
        ]
    );
}

#[test]
fn api_versions_that_end_on_the_way_are_planned_and_others_are_lost() {
    let served = |version: &str, resources: &[(&str, &str, &str)]| {
        let row = |(group, version, resource): &(&str, &str, &str)| {
            json!({"group": group, "version": version, "resource": resource,
            "kind": "X", "namespaced": false, "listable": true})
        };
        let resources: Vec<_> = resources.iter().map(row).collect();
        json!({"version": {"version": version}, "discovery": {"resources": resources}})
    };
    let flows = ("flowcontrol.apiserver.k8s.io", "v1beta3", "flowschemas");
    let (gears, pods) = (("example.com", "v1", "gears"), ("", "v1", "pods"));
    let lines = told(
        served("v1.31.14", &[flows, gears, pods]),
        served("v1.32.4", &[pods]),
    );
    assert_eq!(lines[0], "Loss gears v1 example.com: is gone");
    assert_eq!(
        lines[2],
        "Planned flowschemas v1beta3 flowcontrol.apiserver.k8s.io: is not served any more, as the new minor has it"
    );
    // Within a minor nothing ends.
    let lines = told(served("v1.31.14", &[flows]), served("v1.31.14", &[]));
    assert_eq!(
        lines,
        ["Loss flowschemas v1beta3 flowcontrol.apiserver.k8s.io: is gone"]
    );
}

#[test]
fn a_bare_pod_that_is_not_ready_any_more_is_worse_unless_it_is_done() {
    let pods = |phase: &str, ready: bool| json!({"pods": [{"namespace": "shop", "name": "bare", "phase": phase, "ready": ready, "containers": []}]});
    let (up, down) = (pods("Running", true), pods("Running", false));
    assert_eq!(
        told(up.clone(), down.clone()),
        ["Regression shop/bare: ready was true and is false"]
    );
    assert_eq!(
        told(down, up.clone()),
        ["Other shop/bare: ready was false and is true"]
    );
    assert_eq!(
        told(up, pods("Succeeded", false)),
        ["Other shop/bare: phase was Running and is Succeeded"]
    );
}

#[test]
fn a_check_of_readiness_is_not_that_of_liveness() {
    let health = |ready: bool, live: bool| {
        let etcd = |ok: bool| json!([{"name": "etcd", "ok": ok}]);
        json!({"health": {"ready": etcd(ready), "live": etcd(live)}})
    };
    assert_eq!(
        told(health(true, true), health(false, true)),
        ["Regression /readyz etcd: ok was true and is false"]
    );
    assert_eq!(
        told(health(true, true), health(true, false)),
        ["Regression /livez etcd: ok was true and is false"]
    );
}

#[test]
fn pods_of_controllers_come_and_go_and_others_are_lost() {
    let pod = |name: &str, controller: Value| {
        json!({"namespace": "shop", "name": name, "created": "2026-01-01T00:00:00Z", "phase": "Running",
        "ready": true, "controller": controller, "containers": []})
    };
    let of = json!({"kind": "ReplicaSet", "name": "web-1"});
    let mut bare = pod("bare", Value::Null);
    bare.as_object_mut().unwrap().remove("controller");
    assert_eq!(
        told(json!({"pods": [pod("web-1-x", of), bare]}), json!({})),
        ["Loss shop/bare: is gone"]
    );
}

#[test]
fn endpoints_are_added_up_by_service() {
    let slice = |ready: u32| json!({"namespace": "shop", "service": "web", "ports": [""], "ready": ready, "notReady": 0});
    let before = json!({"endpointSlices": [slice(1), slice(2)]});
    assert_eq!(
        told(before.clone(), json!({"endpointSlices": [slice(3)]})),
        Vec::<String>::new()
    );
    assert_eq!(
        told(before, json!({"endpointSlices": [slice(0)]})),
        ["Regression shop/web: ready was 3 and is 0"]
    );
}

#[test]
fn what_one_side_lacks_is_said_and_not_taken_for_a_loss() {
    let compared = compare(
        &facts(json!({"services": [service("web")]})),
        &facts(json!({"services": "missing"})),
        Knowledge::embedded(),
    );
    assert_eq!(compared.differences, []);
    assert_eq!(compared.not_compared.len(), 1);
    assert_eq!(compared.not_compared[0].need, Need::Services);
    assert_eq!(compared.not_compared[0].detail, "after: forbidden");
}

#[test]
fn going_back_is_no_plan() {
    let at = |version: &str| json!({"version": {"version": version}});
    assert_eq!(
        told(at("v1.32.4"), at("v1.31.14")),
        ["Regression API server: version was v1.32.4 and is v1.31.14"]
    );
}

#[test]
fn a_cordoned_node_is_worse_and_its_taint_is_shown() {
    let mut cordoned = node("n1", "v1.31.14", "True");
    cordoned["unschedulable"] = json!(true);
    cordoned["taints"] =
        json!([{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]);
    let well = json!({"nodes": [node("n1", "v1.31.14", "True")]});
    let lines = told(well.clone(), json!({"nodes": [cordoned.clone()]}));
    assert_eq!(
        lines,
        [
            "Regression n1: is cordoned",
            "Other n1: taints was not there and is node.kubernetes.io/unschedulable:NoSchedule",
        ]
    );
    let lines = told(json!({"nodes": [cordoned]}), well);
    assert_eq!(lines[0], "Other n1: is not cordoned any more");
}

#[test]
fn values_are_shown_from_where_they_differ() {
    let selecting = |value: &str| {
        let mut one = deployment("web", 2);
        one["selector"] = json!({"matchLabels": [["app", value]]});
        json!({"deployments": [one]})
    };
    let lines = told(selecting("web"), selecting("shop"));
    let what = "selector was matchLabels=app=web and is matchLabels=app=shop";
    assert_eq!(lines, [format!("Other Deployment shop/web: {what}")]);
    let long = "x".repeat(80);
    let lines = told(
        selecting(&format!("{long}-1")),
        selecting(&format!("{long}-2")),
    );
    assert_eq!(
        lines,
        ["Other Deployment shop/web: selector was …xxxxxxxxxxxxxx-1 and is …xxxxxxxxxxxxxx-2"]
    );
}

#[test]
fn what_is_wanted_no_more_is_told_once() {
    let scaled = |desired: i32, ready: i32| {
        let mut one = deployment("web", ready);
        one["desired"] = json!(desired);
        one["updated"] = json!(desired);
        one["selector"] = json!({"matchLabels": [["app", "web"]]});
        let pdb = json!({"apiVersion": "policy/v1", "namespace": "shop", "name": "web", "generation": 1, "observedGeneration": 1,
            "minAvailable": 1, "selector": {"matchLabels": [["app", "web"]]}, "disruptionsAllowed": 0, "currentHealthy": ready,
            "desiredHealthy": 1, "expectedPods": desired});
        let mut selecting = service("web");
        selecting["selector"] = json!([["app", "web"]]);
        json!({"deployments": [one], "pdbs": [pdb], "services": [selecting],
            "endpointSlices": [{"namespace": "shop", "service": "web", "ports": [""], "ready": ready, "notReady": 0}]})
    };
    assert_eq!(
        told(scaled(2, 2), scaled(0, 0)),
        [
            "Other Deployment shop/web: desired was 2 and is 0",
            "Other shop/web: expectedPods was 2 and is 0",
        ]
    );
    // Fewer than are wanted are a loss all the same.
    let lines = told(scaled(2, 2), scaled(1, 0));
    let worse = lines.iter().filter(|line| line.starts_with("Regression"));
    assert_eq!(worse.count(), 5, "{lines:#?}");
}

/// A Service loses its endpoints: that is no loss only where all that it leads to was scaled to none.
#[test]
fn what_was_scaled_to_none_excuses_nobody_else() {
    let facts = |selected: &str, desired: i32, ready: u32| {
        let labelled = |name: &str, desired: i32| {
            let mut one = deployment(name, 2);
            one["desired"] = json!(desired);
            one["selector"] = json!({"matchLabels": [["app", name], ["tier", "front"]]});
            one
        };
        let mut selecting = service("front");
        let (key, value) = selected.split_once('=').unwrap();
        selecting["selector"] = json!([[key, value]]);
        json!({"deployments": [labelled("web", desired), labelled("api", 2)], "services": [selecting],
            "endpointSlices": [{"namespace": "shop", "service": "front", "ports": [""], "ready": ready, "notReady": 0}]})
    };
    for (selected, excused) in [
        ("app=web", true),
        ("app=api", false),
        ("tier=front", false),
        ("app=elsewhere", false),
    ] {
        let lines = told(facts(selected, 2, 2), facts(selected, 0, 0));
        let lost = lines.iter().any(|line| line.starts_with("Regression"));
        assert_eq!(lost, !excused, "{selected}: {lines:#?}");
    }
}

#[test]
fn components_and_images_that_went_to_the_target_are_planned() {
    let at = |version: &str, tag: &str, image: &str| {
        let mut proxy = deployment("proxy", 2);
        proxy["images"] = json!([image]);
        json!({"version": {"version": version}, "deployments": [proxy],
            "components": {"components": [{"name": "kube-scheduler", "node": "n1", "tag": tag, "source": "/api/v1/pods"}]}})
    };
    let before = at("v1.31.14", "v1.31.14", "example.com/proxy:v1.31.14");
    let lines = told(
        before.clone(),
        at("v1.32.4", "v1.32.4", "example.com/proxy:v1.32.4"),
    );
    assert_eq!(
        lines,
        [
            "Planned API server: version was v1.31.14 and is v1.32.4",
            "Planned Deployment shop/proxy: images was example.com/proxy:v1.31.14 and is example.com/proxy:v1.32.4",
            "Planned kube-scheduler n1: tag was v1.31.14 and is v1.32.4",
        ]
    );
    let lines = told(
        before,
        at("v1.32.4", "v1.30.1", "example.com/other:v1.32.4"),
    );
    assert_eq!(
        lines,
        [
            "Other Deployment shop/proxy: images was example.com/proxy:v1.31.14 and is example.com/other:v1.32.4",
            "Other kube-scheduler n1: tag was v1.31.14 and is v1.30.1",
            "Planned API server: version was v1.31.14 and is v1.32.4",
        ]
    );
}
