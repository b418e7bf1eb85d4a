//! `airworthy serve` with a configuration that offers a cluster, and an admin who calls it.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
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
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::common_live::{DEADLINE, Run, command, finish};

const PROJECT: &str = "0605767a768010f92f1fc00e2b7c4f31";

/// A running service in a folder of its own; it is killed when it is dropped.
pub(super) struct House {
    folder: TempDir,
    address: String,
    key: String,
    secret: String,
    _child: Child,
}

impl House {
    /// A service that offers a cluster as `shop-prod`, which a script backs up.
    pub(super) async fn new(kubeconfig: &Path, script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (kubeconfig, backup) = (kubeconfig.display(), folder.path().join("backup.sh"));
        fs::write(&backup, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&backup, fs::Permissions::from_mode(0o700)).unwrap();
        let configuration = format!(
            "[[cluster]]\nproject = \"local-1\"\nname = \"shop-prod\"\nkubeconfig = \"{kubeconfig}\"\n\
             backup = {{ program = [\"./backup.sh\", \"{}\"] }}\n",
            folder.path().display()
        );
        fs::write(folder.path().join("config.toml"), configuration).unwrap();
        let project = ["project", "add", "--id", PROJECT, "--name", "local-1"];
        tell(folder.path(), &project).await;
        let keys = ["key", "create", "--project", PROJECT, "--role", "admin"];
        let keys = tell(folder.path(), &keys).await;
        let after = |start: &str| {
            let mut lines = keys.stdout.lines();
            let found = lines.find_map(|line| line.strip_prefix(start));
            found.unwrap().to_owned()
        };
        let mut serve = within(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
        let log = folder.path().join("log");
        serve
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap());
        let child = serve.spawn().unwrap();
        Self {
            address: address(&log).await,
            key: after("CLOUD_SDK_AK="),
            secret: after("CLOUD_SDK_SK="),
            folder,
            _child: child,
        }
    }

    /// A file in its folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the operator says on the command line, which must succeed.
    pub(super) async fn tell(&self, args: &[&str]) -> Run {
        tell(self.folder.path(), args).await
    }

    /// What the operator says on the command line, which must be refused.
    pub(super) async fn fails(&self, args: &[&str]) -> Run {
        let run = finish(args, within(self.folder.path(), args)).await;
        run.exits(2);
        run
    }

    /// A signed request in the project; status and answer.
    pub(super) async fn send(&self, method: Method, rest: &str, body: &str) -> (u16, Value) {
        let version = if rest.contains("snapshot") {
            "v3.1"
        } else {
            "v3"
        };
        let target = format!("/autopilot/{version}/projects/{PROJECT}{rest}");
        let mut request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{target}", self.address))
            .header("content-type", "application/json")
            .header(DATE_HEADER, date_header(Timestamp::now()))
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let parts = SignedRequest {
            method: &method,
            target: &target,
            headers: request.headers(),
            body: body.as_bytes(),
        };
        let names = ["content-type", DATE_HEADER];
        let signed = sign(&parts, &self.key, &self.secret, &names).unwrap();
        let signed = signed.parse().unwrap();
        request.headers_mut().insert("authorization", signed);
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request).await.unwrap();
        let status = answer.status().as_u16();
        let answer = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&answer).unwrap())
    }

    /// The answer of a request that is not refused.
    pub(super) async fn get(&self, rest: &str) -> Value {
        let (status, answer) = self.send(Method::GET, rest, "").await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Asks until what is told at a place has ended.
    pub(super) async fn ended(&self, rest: &str, phase: &str) -> Value {
        let ended = wait_until(DEADLINE, rest, || async {
            let answer = self.get(rest).await;
            let phase = answer.pointer(phase).and_then(Value::as_str);
            let over = matches!(phase, Some("Success" | "Failed"));
            Ok(over.then_some(answer))
        });
        ended.await.unwrap()
    }
}

fn within(folder: &Path, args: &[&str]) -> Command {
    let mut command = command(args);
    command
        .env("AIRWORTHY_DATABASE", folder.join("airworthy.db"))
        .env("AIRWORTHY_CONFIG", folder.join("config.toml"));
    command
}

async fn tell(folder: &Path, args: &[&str]) -> Run {
    let run = finish(args, within(folder, args)).await;
    run.exits(0);
    run
}

async fn address(log: &Path) -> String {
    let said = wait_until(DEADLINE, "the service's address", || async {
        let log = fs::read_to_string(log).unwrap();
        let (_, rest) = log.split_once("airworthy listens on ").unzip();
        let address = rest.and_then(|rest| Some(rest.split_once(' ')?.0.to_owned()));
        Ok(address)
    });
    said.await.unwrap()
}
