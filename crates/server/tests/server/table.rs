//! Everything that can be asked for answers JSON.

use airworthy_cce::operations::OPERATIONS;
use airworthy_store::{Access, NewCluster, NewTask, Observed, TaskKind};
use http::{Method, StatusCode};
use jiff::Timestamp;

use crate::fixture::{Fixture, precheck, unsigned};

const ID: &str = "8978deaa-1743-11ee-8e46-0255ac10004c";

fn filled(template: &str, project: &str) -> String {
    let mut path = template.replace("{project_id}", project);
    for name in [
        "cluster_id",
        "task_id",
        "upgrade_workflow_id",
        "upgrade_plan_id",
        "job_id",
    ] {
        path = path.replace(&format!("{{{name}}}"), ID);
    }
    path
}

#[tokio::test]
async fn every_operation_demands_credentials() {
    let fixture = Fixture::new().await;
    for operation in OPERATIONS {
        let target = filled(operation.path, &fixture.ours.project.id);
        let request = unsigned(operation.method.into(), &target, "{}");
        let answer = fixture.send(request).await;
        if operation.role.is_none() {
            answer.refused(400, "CCE.01400001");
        } else {
            answer.refused(401, "APIGW.0301");
        }
    }
}

#[tokio::test]
async fn identity_routes_answer_in_their_own_form_and_with_their_own_id() {
    let fixture = Fixture::new().await;
    for (method, target) in [
        (Method::GET, "/v3/projects"),
        (Method::POST, "/v3/auth/tokens"),
        (Method::GET, "/v3/auth/domains"),
        (Method::GET, "/v3/regions"),
        (Method::POST, "/v3/projects"),
    ] {
        let answer = fixture.send(unsigned(method, target, "")).await;
        let body = answer.json();
        assert_eq!(body["error"]["code"], answer.status.as_u16(), "{answer:?}");
        assert_ne!(body["error"]["title"], "");
        assert_eq!(
            answer.headers["x-iam-trace-id"],
            answer.headers["x-request-id"]
        );
        answer.refused(answer.status.as_u16(), body["error_code"].as_str().unwrap());
    }
    let listed = fixture.get("/v3/projects").await;
    assert_eq!(listed.headers["x-iam-trace-id"].len(), 32);
    let own = fixture.get(&fixture.ours.clusters()).await;
    assert!(!own.headers.contains_key("x-iam-trace-id"));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_no_api_without_a_redirect_or_credentials() {
    let fixture = Fixture::new().await;
    let clusters = fixture.ours.clusters();
    let cluster = fixture.ours.path("");
    let mut asked: Vec<(Method, String)> = [
        "/",
        "//",
        "/index.html",
        "/favicon.ico",
        "/robots.txt",
        "/api/v3/projects/p/clusters",
        "/autopilot",
        "/autopilot/",
        "/autopilot/v3",
        "/autopilot/v3/projects",
        "/autopilot/v3/projects/",
        "/autopilot/v3/addons",
        "/autopilot/v3.1/feature-gates",
        "/autopilot/v2/charts",
        "/autopilot/v3/projects/p/quotas",
        "/autopilot/v3/projects/../../../etc/passwd",
        "/v3",
        "/v3/users",
        "/v2.0/tokens",
        "/healthz/",
        "/metrics/x",
        "/AUTOPILOT/V3/PROJECTS/P/CLUSTERS",
        "/%00",
        "/%ff%fe",
    ]
    .into_iter()
    .map(|path| (Method::GET, path.to_owned()))
    .collect();
    asked.extend([
        (Method::GET, format!("{clusters}/")),
        (Method::GET, format!("{cluster}/")),
        (Method::GET, clusters.replace("clusters", "Clusters")),
        (Method::PUT, cluster.clone()),
        (Method::OPTIONS, clusters.clone()),
        (Method::OPTIONS, "*".to_owned()),
        (Method::TRACE, clusters.clone()),
        (Method::GET, fixture.ours.path("/operation/precheck")),
        (
            Method::DELETE,
            fixture.ours.path("/operation/precheck/tasks"),
        ),
        (Method::from_bytes(b"BREW").unwrap(), clusters.clone()),
        (Method::POST, "/healthz".to_owned()),
        (Method::GET, format!("/{}", "x".repeat(8000))),
    ]);
    for (method, target) in asked {
        let answer = fixture.send(unsigned(method, &target, "")).await;
        assert!(!answer.headers.contains_key("location"), "{target}");
        answer.refused(404, "APIGW.0101");
    }
}

#[tokio::test]
async fn head_is_no_method_of_this_api() {
    let fixture = Fixture::new().await;
    for target in [
        fixture.ours.clusters(),
        "/healthz".to_owned(),
        "/".to_owned(),
    ] {
        let answer = fixture.call(Method::HEAD, &target, "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{target}");
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["x-request-id"].len(), 32);
    }
}

#[tokio::test]
async fn ids_that_cannot_be_are_told_from_those_that_are_not() {
    let fixture = Fixture::new().await;
    let clusters = fixture.ours.clusters();
    let tasks = fixture.ours.path("/operation/precheck/tasks");
    for target in [
        format!("{clusters}/nonsense"),
        format!("{clusters}/%2e%2e"),
        format!("{clusters}/8978DEAA-1743-11EE-8E46-0255AC10004C"),
        format!("{clusters}/8978deaa-1743-11ee-8e46-0255ac10004c%00"),
        format!("{clusters}/%ff"),
        format!("{tasks}/1"),
        format!("{tasks}/%7Btask_id%7D"),
    ] {
        fixture.get(&target).await.refused(400, "CCE.01400001");
    }
    for target in [format!("{clusters}/{ID}"), format!("{tasks}/{ID}")] {
        fixture.get(&target).await.refused(404, "CCE.01404001");
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_and_takes_none_over() {
    let fixture = Fixture::new().await;
    let mut request = unsigned(Method::GET, "/healthz", "");
    let given = "0123456789abcdef0123456789abcdef";
    request
        .headers_mut()
        .insert("x-request-id", given.parse().unwrap());
    let first = fixture.send(request).await;
    let second = fixture.send(unsigned(Method::GET, "/nowhere", "")).await;
    let (first_id, second_id) = (
        &first.headers["x-request-id"],
        &second.headers["x-request-id"],
    );
    assert_ne!(first_id, given);
    assert_ne!(first_id, second_id);
    assert_eq!(second.json()["request_id"], second_id.to_str().unwrap());
}

#[tokio::test]
async fn probes_need_no_credentials_and_readiness_ends_with_the_store() {
    let fixture = Fixture::new().await;
    for target in ["/healthz", "/readyz"] {
        let answer = fixture.send(unsigned(Method::GET, target, "")).await;
        assert_eq!(answer.ok(), serde_json::json!({ "status": "ok" }));
    }
    fixture.store.close().await.unwrap();
    fixture
        .send(unsigned(Method::GET, "/healthz", ""))
        .await
        .ok();
    let answer = fixture.send(unsigned(Method::GET, "/readyz", "")).await;
    answer.refused(503, "CCE.01500001");
}

#[tokio::test]
async fn readiness_ends_when_the_server_is_told_to_stop() {
    let fixture = Fixture::new().await;
    fixture.app.stop();
    let answer = fixture.send(unsigned(Method::GET, "/readyz", "")).await;
    answer.refused(503, "CCE.01500001");
}

#[tokio::test]
async fn metrics_count_tasks_by_kind_and_state() {
    let fixture = Fixture::new().await;
    let task = NewTask {
        project_id: fixture.ours.project.id.clone(),
        cluster_id: fixture.ours.cluster.id.clone(),
        workflow: None,
        kind: TaskKind::Postcheck,
        spec: "{}".into(),
        max_attempts: 1,
    };
    fixture
        .store
        .enqueue(&task, Timestamp::now())
        .await
        .unwrap();
    let answer = fixture.send(unsigned(Method::GET, "/metrics", "")).await;
    let line = r#"airworthy_tasks{kind="postcheck",state="init"} 1"#;
    assert!(answer.text.contains(line), "{}", answer.text);
}

#[tokio::test]
async fn metrics_count_requests_by_operation_and_never_by_path() {
    let fixture = Fixture::new().await;
    fixture.get(&fixture.ours.clusters()).await.ok();
    for n in 0..3 {
        let target = format!("/made-up-{n}");
        fixture
            .send(unsigned(Method::GET, &target, ""))
            .await
            .refused(404, "APIGW.0101");
    }
    let answer = fixture.send(unsigned(Method::GET, "/metrics", "")).await;
    assert_eq!(answer.status, 200);
    for line in [
        r#"airworthy_requests_total{operation="ListAutopilotClusters",status="2xx"} 1"#,
        r#"airworthy_requests_total{operation="unknown",status="4xx"} 3"#,
        r#"airworthy_request_duration_seconds_count{operation="unknown"} 3"#,
        concat!(
            r#"airworthy_build_info{version=""#,
            env!("CARGO_PKG_VERSION"),
            r#""} 1"#
        ),
        "airworthy_queue_overdue_seconds 0",
        "# EOF",
    ] {
        assert!(
            answer.text.contains(line),
            "{line} is not in {}",
            answer.text
        );
    }
    assert!(!answer.text.contains("made-up"), "{}", answer.text);
}

#[tokio::test]
async fn a_store_that_is_gone_is_an_error_of_ours_without_details() {
    let fixture = Fixture::new().await;
    fixture.store.close().await.unwrap();
    let answer = fixture.get(&fixture.ours.clusters()).await;
    answer.refused(500, "CCE.01500001");
    assert!(!answer.text.contains("pool"), "{answer:?}");
}

#[tokio::test]
async fn a_full_disk_is_an_error_of_ours_and_reading_goes_on() {
    let fixture = Fixture::new().await;
    let project = fixture.ours.project.id.clone();
    let mut ids = Vec::new();
    for n in 0..60 {
        let new = NewCluster {
            id: None,
            name: format!("c-{n}"),
            alias: None,
            access: Access::InCluster,
        };
        let cluster = fixture.store.add_cluster(&project, new, Timestamp::now());
        let id = cluster.await.unwrap().id;
        let seen = Observed {
            version: Some("v1.31.14".into()),
            ..Observed::default()
        };
        let seen = fixture
            .store
            .update_observed(&project, &id, &seen, Timestamp::now());
        assert!(seen.await.unwrap());
        ids.push(id);
    }
    let fixture = fixture.on_a_full_disk().await;
    let mut refused = None;
    for id in ids {
        let target = format!("{}/{id}/operation/precheck", fixture.ours.clusters());
        let answer = fixture.post(&target, &precheck("v1.32")).await;
        if answer.status != StatusCode::OK {
            refused = Some(answer);
            break;
        }
    }
    let message = refused.unwrap().refused(500, "CCE.01500001");
    assert!(message.contains("full"), "{message}");
    fixture.get(&fixture.ours.clusters()).await.ok();
}
