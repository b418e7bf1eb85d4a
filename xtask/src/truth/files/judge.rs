//! The real API server of the target says what it would do with an object, and does nothing.

use airworthy_testbed::{Client, Cluster, ClusterOptions, Error, wait_until};
use anyhow::{Result, bail};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use std::time::Duration;

use super::corpus::{Item, NAMESPACE, Trap};

const DEADLINE: Duration = Duration::from_secs(30);

/// What the server would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It takes the object.
    Accepts,
    /// It does not serve the version.
    NoSuchVersion,
    /// It does not know a field.
    NoSuchField(String),
    /// It refuses for another reason: the object is no good example.
    Refuses(String),
}

/// An API server that judges.
pub(super) struct Judge {
    client: Client,
    /// Ends when the judge is dropped.
    cluster: Cluster,
}

impl Judge {
    /// Starts the API server of a minor, with default flags or with more, with the namespace and the definitions.
    pub(super) async fn start(
        minor: &str,
        runtime_config: &[&str],
        traps: &[Trap],
    ) -> Result<Self> {
        let mut options = ClusterOptions::new(minor).without_controllers();
        options.runtime_config = runtime_config.iter().map(ToString::to_string).collect();
        let cluster = Cluster::start(options).await?;
        let client = cluster.client("truth")?;
        let namespace = json!({ "metadata": { "name": NAMESPACE } });
        client.create("/api/v1/namespaces", &namespace).await?;
        for trap in traps {
            define(&client, trap).await?;
        }
        Ok(Self { client, cluster })
    }

    /// The full version of the server.
    pub(super) fn version(&self) -> &str {
        self.cluster.version()
    }

    /// What it would do with an object that is created, and with one that is applied. Fails if the two differ.
    pub(super) async fn judge(&self, item: &Item) -> Result<Verdict> {
        let created = self.create(item).await?;
        if item.create_only {
            return Ok(created);
        }
        let applied = self.apply(item).await?;
        if std::mem::discriminant(&created) != std::mem::discriminant(&applied) {
            bail!("{}: created {created:?}, applied {applied:?}", item.title());
        }
        Ok(created)
    }

    async fn create(&self, item: &Item) -> Result<Verdict> {
        let path = format!("{}?dryRun=All&fieldValidation=Strict", item.list);
        self.send(Method::POST, &path, "application/json", &item.object)
            .await
    }

    async fn apply(&self, item: &Item) -> Result<Verdict> {
        let query = "dryRun=All&fieldValidation=Strict&fieldManager=truth&force=true";
        let path = format!("{}/{}?{query}", item.list, item.name());
        self.send(
            Method::PATCH,
            &path,
            "application/apply-patch+yaml",
            &item.object,
        )
        .await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content: &'static str,
        object: &Value,
    ) -> Result<Verdict> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
        let answer = self
            .client
            .send(method, path, headers, object.to_string())
            .await?;
        let body = String::from_utf8_lossy(&answer.body);
        Ok(verdict(answer.status.as_u16(), &body))
    }
}

fn verdict(status: u16, body: &str) -> Verdict {
    let message = serde_json::from_str::<Value>(body).ok();
    let message = message
        .as_ref()
        .and_then(|status| status["message"].as_str())
        .unwrap_or(body);
    match status {
        200..300 => Verdict::Accepts,
        404 if body.contains("page not found")
            || body.contains("could not find the requested resource") =>
        {
            Verdict::NoSuchVersion
        }
        _ if message.contains("unknown field")
            || message.contains("field not declared in schema") =>
        {
            Verdict::NoSuchField(message.to_owned())
        }
        _ => Verdict::Refuses(format!("{status} {message}")),
    }
}

async fn define(client: &Client, trap: &Trap) -> Result<(), Error> {
    client
        .create(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            &trap.definition(),
        )
        .await?;
    let list = trap.item().list;
    wait_until(DEADLINE, &list, || async {
        Ok(client.list(&list).await.ok())
    })
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(verdict(201, "{}"), Verdict::Accepts);
        assert_eq!(verdict(404, "404 page not found\n"), Verdict::NoSuchVersion);
        let missing = r#"{"message":"namespaces \"x\" not found"}"#;
        assert!(matches!(verdict(404, missing), Verdict::Refuses(_)));
        let unknown = r#"{"message":"strict decoding error: unknown field \"spec.x\""}"#;
        assert!(matches!(verdict(400, unknown), Verdict::NoSuchField(_)));
    }
}
