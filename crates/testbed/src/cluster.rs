//! One cluster: its processes, its files and its life.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::apply::{self, Apply};
use crate::background::Background;
use crate::binaries::Binaries;
use crate::client::{Client, Patch};
use crate::components::{self, Account};
use crate::egress::Egress;
use crate::error::{Context as _, Error, Result};
use crate::nodes::NodeOptions;
use crate::options::ClusterOptions;
use crate::pki::Authority;
use crate::port::Port;
use crate::process::Process;
use crate::wait::wait_until;
use crate::workdir::WorkDir;

const START_DEADLINE: Duration = Duration::from_mins(1);
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

/// A real control plane on loopback; everything it started ends when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    // In order of dropping: clients of the API server first, the folder last.
    control_plane: Vec<Process>,
    /// etcd and kwok, which no upgrade touches.
    others: Vec<Process>,
    egress: Egress,
    background: Background,
    options: ClusterOptions,
    version: String,
    url: String,
    port: Port,
    authority: Authority,
    accounts: Vec<Account>,
    admin: Client,
    nodes_made: AtomicU32,
    dir: WorkDir,
}

impl Cluster {
    /// Starts a cluster and waits until it works: API server ready, leaders elected, nodes schedulable.
    pub async fn start(options: ClusterOptions) -> Result<Self> {
        let binaries = binaries(&options.minor).await?;
        let mut cluster = Self::start_api_server(options, &binaries)?;
        cluster.wait_ready().await?;
        if !cluster.options.controllers {
            return Ok(cluster);
        }
        cluster.start_controllers(&binaries)?;
        let kwok = components::kwok(&cluster.dir);
        let kwok = start(&cluster.dir, "kwok", &binaries.kwok, &kwok)?;
        cluster.others.push(kwok);
        cluster.make_nodes().await?;
        cluster.wait_for_leaders().await?;
        cluster.wait_for_nodes().await?;
        cluster.publish().await?;
        Ok(cluster)
    }

    /// Writes the files and starts etcd and the API server, which waits for it by itself.
    fn start_api_server(options: ClusterOptions, binaries: &Binaries) -> Result<Self> {
        let dir = WorkDir::create()?;
        let port = Port::reserve()?;
        let url = format!("https://127.0.0.1:{}", port.number());
        let authority = Authority::new("testbed")?;
        let accounts = components::accounts(&options.users);
        components::write_files(&dir, &authority, &accounts, &url)?;
        let background = Background::start()?;
        let egress = Egress::start(&background, &dir.join("egress.sock"))?;
        if let Some(data) = &options.data {
            copy_folder(data, &dir.join(components::DATA))?;
        }
        let etcd = start(&dir, "etcd", &binaries.etcd, &components::etcd(&options))?;
        let args = components::api_server(&dir, port.number(), &options);
        let api_server = start(&dir, "kube-apiserver", &binaries.control_plane, &args)?;
        Ok(Self {
            control_plane: vec![api_server],
            others: vec![etcd],
            egress,
            background,
            version: binaries.version.clone(),
            admin: client(&url, &accounts[0], "testbed", &authority)?,
            url,
            port,
            authority,
            accounts,
            nodes_made: AtomicU32::new(0),
            dir,
            options,
        })
    }

    /// Stops the control plane and starts that of another minor on the same data.
    ///
    /// The address, the tokens and the kubeconfigs stay as they are; the nodes stay where they were
    /// until [`Cluster::move_nodes`]. Mirror pods and settings are written anew.
    pub async fn upgrade(&mut self, minor: &str) -> Result<()> {
        self.restart(|options| minor.clone_into(&mut options.minor))
            .await
    }

    /// Changes the options and starts the control plane anew with them, on the same data.
    pub async fn restart(&mut self, change: impl FnOnce(&mut ClusterOptions)) -> Result<()> {
        change(&mut self.options);
        let binaries = binaries(&self.options.minor).await?;
        self.control_plane.clear();
        self.version.clone_from(&binaries.version);
        let args = components::api_server(&self.dir, self.port.number(), &self.options);
        let api_server = start(&self.dir, "kube-apiserver", &binaries.control_plane, &args)?;
        self.control_plane.push(api_server);
        self.wait_ready().await?;
        if !self.options.controllers {
            return Ok(());
        }
        self.release_leases().await?;
        self.start_controllers(&binaries)?;
        self.wait_for_leaders().await?;
        self.publish().await
    }

    /// The command lines of API server, controller manager and scheduler.
    pub(crate) fn arguments(&self) -> [Vec<String>; 3] {
        [
            components::api_server(&self.dir, self.port.number(), &self.options),
            components::controller_manager(&self.dir, &self.options),
            components::scheduler(&self.dir, &self.options),
        ]
    }

    /// Ends a component of the control plane, such as `kube-scheduler`, until the next restart.
    pub fn stop(&mut self, component: &str) -> Result<()> {
        let mut running = self.control_plane.iter();
        let place = running.position(|process| process.component() == component);
        let place = place.ok_or_else(|| Error::document(component, "does not run"))?;
        self.control_plane.remove(place);
        Ok(())
    }

    fn start_controllers(&mut self, binaries: &Binaries) -> Result<()> {
        for (component, args) in [
            (
                components::CONTROLLER_MANAGER,
                components::controller_manager(&self.dir, &self.options),
            ),
            (
                components::SCHEDULER,
                components::scheduler(&self.dir, &self.options),
            ),
        ] {
            let process = start(&self.dir, component, &binaries.control_plane, &args)?;
            self.control_plane.push(process);
        }
        Ok(())
    }

    async fn make_nodes(&self) -> Result<()> {
        let version = format!("v{}", self.version);
        let options = NodeOptions::of(&version);
        for number in 1..=self.options.nodes {
            let name = format!("node-{number}");
            self.add_node(&name, &version, &options).await?;
        }
        Ok(())
    }

    /// Gives up the leases of killed leaders, as an orderly stop does; else each blocks for 15 s.
    async fn release_leases(&self) -> Result<()> {
        for component in [components::CONTROLLER_MANAGER, components::SCHEDULER] {
            let path = format!("{LEASES}/{component}");
            let released = json!({ "spec": { "holderIdentity": "", "leaseDurationSeconds": 1 } });
            match self.admin.patch(&path, Patch::Merge, &released).await {
                Err(error) if error.code() != Some(404) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Waits for `/readyz`; tells at once, with its log, when a component ends instead.
    async fn wait_ready(&mut self) -> Result<()> {
        let admin = self.admin.clone();
        let ready = wait_until(START_DEADLINE, "the API server", || {
            let running = self.check_running();
            let admin = &admin;
            async move {
                if let Err(ended) = running {
                    return Ok(Some(Err(ended)));
                }
                let headers = http::HeaderMap::new();
                let answer = admin
                    .send(http::Method::GET, "/readyz", headers, "")
                    .await?;
                if answer.status.is_success() {
                    return Ok(Some(Ok(())));
                }
                Err(Error::document(
                    "/readyz",
                    String::from_utf8_lossy(&answer.body),
                ))
            }
        });
        match ready.await {
            Ok(outcome) => outcome,
            Err(Error::Deadline { seconds, last, .. }) => Err(Error::NotReady {
                component: self.control_plane[0].component().to_owned(),
                seconds,
                last,
                log: self.control_plane[0].log_end(),
            }),
            Err(other) => Err(other),
        }
    }

    async fn wait_for_leaders(&mut self) -> Result<()> {
        let admin = self.admin.clone();
        let elected = wait_until(START_DEADLINE, "leaders", || {
            let running = self.check_running();
            let admin = &admin;
            async move {
                if let Err(ended) = running {
                    return Ok(Some(Err(ended)));
                }
                Ok(leaders_are_elected(admin).await?.then_some(Ok(())))
            }
        });
        elected.await?
    }

    /// Fails if a component has ended, with the end of its log.
    pub fn check_running(&mut self) -> Result<()> {
        let mut all = self.others.iter_mut().chain(&mut self.control_plane);
        all.try_for_each(Process::check_running)
    }

    /// The process ids of all components.
    pub fn process_ids(&self) -> Vec<u32> {
        self.others
            .iter()
            .chain(&self.control_plane)
            .map(Process::id)
            .collect()
    }

    /// The process id of a component, such as `kube-apiserver`, if it runs.
    pub fn process_id(&self, component: &str) -> Option<u32> {
        let mut all = self.others.iter().chain(&self.control_plane);
        let found = all.find(|process| process.component() == component);
        found.map(Process::id)
    }

    /// Ends the cluster and copies its data to a folder that is not there yet, for
    /// [`ClusterOptions::data`].
    pub fn keep_data(mut self, folder: &Path) -> Result<()> {
        self.control_plane.clear();
        self.others.clear();
        copy_folder(&self.dir.join(components::DATA), folder)
    }

    /// The full version of the control plane, such as `1.31.14`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The options, as changed by upgrades.
    pub fn options(&self) -> &ClusterOptions {
        &self.options
    }

    /// The API server's base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.join("kubeconfigs").join(components::ADMIN)
    }

    /// The kubeconfig of a user of the options.
    pub fn kubeconfig_for(&self, user: &str) -> Result<PathBuf> {
        let account = self.account(user)?;
        Ok(self
            .dir
            .join("kubeconfigs")
            .join(components::file_name(&account.name)))
    }

    /// The bearer token of a user of the options.
    pub fn token_for(&self, user: &str) -> Result<&str> {
        Ok(&self.account(user)?.token)
    }

    /// The certificate authority of the API server's certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.join("pki/ca.crt")
    }

    /// The audit log: one JSON event a line; absent unless the options ask for it.
    pub fn audit_log(&self) -> PathBuf {
        self.dir.join("logs/audit.log")
    }

    /// The log of a component, such as `kube-apiserver`.
    pub fn log(&self, component: &str) -> PathBuf {
        self.dir.log(component)
    }

    /// A client of the administrator under this user agent.
    pub fn client(&self, user_agent: &str) -> Result<Client> {
        self.client_for(components::ADMIN, user_agent)
    }

    /// A client of a user of the options.
    pub fn client_for(&self, user: &str, user_agent: &str) -> Result<Client> {
        client(&self.url, self.account(user)?, user_agent, &self.authority)
    }

    /// Applies multi-document YAML as the administrator; gives what the API server stored.
    ///
    /// Each object is sent at exactly the version it names.
    pub async fn apply(&self, yaml: &str, apply: &Apply) -> Result<Vec<Value>> {
        let client = self.client(&apply.user_agent)?;
        let mut stored = Vec::new();
        for object in apply::documents(yaml)? {
            stored.push(apply::apply_object(&client, &object, apply).await?);
        }
        Ok(stored)
    }

    /// Leads an address the API server connects to, such as `192.0.2.10:10250`, to a loopback server.
    pub fn route(&self, address: &str, backend: SocketAddr) -> Result<()> {
        self.egress.route(address, backend)
    }

    pub(crate) fn store_socket(&self) -> PathBuf {
        self.dir.join(components::ETCD_CLIENTS)
    }

    pub(crate) fn admin(&self) -> &Client {
        &self.admin
    }

    pub(crate) fn next_node(&self) -> u32 {
        self.nodes_made.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn background(&self) -> &Background {
        &self.background
    }

    fn account(&self, user: &str) -> Result<&Account> {
        let found = self.accounts.iter().find(|account| account.name == user);
        found.ok_or_else(|| Error::NoUser(user.to_owned()))
    }
}

/// Building blocks, so it is kept off the runtime's threads.
async fn binaries(version: &str) -> Result<Binaries> {
    let version = version.to_owned();
    let found = tokio::task::spawn_blocking(move || Binaries::for_version(&version)).await;
    found.map_err(|error| Error::document("build", error))?
}

fn client(url: &str, account: &Account, user_agent: &str, trust: &Authority) -> Result<Client> {
    let tls = trust.client_config()?;
    Ok(Client::new(
        url.to_owned(),
        account.token.clone(),
        user_agent,
        tls,
    ))
}

fn start(dir: &WorkDir, component: &str, program: &Path, args: &[String]) -> Result<Process> {
    Process::start(component, program, args, dir.path(), dir.log(component))
}

/// Copies a folder with all that is in it.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let entries = std::fs::read_dir(from).context(format!("read {}", from.display()))?;
    std::fs::create_dir_all(to).context(format!("make {}", to.display()))?;
    for entry in entries {
        let entry = entry.context(format!("read {}", from.display()))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)
                .context(format!("copy to {}", target.display()))?;
        }
    }
    Ok(())
}

async fn leaders_are_elected(admin: &Client) -> Result<bool> {
    for component in [components::CONTROLLER_MANAGER, components::SCHEDULER] {
        let lease = admin.get(&format!("{LEASES}/{component}")).await?;
        let holder = lease["spec"]["holderIdentity"].as_str();
        if holder.unwrap_or_default().is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}
