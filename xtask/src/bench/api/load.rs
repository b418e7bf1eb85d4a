//! The client: a process of its own that asks as fast as it is answered, on connections that stay open.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use airworthy_cce::sign::{DATE_HEADER, SignedRequest, date_header, sign};
use anyhow::{Context as _, Result, ensure};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinSet};

use super::ids;

/// What to ask, of whom and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    pub address: SocketAddr,
    pub access_key: String,
    pub secret: String,
    /// Connections, each with one request at a time.
    pub connections: u32,
    pub work: Work,
}

/// What to ask.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Work {
    /// Random tasks of all, for so long.
    Show {
        tasks: u32,
        per_cluster: u32,
        seconds: f64,
    },
    /// A pre-check of each cluster, once.
    Create { clusters: u32 },
}

/// What came back.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Loaded {
    /// From the first request to the last answer.
    pub seconds: f64,
    /// How long each request took, in microseconds, shortest first.
    pub microseconds: Vec<u32>,
    /// Bytes of all bodies.
    pub bytes: u64,
    /// The ids of the tasks that were accepted.
    pub accepted: Vec<String>,
}

impl Loaded {
    /// Requests a second.
    #[allow(clippy::cast_precision_loss)] // For people.
    pub(super) fn rate(&self) -> f64 {
        self.microseconds.len() as f64 / self.seconds
    }

    /// The time within which `percent` of all requests were answered, in milliseconds.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let at = self.microseconds.len().saturating_sub(1) * percent / 100;
        self.microseconds
            .get(at)
            .map_or(f64::NAN, |microseconds| f64::from(*microseconds) / 1e3)
    }
}

/// Asks as a plan says and prints what came back as JSON.
#[derive(clap::Args)]
pub(crate) struct Load {
    /// The plan, as JSON
    #[arg(long)]
    plan: PathBuf,
}

impl Load {
    /// Runs the plan.
    pub(crate) async fn run(self) -> Result<()> {
        let plan = serde_json::from_slice(&std::fs::read(&self.plan)?)?;
        let loaded = load(Arc::new(plan)).await?;
        crate::bench::say(&serde_json::to_string(&loaded)?);
        Ok(())
    }
}

async fn load(plan: Arc<Plan>) -> Result<Loaded> {
    let mut open = Vec::new();
    for _ in 0..plan.connections {
        open.push(Connection::open(plan.address).await?);
    }
    let next = Arc::new(AtomicU32::new(0));
    let began = Instant::now();
    let mut running = JoinSet::new();
    for (number, connection) in (1_u32..).zip(open) {
        running.spawn(ask(plan.clone(), connection, number, next.clone()));
    }
    let mut all = Loaded::default();
    while let Some(one) = running.join_next().await {
        let one = one??;
        all.microseconds.extend(one.microseconds);
        all.accepted.extend(one.accepted);
        all.bytes += one.bytes;
    }
    all.seconds = began.elapsed().as_secs_f64();
    all.microseconds.sort_unstable();
    Ok(all)
}

async fn ask(
    plan: Arc<Plan>,
    mut connection: Connection,
    number: u32,
    next: Arc<AtomicU32>,
) -> Result<Loaded> {
    let mut loaded = Loaded::default();
    let mut dice = Dice(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let began = Instant::now();
    while let Some(request) = request(&plan, began, &mut dice, &next)? {
        let asked = Instant::now();
        let answer = connection.send(request).await?;
        let took = u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX);
        loaded.microseconds.push(took);
        loaded.bytes += answer.len() as u64;
        if let Work::Create { .. } = plan.work {
            loaded.accepted.push(uid(&answer)?);
        }
    }
    Ok(loaded)
}

fn request(
    plan: &Plan,
    began: Instant,
    dice: &mut Dice,
    next: &AtomicU32,
) -> Result<Option<Request<String>>> {
    match plan.work {
        Work::Show { seconds, .. } if began.elapsed() >= Duration::from_secs_f64(seconds) => {
            Ok(None)
        }
        Work::Show {
            tasks, per_cluster, ..
        } => {
            let target = ids::show(dice.below(tasks), per_cluster);
            signed(plan, Method::GET, &target, String::new()).map(Some)
        }
        Work::Create { clusters } => {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= clusters {
                return Ok(None);
            }
            let body = json!({ "apiVersion": "v3", "kind": "PreCheckTask", "spec": { "targetVersion": "v1.32" } });
            let target = ids::prechecks(number);
            signed(plan, Method::POST, &target, body.to_string()).map(Some)
        }
    }
}

/// A request as an SDK sends it.
pub(super) fn signed(
    plan: &Plan,
    method: Method,
    target: &str,
    body: String,
) -> Result<Request<String>> {
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, plan.address.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "airworthy-bench")
        .header("x-project-id", ids::PROJECT)
        .header(DATE_HEADER, date_header(Timestamp::now()))
        .body(body)?;
    let parts = SignedRequest {
        method: request.method(),
        target,
        headers: request.headers(),
        body: request.body().as_bytes(),
    };
    let names = [
        "content-type",
        "host",
        "user-agent",
        "x-project-id",
        DATE_HEADER,
    ];
    let authorization = sign(&parts, &plan.access_key, &plan.secret, &names)?;
    let value = HeaderValue::from_str(&authorization)?;
    request.headers_mut().insert(header::AUTHORIZATION, value);
    Ok(request)
}

/// The id of an accepted task.
pub(super) fn uid(answer: &[u8]) -> Result<String> {
    let answer: Value = serde_json::from_slice(answer)?;
    let uid = answer["metadata"]["uid"].as_str();
    uid.map(str::to_owned).context("an answer without an id")
}

/// A connection that stays open.
pub(super) struct Connection(http1::SendRequest<String>);

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// The body of the answer, which must be a good one.
    pub(super) async fn send(&mut self, request: Request<String>) -> Result<bytes::Bytes> {
        self.0.ready().await?;
        let answer = self.0.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        let told = || format!("{status}: {}", String::from_utf8_lossy(&body));
        ensure!(
            status == StatusCode::OK || status == StatusCode::CREATED,
            told()
        );
        Ok(body)
    }
}

/// A sequence that looks random and is the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 32) % u64::from(bound)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values() {
        let loaded = Loaded {
            seconds: 2.0,
            microseconds: (1..=100).map(|it| it * 1000).collect(),
            ..Loaded::default()
        };
        assert!((loaded.percentile(50) - 50.0).abs() < 1e-9);
        assert!((loaded.percentile(99) - 99.0).abs() < 1e-9);
        assert!((loaded.rate() - 50.0).abs() < 1e-9);
        assert!(Loaded::default().percentile(50).is_nan());
    }

    #[test]
    fn the_dice_reach_all_tasks() {
        let mut dice = Dice(1);
        let mut seen = [0; 10];
        for _ in 0..10_000 {
            seen[dice.below(10) as usize] += 1;
        }
        assert!(seen.iter().all(|count| *count > 800), "{seen:?}");
    }
}
