//! One SDK for the whole test: a process that is told what to call, a line each, and tells what its SDK made of it.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
};

use crate::{
    common_sdk::{Key, Language, Sdk},
    matrix::Matrix,
};

/// No call takes nearly as long.
const DEADLINE: Duration = Duration::from_mins(2);

/// An SDK, waiting for calls.
pub(crate) struct Caller {
    pub(crate) language: Language,
    pub(crate) matrix: Matrix,
    /// Goes along with every call, unless the call has its own.
    environment: Value,
    orders: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

/// What an SDK's exception tells.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Name of the exception's type.
    pub(crate) kind: String,
    pub(crate) status: u64,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) request_id: String,
}

/// Who calls, where: what the clients read from the environment. Without a project the SDK looks for the one that is named
/// like the region.
pub(crate) fn environment(endpoint: &str, key: &Key, region: &str, project: &str) -> Value {
    json!({
        "AIRWORTHY_ENDPOINT": endpoint,
        "AIRWORTHY_REGION": region,
        "AIRWORTHY_PROJECT": project,
        "CLOUD_SDK_AK": key.ak,
        "CLOUD_SDK_SK": key.sk,
    })
}

impl Caller {
    pub(crate) fn start(sdk: &Sdk) -> Result<Self> {
        let run = sdk.client(&["calls"])?;
        // A proxy of this machine's user has no way to its loopback.
        let run = run
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1");
        let mut command = run.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the client")?;
        let orders = child.stdin.take().context("no standard input")?;
        let answers = child.stdout.take().context("no standard output")?;
        Ok(Self {
            language: sdk.language,
            matrix: Matrix::default(),
            environment: json!({}),
            orders,
            lines: BufReader::new(answers).lines(),
            _child: child,
        })
    }

    /// Calls as this from now on.
    pub(crate) fn be(&mut self, environment: Value) {
        self.environment = environment;
    }

    /// Makes a call that must succeed, and gives the answer as the SDK's own types hold it.
    pub(crate) async fn answered(&mut self, call: &'static str, arguments: Value) -> Result<Value> {
        let order = json!({ "arguments": arguments });
        self.answered_to(call, order).await
    }

    /// The same with everything that an order may have: headers, and another environment.
    pub(crate) async fn answered_to(&mut self, call: &'static str, order: Value) -> Result<Value> {
        let mut told = self.order(call, order).await?;
        let language = self.language;
        ensure!(told["answer"].is_object(), "{language:?}: {told}");
        let status = told["status"].as_u64().context("no status")?;
        self.matrix.answered(call, language, status)?;
        Ok(told["answer"].take())
    }

    /// Makes a call that the service must refuse.
    pub(crate) async fn refused(&mut self, call: &str, order: Value) -> Result<Refusal> {
        let told = self.order(call, order).await?;
        let exception = &told["exception"];
        let text = |name: &str| {
            let text = exception[name].as_str().map(str::to_owned);
            text.with_context(|| format!("{:?}: no {name} in {told}", self.language))
        };
        Ok(Refusal {
            kind: text("type")?,
            status: exception["status"].as_u64().context(told.to_string())?,
            code: text("code")?,
            message: text("message")?,
            request_id: text("requestId")?,
        })
    }

    async fn order(&mut self, call: &str, mut order: Value) -> Result<Value> {
        order["call"] = call.into();
        let mut environment = self.environment.clone();
        if let Value::Object(others) = order["environment"].take() {
            for (name, value) in others {
                environment[name] = value;
            }
        }
        order["environment"] = environment;
        self.orders
            .write_all(format!("{order}\n").as_bytes())
            .await?;
        self.orders.flush().await?;
        let line = tokio::time::timeout(DEADLINE, self.lines.next_line()).await;
        let line = line.with_context(|| format!("{:?} does not answer", self.language))??;
        let Some(line) = line else {
            bail!("{:?} ended at {call}", self.language);
        };
        serde_json::from_str(&line).with_context(|| line.clone())
    }
}
