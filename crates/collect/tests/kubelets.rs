//! Kubelets that answer, refuse, hang or talk nonsense: each costs its own time and hides nothing of the others.

mod fake;

use airworthy_collect::Plan;
use airworthy_model::{
    Need, Reason,
    facts::{Kubelet, Read},
};
use fake::{Fake, Reply, Seen, json, list, status};

const NODES: &str = "/api/v1/nodes";

fn node(name: &str, version: &str, ready: &str, labels: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"{name}","uid":"u","creationTimestamp":null,"labels":{{{labels}}}}},"spec":{{}},
            "status":{{"conditions":[{{"type":"Ready","status":"{ready}","lastTransitionTime":null}}],
            "nodeInfo":{{"kubeletVersion":"{version}"}}}}}}"#
    )
}

/// What Virtual Kubelet puts on its node by default.
const TAINTED: &str = r#""spec":{"taints":[{"key":"virtual-kubelet.io/provider","value":"mock","effect":"NoSchedule"}]}"#;

fn nodes() -> Reply {
    let all = [
        node("good", "v1.36.3", "True", ""),
        node("asleep", "v1.31.14", "Unknown", ""),
        node("odd", "v1.31.14", "True", ""),
        node("hangs", "v1.31.14", "True", ""),
        node("vk", "v1.19.1", "True", r#""type":"virtual-kubelet""#),
        node("vk-tainted", "v1.19.1", "True", "").replace(r#""spec":{}"#, TAINTED),
    ];
    json(&list("NodeList", "", &all))
}

/// The answer of the kubelet of a node, by what it is asked.
fn kubelet(name: &str, endpoint: &str) -> Option<Reply> {
    Some(match (name, endpoint) {
        ("good", "configz") => Reply::Whole(
            200,
            "application/json",
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
            br#"{"kubeletconfig":{"failCgroupV1":true,"featureGates":{"A":true}}}"#.into(),
        ),
        ("good", "metrics") => Reply::Whole(
            200,
            "text/plain",
            "",
            b"kubelet_running_pods 3\nkubelet_cgroup_version 2\n".into(),
        ),
        ("good", "stats/summary") => {
            json(r#"{"node":{"fs":{"availableBytes":1,"capacityBytes":2}},"pods":[]}"#)
        }
        ("good", "flagz") => json(r#"{"kind":"Flagz","flags":{"v":"2","runonce":"false"}}"#),
        ("odd", "configz") => json("<html>"),
        ("odd", "metrics") => Reply::Broken(b"kubelet_cgroup".into()),
        ("odd", "stats/summary") => status(500, "no"),
        ("hangs", _) => Reply::Silence,
        _ => return None,
    })
}

fn asked(seen: &Seen) -> Option<(&str, &str)> {
    let rest = seen.path.strip_prefix("/api/v1/nodes/")?;
    rest.split_once("/proxy/")
}

fn plan() -> Plan {
    let mut plan = Plan::of([Need::Nodes, Need::Kubelets]);
    plan.switched_off.clear();
    plan
}

async fn read(fake: &Fake, plan: &Plan) -> Read<Vec<Kubelet>> {
    fake.collect(plan).await.unwrap().kubelets
}

#[tokio::test]
async fn one_that_hangs_or_talks_nonsense_hides_nothing_of_the_others() {
    let fake = Fake::start(|seen, _| {
        if seen.path == NODES {
            return Some(nodes());
        }
        let (name, endpoint) = asked(seen)?;
        kubelet(name, endpoint)
    });
    let fake = fake.await;
    let kubelets = read(&fake, &plan()).await.unwrap();
    let [good, asleep, odd, hangs] = &kubelets[..] else {
        panic!("{kubelets:#?}")
    };
    assert_eq!(good.setting("featureGates.A"), Some("true"));
    assert_eq!((good.cgroup_version, good.disks.len()), (Some(2), 1));
    assert_eq!(good.flags.as_ref().unwrap().len(), 1);
    assert!(good.unread.is_empty(), "{good:?}");
    // The fake API server tells no time, so there is nothing to compare with.
    assert_eq!(good.clock_ahead_seconds, None);
    let reasons = |one: &Kubelet| -> Vec<(String, Reason)> {
        let gaps = one.unread.iter();
        gaps.map(|gap| (gap.endpoint.clone(), gap.reason)).collect()
    };
    let all = |reasons: [Reason; 3]| {
        let endpoints = ["/configz", "/metrics", "/stats/summary"].map(str::to_owned);
        endpoints.into_iter().zip(reasons).collect::<Vec<_>>()
    };
    assert_eq!(reasons(asleep), all([Reason::Unreachable; 3]));
    let nonsense = [Reason::Malformed, Reason::Unreachable, Reason::Overloaded];
    assert_eq!(reasons(odd), all(nonsense));
    assert_eq!(reasons(hangs), all([Reason::TimedOut; 3]));
    let flagz = fake
        .seen()
        .iter()
        .filter(|seen| seen.path.ends_with("/flagz"))
        .count();
    assert_eq!(flagz, 1, "only kubelets that show flags are asked for them");
    let dead = fake
        .seen()
        .iter()
        .any(|seen| seen.path.contains("/asleep/") || seen.path.contains("/vk"));
    assert!(
        !dead,
        "neither virtual nodes nor those that are not ready are asked"
    );
}

#[tokio::test]
async fn what_is_forbidden_is_asked_once_and_says_which_right_lacks() {
    let fake = Fake::start(|seen, _| {
        if seen.path == NODES {
            return Some(nodes());
        }
        asked(seen).map(|_| status(403, "nodes \"good\" is forbidden"))
    });
    let fake = fake.await;
    let missing = read(&fake, &plan()).await.unwrap_err();
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Kubelets, Reason::Forbidden)
    );
    assert!(missing.cure.unwrap().contains("`nodes/proxy`"));
    let asked: Vec<_> = fake
        .seen()
        .into_iter()
        .filter(|seen| asked(seen).is_some())
        .collect();
    assert_eq!(asked.len(), 4, "{asked:#?}");
}

#[tokio::test]
async fn kubelets_are_left_alone_unless_asked_for() {
    let fake = Fake::start(|seen, _| (seen.path == NODES).then(nodes)).await;
    let missing = read(&fake, &Plan::of([Need::Nodes, Need::Kubelets]))
        .await
        .unwrap_err();
    assert_eq!(missing.reason, Reason::SwitchedOff);
    assert!(missing.cure.unwrap().contains("--evidence nodes"));
    assert!(fake.seen().iter().all(|seen| asked(seen).is_none()));
}

/// Ages are told by the clock of the side that wrote the times.
#[tokio::test]
async fn a_clock_that_is_wrong_is_noticed() {
    let fake = Fake::start(|seen, _| {
        let body = br#"{"major":"1","minor":"31","gitVersion":"v1.31.14"}"#;
        let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        (seen.path == "/version").then(|| Reply::Whole(200, "application/json", date, body.into()))
    });
    let facts = fake
        .await
        .collect(&Plan::of([Need::Version, Need::Collection]))
        .await
        .unwrap();
    assert!(
        (784_111_777..784_111_900).contains(&facts.observed_at.as_second()),
        "{}",
        facts.observed_at
    );
    let notes = facts.collection.unwrap().notes;
    assert!(
        notes
            .iter()
            .any(|note| note.detail.contains("behind ours") && !note.incomplete),
        "{notes:?}"
    );
}
