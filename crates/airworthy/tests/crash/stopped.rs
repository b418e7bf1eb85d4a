//! Told to stop: the process ends soon and hands over what it has.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use rustix::process::Signal;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    api::{Api, SOON},
    house::{House, POLL, operation, postcheck},
};
use crate::common_cli::{PATIENCE, facts::healthy, kubeconfig::kubeconfig};

/// With such a lease, only handing a task over makes another process take it up before the test gives up.
const LONG_LEASE: &str = "lease-seconds = 600\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_running_task_is_handed_over_at_once_and_its_attempt_does_not_count() {
    let (house, api) = (House::new(LONG_LEASE).await, Api::held().await);
    let cluster = house.reached("slow", api.kubeconfig(house.folder())).await;
    let service = house.start().await;
    let task = service.client.precheck(&cluster).await;
    let mut signals = [Signal::TERM, Signal::INT, Signal::TERM].into_iter();
    let mut service = service;
    // More often than a task may be begun.
    for _ in 0..7 {
        service.client.until_running(&cluster, &task).await;
        let signal = signals.next().unwrap_or(Signal::TERM);
        let asked = api.asked();
        let status = service.stop(signal, SOON).await;
        assert_eq!(status.code(), Some(0));
        service = house.start().await;
        api.until_asked_more_than(asked).await;
    }
    api.release();
    let tasks = service.client.until_done(&cluster).await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0]["status"]["phase"], "Failed", "{:#}", tasks[0]);
    let store = house.store().await;
    let ended = store.finished(&task, POLL).await.expect("a task");
    assert_eq!(ended.expect("the task").attempt, 1);
    store.close().await.expect("it closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_check_that_waits_is_answered_and_goes_on_after_the_restart() {
    let (house, api) = (House::new(LONG_LEASE).await, Api::held().await);
    let cluster = house.reached("slow", api.kubeconfig(house.folder())).await;
    let service = house.start().await;
    let (client, target) = (service.client.clone(), operation(&cluster, "postcheck"));
    let body = postcheck(&cluster);
    let waiting = tokio::spawn(async move { client.post(&target, &body).await });
    api.until_asked_more_than(0).await;
    let asked = api.asked();
    assert_eq!(service.stop(Signal::TERM, SOON).await.code(), Some(0));
    let answer = waiting.await.expect("no panic").ok();
    assert_eq!(answer["status"]["phase"], "Error", "{answer}");
    let message = answer["status"]["message"].as_str().expect("a message");
    assert!(message.contains("after its restart"), "{message}");
    let service = house.start().await;
    api.until_asked_more_than(asked).await;
    let (client, target) = (service.client.clone(), operation(&cluster, "postcheck"));
    let body = postcheck(&cluster);
    let joined = tokio::spawn(async move { client.post(&target, &body).await });
    api.release();
    let joined = joined.await.expect("no panic").ok();
    let message = joined["status"]["message"].as_str().expect("a message");
    assert!(!message.contains("running"), "it has ended: {message}");
}

/// A plugin that lives as long as the process that asked it.
fn hanging_plugin(folder: &Path) -> String {
    let plugin = folder.join("plugin");
    let asked = folder.join("asked");
    let text = format!(
        "#!/bin/sh\necho $PPID >> '{}'\nwhile kill -0 $PPID; do sleep 0.1; done\n",
        asked.display()
    );
    fs::write(&plugin, text).expect("a file");
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).expect("a mode");
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": plugin,
        "interactiveMode": "Never",
    });
    let text = kubeconfig(
        &json!({ "server": "https://127.0.0.1:1" }),
        &json!({ "exec": exec }),
    );
    let path = folder.join("kubeconfig");
    fs::write(&path, text).expect("a file");
    path.to_str().expect("a path of ours").to_owned()
}

/// Two of them would hold all workers for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_credential_plugin_that_hangs_is_given_up_with_the_budget_of_the_run() {
    let house = House::new("run-budget-seconds = 1\nworkers = 1\n").await;
    let hanging = house
        .reached("hanging", hanging_plugin(house.folder()))
        .await;
    let good = house.recorded("good", &healthy()).await;
    let service = house.start().await;
    service.client.precheck(&hanging).await;
    let tasks = service.client.until_done(&hanging).await;
    assert_eq!(tasks[0]["status"]["phase"], "Error", "{:#}", tasks[0]);
    service.until_told("credential plugin").await;
    service.client.precheck(&good).await;
    let tasks = service.client.until_done(&good).await;
    assert_eq!(tasks[0]["status"]["phase"], "Success", "{:#}", tasks[0]);
    service.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_plugin_that_hangs_does_not_keep_the_process_from_ending() {
    let house = House::new(LONG_LEASE).await;
    let cluster = house
        .reached("hanging", hanging_plugin(house.folder()))
        .await;
    let service = house.start().await;
    // The request waits some seconds for the cluster's version, and is then accepted without.
    let task = service.client.precheck(&cluster).await;
    let deadline = Instant::now() + PATIENCE;
    let times =
        || fs::read_to_string(house.folder().join("asked")).map_or(0, |text| text.lines().count());
    while times() < 2 {
        assert!(Instant::now() < deadline, "the worker does not ask");
        sleep(POLL).await;
    }
    service.client.until_running(&cluster, &task).await;
    assert_eq!(service.stop(Signal::TERM, SOON).await.code(), Some(0));
}
