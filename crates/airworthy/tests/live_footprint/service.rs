//! `airworthy serve` in a folder of its own, and one caller of it.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
};

use airworthy_cce::sign::{DATE_HEADER, SignedRequest, date_header, sign};
use airworthy_testbed::wait_until;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::common_live::{DEADLINE, Run, Visitor, command, finish};

pub(super) const CLUSTER: &str = "8978deaa-1743-11ee-8e46-0255ac10004c";
const PROJECT: &str = "0605767a768010f92f1fc00e2b7c4f31";
const PASSWORD: &str = "correcthorsebattery";

/// A running service.
pub(super) struct Service {
    folder: PathBuf,
    address: String,
    key: String,
    pub(super) secret: String,
    child: Child,
}

impl Service {
    /// Registers the cluster of a kubeconfig and starts, saying as much as it can in `folder/log`.
    pub(super) async fn start(folder: &Path, kubeconfig: &Path) -> Self {
        let kubeconfig = kubeconfig.to_str().unwrap();
        let project = ["project", "add", "--id", PROJECT, "--name", "local-1"];
        tell(folder, &project).await;
        let cluster = ["cluster", "add", "--id", CLUSTER, "--project", PROJECT];
        let access = ["--name", "planted", "--kubeconfig", kubeconfig];
        tell(folder, &[&cluster[..], &access].concat()).await;
        add_user(folder).await;
        let keys = ["key", "create", "--project", PROJECT, "--role", "admin"];
        let keys = tell(folder, &keys).await;
        let after = |start: &str| {
            let line = keys
                .stdout
                .lines()
                .find_map(|line| line.strip_prefix(start));
            line.unwrap().to_owned()
        };
        let (key, secret) = (after("CLOUD_SDK_AK="), after("CLOUD_SDK_SK="));
        let mut serve = within(folder, &["serve", "--listen", "127.0.0.1:0"]);
        let log = File::create(folder.join("log")).unwrap();
        serve
            .env("RUST_LOG", "trace")
            .stdout(Stdio::null())
            .stderr(log);
        let child = serve.spawn().unwrap();
        let address = address(&folder.join("log")).await;
        Self {
            folder: folder.to_owned(),
            address,
            key,
            secret,
            child,
        }
    }

    /// The database.
    pub(super) fn database(&self) -> PathBuf {
        self.folder.join("airworthy.db")
    }

    /// The file that lets the cluster's API server send its audit events here.
    #[allow(dead_code)] // Only the tests of audit events ask for it.
    pub(super) async fn audit_token(&self) -> String {
        let args = ["cluster", "audit-token", CLUSTER, "--server", &self.address];
        tell(&self.folder, &args).await.stdout
    }

    /// A pre-check to its end.
    pub(super) async fn precheck(&self) -> Value {
        let body = json!({ "apiVersion": "v3", "kind": "PreCheckTask", "spec": { "targetVersion": "v1.32.0-r0" } });
        let task = self
            .send(Method::POST, "/operation/precheck", &body.to_string())
            .await;
        let task = task["metadata"]["uid"]
            .as_str()
            .expect("an accepted task")
            .to_owned();
        let path = format!("/operation/precheck/tasks/{task}");
        let ended = wait_until(DEADLINE, "the end of a task", || async {
            let task = self.send(Method::GET, &path, "").await;
            let phase = task["status"]["phase"].as_str().unwrap().to_owned();
            Ok((!["Init", "Running"].contains(&phase.as_str())).then_some(task))
        });
        ended.await.unwrap()
    }

    /// A post-check, which answers when it is done.
    pub(super) async fn postcheck(&self) -> Value {
        let spec = json!({ "clusterID": CLUSTER, "clusterVersion": "v1.31.14-r0", "targetVersion": "v1.32.0-r0" });
        let body = json!({ "apiVersion": "v3", "kind": "PostCheckTask", "spec": spec });
        self.send(Method::POST, "/operation/postcheck", &body.to_string())
            .await
    }

    /// Everything that people see of it in a browser, and what programs are shown that watch it, each with its path.
    pub(super) async fn pages(&self) -> Vec<(String, String)> {
        let visitor = Visitor::log_in(&self.address, "ann", PASSWORD).await;
        let begin = ["/console", "/explorer", "/openapi.json", "/metrics"];
        visitor.every_page(&begin).await
    }

    /// The trail, as the operator and as the project's administrator read it.
    pub(super) async fn trail(&self) -> [String; 2] {
        let operator = tell(&self.folder, &["trail"]).await.stdout;
        let path = format!("/audit/v1/projects/{PROJECT}/requests");
        let administrator = self.ask(Method::GET, &path, "").await;
        [operator, administrator.to_string()]
    }

    /// A signed request about the cluster; its answer, whatever the status.
    async fn send(&self, method: Method, rest: &str, body: &str) -> Value {
        let target = format!("/autopilot/v3/projects/{PROJECT}/clusters/{CLUSTER}{rest}");
        self.ask(method, &target, body).await
    }

    /// A signed request; its answer, whatever the status.
    async fn ask(&self, method: Method, target: &str, body: &str) -> Value {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{target}", self.address))
            .header("content-type", "application/json")
            .header(DATE_HEADER, date_header(Timestamp::now()))
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let parts = SignedRequest {
            method: &method,
            target,
            headers: request.headers(),
            body: body.as_bytes(),
        };
        let signed = sign(
            &parts,
            &self.key,
            &self.secret,
            &["content-type", DATE_HEADER],
        )
        .unwrap();
        request
            .headers_mut()
            .insert("authorization", signed.parse().unwrap());
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request).await.unwrap();
        let answer = answer.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&answer).unwrap()
    }

    /// Stops it as an operator does, so that everything is in its files.
    pub(super) async fn stop(mut self) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        let pid = pid.and_then(Pid::from_raw).expect("it runs");
        kill_process(pid, Signal::TERM).unwrap();
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        assert!(ended.unwrap().unwrap().success());
    }
}

fn within(folder: &Path, args: &[&str]) -> Command {
    let mut command = command(args);
    command.env("AIRWORTHY_DATABASE", folder.join("airworthy.db"));
    command
}

async fn tell(folder: &Path, args: &[&str]) -> Run {
    let run = finish(args, within(folder, args)).await;
    run.exits(0);
    run
}

/// A user who may see everything of the project.
async fn add_user(folder: &Path) {
    let password = folder.join("password");
    std::fs::write(&password, PASSWORD).unwrap();
    let args = ["user", "add", "ann", "--password-stdin"];
    let mut command = within(folder, &args);
    command.stdin(File::open(&password).unwrap());
    finish(&args, command).await.exits(0);
    std::fs::remove_file(password).unwrap();
    let grant = [
        "user",
        "grant",
        "ann",
        "--project",
        PROJECT,
        "--role",
        "admin",
    ];
    tell(folder, &grant).await;
}

async fn address(log: &Path) -> String {
    let said = wait_until(DEADLINE, "the service's address", || async {
        let log = std::fs::read_to_string(log).unwrap();
        let (_, rest) = log.split_once("airworthy listens on ").unzip();
        let address = rest.and_then(|rest| Some(rest.split_once(' ')?.0.to_owned()));
        Ok(address)
    });
    said.await.unwrap()
}
