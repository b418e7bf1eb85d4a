//! Servers that cannot be reached, trusted or understood.

use std::{net::TcpListener as Socket, path::Path, sync::Arc, time::Instant};

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::common_cli::{
    Ended, PATIENCE, Recordings, airworthy,
    kubeconfig::{for_server, kubeconfig},
};

/// Runs all commands that read a cluster, with a request timeout of one second.
async fn all(kubeconfig_text: &str) -> Vec<Ended> {
    let folder = Recordings::new();
    let kubeconfig = folder.bytes("kubeconfig", kubeconfig_text.as_bytes());
    let config = folder.bytes(
        "a.toml",
        b"request-timeout-seconds = 1\nrun-budget-seconds = 2\n",
    );
    let recording = folder.path().join("recording.tar");
    let [kubeconfig, config, recording] =
        [&kubeconfig, &config, &recording].map(|path| path.to_str().expect("a path of ours"));
    let mut ended = Vec::new();
    for command in [
        &["precheck"][..],
        &["postcheck", "--fail-on", "never"],
        &["record", "-o", recording],
    ] {
        let args = [command, &["--kubeconfig", kubeconfig, "--config", config]].concat();
        let one = airworthy(args).ended().await;
        assert_eq!(Path::new(recording).exists(), one.code == 0, "{one}");
        ended.push(one);
    }
    ended
}

#[track_caller]
fn all_refuse(ended: &[Ended], words: &[&str]) {
    for ended in ended {
        ended.refuses(words);
        assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
        assert!(!ended.stderr.contains("hush-hush"), "{ended}");
    }
}

#[tokio::test]
async fn nobody_listens() {
    let socket = Socket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    drop(socket);
    let server = format!("https://{address}");
    let ended = all(&for_server(&server)).await;
    all_refuse(&ended, &["cannot reach the API server", &server, "refused"]);
}

/// A plain server that does this with every connection, once it has read something.
async fn plain(answer: Option<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            match answer {
                Some(answer) => drop(stream.write_all(answer).await),
                None => kept.push(stream),
            }
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn answers_that_no_api_server_gives() {
    for (answer, words) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 19\r\n\r\n<html>login</html>\n"[..], &["does not answer as a Kubernetes API server"][..]),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", &["does not answer as a Kubernetes API server", "404"]),
        (b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n", &["does not answer as a Kubernetes API server"]),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"gitVersion\": \"v1.3", &["does not answer as a Kubernetes API server"]),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{\"gitVersion\": \"banana\", \"minor\": \"31\"} \n", &["does not answer as a Kubernetes API server"]),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{\"gitVersion\": \"v1.3", &["cannot reach the API server"]),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", &["does not accept our credentials", "401"]),
        (b"SSH-2.0-OpenSSH_9.2\r\n", &["cannot reach the API server"]),
        (b"", &["cannot reach the API server"]),
    ] {
        let server = plain(Some(answer)).await;
        let ended = all(&for_server(&server)).await;
        all_refuse(&ended, &[&[server.as_str()], words].concat());
    }
}

#[tokio::test]
async fn a_version_that_is_withheld_leaves_nothing_to_judge() {
    let server = plain(Some(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")).await;
    for ended in &all(&for_server(&server)).await[..2] {
        ended.refuses(&["server version forbidden", "/version", "403"]);
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let server = plain(None).await;
    let began = Instant::now();
    let ended = all(&for_server(&server)).await;
    all_refuse(&ended, &["cannot reach the API server", "within 1 s"]);
    assert!(began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn plain_http_behind_an_https_address() {
    let server = plain(Some(
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    ))
    .await;
    let server = server.replace("http:", "https:");
    let ended = all(&for_server(&server)).await;
    all_refuse(&ended, &[&server, "TLS"]);
}

/// An authority, and a certificate of it for a name, valid between two years.
struct Certificates {
    authority: String,
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

fn certificates(name: &str, years: (i32, i32)) -> Certificates {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("an authority").pem();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().expect("a key");
    let leaf = params.signed_by(&key, &issuer).expect("a certificate");
    let chain = vec![leaf.der().clone()];
    Certificates {
        authority,
        chain,
        key,
    }
}

/// A TLS server with these certificates; whoever gets through is told a version.
async fn secure(certificates: &Certificates) -> String {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certificates.key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(certificates.chain.clone(), key)
        .expect("a server's side of TLS");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(greet(acceptor.clone(), stream));
        }
    });
    format!("https://{address}")
}

async fn greet(acceptor: TlsAcceptor, stream: TcpStream) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    let _ = stream.read(&mut [0; 4096]).await;
    let _ = stream
        .write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        .await;
}

fn trusting(server: &str, authority: &str) -> String {
    let folder = Recordings::new();
    let file = folder.bytes("ca.crt", authority.as_bytes());
    let data = std::fs::read(file).expect("a file");
    let cluster = json!({ "server": server, "certificate-authority-data": base64(&data) });
    kubeconfig(&cluster, &json!({ "token": "hush-hush" }))
}

/// Base64, as kubeconfigs have it.
fn base64(bytes: &[u8]) -> Value {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = (0..3).fold(0, |sum, at| {
            (sum << 8) | usize::from(*three.get(at).unwrap_or(&0))
        });
        for at in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * at)) & 63];
            text.push(if at <= three.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text.into()
}

#[tokio::test]
async fn an_expired_certificate_is_called_so() {
    let certificates = certificates("127.0.0.1", (2020, 2021));
    let server = secure(&certificates).await;
    let ended = all(&trusting(&server, &certificates.authority)).await;
    all_refuse(
        &ended,
        &[
            "cannot trust the API server",
            &server,
            "the certificate of the API server has expired",
        ],
    );
}

#[tokio::test]
async fn a_certificate_of_the_future_another_name_or_authority_is_not_trusted() {
    let future = certificates("127.0.0.1", (4000, 4001));
    let server = secure(&future).await;
    let ended = all(&trusting(&server, &future.authority)).await;
    all_refuse(&ended, &["cannot trust the API server", "not valid yet"]);
    let named = certificates("api.example.com", (2020, 4000));
    let server = secure(&named).await;
    let ended = all(&trusting(&server, &named.authority)).await;
    all_refuse(&ended, &["cannot trust the API server", "name"]);
    let good = certificates("127.0.0.1", (2020, 4000));
    let server = secure(&good).await;
    let ended = all(&trusting(&server, &named.authority)).await;
    all_refuse(&ended, &["cannot trust the API server", "authority"]);
    let ended = all(&trusting(&server, "no certificate at all")).await;
    all_refuse(&ended, &["cannot trust the API server"]);
    let ended = all(&trusting(&server, &good.authority)).await;
    all_refuse(&ended, &["does not accept our credentials"]);
}
