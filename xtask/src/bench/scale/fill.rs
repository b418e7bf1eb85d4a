//! Fills a real API server block by block. What etcd holds after each size is kept, and a larger cluster begins with a smaller one.

use std::{
    fs::File,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use airworthy_testbed::{Client, Cluster, ClusterOptions, cache_folder, resolve};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::objects;
use crate::bench::{
    fill::{Writers, each},
    objects::{self as common, Placement},
    progress,
};

const MINOR: &str = "1.31";
/// Most bytes that etcd may hold.
const QUOTA: &str = "--quota-backend-bytes=8589934592";

/// A cluster of so many blocks, on a copy of the cached data; fills what is not there yet.
pub(super) async fn filled(blocks: usize) -> Result<Cluster> {
    let version = resolve(MINOR)?;
    let cache = Cache {
        folder: cache_folder()?,
        version,
    };
    std::fs::create_dir_all(&cache.folder)?;
    let data = cache.data(blocks);
    let lock = File::create(cache.folder.join("bench-scale.lock"))?;
    lock.lock()?;
    if !data.is_dir() {
        cache.fill(blocks, &data).await?;
    }
    Ok(Cluster::start(options().data(data)).await?)
}

/// Nothing may act on the objects: there are no kubelets behind them.
fn options() -> ClusterOptions {
    let mut options = ClusterOptions::new(MINOR).without_controllers();
    options.etcd_args.push(QUOTA.to_owned());
    options
}

struct Cache {
    folder: PathBuf,
    version: String,
}

impl Cache {
    fn data(&self, blocks: usize) -> PathBuf {
        let generation = (objects::GENERATION, common::GENERATION);
        self.folder.join(format!(
            "bench-scale-{}-{blocks}-g{}.{}",
            self.version, generation.0, generation.1
        ))
    }

    async fn fill(&self, blocks: usize, data: &Path) -> Result<()> {
        let began = Instant::now();
        let smaller = (1..blocks).rev().find(|&some| self.data(some).is_dir());
        let mut options = options();
        // Nobody reads meanwhile.
        options.api_server_args.push("--watch-cache=false".into());
        options.data = smaller.map(|some| self.data(some));
        let first = smaller.unwrap_or_default();
        let missing = objects::total(blocks) - objects::total(first);
        progress(&format!(
            "filling an API server with {missing} objects (once)"
        ));
        let cluster = Cluster::start(options).await?;
        let writers = Writers::new(&cluster, &self.version, missing, Placement::Pools)?;
        if first == 0 {
            base(&writers.helm).await?;
        }
        add(&Arc::new(writers), first..blocks).await?;
        let unfinished = data.with_extension(format!("filling-{}", std::process::id()));
        cluster.keep_data(&unfinished)?;
        std::fs::rename(&unfinished, data).context("keep the data")?;
        progress(&format!("filled in {} s", began.elapsed().as_secs()));
        Ok(())
    }
}

/// What a cluster has once.
async fn base(client: &Client) -> Result<()> {
    for (plural, object) in objects::storage() {
        let list = format!("/apis/storage.k8s.io/v1/{plural}");
        client.create(&list, &object).await?;
    }
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for kind in objects::KINDS {
        client
            .create(definitions, &objects::definition(kind))
            .await?;
    }
    Ok(())
}

async fn add(writers: &Arc<Writers>, blocks: Range<usize>) -> Result<()> {
    let parts = |of: usize| blocks.start * of..blocks.end * of;
    each(writers, blocks.clone(), Writers::namespace).await?;
    each(writers, parts(objects::NODES), Writers::pool_node).await?;
    each(writers, parts(objects::APPS), Writers::app).await?;
    each(writers, blocks.clone(), Writers::agents).await?;
    each(writers, blocks.clone(), Writers::store).await?;
    each(writers, blocks, Writers::rest).await
}

fn space(block: usize) -> String {
    common::namespace_name(block)
}

fn apps(block: usize, plural: &str) -> String {
    format!("/apis/apps/v1/namespaces/{}/{plural}", space(block))
}

fn core(block: usize, plural: &str) -> String {
    format!("/api/v1/namespaces/{}/{plural}", space(block))
}

impl Writers {
    /// A node with what its kubelet writes beside it.
    async fn pool_node(self: Arc<Self>, number: usize) -> Result<()> {
        let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
        let objects = [
            ("/api/v1/nodes", objects::node(number, &self.version)),
            (leases, objects::lease(number)),
            (
                "/apis/storage.k8s.io/v1/csinodes",
                objects::csi_node(number),
            ),
        ];
        for (list, object) in objects {
            self.create(&self.kubelet, list, &object).await?;
            self.count();
        }
        Ok(())
    }

    /// The DaemonSet of a block with its pods.
    async fn agents(self: Arc<Self>, block: usize) -> Result<()> {
        let (set, status) = (objects::daemon_set(block), objects::daemon_set_status());
        let list = apps(block, "daemonsets");
        let set = self.with_status(&self.helm, &list, &set, &status).await?;
        self.count();
        for number in block * objects::NODES..(block + 1) * objects::NODES {
            let (name, pod) = objects::agent(number, &set);
            self.pod(block, &name, &pod, &objects::agent_status(number))
                .await?;
        }
        Ok(())
    }

    /// The StatefulSet of a block with its pods and their volumes.
    async fn store(self: Arc<Self>, block: usize) -> Result<()> {
        let (set, status) = (objects::stateful_set(block), objects::stateful_set_status());
        let list = apps(block, "statefulsets");
        let set = self.with_status(&self.helm, &list, &set, &status).await?;
        self.count();
        for ordinal in 0..objects::REPLICAS {
            self.volume(block, ordinal).await?;
            let (name, pod) = objects::member(block, ordinal, &set);
            let status = objects::member_status(block, ordinal);
            self.pod(block, &name, &pod, &status).await?;
        }
        Ok(())
    }

    async fn pod(&self, block: usize, name: &str, pod: &Value, status: &Value) -> Result<()> {
        let list = core(block, "pods");
        self.create(&self.controllers, &list, pod).await?;
        self.tell_status(&self.kubelet, &format!("{list}/{name}"), status)
            .await?;
        self.count();
        Ok(())
    }

    /// A claim, its volume, and that it is attached.
    async fn volume(&self, block: usize, ordinal: usize) -> Result<()> {
        let claims = core(block, "persistentvolumeclaims");
        let (claim, status) = (objects::claim(block, ordinal), objects::claim_status());
        let claim = self
            .with_status(&self.controllers, &claims, &claim, &status)
            .await?;
        let volume = objects::volume(block, ordinal, &claim);
        let bound = json!({ "phase": "Bound" });
        self.with_status(
            &self.controllers,
            "/api/v1/persistentvolumes",
            &volume,
            &bound,
        )
        .await?;
        let attachments = "/apis/storage.k8s.io/v1/volumeattachments";
        let (attachment, attached) = (
            objects::attachment(block, ordinal),
            json!({ "attached": true }),
        );
        self.with_status(&self.controllers, attachments, &attachment, &attached)
            .await?;
        (0..3).for_each(|_| self.count());
        Ok(())
    }

    /// Secrets, ConfigMaps and custom resources of a block.
    async fn rest(self: Arc<Self>, block: usize) -> Result<()> {
        let of = |each: usize| block * each..(block + 1) * each;
        let releases = of(objects::RELEASES).map(common::release);
        let secrets = releases.chain(of(objects::CERTIFICATES).map(common::secret));
        let secrets = secrets.map(|secret| (core(block, "secrets"), secret));
        let settings = of(objects::CONFIG_MAPS).map(common::config_map);
        let settings = settings.map(|settings| (core(block, "configmaps"), settings));
        let custom = of(objects::CUSTOM).map(|number| {
            let (kind, object) = objects::custom(number);
            (
                format!(
                    "/apis/{}/v1/namespaces/{}/{}",
                    objects::GROUP,
                    space(block),
                    objects::plural(kind)
                ),
                object,
            )
        });
        for (list, object) in secrets.chain(settings).chain(custom) {
            self.create(&self.helm, &list, &object).await?;
            self.count();
        }
        Ok(())
    }
}
