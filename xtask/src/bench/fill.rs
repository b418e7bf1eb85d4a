//! Fills a real API server, once; what etcd then holds is kept beside the binaries of the testbed.

use std::{
    fs::File,
    ops::Range,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use airworthy_testbed::{Client, Cluster, ClusterOptions, cache_folder, resolve};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    objects::{self, Counts, Placement},
    progress,
};

const MINOR: &str = "1.31";
/// Requests at a time.
const CONCURRENCY: usize = 16;
/// How often a request is sent again after a server that is busy with other work has not answered it, and the wait before.
const ATTEMPTS: u32 = 10;
const REST: Duration = Duration::from_secs(2);
const CONFLICT: u16 = 409;
/// Progress is told after as many objects.
const TOLD_EVERY: usize = 1000;
/// Objects without an application are made in batches of this size.
const BATCH: usize = 50;

/// A cluster with that many objects, on a copy of the cached data; fills one first if there is none.
pub(super) async fn filled(counts: Counts) -> Result<Cluster> {
    let version = resolve(MINOR)?;
    let name = format!(
        "bench-{version}-{}-g{}",
        counts.total(),
        objects::GENERATION
    );
    let cache = cache_folder()?;
    std::fs::create_dir_all(&cache)?;
    let data = cache.join(&name);
    let lock = File::create(cache.join(format!("{name}.lock")))?;
    lock.lock()?;
    if !data.is_dir() {
        fill(counts, &version, &data).await?;
    }
    Ok(Cluster::start(options().data(data)).await?)
}

/// Nothing may act on the objects: there are no kubelets behind them.
fn options() -> ClusterOptions {
    ClusterOptions::new(MINOR).without_controllers()
}

async fn fill(counts: Counts, version: &str, data: &std::path::Path) -> Result<()> {
    let began = Instant::now();
    progress(&format!(
        "filling an API server with {} objects (once)",
        counts.total()
    ));
    let cluster = Cluster::start(options()).await?;
    let writers = Arc::new(Writers::new(
        &cluster,
        version,
        counts.total(),
        Placement::Everywhere,
    )?);
    each(&writers, 0..counts.namespaces(), Writers::namespace).await?;
    each(&writers, 0..objects::NODES, Writers::node).await?;
    each(&writers, 0..counts.apps, Writers::app).await?;
    let batches = |objects: usize| 0..objects.div_ceil(BATCH);
    each(
        &writers,
        batches(counts.config_maps),
        move |writers, batch| writers.config_maps(batch, counts),
    )
    .await?;
    each(&writers, batches(counts.secrets), move |writers, batch| {
        writers.secrets(batch, counts)
    })
    .await?;
    let unfinished: PathBuf = data.with_extension(format!("filling-{}", std::process::id()));
    cluster.keep_data(&unfinished)?;
    std::fs::rename(&unfinished, data).context("keep the data")?;
    progress(&format!("filled in {} s", began.elapsed().as_secs()));
    Ok(())
}

/// Does the same for each number, some at a time; the first failure ends it.
pub(super) async fn each<F, Fut>(
    writers: &Arc<Writers>,
    numbers: Range<usize>,
    work: F,
) -> Result<()>
where
    F: Fn(Arc<Writers>, usize) -> Fut,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    let mut running = JoinSet::new();
    for number in numbers {
        if running.len() >= CONCURRENCY
            && let Some(done) = running.join_next().await
        {
            done??;
        }
        running.spawn(work(writers.clone(), number));
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(())
}

/// Waits before another attempt; fails after too many, or where another one is of no use.
async fn rest_before(attempts: &mut u32, error: airworthy_testbed::Error) -> Result<()> {
    let refused = error.code().is_some_and(|code| (400..500).contains(&code));
    if refused || *attempts == ATTEMPTS {
        return Err(error.into());
    }
    *attempts += 1;
    tokio::time::sleep(REST).await;
    Ok(())
}

/// Those who write objects on a real cluster; each is a field manager of its own.
pub(super) struct Writers {
    pub version: String,
    pub controllers: Client,
    pub kubelet: Client,
    pub helm: Client,
    place: Placement,
    made: AtomicUsize,
    total: usize,
}

impl Writers {
    pub(super) fn new(
        cluster: &Cluster,
        version: &str,
        total: usize,
        place: Placement,
    ) -> Result<Self> {
        let version = format!("v{version}");
        Ok(Self {
            controllers: cluster.client(&format!("kube-controller-manager/{version}"))?,
            kubelet: cluster.client(&format!("kubelet/{version}"))?,
            helm: cluster.client("Helm/3.19.0")?,
            version,
            place,
            made: AtomicUsize::new(0),
            total,
        })
    }

    /// Creates an object, and gets it where an attempt whose answer was lost has made it.
    pub(super) async fn create(
        &self,
        client: &Client,
        list: &str,
        object: &Value,
    ) -> Result<Value> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let mut attempts = 0;
        loop {
            match client.create(list, object).await {
                Err(error) if error.code() == Some(CONFLICT) && attempts > 0 => {
                    return Ok(client.get(&format!("{list}/{name}")).await?);
                }
                Err(error) => rest_before(&mut attempts, error).await?,
                Ok(made) => return Ok(made),
            }
        }
    }

    /// Says how an object is.
    pub(super) async fn tell_status(
        &self,
        client: &Client,
        path: &str,
        status: &Value,
    ) -> Result<Value> {
        let mut attempts = 0;
        loop {
            match client.patch_status(path, status).await {
                Err(error) => rest_before(&mut attempts, error).await?,
                Ok(told) => return Ok(told),
            }
        }
    }

    /// One more object is there.
    pub(super) fn count(&self) {
        let made = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        if made.is_multiple_of(TOLD_EVERY) {
            progress(&format!("{made} of {}", self.total));
        }
    }

    pub(super) async fn namespace(self: Arc<Self>, number: usize) -> Result<()> {
        let name = objects::namespace_name(number);
        let namespace = json!({ "metadata": { "name": name, "labels": { "team": name } } });
        self.create(&self.helm, "/api/v1/namespaces", &namespace)
            .await?;
        Ok(())
    }

    pub(super) async fn node(self: Arc<Self>, number: usize) -> Result<()> {
        let node = objects::node(number, &self.version);
        self.create(&self.kubelet, "/api/v1/nodes", &node).await?;
        Ok(())
    }

    /// An application with all its pods.
    pub(super) async fn app(self: Arc<Self>, app: usize) -> Result<()> {
        let space = objects::namespace(app);
        let apps = format!("/apis/apps/v1/namespaces/{space}");
        let core = format!("/api/v1/namespaces/{space}");
        let (deployment, set) = (objects::deployment(app), objects::deployment_status());
        let list = format!("{apps}/deployments");
        let deployment = self
            .with_status(&self.helm, &list, &deployment, &set)
            .await?;
        let set = objects::replica_set(app, &deployment);
        let (list, status) = (format!("{apps}/replicasets"), objects::replica_set_status());
        let set = self
            .with_status(&self.controllers, &list, &set, &status)
            .await?;
        let service = objects::service(app);
        let service = self
            .create(&self.helm, &format!("{core}/services"), &service)
            .await?;
        let slice = objects::endpoint_slice(app, &service, self.place);
        let slices = format!("/apis/discovery.k8s.io/v1/namespaces/{space}/endpointslices");
        self.create(&self.controllers, &slices, &slice).await?;
        let budgets = format!("/apis/policy/v1/namespaces/{space}/poddisruptionbudgets");
        let (budget, status) = (objects::budget(app), objects::budget_status());
        self.with_status(&self.helm, &budgets, &budget, &status)
            .await?;
        for _ in 0..objects::OTHERS_PER_APP {
            self.count();
        }
        self.pods(app, &format!("{core}/pods"), &set).await
    }

    /// Creates an object; the controllers then say how it is.
    pub(super) async fn with_status(
        &self,
        creator: &Client,
        list: &str,
        object: &Value,
        status: &Value,
    ) -> Result<Value> {
        self.create(creator, list, object).await?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let path = format!("{list}/{name}");
        self.tell_status(&self.controllers, &path, status).await
    }

    async fn pods(&self, app: usize, list: &str, replica_set: &Value) -> Result<()> {
        for pod in 0..objects::PODS_PER_APP {
            let object = objects::pod(app, pod, replica_set, self.place);
            self.create(&self.controllers, list, &object).await?;
            let path = format!("{list}/{}", objects::pod_name(app, pod));
            let status = objects::pod_status(app, pod, self.place);
            self.tell_status(&self.kubelet, &path, &status).await?;
            self.count();
        }
        Ok(())
    }

    async fn config_maps(self: Arc<Self>, batch: usize, counts: Counts) -> Result<()> {
        for number in batch * BATCH..((batch + 1) * BATCH).min(counts.config_maps) {
            let space = objects::namespace(number % counts.apps);
            let list = format!("/api/v1/namespaces/{space}/configmaps");
            self.create(&self.helm, &list, &objects::config_map(number))
                .await?;
            self.count();
        }
        Ok(())
    }

    async fn secrets(self: Arc<Self>, batch: usize, counts: Counts) -> Result<()> {
        for number in batch * BATCH..((batch + 1) * BATCH).min(counts.secrets) {
            let space = objects::namespace(number % counts.apps);
            let secret = if number < counts.releases {
                objects::release(number)
            } else {
                objects::secret(number)
            };
            let list = format!("/api/v1/namespaces/{space}/secrets");
            self.create(&self.helm, &list, &secret).await?;
            self.count();
        }
        Ok(())
    }
}
