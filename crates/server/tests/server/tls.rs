//! Connections under TLS, and certificates that change while the server runs.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use airworthy_server::{Options, Tls, TlsError};
use rcgen::CertifiedKey;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    fixture::Fixture,
    socket::{PATIENCE, Server},
};

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Two files, and what is in them.
struct Files {
    folder: tempfile::TempDir,
    certificate: CertificateDer<'static>,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = write_pair(folder.path());
        Self {
            folder,
            certificate,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self) -> Arc<Tls> {
        Arc::new(self.try_load().unwrap())
    }

    fn try_load(&self) -> Result<Tls, TlsError> {
        Tls::load(self.path("tls.crt"), self.path("tls.key"))
    }

    /// Puts another pair there.
    fn renew(&mut self) {
        self.certificate = write_pair(self.folder.path());
    }
}

fn pair() -> CertifiedKey<rcgen::KeyPair> {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

fn write_pair(folder: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } = pair();
    fs::write(folder.join("tls.crt"), cert.pem()).unwrap();
    fs::write(folder.join("tls.key"), signing_key.serialize_pem()).unwrap();
    cert.der().clone()
}

fn options(tls: &Arc<Tls>) -> Options {
    Options {
        tls: Some(tls.clone()),
        tls_check: Duration::from_millis(10),
        ..Options::default()
    }
}

/// A handshake by a client that trusts one certificate and offers these protocols.
async fn handshake(
    server: &Server,
    trusted: &CertificateDer<'static>,
    offered: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = offered.iter().map(|it| it.to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, server.connect().await)
        .await
}

async fn connected(server: &Server, trusted: &CertificateDer<'static>) -> TlsStream<TcpStream> {
    handshake(server, trusted, &[b"http/1.1"]).await.unwrap()
}

/// Asks whether the server lives, on a connection that stays open.
async fn ask(stream: &mut TlsStream<TcpStream>) {
    stream.write_all(HEALTH).await.unwrap();
    let mut text = Vec::new();
    let mut buffer = [0; 1024];
    let read = async {
        while !text.ends_with(b"{\"status\":\"ok\"}") {
            let count = stream.read(&mut buffer).await.unwrap();
            assert_ne!(count, 0, "{}", String::from_utf8_lossy(&text));
            text.extend_from_slice(&buffer[..count]);
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap();
    assert!(text.starts_with(b"HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn requests_are_answered_under_tls_and_the_end_is_told() {
    let (fixture, files) = (Fixture::new().await, Files::new());
    let server = Server::of(&fixture, options(&files.load())).await;
    let mut stream = connected(&server, &files.certificate).await;
    ask(&mut stream).await;
    let last = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(last).await.unwrap();
    let mut rest = Vec::new();
    // Without the notice that TLS closes with, this would be an error.
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"{\"status\":\"ok\"}"));
    server.stopped().await;
}

#[tokio::test]
async fn http_1_is_the_one_protocol() {
    let (fixture, files) = (Fixture::new().await, Files::new());
    let server = Server::of(&fixture, options(&files.load())).await;
    let both = handshake(&server, &files.certificate, &[b"h2", b"http/1.1"]).await;
    let (_, chosen) = both.as_ref().unwrap().get_ref();
    assert_eq!(chosen.alpn_protocol(), Some(&b"http/1.1"[..]));
    let none = handshake(&server, &files.certificate, &[]).await;
    ask(&mut none.unwrap()).await;
    let h2 = handshake(&server, &files.certificate, &[b"h2"]).await;
    assert!(h2.is_err());
    server.stopped().await;
}

#[tokio::test]
async fn a_new_certificate_is_seen_by_new_connections_and_old_ones_go_on() {
    let (fixture, mut files) = (Fixture::new().await, Files::new());
    let server = Server::of(&fixture, options(&files.load())).await;
    let old = files.certificate.clone();
    let mut before = connected(&server, &old).await;
    ask(&mut before).await;
    files.renew();
    let renewed = async {
        loop {
            let shaken = handshake(&server, &files.certificate, &[]).await;
            if let Ok(stream) = shaken {
                return stream;
            }
        }
    };
    let mut after = tokio::time::timeout(PATIENCE, renewed).await.unwrap();
    ask(&mut after).await;
    ask(&mut before).await;
    assert!(handshake(&server, &old, &[]).await.is_err());
    server.stopped().await;
}

#[tokio::test]
async fn a_pair_that_cannot_be_used_is_told_once_and_the_one_before_stays() {
    let (fixture, mut files) = (Fixture::new().await, Files::new());
    let tls = files.load();
    let options = Options {
        tls_check: Duration::from_hours(1),
        ..options(&tls)
    };
    let server = Server::of(&fixture, options).await;
    let old = files.certificate.clone();
    connected(&server, &old).await;
    let other = pair();
    let good = fs::read(files.path("tls.key")).unwrap();
    for bad in [
        other.signing_key.serialize_pem().into_bytes(),
        b"no key".to_vec(),
    ] {
        fs::write(files.path("tls.key"), bad).unwrap();
        assert!(tls.refresh().is_err());
        assert!(!tls.refresh().unwrap(), "told already");
        ask(&mut connected(&server, &old).await).await;
    }
    fs::remove_file(files.path("tls.key")).unwrap();
    assert!(matches!(tls.refresh(), Err(TlsError::Read { .. })));
    fs::write(files.path("tls.key"), good).unwrap();
    tls.refresh().unwrap();
    files.renew();
    assert!(tls.refresh().unwrap());
    ask(&mut connected(&server, &files.certificate).await).await;
    server.stopped().await;
}

#[tokio::test]
async fn a_client_that_does_not_shake_hands_is_cut_off() {
    let (fixture, files) = (Fixture::new().await, Files::new());
    let options = Options {
        head_deadline: Duration::from_millis(100),
        ..options(&files.load())
    };
    let server = Server::of(&fixture, options).await;
    let mut silent = server.connect().await;
    let mut plain = server.connect().await;
    plain.write_all(HEALTH).await.unwrap();
    for stream in [&mut silent, &mut plain] {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
        // A client that sent what was not read may see its connection reset.
        let _ = read.expect("the server closes");
        assert!(!bytes.starts_with(b"HTTP"));
    }
    server.stopped().await;
}

#[test]
fn errors_name_the_file_and_what_is_wrong_with_it() {
    let files = Files::new();
    let good = |name| fs::read(files.path(name)).unwrap();
    let (certificate, key) = (good("tls.crt"), good("tls.key"));
    let broken: Vec<u8> = certificate.iter().copied().take(100).collect();
    let of_another = pair().signing_key.serialize_pem().into_bytes();
    let large = vec![b'x'; 1024 * 1024 + 1];
    for (name, bytes, told) in [
        ("tls.crt", b"".to_vec(), "has no certificate"),
        ("tls.crt", key.clone(), "has no certificate"),
        ("tls.crt", broken, "has no certificate"),
        ("tls.crt", large, "cannot be read"),
        ("tls.key", b"".to_vec(), "has no private key"),
        ("tls.key", certificate.clone(), "has no private key"),
        ("tls.key", of_another, "cannot be used together"),
    ] {
        fs::write(files.path(name), bytes).unwrap();
        let error = files.try_load().unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(told), "{error}");
        fs::write(files.path("tls.crt"), &certificate).unwrap();
        fs::write(files.path("tls.key"), &key).unwrap();
    }
    let tls = files.try_load().unwrap();
    let shown = format!("{tls:?}");
    assert!(!shown.contains("PRIVATE"), "{shown}");
}
