//! What a check costs grows as the facts do: each is given one of its own examples many times over, and four times as much of it may
//! not take sixteen times as long. Time is that of this thread on the processor, so that other work does not count.

mod common;

use std::{cell::RefCell, time::Duration};

use airworthy_checks::{Check, Context, context::Inputs};
use airworthy_knowledge::Knowledge;
use common::{Example, World, chosen, copies::copied, examples};
use rustix::time::{ClockId, clock_gettime};

/// Copies of an example in the smaller cluster; the larger one has four times as many.
const COPIES: usize = 400;
/// Four for what grows linearly and sixteen for what grows with the square; half way between them.
const MOST_TIMES: f64 = 8.0;
/// Less than this can hardly be measured, and is no trouble.
const TRIFLE: Duration = Duration::from_millis(20);
/// The least of so many measurements counts.
const TRIES: usize = 4;

/// Checks that hold each of something against each of something else, and what it is that even large clusters have few of. Their examples
/// many times over are no cluster that there is.
const FEW: [(&str, &str); 9] = [
    (
        "PinnedPod",
        "local volumes: each is a rule of its own, held against each node",
    ),
    ("PostAddonHealth", "workloads of add-ons"),
    (
        "PostEndpointsEmpty",
        "Services that have lost all endpoints",
    ),
    ("PostObjectLoss", "kinds"),
    ("PostWebhooks", "webhooks"),
    ("PostWorkloadBaseline", "workloads that are gone"),
    ("PvcUnhealthy", "storage classes"),
    ("UpgradePath", "jumps that are allowed"),
    ("WebhookScopeUnsafe", "webhooks that fail closed"),
];

/// Time on the processor that this thread has had.
fn clock() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(now).expect("a thread has not run for less than no time")
}

/// How long a check takes.
fn cost(check: &Check, world: &World) -> Duration {
    let read = RefCell::default();
    let inputs = Inputs {
        facts: &world.facts,
        baseline: world.baseline.as_ref(),
        path: world.path.as_ref(),
        knowledge: Knowledge::embedded(),
        policy: &world.policy,
        left_out: &[],
    };
    let before = clock();
    drop((check.run)(&Context::new(inputs, &read)));
    clock().checked_sub(before).unwrap()
}

/// Why a check grows faster than its facts, if it does.
fn fault(check: &Check, example: &Example) -> Option<String> {
    let sizes = [COPIES, 4 * COPIES];
    let [small, large] = sizes.map(|copies| World::of(&copied(&example.facts, copies)));
    let mut least = [Duration::MAX; 2];
    for _ in 0..TRIES {
        least = [
            least[0].min(cost(check, &small)),
            least[1].min(cost(check, &large)),
        ];
        let times = least[1].as_secs_f64() / least[0].as_secs_f64().max(1e-9);
        if least[1] < TRIFLE || times < MOST_TIMES {
            return None;
        }
    }
    let (name, title) = (check.info.name, &example.title);
    Some(format!("{name}, {title}: {least:?} for {sizes:?} copies"))
}

/// The example that gives a check most to do: of those in which something is found, the one with most in it.
fn telling(check: &Check) -> Option<Example> {
    let found = |example: &Example| {
        let quiet = |line: &String| line == "clear" || line.starts_with("not applicable");
        !example.expected.iter().any(quiet)
    };
    let all = examples(check).into_iter();
    all.max_by_key(|example| (found(example), example.facts.to_string().len()))
}

#[test]
#[ignore = "measures time: run it alone, with --ignored"]
fn no_check_grows_faster_than_its_facts() {
    let many = |check: &&Check| FEW.iter().all(|(few, _)| *few != check.info.name);
    let faults: Vec<_> = chosen()
        .filter(many)
        .filter_map(|check| fault(check, &telling(check)?))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn copies_have_names_of_their_own_and_still_belong_together() {
    let example = serde_json::json!({
        "nodes": [{"name": "n1"}],
        "pods": [{"namespace": "kube-system", "name": "web", "node": "n1", "controller": {"kind": "DaemonSet", "name": "agent"}}],
        "target": "1.32.0",
    });
    let many = copied(&example, 3);
    assert_eq!(many["target"], "1.32.0");
    assert_eq!(many["nodes"].as_array().unwrap().len(), 3);
    assert_eq!(many["nodes"][0]["name"], "n1");
    assert_eq!(many["pods"][2]["node"], many["nodes"][2]["name"]);
    assert_eq!(many["pods"][2]["node"], "n1-2");
    assert_eq!(many["pods"][2]["namespace"], "kube-system");
}
