//! TLS: a certificate and its key from two files, read again when they change.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, MissedTickBehavior, interval_at, timeout_at},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{app::App, pulse::Pulse};

/// The largest file of certificates or of a key.
const FILE_LIMIT: u64 = 1024 * 1024;

/// The one protocol that is spoken.
const ALPN: &[u8] = b"http/1.1";

/// Why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("the file {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file of the certificate has none.
    #[error("the file {} has no certificate: PEM blocks BEGIN CERTIFICATE are expected, the server's own first", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, unless it is just not there.
        #[source]
        source: Option<pem::Error>,
    },
    /// The file of the key has none.
    #[error("the file {} has no private key: a PEM block BEGIN PRIVATE KEY is expected, not encrypted", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: pem::Error,
    },
    /// The key is not that of the certificate, or of a kind that cannot be used.
    #[error("the certificate {} and the key {} cannot be used together", certificate.display(), key.display())]
    Pair {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
        /// What is wrong with them.
        #[source]
        source: rustls::Error,
    },
}

/// A certificate with its key, as they are in their files.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    config: Arc<ServerConfig>,
    /// What was in the files when they were last looked at, good or not.
    seen: Texts,
}

/// What is in the files. The key is not shown.
#[derive(PartialEq, Eq)]
struct Texts {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Texts(…)")
    }
}

impl Tls {
    /// Reads a certificate, with those that it was issued by behind it, and its key.
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let seen = Texts::read(&certificate, &key)?;
        let config = seen.config(&certificate, &key)?;
        Ok(Self {
            certificate,
            key,
            state: Mutex::new(State { config, seen }),
        })
    }

    /// Looks at the files again and says whether new connections get another pair from now on. A pair that cannot be used is
    /// an error once; the one before stays.
    pub fn refresh(&self) -> Result<bool, TlsError> {
        let now = Texts::read(&self.certificate, &self.key)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.seen == now {
            return Ok(false);
        }
        let config = now.config(&self.certificate, &self.key);
        state.seen = now;
        state.config = config?;
        Ok(true)
    }

    fn acceptor(&self) -> TlsAcceptor {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(state.config.clone())
    }

    /// Refreshes and tells the log.
    fn look(&self) {
        match self.refresh() {
            Ok(false) => (),
            Ok(true) => tracing::info!(
                certificate = %self.certificate.display(),
                "a new certificate is used for new connections"
            ),
            Err(error) => {
                let why = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, why, "the certificate in use stays");
            }
        }
    }

    /// Looks at the files every so often, and whenever the process is sent SIGHUP, for ever.
    pub(crate) async fn keep_fresh(self: Arc<Self>, every: Duration) {
        // The files were read a moment ago, by whoever made this.
        let mut ticks = interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut hangups = signal(SignalKind::hangup()).ok();
        loop {
            tokio::select! {
                _ = ticks.tick() => (),
                () = hangup(&mut hangups) => tracing::info!("SIGHUP: looking at the certificate"),
            }
            let tls = self.clone();
            // Files may be on a slow disk. A panic is none of the loop's business: the next look may go well.
            let _ = tokio::task::spawn_blocking(move || tls.look()).await;
        }
    }
}

async fn hangup(signals: &mut Option<Signal>) {
    match signals {
        // As long as the process lives there may be another one.
        Some(signals) => drop(signals.recv().await),
        None => std::future::pending().await,
    }
}

/// Shakes hands with a client, which has as long for it as for the head of a request. Nothing when it comes to nothing.
pub(crate) async fn shake_hands<S>(
    tls: &Tls,
    socket: S,
    app: &App,
    pulse: &Pulse,
) -> Option<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let deadline = pulse.deadline()?;
    tokio::select! {
        shaken = timeout_at(deadline, tls.acceptor().accept(socket)) => match shaken {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a handshake failed");
                None
            }
            Err(_) => None,
        },
        () = pulse.moved() => None,
        () = app.stopped() => None,
    }
}

impl Texts {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self {
            certificate: read(certificate)?,
            key: read(key)?,
        })
    }

    fn config(&self, certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
        let pair = |source| TlsError::Pair {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            source,
        };
        let chain = self.chain(certificate)?;
        let secret = PrivateKeyDer::from_pem_slice(&self.key).map_err(|source| TlsError::Key {
            path: key.to_owned(),
            source,
        })?;
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(pair)?
                .with_no_client_auth()
                .with_single_cert(chain, secret)
                .map_err(pair)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Arc::new(config))
    }

    fn chain(&self, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let wrong = |source| TlsError::Certificate {
            path: path.to_owned(),
            source,
        };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.map_err(|source| wrong(Some(source)))?;
        if chain.is_empty() {
            return Err(wrong(None));
        }
        Ok(chain)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(FILE_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > FILE_LIMIT {
        let message = format!("it is larger than {FILE_LIMIT} bytes");
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    Ok(bytes)
}
