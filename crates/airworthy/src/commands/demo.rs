//! `airworthy demo`: a bundled recording of a real API server, checked and served.

use std::path::Path;

use airworthy_assess::{Catalogue, Selection};
use airworthy_cce::request::PrecheckRequest;
use airworthy_collect::recording;
use airworthy_model::{Assessment, Role};
use airworthy_report as report;
use airworthy_service::{Service, Settings, SettleAt, hash_password};
use airworthy_store::{Access, NewCluster, NewKey, Options, SealingKey, Secret, Store};
use anyhow::{Context as _, Result};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    precheck,
    serve::{bind, refuse_plain, stopped, until_stopped},
};
use crate::{
    cli::Demo,
    config::{Config, Origin},
    console,
};

/// A Kubernetes 1.31 control plane of the testbed with a few things amiss; `cargo xtask testbed demo` makes it anew.
const RECORDING: &[u8] = include_bytes!("../../demo/recording.tar");
const PROJECT: &str = "0123456789abcdef0123456789abcdef";
const CLUSTER: &str = "8978deaa-1743-11ee-8e46-0255ac10004c";
const USER: &str = "demo";

/// What lets a visitor in.
struct Credentials {
    key: NewKey,
    password: String,
}

pub(crate) async fn run(args: Demo, mut config: Config) -> Result<u8> {
    let facts = recording::read(RECORDING).context("the bundled recording")?;
    let assessment = precheck::judge(&facts, None, &config.policy(), &Selection::default())?;
    let catalogue: Vec<_> = airworthy_assess::catalogue(Some(assessment.phase))
        .into_iter()
        .copied()
        .collect();
    console::print(&report::table::render(
        &assessment,
        &catalogue,
        console::view(false),
    ))?;
    if args.once {
        return Ok(0);
    }
    refuse_plain(args.listen, &config)?;
    let stop = stopped()?;
    let folder = tempfile::Builder::new()
        .prefix("airworthy-demo-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let database = folder.path().join("airworthy.db");
    config.database.layer(Some(database), Origin::Default);
    // A recording does not change between two looks.
    config
        .settle_at
        .layer(Some(SettleAt::at_once()), Origin::Default);
    let (store, credentials) = prepare(folder.path(), &config.database.value).await?;
    first_run(&store, &assessment).await?;
    let listener = bind(args.listen).await?;
    let address = listener.local_addr().context("the socket has no address")?;
    console::print(&told(&address.to_string(), &credentials))?;
    until_stopped(listener, store, &config, (Catalogue::default(), None), stop).await
}

/// A throw-away database with one project, one key, one user, and the recording in place of a cluster.
async fn prepare(folder: &Path, database: &Path) -> Result<(Store, Credentials)> {
    let file = folder.join("recording.tar");
    std::fs::write(&file, RECORDING).with_context(|| format!("cannot write {}", file.display()))?;
    let path = file
        .into_os_string()
        .into_string()
        .ok()
        .context("the temporary folder's path is not UTF-8")?;
    let now = Timestamp::now();
    let store = Store::open(&Options::new(database, SealingKey::random()?), now).await?;
    store.add_project("local-1", Some(PROJECT), now).await?;
    let cluster = NewCluster {
        id: Some(CLUSTER.into()),
        name: "demo".into(),
        alias: None,
        access: Access::Recording { path },
    };
    store.add_cluster(PROJECT, cluster, now).await?;
    let key = store
        .create_key(PROJECT, Role::Operator, "demo", now)
        .await?;
    let password = Uuid::new_v4().simple().to_string();
    let hash = hash_password(&Secret::from(password.clone()))?;
    let user = store.add_user(USER, &hash, now).await?;
    store.grant(&user.id, PROJECT, Role::Operator).await?;
    Ok((store, Credentials { key, password }))
}

/// The same pre-check as a task of the service, so that its pages have a run to show.
async fn first_run(store: &Store, assessment: &Assessment) -> Result<()> {
    let Some(path) = &assessment.path else {
        return Ok(());
    };
    let request = PrecheckRequest {
        cluster_version: None,
        target_version: path.target.to_string(),
        skips: Vec::new(),
    };
    let service = Service::new(store.clone(), Settings::default());
    service
        .create_precheck(PROJECT, CLUSTER, request, "demo")
        .await?;
    Ok(())
}

fn told(address: &str, Credentials { key, password }: &Credentials) -> String {
    format!(
        "\n\
         The service is running with a throw-away SQLite database; Ctrl-C ends it.\n\
         \n\
         \x20 address      http://{address}\n\
         \x20 project      {PROJECT} (local-1)\n\
         \x20 cluster      {CLUSTER}\n\
         \x20 access key   {}\n\
         \x20 secret key   {}\n\
         \n\
         \x20 pages        http://{address}/console (user {USER}, password {password})\n\
         \x20 API          http://{address}/explorer\n\
         \n\
         To point the vendor's Python, Go or Java SDK at it (region local-1):\n\
         \n\
         \x20 export HUAWEICLOUD_SDK_REGION_CCE_LOCAL_1=http://{address}\n\
         \x20 export HUAWEICLOUD_SDK_IAM_ENDPOINT=http://{address}\n\
         \x20 export CLOUD_SDK_AK={} CLOUD_SDK_SK={}\n\
         \n\
         Without the second one, and in Go, which takes https:// alone there, give the credentials the project's id:\n\
         they would ask the vendor's public cloud for it.\n\
         \n\
         Your own cluster: airworthy precheck\n",
        key.ak,
        key.sk.expose(),
        key.ak,
        key.sk.expose(),
    )
}
