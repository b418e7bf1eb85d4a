//! The driver that asks Cluster API for another version.

mod api;
mod object;

use std::time::Duration;

use airworthy_collect::{ConnectOptions, connect};
use airworthy_upgrade::driver::{Driver, Order, Step};
use serde_json::{Value, json};

use crate::{
    Management,
    command::upstream,
    pace::{elapsed, pace},
};
use api::{Api, Failure, GROUP};
use object::{Declared, Machines, Trouble};

/// Share of the whole progress that the control plane makes up, in percent.
const CONTROL_PLANE: u64 = 40;

/// How long one step may take.
const STEP: Duration = Duration::from_mins(1);

/// Changes the version that objects of Cluster API ask for, and follows their status.
///
/// A `Cluster` with a topology is changed in one place, `spec.topology.version`. Any other has its control plane changed first,
/// and when that is done its `MachineDeployment`s, one after the other. A version that is there already is not written again, and
/// none is lowered. `MachinePool`s and machines of their own are left alone.
#[derive(Debug, Clone)]
pub struct ClusterApi {
    /// The cluster, and what opens the management cluster.
    pub management: Management,
    /// How long an upgrade may take.
    pub deadline: Duration,
    /// How long a condition may say that there is an error until that counts: controllers report errors that pass.
    pub patience: Duration,
}

impl ClusterApi {
    /// The usual patience.
    pub const PATIENCE: Duration = Duration::from_mins(10);

    async fn look(&self, order: &Order) -> Result<Seen, Failure> {
        let options = ConnectOptions {
            kubeconfig: Some(self.management.kubeconfig.clone()),
            context: self.management.context.clone(),
            in_cluster: false,
        };
        let connection = connect(options).await;
        let connection = connection.map_err(|error| {
            tracing::warn!(%error, "the management cluster cannot be connected to");
            Failure::Passing(
                "the management cluster cannot be connected to; the log of the service says why"
                    .to_owned(),
            )
        })?;
        let api = Api::new(connection.client().clone());
        let house = House::read(&api, &self.management).await?;
        house.advance(&api, order).await
    }

    /// Failures count once they have lasted; what a controller calls final counts at once.
    fn judge(&self, order: &Order, scratch: &Scratch, seen: Seen) -> Step {
        let now = elapsed(order);
        let since = seen
            .trouble
            .as_ref()
            .map(|_| scratch.since.unwrap_or(now.as_secs()));
        if let Some(Trouble { message, is_final }) = &seen.trouble {
            let lasted = now.as_secs().saturating_sub(since.unwrap_or_default());
            if *is_final || lasted >= self.patience.as_secs() {
                return failed(message.clone());
            }
        }
        if seen.done {
            return Step::Done {
                message: seen.message,
            };
        }
        if now > self.deadline {
            let seconds = self.deadline.as_secs();
            return failed(format!("not upgraded within {seconds} s: {}", seen.message));
        }
        Step::Going {
            progress: seen.progress.max(scratch.progress),
            scratch: json!({ "since": since, "progress": seen.progress.max(scratch.progress) }),
            message: seen.message,
            again_in: pace(now),
        }
    }
}

impl Driver for ClusterApi {
    async fn step(&self, order: &Order, scratch: Option<&Value>) -> Step {
        let scratch = Scratch::of(scratch);
        // A credential plugin may hang, and must not hold a worker for ever.
        let looked = tokio::time::timeout(STEP, self.look(order)).await;
        let late = || Failure::Passing("the management cluster does not answer in time".to_owned());
        let seen = match looked.unwrap_or_else(|_| Err(late())) {
            Ok(seen) => seen,
            Err(Failure::Final(message)) => return failed(message),
            Err(Failure::Passing(message)) => Seen::waiting(scratch.progress, message),
        };
        self.judge(order, &scratch, seen)
    }
}

/// What one step leaves for the next one.
#[derive(Debug, Default)]
struct Scratch {
    /// Since when there is trouble, in seconds after the beginning.
    since: Option<u64>,
    progress: u8,
}

impl Scratch {
    fn of(scratch: Option<&Value>) -> Self {
        let member = |name: &str| scratch.and_then(|scratch| scratch[name].as_u64());
        Self {
            since: member("since"),
            progress: member("progress")
                .and_then(|it| it.try_into().ok())
                .unwrap_or(0),
        }
    }
}

/// What one look said.
#[derive(Debug)]
struct Seen {
    done: bool,
    progress: u8,
    message: String,
    trouble: Option<Trouble>,
}

impl Seen {
    fn waiting(progress: u8, message: String) -> Self {
        Self {
            done: false,
            progress,
            message,
            trouble: None,
        }
    }
}

/// All objects of one cluster.
struct House {
    path: String,
    cluster: Value,
    control_plane: Machines,
    workers: Vec<Machines>,
}

impl House {
    async fn read(api: &Api, management: &Management) -> Result<Self, Failure> {
        let version = api.version(GROUP).await?;
        let Management {
            namespace, name, ..
        } = management;
        let base = format!("/apis/{GROUP}/{version}/namespaces/{namespace}");
        let path = format!("{base}/clusters/{name}");
        let cluster = api.get(&path).await?;
        let cluster = cluster
            .ok_or_else(|| Failure::Final(format!("there is no Cluster {namespace}/{name}")))?;
        let control_plane = control_plane(api, namespace, &cluster).await?;
        let query = format!("labelSelector=cluster.x-k8s.io%2Fcluster-name%3D{name}");
        let path_of = |object: &Value| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            format!("{base}/machinedeployments/{name}")
        };
        let workers = api
            .list(&format!("{base}/machinedeployments"), &query)
            .await?;
        let workers = workers
            .into_iter()
            .map(|object| Machines::workers(path_of(&object), object))
            .collect();
        Ok(Self {
            path,
            cluster,
            control_plane,
            workers,
        })
    }

    /// Changes what is to be changed next, if anything is, and says how far the cluster is.
    async fn advance(&self, api: &Api, order: &Order) -> Result<Seen, Failure> {
        if object::is_paused(&self.cluster) {
            return Ok(self.seen(order, "the Cluster is paused".to_owned()));
        }
        let topology = &self.cluster["spec"]["topology"];
        if topology.is_object() {
            return self
                .advance_topology(api, order, &topology["version"])
                .await;
        }
        let mut all = vec![&self.control_plane];
        let mut workers: Vec<_> = self.workers.iter().collect();
        workers.sort_by_key(|it| (-it.priority(&order.node_pool_order), it.name.clone()));
        all.extend(workers);
        for machines in all {
            if let Some(seen) = self.advance_one(api, order, machines).await? {
                return Ok(seen);
            }
        }
        Ok(self.finished(order))
    }

    async fn advance_topology(
        &self,
        api: &Api,
        order: &Order,
        version: &Value,
    ) -> Result<Seen, Failure> {
        if asks(version, order, "the topology")? {
            let spec = json!({ "topology": { "version": upstream(&order.target) } });
            api.change(&self.path, &object::change(&self.cluster, &spec))
                .await?;
            return Ok(self.seen(order, "the topology was given the version".to_owned()));
        }
        let reconciled = object::condition(&self.cluster, "TopologyReconciled");
        if let Some(condition) = reconciled.filter(|it| it["status"] != "True") {
            return Ok(self.seen(order, object::words(condition)));
        }
        let mut all = std::iter::once(&self.control_plane).chain(&self.workers);
        match all.find(|machines| !is_there(machines, order)) {
            Some(machines) => Ok(self.seen(order, machines.waits())),
            None => Ok(self.finished(order)),
        }
    }

    /// Nothing when these machines are at the target.
    async fn advance_one(
        &self,
        api: &Api,
        order: &Order,
        machines: &Machines,
    ) -> Result<Option<Seen>, Failure> {
        if machines.is_paused() {
            return Ok(Some(
                self.seen(order, format!("{} is paused", machines.name)),
            ));
        }
        let asked = machines.declared(&order.target);
        if wants_change(asked, order, &machines.name)? {
            let version = upstream(&order.target);
            api.change(&machines.path, &machines.change(&version))
                .await?;
            let message = format!("{} was given the version", machines.name);
            return Ok(Some(self.seen(order, message)));
        }
        let there = is_there(machines, order);
        Ok((!there).then(|| self.seen(order, machines.waits())))
    }

    fn seen(&self, order: &Order, message: String) -> Seen {
        let mut all = std::iter::once(&self.control_plane).chain(&self.workers);
        let trouble =
            object::trouble("Cluster", &self.cluster).or_else(|| all.find_map(Machines::failure));
        Seen {
            trouble,
            ..Seen::waiting(self.progress(order), message)
        }
    }

    fn finished(&self, order: &Order) -> Seen {
        let workers = self.workers.len();
        let version = upstream(&order.target);
        let message = format!("control plane and {workers} MachineDeployments are at {version}");
        Seen {
            done: true,
            ..Seen::waiting(100, message)
        }
    }

    fn progress(&self, order: &Order) -> u8 {
        let share = |all: &[&Machines], most: u64| {
            let counts = all
                .iter()
                .map(|it| (it.count(), it.declared(&order.target)));
            let (mut wanted, mut done) = (0, 0);
            for ((some, ready), declared) in counts {
                wanted += some;
                done += if declared == Declared::Target {
                    ready
                } else {
                    0
                };
            }
            most * done / wanted.max(1)
        };
        let workers: Vec<_> = self.workers.iter().collect();
        let first = share(&[&self.control_plane], CONTROL_PLANE);
        let second = share(&workers, 100 - CONTROL_PLANE);
        u8::try_from(first + second).unwrap_or(99).min(99)
    }
}

/// The object that the cluster names as its control plane. By contract the plural of its kind is the lower-case kind with an s.
async fn control_plane(api: &Api, namespace: &str, cluster: &Value) -> Result<Machines, Failure> {
    let named = &cluster["spec"]["controlPlaneRef"];
    let text = |member: &str| named[member].as_str().unwrap_or_default();
    let (kind, name) = (text("kind"), text("name"));
    // v1beta1 names group and version, v1beta2 the group.
    let group = match text("apiGroup") {
        "" => text("apiVersion").split('/').next().unwrap_or_default(),
        group => group,
    };
    if [group, kind, name].contains(&"") {
        let why = "the Cluster names no control plane that could be changed";
        return Err(Failure::Final(why.to_owned()));
    }
    let version = api.version(group).await?;
    let plural = format!("{}s", kind.to_lowercase());
    let path = format!("/apis/{group}/{version}/namespaces/{namespace}/{plural}/{name}");
    let object = api.get(&path).await?;
    let object = object.ok_or_else(|| Failure::Final(format!("there is no {kind} {name}")))?;
    Ok(Machines::control_plane(kind, path, object))
}

fn is_there(machines: &Machines, order: &Order) -> bool {
    machines.declared(&order.target) == Declared::Target
        && machines.runs(&order.target)
        && machines.is_settled()
}

fn asks(version: &Value, order: &Order, name: &str) -> Result<bool, Failure> {
    wants_change(object::declared(version, &order.target), order, name)
}

/// Whether an object has to be changed; one that is beyond the target must not be.
fn wants_change(declared: Declared, order: &Order, name: &str) -> Result<bool, Failure> {
    let target = &order.target;
    match declared {
        Declared::Target => Ok(false),
        Declared::Older => Ok(true),
        Declared::Beyond(version) => Err(Failure::Final(format!(
            "{name} asks for {version}, beyond the target {target}: nothing was lowered"
        ))),
        Declared::Nothing => Err(Failure::Final(format!("{name} asks for no version"))),
    }
}

fn failed(message: String) -> Step {
    Step::Failed { message }
}
