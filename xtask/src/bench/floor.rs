//! The floor: fetches every kind that can be listed once, page after page, and drops the bytes. What reads a whole cluster
//! cannot cost less than this.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt as _, Empty};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::JoinSet;

/// Objects of one page.
const PAGE: u32 = 500;
/// The ends of a page that are looked at: one of them has the token of the next page.
const HEAD: usize = 4096;
/// Before a list's metadata.
const METADATA: &str = "\"metadata\":";
const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Paths that are fetched at a time, where they are named: as many as airworthy asks for at a time.
const AT_ONCE: usize = 4;

/// Fetches every listable kind once, or what is named, and drops the bytes.
#[derive(clap::Args)]
pub(crate) struct Floor {
    /// Fetch the paths of this file, one a line, in place of all lists
    #[arg(long)]
    paths: Option<PathBuf>,
    /// A kubeconfig with a token, as the testbed writes them
    #[arg(long)]
    kubeconfig: PathBuf,
    /// What to ask for
    #[arg(long)]
    format: Format,
}

/// How lists are encoded.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Format {
    Json,
    Protobuf,
}

impl Format {
    const fn accept(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/vnd.kubernetes.protobuf, application/json;q=0.9",
        }
    }
}

/// What was fetched.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Fetched {
    /// Kinds.
    pub lists: u64,
    /// Requests for lists.
    pub pages: u64,
    /// Bytes of their answers.
    pub bytes: u64,
}

impl Floor {
    /// Fetches everything and prints how much it was as JSON. Runs on one thread: nothing is done at the same time.
    pub(crate) async fn run(self) -> Result<()> {
        let alone = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime?.block_on(self.fetch())
        });
        super::say(&serde_json::to_string(&alone.await??)?);
        Ok(())
    }

    async fn fetch(self) -> Result<Fetched> {
        let server = Server::new(&std::fs::read_to_string(&self.kubeconfig)?)?;
        let mut fetched = Fetched::default();
        if let Some(paths) = &self.paths {
            let paths = std::fs::read_to_string(paths)?;
            return named(server, &paths, self.format).await;
        }
        for path in server.lists().await? {
            fetched.lists += 1;
            let mut token = String::new();
            loop {
                let query = format!("{path}?limit={PAGE}{token}");
                let page = server.page(&query, self.format.accept()).await?;
                fetched.pages += 1;
                fetched.bytes += page.bytes;
                if page.next.is_empty() {
                    break;
                }
                token = format!("&continue={}", page.next);
            }
        }
        Ok(fetched)
    }
}

/// Fetches paths, several at a time.
async fn named(server: Server, paths: &str, format: Format) -> Result<Fetched> {
    let server = Arc::new(server);
    let mut running = JoinSet::new();
    for share in 0..AT_ONCE {
        let paths: Vec<_> = paths
            .lines()
            .skip(share)
            .step_by(AT_ONCE)
            .map(str::to_owned)
            .collect();
        running.spawn(dropped(server.clone(), paths, format));
    }
    let mut fetched = Fetched::default();
    while let Some(done) = running.join_next().await {
        let done = done??;
        fetched.pages += done.pages;
        fetched.bytes += done.bytes;
    }
    Ok(fetched)
}

async fn dropped(server: Arc<Server>, paths: Vec<String>, format: Format) -> Result<Fetched> {
    let mut fetched = Fetched::default();
    for path in paths {
        let answer = server.ask(&path, format.accept()).await?;
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            fetched.bytes += frame?.data_ref().map_or(0, |chunk| chunk.len() as u64);
        }
        fetched.pages += 1;
    }
    Ok(fetched)
}

#[derive(Deserialize)]
struct Kubeconfig {
    clusters: [NamedCluster; 1],
    users: [NamedUser; 1],
}

#[derive(Deserialize)]
struct NamedCluster {
    cluster: Cluster,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    server: String,
    certificate_authority: PathBuf,
}

#[derive(Deserialize)]
struct NamedUser {
    user: User,
}

#[derive(Deserialize)]
struct User {
    token: String,
}

struct Server {
    http: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    url: String,
    authorization: HeaderValue,
}

/// One page of a list.
struct Page {
    bytes: u64,
    next: String,
}

impl Server {
    fn new(kubeconfig: &str) -> Result<Self> {
        let Kubeconfig {
            clusters: [NamedCluster { cluster }],
            users: [NamedUser { user }],
        } = serde_saphyr::from_str(kubeconfig).context("not a kubeconfig of the testbed")?;
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(
            &cluster.certificate_authority,
        )?)?;
        let tls = rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .build();
        Ok(Self {
            http: Client::builder(TokioExecutor::new()).build(connector),
            url: cluster.server,
            authorization: format!("Bearer {}", user.token).parse()?,
        })
    }

    async fn ask(
        &self,
        path: &str,
        accept: &'static str,
    ) -> Result<http::Response<hyper::body::Incoming>> {
        let request = Request::builder()
            .uri(format!("{}{path}", self.url).parse::<Uri>()?)
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::ACCEPT, accept)
            .header(header::USER_AGENT, "airworthy-floor")
            .body(Empty::new())?;
        let answer = self.http.request(request).await;
        let answer = answer.with_context(|| format!("GET {path}"))?;
        ensure!(
            answer.status().is_success(),
            "GET {path}: {}",
            answer.status()
        );
        Ok(answer)
    }

    /// The paths of all lists: each kind at the first of its group's versions that serves it.
    async fn lists(&self) -> Result<Vec<String>> {
        let mut paths = Vec::new();
        for root in ["/api", "/apis"] {
            let answer = self.ask(root, DISCOVERY).await?;
            let body = answer.into_body().collect().await?.to_bytes();
            let discovery: Value = serde_json::from_slice(&body)?;
            for group in array(&discovery["items"]) {
                paths.extend(lists_of_group(root, group));
            }
        }
        Ok(paths)
    }

    async fn page(&self, path: &str, accept: &'static str) -> Result<Page> {
        let answer = self.ask(path, accept).await?;
        let mut body = answer.into_body();
        let (mut bytes, mut head, mut tail) = (0, Vec::with_capacity(HEAD), Vec::new());
        while let Some(frame) = body.frame().await {
            let Ok(chunk) = frame?.into_data() else {
                continue;
            };
            bytes += chunk.len() as u64;
            let wanted = chunk.len().min(HEAD - head.len());
            head.extend_from_slice(&chunk[..wanted]);
            keep_end(&mut tail, &chunk);
        }
        let next = next_page(&head, &tail).with_context(|| format!("GET {path}"))?;
        Ok(Page { bytes, next })
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn lists_of_group(root: &str, group: &Value) -> Vec<String> {
    let mut seen = Vec::new();
    let mut paths = Vec::new();
    for version in array(&group["versions"]) {
        for resource in array(&version["resources"]) {
            let name = &resource["resource"];
            let listed = array(&resource["verbs"]).iter().any(|verb| verb == "list");
            if !listed || seen.contains(&name) {
                continue;
            }
            seen.push(name);
            let parts = [&group["metadata"]["name"], &version["version"], name];
            let parts: Vec<_> = parts.into_iter().filter_map(Value::as_str).collect();
            paths.push(format!("{root}/{}", parts.join("/")));
        }
    }
    paths
}

/// Keeps the end of what has come.
fn keep_end(tail: &mut Vec<u8>, chunk: &[u8]) {
    let end = &chunk[chunk.len().saturating_sub(HEAD)..];
    let old = (tail.len() + end.len()).saturating_sub(HEAD);
    tail.drain(..old.min(tail.len()));
    tail.extend_from_slice(end);
}

/// The token of the next page, empty on the last one, from the ends of a page.
fn next_page(head: &[u8], tail: &[u8]) -> Result<String> {
    if let Some(envelope) = head.strip_prefix(b"k8s\0") {
        let list = member(envelope, 2).context("an envelope without content")?;
        let metadata = member(list, 1).context("a list without metadata")?;
        return Ok(String::from_utf8(
            member(metadata, 3).unwrap_or_default().to_vec(),
        )?);
    }
    let text = String::from_utf8_lossy(head);
    let before_items = text.split("\"items\":").next().unwrap_or_default();
    // Custom resources have their metadata behind the items; short lists are there in full.
    let searched = if head.len() < HEAD {
        &text
    } else {
        before_items
    };
    if let Ok(list) = serde_json::from_str::<Value>(searched) {
        return Ok(token(&list["metadata"]));
    }
    if let Some((_, metadata)) = before_items.split_once(METADATA) {
        return first_token(metadata);
    }
    let tail = String::from_utf8_lossy(tail);
    let (_, metadata) = tail
        .rsplit_once(METADATA)
        .context("the list's metadata is neither at its start nor at its end")?;
    first_token(metadata)
}

fn first_token(metadata: &str) -> Result<String> {
    let mut values = serde_json::Deserializer::from_str(metadata).into_iter::<Value>();
    Ok(token(&values.next().context("a list without metadata")??))
}

fn token(metadata: &Value) -> String {
    metadata["continue"].as_str().unwrap_or_default().to_owned()
}

/// The content of a length-delimited member of a protobuf message, of which the end may be cut off.
fn member(mut message: &[u8], wanted: u64) -> Option<&[u8]> {
    while !message.is_empty() {
        let key = varint(&mut message)?;
        // All members before the wanted ones are of this kind, or numbers.
        if key % 8 == 0 {
            varint(&mut message)?;
            continue;
        }
        let length = usize::try_from(varint(&mut message)?).ok()?;
        let (content, rest) = message.split_at(length.min(message.len()));
        if key / 8 == wanted {
            return Some(content);
        }
        message = rest;
    }
    None
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_next_page_is_found_in_both_encodings() {
        let json = br#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"abc"},"items":[{"me"#;
        let mut long = json.to_vec();
        long.resize(HEAD, b'x');
        assert_eq!(next_page(&long, b"").unwrap(), "abc");
        let custom = br#"{"apiVersion":"a/v1","items":[{"metadata":{"continue":"no"}}],"metadata":{"continue":"abc"}}"#;
        assert_eq!(next_page(custom, custom).unwrap(), "abc");
        let protobuf =
            b"k8s\0\x0a\x04\x12\x02Po\x12\x80\x01\x0a\x09\x12\x02\x37\x37\x1a\x03abc\x12\x70\x0a";
        assert_eq!(next_page(protobuf, b"").unwrap(), "abc");
    }

    #[test]
    fn the_metadata_of_a_long_list_of_custom_resources_is_at_its_end() {
        let mut head = br#"{"apiVersion":"a/v1","items":[{"metadata":{"continue":"no"}}"#.to_vec();
        head.resize(HEAD, b'x');
        let mut tail = Vec::new();
        keep_end(&mut tail, &[b'x'; HEAD]);
        keep_end(
            &mut tail,
            br#"}],"kind":"AList","metadata":{"continue":"abc","resourceVersion":"7"}}"#,
        );
        assert_eq!(tail.len(), HEAD);
        assert_eq!(next_page(&head, &tail).unwrap(), "abc");
    }

    #[test]
    fn the_last_page_has_no_next_one_and_nonsense_is_refused() {
        let last = br#"{"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[]}"#;
        assert_eq!(next_page(last, last).unwrap(), "");
        let mut behind = br#"{"apiVersion":"a/v1","items":[{"metadata":"#.to_vec();
        behind.resize(HEAD, b'x');
        assert!(next_page(&behind, &behind[HEAD / 2..]).is_err());
        assert!(next_page(b"<html>", b"").is_err());
    }

    #[test]
    fn each_kind_is_listed_at_the_first_version_that_has_it() {
        let resource = |name: &str, verbs: &[&str]| json!({ "resource": name, "verbs": verbs });
        let group = json!({
            "metadata": { "name": "apps" },
            "versions": [
                { "version": "v1", "resources": [resource("a", &["get", "list"]), resource("b", &["create"])] },
                { "version": "v1beta1", "resources": [resource("a", &["list"]), resource("c", &["list"])] },
            ],
        });
        assert_eq!(
            lists_of_group("/apis", &group),
            ["/apis/apps/v1/a", "/apis/apps/v1beta1/c"]
        );
        let core =
            json!({ "versions": [{ "version": "v1", "resources": [resource("a", &["list"])] }] });
        assert_eq!(lists_of_group("/api", &core), ["/api/v1/a"]);
    }
}
