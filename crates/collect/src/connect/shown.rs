//! The certificate that is shown where the API server is.

use std::{sync::Arc, time::Duration};

use airworthy_model::facts::Certificate;
use kube::Config;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::certificate;

/// How long looking may take. What it is good for is no reason to wait longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a connection is opened, and whom we trust there.
pub(super) struct Door {
    host: String,
    port: u16,
    name: ServerName<'static>,
    authorities: Vec<Certificate>,
}

impl Door {
    /// The door of a configuration; nothing where there is no TLS, or a proxy stands before it.
    pub(super) fn of(config: &Config) -> Option<Self> {
        let url = &config.cluster_url;
        if url.scheme_str() != Some("https") || config.proxy_url.is_some() {
            return None;
        }
        let host = url.host()?.trim_matches(['[', ']']).to_owned();
        let name = config.tls_server_name.clone();
        let name = ServerName::try_from(name.unwrap_or_else(|| host.clone())).ok()?;
        let roots = config.root_cert.iter().flatten();
        Some(Self {
            port: url.port_u16().unwrap_or(443),
            authorities: roots.filter_map(|root| certificate::parse(root)).collect(),
            host,
            name,
        })
    }

    /// The authority that ends last: one that has ended may stand beside the one that took over.
    pub(super) fn authority(&self) -> Option<Certificate> {
        let all = self.authorities.iter();
        all.max_by_key(|authority| authority.not_after).cloned()
    }

    /// What is shown there. Nothing is sent but what opens a connection, and nothing of ours.
    pub(super) async fn shown(&self) -> Option<Certificate> {
        let look = async {
            let stream = TcpStream::connect((&*self.host, self.port)).await.ok()?;
            let connector = TlsConnector::from(Arc::new(onlooker()?));
            let shown = connector.connect(self.name.clone(), stream).await.ok()?;
            let (_, session) = shown.get_ref();
            certificate::parse(session.peer_certificates()?.first()?)
        };
        timeout(PATIENCE, look).await.ok().flatten()
    }
}

/// Looks without trusting: requests go by a connection of their own, which trusts nobody but whom it is told to.
fn onlooker() -> Option<ClientConfig> {
    let provider = CryptoProvider::get_default()?.clone();
    let schemes = provider
        .signature_verification_algorithms
        .supported_schemes();
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().ok()?;
    let looks = Arc::new(Onlooker(schemes));
    let config = config
        .dangerous()
        .with_custom_certificate_verifier(looks)
        .with_no_client_auth();
    Some(config)
}

#[derive(Debug)]
struct Onlooker(Vec<SignatureScheme>);

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
