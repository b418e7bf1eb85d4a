//! Releases as Helm stores them.

use std::io::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

/// A release, and what stores it.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) revision: u32,
    pub(crate) status: &'static str,
    /// What `helm get all` shows, and more.
    pub(crate) content: Value,
}

impl Release {
    /// A deployed release with this manifest.
    pub(crate) fn deployed(
        namespace: &'static str,
        name: &'static str,
        revision: u32,
        manifest: &str,
    ) -> Self {
        let content = json!({
            "name": name, "namespace": namespace, "version": revision,
            "info": {"first_deployed": "2026-01-02T03:04:05Z", "last_deployed": "2026-01-02T03:04:05Z",
                "deleted": "", "description": "Install complete", "status": "deployed"},
            "chart": {"metadata": {"name": name, "version": "1.2.3", "apiVersion": "v2"}, "lock": null, "templates": [], "values": {}, "schema": null, "files": []},
            "manifest": manifest,
        });
        Self {
            namespace,
            name,
            revision,
            status: "deployed",
            content,
        }
    }

    /// The Secret that Helm 3 keeps it in.
    pub(crate) fn secret(&self) -> Value {
        self.object("Secret", "stringData")
    }

    /// The ConfigMap that Helm 3 keeps it in with HELM_DRIVER=configmap.
    pub(crate) fn config_map(&self) -> Value {
        self.object("ConfigMap", "data")
    }

    fn object(&self, kind: &str, data: &str) -> Value {
        let version = self.revision.to_string();
        let labels =
            json!({"owner": "helm", "name": self.name, "status": self.status, "version": version});
        let name = format!("sh.helm.release.v1.{}.v{version}", self.name);
        let mut object = json!({
            "apiVersion": "v1", "kind": kind,
            "metadata": {"namespace": self.namespace, "name": name, "labels": labels},
            data: {"release": packed(&self.content)},
        });
        if kind == "Secret" {
            object["type"] = "helm.sh/release.v1".into();
        }
        object
    }
}

/// Base64 of gzip of JSON.
fn packed(content: &Value) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content.to_string().as_bytes()).unwrap();
    STANDARD.encode(encoder.finish().unwrap())
}
