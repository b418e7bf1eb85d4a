//! Pods on the nodes that find out what only a node knows: whether names resolve there, whether Services and other pods can be
//! reached, and how long a new pod takes. Made, waited for and taken away at an operator's word; who reads the cluster reads what they found.

mod api;
#[cfg(test)]
mod look_tests;
mod objects;

use std::time::Duration;

use airworthy_collect::Connection;
use airworthy_model::facts::{PROBE_LABEL, PROBE_NAMESPACE};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use api::Api;
pub use objects::{Made, ProbeOrder, lookers, targets};

/// How often is looked whether pods have come up.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a namespace may take to go.
const GOING: Duration = Duration::from_mins(2);

/// Why a probe was not made or taken away.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The API server did not do what was asked.
    #[error("{0}")]
    Ask(String),
    /// There is a namespace of that name that we have not made.
    #[error(
        "there is a namespace {PROBE_NAMESPACE} without our label; it is left alone, and no probe is made"
    )]
    Foreign,
    /// Pods did not come up, or did not end, in time. What there is can be read all the same.
    #[error("after {} s, {done} of {wanted} pods have {what}", .deadline.as_secs())]
    Late {
        /// What was waited for.
        what: &'static str,
        /// Pods that have.
        done: usize,
        /// Pods that should.
        wanted: usize,
        /// How long was waited.
        deadline: Duration,
    },
    /// The namespace does not go.
    #[error("the namespace {PROBE_NAMESPACE} is still there after {} s: something keeps its objects", GOING.as_secs())]
    Stays,
}

/// Puts pods on all nodes and waits until they have looked. What an earlier probe left is taken away first. Hears of each step.
pub async fn run(
    connection: &Connection,
    order: &ProbeOrder,
    tell: impl Fn(&str),
) -> Result<usize, ProbeError> {
    let api = Api::new(connection.client().clone());
    sweep(&api, &tell).await?;
    let began = Instant::now();
    for made in objects::targets(order, api.now()) {
        tell(&format!("making {}", made.name()));
        api.create(&made.path, &made.object).await?;
    }
    let running = |pod: &Value| pod["status"]["podIP"].is_string();
    // A node without pods is what the probe is about: the other nodes look all the same, and in time.
    let half = Span::of(began, order.deadline / 2);
    let (pods, late) = match until(&api, "target", "come up", half, running).await {
        Ok(pods) => (pods, None),
        Err((pods, late)) => (pods, Some(late)),
    };
    let looker = objects::lookers(order, &service(&api).await?, &addresses(&pods));
    tell(&format!("making {}", looker.name()));
    api.create(&looker.path, &looker.object).await?;
    let whole = Span::of(began, order.deadline);
    let done = until(&api, "look", "looked", whole, has_looked).await;
    let done = done.map_err(|(_, late)| late)?;
    late.map_or(Ok(done.len()), Err)
}

/// The address of the Service of all pods that are looked for.
async fn service(api: &Api) -> Result<String, ProbeError> {
    let path = format!("/api/v1/namespaces/{PROBE_NAMESPACE}/services/target");
    let service = api.get(&path).await?.unwrap_or_default();
    let address = service["spec"]["clusterIP"].as_str();
    Ok(address.unwrap_or_default().to_owned())
}

fn addresses(pods: &[Value]) -> Vec<String> {
    let ips = pods
        .iter()
        .filter_map(|pod| pod["status"]["podIP"].as_str());
    ips.map(str::to_owned).collect()
}

/// Others may have put containers of their own beside the one that looks.
fn has_looked(pod: &Value) -> bool {
    let containers = pod["status"]["initContainerStatuses"].as_array();
    let mut containers = containers.into_iter().flatten();
    containers.any(|one| one["name"] == objects::LOOKER && one["state"]["terminated"].is_object())
}

/// How long is waited.
#[derive(Clone, Copy)]
struct Span {
    deadline: Duration,
    ends: Instant,
}

impl Span {
    fn of(began: Instant, deadline: Duration) -> Self {
        let ends = began + deadline;
        Self { deadline, ends }
    }
}

/// Takes away what probes have left, also one that broke off. Says whether there was anything.
pub async fn clean(connection: &Connection, tell: impl Fn(&str)) -> Result<bool, ProbeError> {
    sweep(&Api::new(connection.client().clone()), &tell).await
}

async fn sweep(api: &Api, tell: &impl Fn(&str)) -> Result<bool, ProbeError> {
    let path = format!("/api/v1/namespaces/{PROBE_NAMESPACE}");
    let Some(namespace) = api.get(&path).await? else {
        return Ok(false);
    };
    let (key, value) = PROBE_LABEL;
    if namespace["metadata"]["labels"][key] != value {
        return Err(ProbeError::Foreign);
    }
    tell(&format!(
        "removing Namespace {PROBE_NAMESPACE} with all that is in it"
    ));
    api.delete(&path, &namespace["metadata"]["uid"]).await?;
    let ends = Instant::now() + GOING;
    while api.get(&path).await?.is_some() {
        if Instant::now() >= ends {
            return Err(ProbeError::Stays);
        }
        sleep(PAUSE).await;
    }
    Ok(true)
}

/// Waits until all pods of a component are so; the pods that there are, and with those that lack the error.
async fn until(
    api: &Api,
    component: &str,
    what: &'static str,
    span: Span,
    is: impl Fn(&Value) -> bool,
) -> Result<Vec<Value>, (Vec<Value>, ProbeError)> {
    let set = format!("/apis/apps/v1/namespaces/{PROBE_NAMESPACE}/daemonsets/{component}");
    let pods = format!(
        "/api/v1/namespaces/{PROBE_NAMESPACE}/pods?labelSelector=app.kubernetes.io%2Fcomponent%3D{component}"
    );
    loop {
        let seen = async { Ok::<_, ProbeError>((api.get(&set).await?, api.list(&pods).await?)) };
        let (set, pods) = seen.await.map_err(|error| (Vec::new(), error))?;
        let status = &set.unwrap_or_default()["status"];
        let wanted = status["desiredNumberScheduled"]
            .as_u64()
            .unwrap_or_default();
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let observed = status["observedGeneration"].is_u64();
        let (done, others): (Vec<_>, Vec<_>) = pods.into_iter().partition(&is);
        if observed && wanted > 0 && done.len() >= wanted {
            return Ok(done);
        }
        if Instant::now() >= span.ends {
            let late = ProbeError::Late {
                what,
                done: done.len(),
                wanted: wanted.max(done.len() + others.len()),
                deadline: span.deadline,
            };
            return Err((done, late));
        }
        sleep(PAUSE).await;
    }
}
