//! A service in this process, with what the pages are to show in its database already.

use std::time::Duration;

use airworthy_model::{Assessment, Role, Scope, Verdict};
use airworthy_server::{Options, serve};
use airworthy_service::{Service, Settings, hash_password};
use airworthy_store::{
    Access, Cluster, Enqueued, NewCluster, NewKey, NewTask, NewToken, Observed,
    Options as StoreOptions, Outcome, Phase, Project, Purpose, SealingKey, Secret, Store, TaskKind,
};
use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::samples;

pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Names that try to be more than names.
const HOSTILE: [&str; 4] = [
    "<script>window.hurt = 1</script>\"'><img src=x onerror=window.hurt=2>",
    "\u{202e}right to left",
    "{{ 7 * 7 }} &lt; %00",
    "",
];

/// A service that is up.
pub(crate) struct House {
    pub(crate) endpoint: String,
    pub(crate) key: NewKey,
    pub(crate) token: Secret,
    pub(crate) project: String,
    pub(crate) cluster: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), airworthy_server::Error>>,
    _folder: TempDir,
}

impl House {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let options = StoreOptions::new(folder.path().join("a.db"), SealingKey::from([7; 32]));
        let store = Store::open(&options, Timestamp::now()).await?;
        let (project, cluster) = furnished(&store).await?;
        let token = user(&store, &project).await?;
        let key = store
            .create_key(&project.id, Role::Operator, "browser", Timestamp::now())
            .await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let service = Service::new(store, Settings::default());
        let serving = tokio::spawn(serve(listener, service, Options::default(), async {
            let _ = stopped.await;
        }));
        Ok(Self {
            endpoint,
            key,
            token,
            project: project.id,
            cluster: cluster.id,
            stop,
            serving,
            _folder: folder,
        })
    }

    /// Ends it, and demands that it ends well.
    pub(crate) async fn end(self) -> Result<()> {
        let _ = self.stop.send(());
        Ok(self.serving.await??)
    }
}

/// One project with clusters of all sorts: the first one has runs of all sorts.
async fn furnished(store: &Store) -> Result<(Project, Cluster)> {
    let now = Timestamp::now();
    let project = store.add_project("shop-eu", None, now).await?;
    let first = cluster(store, &project, "prod-1", None).await?;
    for judged in [
        samples::ready(),
        samples::partial(samples::ready()),
        samples::not_ready_and_unknown(),
    ] {
        checked(store, &first, TaskKind::Precheck, &judged).await?;
    }
    checked(
        store,
        &first,
        TaskKind::Postcheck,
        &samples::after(samples::ready()),
    )
    .await?;
    let second = cluster(store, &project, "prod-2", None).await?;
    checked(store, &second, TaskKind::Precheck, &samples::uses()).await?;
    for (number, name) in HOSTILE
        .iter()
        .map(|it| (*it).to_owned())
        .chain([long()])
        .enumerate()
    {
        let other = cluster(store, &project, &format!("other-{number}"), Some(&name)).await?;
        checked(store, &other, TaskKind::Precheck, &samples::saying(&name)).await?;
    }
    // Nobody granted this one to the user.
    let foreign = store.add_project("foreign-project", None, now).await?;
    cluster(store, &foreign, "foreign-cluster", None).await?;
    Ok((project, first))
}

fn long() -> String {
    "very-long-name-".repeat(700)
}

async fn cluster(
    store: &Store,
    project: &Project,
    name: &str,
    alias: Option<&str>,
) -> Result<Cluster> {
    let now = Timestamp::now();
    let new = NewCluster {
        id: None,
        name: name.to_owned(),
        alias: alias.map(str::to_owned),
        access: Access::Kubeconfig {
            path: "/nowhere/kubeconfig".into(),
            context: None,
        },
    };
    let cluster = store.add_cluster(&project.id, new, now).await?;
    let seen = Observed {
        version: Some("v1.31.14".into()),
        phase: Some("Available".into()),
        endpoint_url: Some("https://192.0.2.10:6443".into()),
        ..Observed::default()
    };
    store
        .update_observed(&project.id, &cluster.id, &seen, now)
        .await?;
    Ok(cluster)
}

/// A run of a check that found this.
async fn checked(
    store: &Store,
    cluster: &Cluster,
    kind: TaskKind,
    judged: &Assessment,
) -> Result<()> {
    let now = Timestamp::now();
    let task = NewTask {
        project_id: cluster.project_id.clone(),
        cluster_id: cluster.id.clone(),
        kind,
        workflow: None,
        spec: match judged.scope {
            Scope::Full => r#"{"targetVersion":"v1.32.13"}"#.into(),
            Scope::Partial => r#"{"targetVersion":"v1.32.13","skips":[{"name":"BarePod"}]}"#.into(),
        },
        max_attempts: 1,
    };
    let Enqueued::New(_) = store.enqueue(&task, now).await? else {
        bail!("a task is in the way");
    };
    let lease = store.claim("browser", now, Duration::from_secs(30)).await?;
    let lease = lease.context("no task is due")?;
    let outcome = Outcome {
        phase: match judged.verdict {
            Verdict::Ready | Verdict::ReadyWithRisks => Phase::Success,
            Verdict::CannotDetermine | Verdict::NotReady => Phase::Failed,
        },
        message: None,
        result: Some(serde_json::to_vec(judged)?),
        expires_at: (kind == TaskKind::Precheck).then(|| now + Duration::from_hours(1)),
    };
    store.finish(&lease, outcome, None, now).await?;
    Ok(())
}

/// A user of the project, and a token of hers.
async fn user(store: &Store, project: &Project) -> Result<Secret> {
    let now = Timestamp::now();
    let hash = hash_password(&PASSWORD.to_owned().into())?;
    let user = store.add_user(USER, &hash, now).await?;
    store.grant(&user.id, &project.id, Role::Operator).await?;
    let new = NewToken {
        user_id: &user.id,
        project_id: Some(&project.id),
        purpose: Purpose::Token,
        issued_at: now,
        expires_at: now + Duration::from_hours(1),
    };
    Ok(store.create_token(new).await?)
}
