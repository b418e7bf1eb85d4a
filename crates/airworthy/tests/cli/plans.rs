//! What the operator of the service does with plans and workflows.

use airworthy_store::{
    Access, Enqueued, NewCluster, NewTask, NewWorkflow, Observed, Opened, Options, SealingKey,
    Store, TaskKind, Workflow,
};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::common_cli::{Ended, airworthy};

const CLUSTER: &str = "8978deaa-1743-11ee-8e46-0255ac10004c";
const ABSENT: &str = "00000000-0000-4000-8000-000000000000";

/// A database with a cluster that was seen to run 1.31.14.
struct Operator {
    folder: TempDir,
    runtime: Runtime,
}

impl Operator {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let operator = Self { folder, runtime };
        operator.on_store(async |store: &Store| {
            let now = Timestamp::now();
            let project = store.add_project("p", Some("p"), now).await?;
            let new = NewCluster {
                id: Some(CLUSTER.into()),
                name: "prod".into(),
                alias: None,
                access: Access::Kubeconfig {
                    path: "/nowhere/kubeconfig".into(),
                    context: None,
                },
            };
            store.add_cluster(&project.id, new, now).await?;
            let seen = Observed {
                version: Some("v1.31.14".into()),
                ..Observed::default()
            };
            store
                .update_observed(&project.id, CLUSTER, &seen, now)
                .await
        });
        operator
    }

    fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("airworthy.db")
    }

    /// Does something that no command does: what the service would have done.
    fn on_store<T>(
        &self,
        work: impl AsyncFnOnce(&Store) -> Result<T, airworthy_store::Error>,
    ) -> T {
        let key = SealingKey::load_or_create(&self.folder.path().join("airworthy.db.key"));
        let options = Options::new(self.database(), key.expect("a key"));
        self.runtime.block_on(async {
            let store = Store::open(&options, Timestamp::now())
                .await
                .expect("a store");
            let done = work(&store).await.expect("it is done");
            store.close().await.expect("it closes");
            done
        })
    }

    fn open_workflow(&self) -> Workflow {
        self.on_store(async |store: &Store| {
            let new = NewWorkflow {
                project_id: "p".into(),
                cluster_id: CLUSTER.into(),
                cluster_version: "v1.31.14-r0".into(),
                target_version: "v1.32.4-r0".into(),
            };
            let Opened::New(workflow) = store.create_workflow(&new, Timestamp::now()).await? else {
                panic!("none is open");
            };
            Ok(*workflow)
        })
    }

    /// Accepts a pre-check of a workflow.
    fn begin_check(&self, workflow: &Workflow) {
        let task = NewTask {
            project_id: "p".into(),
            cluster_id: CLUSTER.into(),
            workflow: Some(workflow.id.clone()),
            kind: TaskKind::Precheck,
            spec: "{}".into(),
            max_attempts: 1,
        };
        let accepted =
            self.on_store(async |store: &Store| store.enqueue(&task, Timestamp::now()).await);
        assert!(matches!(accepted, Enqueued::New(_)), "{accepted:?}");
    }

    fn run(&self, args: &[&str]) -> Ended {
        airworthy(args)
            .env("AIRWORTHY_DATABASE", self.database())
            .run()
    }

    fn add(&self, more: &[&str]) -> Ended {
        let add = [
            "plan",
            "add",
            "--cluster",
            CLUSTER,
            "--target",
            "v1.32.4",
            "--not-before",
            "2130-01-06T22:00:00+01:00",
        ];
        self.run(&[&add[..], more].concat())
    }
}

/// The id that a line about it begins with or names.
fn id(text: &str) -> &str {
    text.split_whitespace()
        .find(|word| word.len() == 36 && *word != CLUSTER)
        .unwrap_or_else(|| panic!("no id in {text}"))
}

#[test]
fn a_plan_is_added_listed_and_removed() {
    let operator = Operator::new();
    let added = operator.add(&["--not-after", "2130-01-07"]);
    let plan = id(added
        .exits(0)
        .says("v1.32.4-r0")
        .says("v1.31.14-r0")
        .stdout
        .as_str());
    let list = operator.run(&["plan", "list"]);
    let line = list.exits(0).stdout.lines().nth(1).expect("a line");
    for word in [
        plan,
        CLUSTER,
        "v1.32.4-r0",
        "Pending",
        "2130-01-06T21:00:00Z",
        "2130-01-07T00:00:00Z",
    ] {
        assert!(line.contains(word), "{word} is not in {list}");
    }
    operator
        .add(&["--not-after", "2130-01-07"])
        .refuses(&["unfinished", plan]);
    operator.run(&["plan", "remove", plan]).exits(0).says(plan);
    operator.run(&["plan", "remove", plan]).refuses(&[
        "there is no plan",
        plan,
        "airworthy plan list",
    ]);
    let list = operator.run(&["plan", "list"]);
    assert_eq!(list.exits(0).stdout.lines().count(), 1, "{list}");
}

#[test]
fn windows_and_targets_that_cannot_be_are_refused_in_the_words_of_the_command() {
    let operator = Operator::new();
    let until = ["--not-after", "2130-01-07"];
    operator
        .add(&["--not-after", "2130-01-06"])
        .refuses(&["--not-before must be before --not-after"]);
    operator
        .add(&[&until[..], &["--deadline", "2130-01-06T20:00:00Z"]].concat())
        .refuses(&["--not-before must be before --deadline"]);
    operator.add(&["--not-after", "tomorrow"]).refuses(&[
        "--not-after",
        "tomorrow",
        "2026-12-01T22:00:00Z",
    ]);
    let with = |name: &str, value: &str| {
        let mut args = vec!["plan", "add"];
        for (flag, usual) in [
            ("--cluster", CLUSTER),
            ("--target", "v1.32.4"),
            ("--not-before", "2130-01-06"),
            ("--not-after", "2130-01-07"),
        ] {
            args.extend([flag, if flag == name { value } else { usual }]);
        }
        operator.run(&args)
    };
    with("--target", "banana").refuses(&["--target", "banana"]);
    with("--target", "1.31.2").refuses(&["v1.31.2"]);
    with("--target", "1.33").refuses(&["minors above"]);
    with("--cluster", ABSENT).refuses(&["there is no cluster", ABSENT, "airworthy cluster list"]);
    let over = [
        "plan",
        "add",
        "--cluster",
        CLUSTER,
        "--target",
        "1.32",
        "--not-before",
        "2020-01-01",
        "--not-after",
        "2020-01-02",
    ];
    operator.run(&over).refuses(&["the window is over"]);
    let list = operator.run(&["plan", "list"]);
    assert_eq!(list.exits(0).stdout.lines().count(), 1, "{list}");
}

#[test]
fn a_plan_that_has_begun_cannot_be_removed() {
    let operator = Operator::new();
    let added = operator.add(&["--not-after", "2130-01-07"]);
    let plan = id(added.exits(0).stdout.as_str());
    operator.on_store(async |store: &Store| {
        let found = store.newest_plan("p", CLUSTER).await?.expect("a plan");
        store
            .begin_plan(&found, "v1.31.14-r0", Timestamp::now())
            .await
    });
    operator
        .run(&["plan", "remove", plan])
        .refuses(&["Enqueued", "once it is over"]);
    operator.run(&["plan", "list"]).exits(0).says("Enqueued");
}

#[test]
fn an_operator_gives_up_what_callers_cannot_but_no_task_that_is_under_way() {
    let operator = Operator::new();
    let workflow = operator.open_workflow();
    let list = || operator.run(&["workflow", "list", "--cluster", CLUSTER]);
    let line = list();
    for word in [&workflow.id, "v1.31.14-r0", "v1.32.4-r0", "Init"] {
        line.exits(0).says(word);
    }
    operator.begin_check(&workflow);
    list().says("Running").says("precheck init");
    let cancel = || operator.run(&["workflow", "cancel", &workflow.id]);
    cancel().refuses(&["has not ended"]);
    operator.on_store(async |store: &Store| {
        let now = Timestamp::now();
        let lease = store
            .claim("test", now, std::time::Duration::from_secs(9))
            .await?;
        let outcome = airworthy_store::Outcome {
            phase: airworthy_store::Phase::Success,
            message: None,
            result: None,
            expires_at: None,
        };
        store
            .finish(&lease.expect("it is due"), outcome, None, now)
            .await
    });
    list().says("Running").says("precheck Success");
    cancel().exits(0).says(&workflow.id).says(CLUSTER);
    list().says("Cancel");
    cancel().refuses(&["phase Cancel"]);
}

#[test]
fn what_is_not_there_is_told_with_the_command_that_lists_what_is() {
    let operator = Operator::new();
    operator.run(&["workflow", "cancel", ABSENT]).refuses(&[
        "there is no workflow",
        ABSENT,
        "airworthy workflow list",
    ]);
    operator
        .run(&["workflow", "list", "--cluster", ABSENT])
        .refuses(&["there is no cluster", ABSENT, "airworthy cluster list"]);
    let none = operator.run(&["workflow", "list", "--cluster", CLUSTER]);
    assert_eq!(none.exits(0).stdout.lines().count(), 1, "{none}");
}
