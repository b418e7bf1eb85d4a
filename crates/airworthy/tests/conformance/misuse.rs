//! The service that is misused, and what its operator has given out.

use std::net::Ipv4Addr;

use airworthy_testbed::Cluster;
use anyhow::{Context as _, Result};
use http::Method;
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::net::TcpSocket;

use crate::{
    common_sdk::{House, Key, Language, Service},
    http_client::Peer,
    services::{PROJECT, REGION},
};

const DEAD: &str = "dddddddd-0000-4000-8000-00000000dead";
const USER: &str = "somebody";
const PASSWORD: &str = "a passphrase of a test";

pub(crate) struct Misused {
    pub(crate) service: Service,
    pub(crate) key: Key,
    /// May only read.
    pub(crate) reader: Key,
    pub(crate) token: String,
    pub(crate) expired: String,
    /// The cluster as each language knows it; it runs 1.31 and answers.
    clusters: Vec<(Language, String)>,
    _dead: Dead,
}

/// A kubeconfig of a server that refuses every connection.
struct Dead {
    kubeconfig: TempDir,
    _socket: TcpSocket,
}

impl Dead {
    fn new() -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Bound, but nobody listens.
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let server = format!("https://{}", socket.local_addr()?);
        let kubeconfig = json!({
            "clusters": [{ "name": "c", "cluster": { "server": server } }],
            "users": [{ "name": "u", "user": { "token": "t" } }],
            "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
            "current-context": "c",
        });
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string())?;
        Ok(Self {
            kubeconfig: folder,
            _socket: socket,
        })
    }
}

impl Misused {
    /// Another project, whose name nobody needs.
    pub(crate) const OTHER_PROJECT: &str = "ffffffffffffffffffffffffffffffff";
    /// A cluster that does not answer.
    pub(crate) const DEAD: &str = DEAD;

    pub(crate) async fn start(cluster: &Cluster, languages: &[Language]) -> Result<Self> {
        let house = House::new("check-before-upgrade = \"required\"\n")?;
        house.add_project(PROJECT, REGION).await?;
        house.add_project(Self::OTHER_PROJECT, "other").await?;
        let kubeconfig = cluster.kubeconfig();
        let mut clusters = Vec::new();
        for (number, &language) in languages.iter().enumerate() {
            let id = format!("aaaaaaaa-0000-4000-8000-{number:012}");
            let name = format!("of-{language:?}").to_lowercase();
            house
                .add_cluster(PROJECT, (&id, &name), &kubeconfig)
                .await?;
            clusters.push((language, id));
        }
        let dead = Dead::new()?;
        let kubeconfig = dead.kubeconfig.path().join("kubeconfig");
        house
            .add_cluster(PROJECT, (DEAD, "dead"), &kubeconfig)
            .await?;
        let key = house.create_key(PROJECT, &["--role", "admin"]).await?;
        let reader = house.create_key(PROJECT, &["--role", "read-only"]).await?;
        add_user(&house).await?;
        let service = house.serve().await?;
        let expired = token(&service.endpoint).await?;
        expire_tokens(&service).await?;
        Ok(Self {
            token: token(&service.endpoint).await?,
            expired,
            service,
            key,
            reader,
            clusters,
            _dead: dead,
        })
    }

    pub(crate) fn cluster(&self, language: Language) -> Result<&str> {
        let found = self.clusters.iter().find(|(own, _)| *own == language);
        Ok(&found.context("no cluster for the language")?.1)
    }

    /// The database loses a table.
    pub(crate) async fn breaks(&self) -> Result<()> {
        change(&self.service, "ALTER TABLE clusters RENAME TO gone").await
    }
}

async fn add_user(house: &House) -> Result<()> {
    let add = house.command(&["user", "add", USER, "--password-stdin"]);
    add.input(&format!("{PASSWORD}\n"))?.succeed().await?;
    let grant = ["user", "grant", USER, "--project", PROJECT];
    let grant = [&grant[..], &["--role", "operator"]].concat();
    house.tell(&grant).await.map(drop)
}

/// As if a day had gone by.
async fn expire_tokens(service: &Service) -> Result<()> {
    change(
        service,
        "UPDATE tokens SET expires_at = expires_at - 86400000000",
    )
    .await
}

async fn change(service: &Service, statement: &'static str) -> Result<()> {
    let url = format!("sqlite://{}", service.house.database().display());
    let mut connection = SqliteConnection::connect(&url).await?;
    sqlx::query(statement).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// A token of the user's for the project.
async fn token(endpoint: &str) -> Result<String> {
    let domain = json!({ "name": "airworthy" });
    let user = json!({ "name": USER, "password": PASSWORD, "domain": domain });
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    let scope = json!({ "project": { "name": REGION } });
    let body = json!({ "auth": { "identity": identity, "scope": scope } });
    let peer = Peer::plain(endpoint)?;
    let answer = peer
        .send(None, Method::POST, "/v3/auth/tokens", Some(&body))
        .await?;
    let token = answer.headers.get("x-subject-token");
    let token = token.with_context(|| format!("no token: {answer:?}"))?;
    Ok(token.to_str()?.to_owned())
}
