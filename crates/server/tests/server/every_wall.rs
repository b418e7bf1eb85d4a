//! Projects are walls, operation by operation: the document says which there are, so that a new one cannot be forgotten.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use airworthy_model::Role;
use airworthy_store::{
    Access, NewCluster, NewKey, NewPlan, NewToken, Phase, Planned, Purpose, Secret, Store,
};
use airworthy_upgrade::plan::Window;
use axum::body::Body;
use http::{HeaderValue, Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    fixture::{Answered, Fixture, Tenant, request, unsigned},
    openapi::{Operation, operations},
    pages::{get, signed_in},
};

/// Values of the variables of paths.
type Ids = BTreeMap<&'static str, String>;

impl Operation {
    /// Whether callers must be known, by signature or token.
    fn is_of_projects(&self) -> bool {
        self.description.get("security").is_none()
    }

    fn has(&self, variable: &str) -> bool {
        self.path.contains(&format!("{{{variable}}}"))
    }

    fn target(&self, ids: &Ids) -> String {
        // A task is of one kind, and there is none of it under another one's address.
        let mut path = self
            .path
            .replace("/upgrade/tasks/{task_id}", "/upgrade/tasks/{upgrade_id}");
        for (name, id) in ids {
            path = path.replace(&format!("{{{name}}}"), id);
        }
        assert!(!path.contains('{'), "no value for a variable of {path}");
        path
    }

    fn body(&self) -> String {
        let example = self
            .description
            .pointer("/requestBody/content/application~1json/example");
        example.map_or(String::new(), Value::to_string)
    }

    fn role(&self) -> Option<Role> {
        let word = self.description.get("x-role")?.as_str()?;
        Some(word.parse().unwrap())
    }
}

/// Everything of theirs that an operation could name, made by themselves through the API.
async fn ids(fixture: &Fixture, tenant: &Tenant) -> Ids {
    let mut ids = Ids::from([
        ("project_id", tenant.project.id.clone()),
        ("cluster_id", tenant.cluster.id.clone()),
        ("name", "UpgradePath".to_owned()),
        ("file", "main.js".to_owned()),
    ]);
    let create = |rest: &'static str, body: Value| {
        let request = request(
            &tenant.key,
            Method::POST,
            &tenant.path(rest),
            &body.to_string(),
        );
        async move {
            let answer = fixture.send(request).await;
            assert!(answer.status.is_success(), "{rest}: {answer:?}");
            answer.json()["metadata"]["uid"]
                .as_str()
                .unwrap()
                .to_owned()
        }
    };
    let check =
        json!({ "apiVersion": "v3", "kind": "PreCheckTask", "spec": { "targetVersion": "v1.32" } });
    ids.insert("task_id", create("/operation/precheck", check).await);
    // What others left is due before it.
    while fixture.finish(Phase::Success, None).await.task.id != ids["task_id"] {}
    ids.insert("upgrade_id", create("/operation/upgrade", upgrade()).await);
    let workflow =
        json!({ "apiVersion": "v3", "kind": "WorkFlowTask", "spec": { "targetVersion": "v1.32" } });
    ids.insert(
        "upgrade_workflow_id",
        create("/operation/upgradeworkflows", workflow).await,
    );
    ids.insert("upgrade_plan_id", plan(fixture, tenant).await);
    ids.insert("job_id", job(fixture, tenant).await);
    ids
}

fn upgrade() -> Value {
    json!({
        "metadata": { "apiVersion": "v3", "kind": "UpgradeTask" },
        "spec": { "clusterUpgradeAction": {
            "targetVersion": "v1.32",
            "strategy": { "type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": { "userDefinedStep": 20 } },
        } },
    })
}

/// No operation makes a plan.
async fn plan(fixture: &Fixture, tenant: &Tenant) -> String {
    let now = Timestamp::now();
    let new = NewPlan {
        project_id: tenant.project.id.clone(),
        cluster_id: tenant.cluster.id.clone(),
        cluster_version: "v1.31.14-r0".to_owned(),
        target_version: "v1.32.13-r0".to_owned(),
        window: Window {
            not_before: now + Duration::from_hours(24),
            not_after: now + Duration::from_hours(28),
            not_before_deadline: now + Duration::from_hours(1000),
        },
    };
    match fixture.store.add_plan(&new, now).await.unwrap() {
        Planned::New(plan) => plan.id,
        Planned::AlreadyPlanned(id) => panic!("{id} is in the way"),
    }
}

/// The job of a cluster that is taken in.
async fn job(fixture: &Fixture, tenant: &Tenant) -> String {
    let new = NewCluster {
        id: None,
        name: format!("{}-second", tenant.project.name),
        alias: None,
        access: Access::InCluster,
    };
    let project = &tenant.project.id;
    let cluster = fixture
        .store
        .adopt_cluster(project, new, 1, Timestamp::now());
    cluster.await.unwrap().job_id.unwrap()
}

/// What only the other side may see: words that no error of ours contains.
fn secrets(tenant: &Tenant) -> Vec<&str> {
    vec![
        &tenant.project.name,
        &tenant.cluster.name,
        &tenant.project.id,
        &tenant.key.ak,
    ]
}

#[track_caller]
fn shut_out(answer: &Answered, tenant: &Tenant, what: &str) {
    assert!(
        [403, 404].contains(&answer.status.as_u16()),
        "{what}: {answer:?}"
    );
    says_nothing_of(answer, tenant, what);
}

#[track_caller]
fn says_nothing_of(answer: &Answered, tenant: &Tenant, what: &str) {
    let headers = format!("{:?}", answer.headers);
    for secret in secrets(tenant) {
        assert!(!answer.text.contains(secret), "{what}: {answer:?}");
        assert!(!headers.contains(secret), "{what}: {answer:?}");
    }
}

/// What a caller is known by.
enum By {
    Key(NewKey),
    Token(Secret),
}

fn call(operation: &Operation, by: &By, ids: &Ids) -> Request<Body> {
    let (method, target) = (operation.method.clone(), operation.target(ids));
    match by {
        By::Key(key) => request(key, method, &target, &operation.body()),
        By::Token(token) => {
            let mut request = unsigned(method, &target, operation.body());
            let token = HeaderValue::from_str(token.expose()).unwrap();
            request.headers_mut().insert("x-auth-token", token);
            request
        }
    }
}

/// Our own ids, with theirs in the places of `names`.
fn mixed(ours: &Ids, theirs: &Ids, names: &[&str]) -> Ids {
    let mut mixed = ours.clone();
    for (name, id) in theirs.iter().filter(|(name, _)| names.contains(name)) {
        mixed.insert(name, id.clone());
    }
    mixed
}

#[tokio::test]
async fn nobody_gets_through_to_another_project() {
    let fixture = Fixture::new().await;
    let (ours, theirs) = (&fixture.ours, &fixture.theirs);
    let (our_ids, their_ids) = (ids(&fixture, ours).await, ids(&fixture, theirs).await);
    let below: Vec<&str> = their_ids
        .keys()
        .copied()
        .filter(|it| *it != "project_id")
        .collect();
    let deepest: Vec<&str> = below
        .iter()
        .copied()
        .filter(|it| *it != "cluster_id")
        .collect();
    for (_, by) in callers(&fixture).await {
        for operation in operations().iter().filter(|it| it.is_of_projects()) {
            // The whole path is theirs; then all but the project; then what belongs to a cluster alone.
            if operation.has("project_id") {
                let answer = fixture.send(call(operation, &by, &their_ids)).await;
                shut_out(&answer, theirs, &operation.id);
            }
            for names in [&below, &deepest] {
                if names.iter().any(|name| operation.has(name)) {
                    let ids = mixed(&our_ids, &their_ids, names);
                    let answer = fixture.send(call(operation, &by, &ids)).await;
                    shut_out(&answer, theirs, &operation.id);
                }
            }
            let mut named = call(operation, &by, &our_ids);
            let project = HeaderValue::from_str(&theirs.project.id).unwrap();
            named.headers_mut().insert("x-project-id", project);
            let answer = fixture.send(named).await;
            assert_eq!(answer.status, 403, "{}: {answer:?}", operation.id);
            says_nothing_of(&answer, theirs, &operation.id);
        }
    }
    nothing_was_changed(&fixture).await;
}

/// Keys of ours for each role, and then tokens: none of them is a way through.
async fn callers(fixture: &Fixture) -> Vec<(Role, By)> {
    let (store, project) = (&fixture.store, &fixture.ours.project.id);
    let mut callers = Vec::new();
    for role in Role::ALL {
        let key = store.create_key(project, role, "wall", Timestamp::now());
        callers.push((role, By::Key(key.await.unwrap())));
        callers.push((role, By::Token(token(store, project, role).await)));
    }
    callers
}

async fn token(store: &Store, project: &str, role: Role) -> Secret {
    let now = Timestamp::now();
    let user = store
        .add_user(role.word(), "no password fits", now)
        .await
        .unwrap();
    store.grant(&user.id, project, role).await.unwrap();
    let new = NewToken {
        user_id: &user.id,
        project_id: Some(project),
        purpose: Purpose::Token,
        issued_at: now,
        expires_at: now + Duration::from_hours(1),
    };
    store.create_token(new).await.unwrap()
}

/// Their cluster has the one task that they made, which nobody has touched, and it is there still.
async fn nothing_was_changed(fixture: &Fixture) {
    let theirs = &fixture.theirs;
    for (rest, number) in [("", None), ("/operation/precheck/tasks", Some(1))] {
        let request = request(&theirs.key, Method::GET, &theirs.path(rest), "");
        let answer = fixture.send(request).await.ok();
        let found = answer["items"].as_array().map(Vec::len);
        assert_eq!(found, number, "{answer}");
    }
}

#[tokio::test]
async fn pages_of_another_project_are_not_there() {
    let fixture = Fixture::new().await;
    let cookie = signed_in(&fixture).await;
    let (our_ids, their_ids) = (
        ids(&fixture, &fixture.ours).await,
        ids(&fixture, &fixture.theirs).await,
    );
    let mut pages = operations();
    pages.retain(|it| it.description["tags"][0] == "Pages" && it.has("project_id"));
    assert!(pages.len() >= 2);
    for page in pages {
        let below = mixed(&our_ids, &their_ids, &["cluster_id", "task_id"]);
        for ids in [&their_ids, &below] {
            let answer = fixture.send(get(&page.target(ids), Some(&cookie))).await;
            assert_eq!(answer.status, 404, "{}: {answer:?}", page.id);
            says_nothing_of(&answer, &fixture.theirs, &page.id);
        }
        let answer = fixture
            .send(get(&page.target(&our_ids), Some(&cookie)))
            .await;
        assert_eq!(answer.status, 200, "{}: {answer:?}", page.id);
    }
}

#[tokio::test]
async fn what_is_asked_without_a_project_in_the_path_is_of_the_callers_own() {
    let fixture = Fixture::new().await;
    let own = ids(&fixture, &fixture.ours).await;
    let callers = callers(&fixture).await;
    for operation in operations() {
        if !operation.is_of_projects() || operation.has("project_id") {
            continue;
        }
        for (_, by) in &callers {
            let answer = fixture.send(call(&operation, by, &own)).await;
            says_nothing_of(&answer, &fixture.theirs, &operation.id);
        }
    }
}

#[tokio::test]
async fn without_credentials_nothing_of_a_project_is_told() {
    let fixture = Fixture::new().await;
    let own = ids(&fixture, &fixture.theirs).await;
    let mut open = BTreeSet::new();
    for operation in operations() {
        let target = operation.target(&own);
        let request = unsigned(operation.method.clone(), &target, operation.body());
        let mut answer = fixture.send(request).await;
        // Where to go on after signing in is what was asked for.
        answer.headers.remove("location");
        says_nothing_of(&answer, &fixture.theirs, &operation.id);
        if answer.status.is_success() {
            open.insert(operation.id.clone());
        } else if operation.is_of_projects() {
            answer.refused(401, "APIGW.0301");
        }
    }
    let expected = [
        "asset",
        "console-log-in-form",
        "explorer",
        "health",
        "metrics",
        "openapi",
        "ready",
    ];
    assert_eq!(open, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn each_role_may_do_what_it_is_for_and_nothing_above() {
    let fixture = Fixture::new().await;
    let own = ids(&fixture, &fixture.ours).await;
    let mut refused = 0;
    for (role, by) in callers(&fixture).await {
        for operation in operations().iter().filter(|it| it.is_of_projects()) {
            let least = operation
                .role()
                .unwrap_or_else(|| panic!("{}", operation.id));
            if role >= least {
                continue;
            }
            refused += 1;
            let answer = fixture.send(call(operation, &by, &own)).await;
            let message = answer.refused(403, "CCE.01403001");
            assert!(
                message.contains(least.word()),
                "{}: {message}",
                operation.id
            );
        }
    }
    assert!(refused > 0);
}

#[test]
fn what_changes_something_asks_for_more_than_looking() {
    for operation in operations().iter().filter(|it| it.is_of_projects()) {
        // Which is refused, whoever asks.
        if operation.id == "KeystoneCreateProject" {
            continue;
        }
        let looks = operation.method == Method::GET;
        let role = operation.role().unwrap();
        assert!(looks || role > Role::ReadOnly, "{}", operation.id);
    }
}

#[tokio::test]
async fn the_owner_gets_through() {
    let fixture = Fixture::new().await;
    let own = ids(&fixture, &fixture.ours).await;
    let (role, by) = callers(&fixture).await.pop().unwrap();
    assert_eq!(role, Role::Admin);
    for operation in operations().iter().filter(|it| it.is_of_projects()) {
        if operation.method == Method::GET {
            let answer = fixture.send(call(operation, &by, &own)).await;
            assert_eq!(answer.status, 200, "{}: {answer:?}", operation.id);
        }
    }
}
