//! How the service is reached: encrypted, or plain where nobody can listen on the way.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStderr},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::common_cli::{PATIENCE, airworthy};

/// Puts a new certificate and its key into a folder.
fn renew(folder: &Path) -> CertificateDer<'static> {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
    let write = |name: &str, text: String| fs::write(folder.join(name), text).expect("a file");
    write("tls.crt", pair.cert.pem());
    write("tls.key", pair.signing_key.serialize_pem());
    pair.cert.der().clone()
}

/// `serve` on an address, with a database of its own.
fn serve(folder: &TempDir, listen: &str, more: &[&str]) -> crate::common_cli::Airworthy {
    let args = [&["serve", "--listen", listen], more].concat();
    airworthy(args)
        .env("AIRWORTHY_DATABASE", folder.path().join("airworthy.db"))
        .within(folder.path())
}

struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    address: SocketAddr,
    _home: TempDir,
}

impl Running {
    async fn start(service: crate::common_cli::Airworthy, scheme: &str) -> Self {
        let (mut command, home) = service.into_parts();
        let mut child = command.spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let told = format!("airworthy listens on {scheme}://");
        let listens = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some((_, rest)) = line.split_once(&told) {
                    let address = rest.split(' ').next().expect("an address");
                    return address.parse().expect("an address");
                }
            }
            panic!("it ended");
        };
        let address = timeout(PATIENCE, listens).await.expect("it starts in time");
        Self {
            child,
            lines,
            address,
            _home: home,
        }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id().expect("it runs")).expect("a small number");
        let pid = rustix::process::Pid::from_raw(id).expect("not 0");
        rustix::process::kill_process(pid, signal).expect("it can be told");
    }

    /// The answer to a request for its health, by a client that trusts this certificate alone.
    async fn health(&self, trusted: &CertificateDer<'static>) -> std::io::Result<String> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let socket = TcpStream::connect(self.address).await?;
        let connector = TlsConnector::from(Arc::new(config));
        let mut stream = connector.connect(name, socket).await?;
        let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok(text)
    }

    async fn until_told(&mut self, word: &str) {
        let told = async {
            while let Ok(Some(line)) = self.lines.next_line().await {
                if line.contains(word) {
                    return;
                }
            }
            panic!("it ended without {word}");
        };
        timeout(PATIENCE, told).await.expect("it tells in time");
    }
}

#[tokio::test]
async fn the_service_speaks_tls_and_takes_a_new_certificate_when_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = renew(folder.path());
    let flags = ["--tls-cert", "tls.crt", "--tls-key", "tls.key"];
    let service = serve(&folder, "127.0.0.1:0", &flags).env("RUST_LOG", "info");
    let mut running = Running::start(service, "https").await;
    let answer = running.health(&old).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let good = fs::read(folder.path().join("tls.key")).expect("a key");
    fs::write(folder.path().join("tls.key"), "no key").expect("a file");
    running.signal(rustix::process::Signal::HUP);
    running.until_told("the certificate in use stays").await;
    running.health(&old).await.expect("the old one stays");
    fs::write(folder.path().join("tls.key"), good).expect("a file");
    let new = renew(folder.path());
    running.signal(rustix::process::Signal::HUP);
    let renewed = async {
        while running.health(&new).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, renewed)
        .await
        .expect("the new one is used");
    assert!(running.health(&old).await.is_err());
    running.signal(rustix::process::Signal::TERM);
    let status = timeout(PATIENCE, running.child.wait()).await;
    assert!(status.expect("it ends in time").expect("it ends").success());
}

#[tokio::test]
async fn plain_http_is_for_loopback_unless_it_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let refused = serve(&folder, listen, &[]).ended().await;
        refused.refuses(&["--tls-cert", "--allow-plain-http", "127.0.0.1"]);
    }
    let demo = airworthy(["demo", "--listen", "0.0.0.0:0"]).ended().await;
    demo.exits(2).tells("--allow-plain-http");
    assert!(!folder.path().join("airworthy.db").exists());
    let allowed = serve(&folder, "0.0.0.0:0", &["--allow-plain-http"]);
    Running::start(allowed, "http").await;
    fs::write(folder.path().join("a.toml"), "allow-plain-http = true").expect("a file");
    let configured = serve(&folder, "0.0.0.0:0", &["--config", "a.toml"]);
    Running::start(configured, "http").await;
    renew(folder.path());
    let flags = ["--tls-cert", "tls.crt", "--tls-key", "tls.key"];
    let encrypted = serve(&folder, "0.0.0.0:0", &flags);
    Running::start(encrypted, "https").await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_told_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    renew(folder.path());
    let start = async |flags: &[&str]| serve(&folder, "127.0.0.1:0", flags).ended().await;
    start(&["--tls-cert", "tls.crt"])
        .await
        .refuses(&["--tls-key"]);
    start(&["--tls-key", "tls.key"])
        .await
        .refuses(&["--tls-cert"]);
    let absent = start(&["--tls-cert", "absent", "--tls-key", "tls.key"]).await;
    absent.refuses(&["absent", "cannot be read"]);
    let swapped = start(&["--tls-cert", "tls.key", "--tls-key", "tls.crt"]).await;
    swapped.refuses(&["tls.key", "has no certificate"]);
    assert!(!folder.path().join("airworthy.db").exists());
}

/// A mistyped name would leave its cluster without the driver that is meant for it.
#[tokio::test]
async fn an_entry_about_no_project_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let entry = "[[cluster]]\nproject = \"local-9\"\nname = \"prod\"\n";
    fs::write(folder.path().join("stray.toml"), entry).expect("a file");
    let service = serve(&folder, "127.0.0.1:0", &["--config", "stray.toml"]);
    let mut running = Running::start(service, "http").await;
    running
        .until_told("local-9/prod of the configuration has no effect: there is no project")
        .await;
}

/// A file that is not there would show only when the cluster is upgraded.
#[tokio::test]
async fn an_entry_that_names_an_absent_program_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let entry = "[[cluster]]\nproject = \"local-9\"\nname = \"prod\"\n\
                 [cluster.driver]\nkind = \"command\"\nprogram = [\"./absent\"]\n\
                 [cluster.backup]\nprogram = [\"sh\"]\n";
    fs::write(folder.path().join("stray.toml"), entry).expect("a file");
    let service = serve(&folder, "127.0.0.1:0", &["--config", "stray.toml"]);
    let mut running = Running::start(service, "http").await;
    running.until_told("absent, which is not a file").await;
}
