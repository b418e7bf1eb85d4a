//! Ages and ends are told by the clock of the API server, where that is hours off ours: what it wrote, what its side wrote, and the days
//! of certificates.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, ToSpan as _};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    common_cli::{
        Ended, Recordings, airworthy,
        kubeconfig::{for_server, kubeconfig},
    },
    fake::{Fake, Reply, json, list, status, status_with},
};

/// Hours by which the API server's clock is ahead of ours.
const OFF: [i64; 3] = [-5, 0, 5];

/// A head line that tells a time so many hours ahead of ours.
fn date(hours: i64) -> &'static str {
    let now = Timestamp::now() + hours.hours();
    // A head is a constant of the stand-in; a test of a clock has a handful of them.
    format!("Date: {}\r\n", now.strftime("%a, %d %b %Y %H:%M:%S GMT")).leak()
}

/// A server that tells a time so many hours ahead of ours with its version, and gives these lists, each of one item, and objects.
async fn telling(hours: i64, lists: Vec<(&'static str, &'static str, Value)>) -> Fake {
    let date = date(hours);
    Fake::start(move |seen, _| {
        if seen.path == "/version" {
            let body = br#"{"gitVersion":"v1.31.14"}"#.to_vec();
            return Some(Reply::Whole(200, "application/json", date, body));
        }
        let (_, kind, item) = lists.iter().find(|(path, ..)| *path == seen.path)?;
        Some(json(&if kind.is_empty() {
            item.to_string()
        } else {
            list(kind, "", &[item.to_string()])
        }))
    })
    .await
}

async fn run(config: &str, args: &[&str]) -> Ended {
    let folder = Recordings::new();
    let config = folder.bytes("kubeconfig", config.as_bytes());
    let config = config.to_str().expect("a path of ours");
    let args = [args, &["--kubeconfig", config]].concat();
    airworthy(args).ended().await
}

/// What one check finds there, and how bad it is.
async fn found(config: &str, command: &str, check: &str) -> Vec<String> {
    let ended = run(config, &[command, "-o", "json", "--check", check]).await;
    let report = ended.json();
    let findings = report["findings"].as_array().expect("findings").iter();
    let findings = findings.filter(|one| one["check"] == check);
    let word = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    findings
        .map(|one| format!("{}: {}", word(one, "severity"), word(one, "message")))
        .collect()
}

fn plain(fake: &Fake) -> String {
    for_server(&format!("http://{}", fake.address))
}

/// A time so many hours from now, by our clock.
fn at(hours: i64) -> Timestamp {
    Timestamp::now() + hours.hours()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_as_old_as_the_server_says() {
    for hours in OFF {
        for (age, stale) in [(22, false), (26, true)] {
            let job = json!({ "metadata": { "namespace": "ops", "name": "etcd-backup" },
                "status": { "lastSuccessfulTime": format!("{:.0}", at(hours - age)) } });
            let jobs = ("/apis/batch/v1/cronjobs", "CronJobList", job);
            let fake = telling(hours, vec![jobs]).await;
            let found = found(&plain(&fake), "precheck", "BackupFreshness").await;
            let told = format!("risk: the last good backup is {age} hours old");
            let told = stale.then_some(told);
            assert_eq!(found, Vec::from_iter(told), "{hours}, {age}");
        }
    }
}

/// What Helm leaves when it is at work or was broken off. Whoever runs it has a third clock.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_pending_since_the_server_has_its_record() {
    for hours in OFF {
        for (minutes, stuck) in [(1, false), (90, true)] {
            for helms in OFF {
                let label = at(hours + helms).as_second().to_string();
                let made = at(hours) - minutes.minutes();
                let record = json!({ "metadata": { "namespace": "shop", "name": "sh.helm.release.v1.web.v2",
                    "creationTimestamp": format!("{made:.0}"),
                    "labels": { "owner": "helm", "name": "web", "version": "2", "status": "pending-upgrade", "modifiedAt": label } } });
                let records = ("/api/v1/secrets", "PartialObjectMetadataList", record);
                let path = "/api/v1/namespaces/shop/secrets/sh.helm.release.v1.web.v2";
                let damaged = (
                    path,
                    "",
                    json!({ "kind": "Secret", "data": { "release": "eHh4" } }),
                );
                let fake = telling(hours, vec![records, damaged]).await;
                let found = found(&plain(&fake), "precheck", "HelmReleaseState").await;
                assert_eq!(
                    found.len(),
                    usize::from(stuck),
                    "{hours} {minutes} {helms}: {found:?}"
                );
            }
        }
    }
}

/// Certificates that end so many hours and a half from now by our clock: an authority, and one of it for the address of the server.
struct Ending {
    authority: String,
    key: KeyPair,
    serving: CertificateDer<'static>,
}

fn ending(hours: i64) -> Ending {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let end = epoch + Duration::from_secs((at(hours).as_second() + 1800).unsigned_abs());
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_after = end;
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("an authority").pem();
    let issuer = Issuer::new(params, key);
    let names = vec!["127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).expect("a name");
    params.not_after = end;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().expect("a key");
    let serving = params.signed_by(&key, &issuer).expect("a certificate");
    let serving = serving.der().clone();
    Ending {
        authority,
        key,
        serving,
    }
}

/// TLS before a server that has none: the kubeconfig for it.
async fn secured(fake: &Fake, ending: &Ending) -> String {
    let key = PrivatePkcs8KeyDer::from(ending.key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![ending.serving.clone()], PrivateKeyDer::Pkcs8(key))
        .expect("a server's side of TLS");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = listener.local_addr().expect("an address");
    let behind = fake.address.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await.ok()?;
                let mut plain = TcpStream::connect(behind).await.ok()?;
                copy_bidirectional(&mut stream, &mut plain).await.ok()
            });
        }
    });
    let authority = STANDARD.encode(&ending.authority);
    let cluster =
        json!({ "server": format!("https://{server}"), "certificate-authority-data": authority });
    kubeconfig(&cluster, &json!({ "token": "hush-hush" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificates_of_the_server_end_by_its_clock() {
    const WEEK: i64 = 7 * 24;
    const MONTH: i64 = 30 * 24;
    for hours in OFF {
        let fake = telling(hours, Vec::new()).await;
        // One that has ended for the server and not for us is seen all the same: we trust it still.
        let config = secured(&fake, &ending(2)).await;
        let told = found(&config, "precheck", "ControlPlaneCertificate").await;
        let when = match 2 - hours {
            ..=0 => "has ended".to_owned(),
            left => format!("ends in {left} h"),
        };
        let serving = format!("blocker: the certificate of the API server {when}");
        assert!(told.contains(&serving), "{hours}: {told:?}");
        // Less than a week by a clock that is ahead, and more by the others.
        let config = secured(&fake, &ending(WEEK + 2)).await;
        let told = found(&config, "precheck", "ControlPlaneCertificate").await;
        let severity = if hours > 0 { "blocker" } else { "risk" };
        assert_eq!(told.len(), 2, "{hours}: {told:?}");
        assert!(
            told.iter().all(|one| one.starts_with(severity)),
            "{hours}: {told:?}"
        );
        let config = secured(&fake, &ending(MONTH + 2)).await;
        let told = found(&config, "postcheck", "PostCertificates").await;
        assert_eq!(
            told.len(),
            if hours > 0 { 2 } else { 0 },
            "{hours}: {told:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_of_a_webhook_ends_by_the_clock_of_the_server() {
    for hours in OFF {
        let bundle = STANDARD.encode(ending(2).authority);
        let webhook = json!({ "metadata": { "name": "gate" }, "webhooks": [{ "name": "gate.example.org", "failurePolicy": "Fail",
            "clientConfig": { "url": "https://gate.example.org", "caBundle": bundle },
            "rules": [{ "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"] }] }] });
        let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
        let webhooks = (path, "ValidatingWebhookConfigurationList", webhook);
        let fake = telling(hours, vec![webhooks]).await;
        for (command, check) in [
            ("precheck", "WebhookCertificate"),
            ("postcheck", "PostCertificates"),
        ] {
            let told = found(&plain(&fake), command, check).await;
            let what = if hours > 2 { "expired on" } else { "ends on" };
            assert!(
                told.iter().any(|one| one.contains(what)),
                "{hours}: {told:?}"
            );
            assert_eq!(
                told[0].starts_with("blocker"),
                hours > 2,
                "{hours}: {told:?}"
            );
        }
    }
}

/// A server that knows nobody; why not, only the days of our certificate tell.
#[tokio::test(flavor = "multi_thread")]
async fn our_own_certificate_has_ended_when_it_has_for_the_server() {
    for hours in OFF {
        for ends in [-3, 2] {
            let date = date(hours);
            let fake = Fake::start(move |_, _| Some(status_with(401, date, "Unauthorized"))).await;
            let ours = ending(ends);
            let user = json!({ "client-certificate-data": STANDARD.encode(pem(&ours.serving)),
                "client-key-data": STANDARD.encode(ours.key.serialize_pem()) });
            let server = json!({ "server": format!("http://{}", fake.address) });
            let refused = run(&kubeconfig(&server, &user), &["precheck"]).await;
            refused.refuses(&["does not accept our credentials"]);
            let told = refused.stderr.contains("our client certificate ended on");
            assert_eq!(told, hours > ends, "{hours}, {ends}: {refused}");
        }
    }
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    let text = STANDARD.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// Whoever reads the label judges it by the clock of the server, so it is written by that.
#[tokio::test(flavor = "multi_thread")]
async fn a_probe_says_by_the_clock_of_the_server_how_long_it_stands() {
    for hours in OFF {
        let date = date(hours);
        let fake = Fake::start(move |seen, _| match seen.method.as_str() {
            "POST" => Some(status(403, "no")),
            _ => Some(status_with(404, date, "not found")),
        });
        let fake = fake.await;
        let ended = run(&plain(&fake), &["probe", "run", "--yes"]).await;
        assert_eq!(ended.code, 2, "{ended}");
        let seen = fake.seen();
        let made = seen.iter().find(|seen| seen.method == "POST");
        let made: Value = serde_json::from_str(&made.expect("a namespace").body).expect("JSON");
        let expires = made["metadata"]["labels"]["airworthy.dev/expires"].as_str();
        let expires: i64 = expires.and_then(|text| text.parse().ok()).expect("a time");
        let off = expires - at(hours + 1).as_second();
        assert!(off.abs() < 300, "{hours}: {off} s");
    }
}
