//! What can go wrong with one request, and how it reads as a missing group of facts.

use std::{fmt, time::Duration};

use airworthy_model::{Access, Missing, Need, Reason};
use http::StatusCode;

use crate::wire::DecodeError;

/// What an API server says of a webhook that it could not call.
const FAILED_WEBHOOK: &str = "failed calling webhook";
/// Longest text of a server or of a library that is passed on.
const TEXT_CHARS: usize = 300;

/// A request that gave no facts.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// `GET /api/v1/pods`.
    pub request: String,
    /// What happened.
    pub cause: Cause,
}

/// Why a request gave no facts.
#[derive(Clone, Debug)]
pub(crate) enum Cause {
    /// The server answered, but not what was asked for.
    Status(StatusCode, String),
    /// No complete answer within the deadline of the request.
    Deadline(Duration),
    /// The budget of the run was used up.
    Budget(Duration),
    /// No connection, or it broke.
    Transport(String),
    /// TLS could not be agreed on.
    Tls(String),
    /// Our credentials could not be made.
    Credentials(String),
    /// The answer could not be decoded.
    Malformed(String),
    /// The answer is larger than any that is read.
    TooLarge(usize),
    /// A list with too many pages.
    TooManyPages(u32),
    /// A list with too many objects.
    TooManyObjects(usize),
    /// A list expired while it was read, again and again.
    Expired(u32),
    /// No version of the kind may be asked for.
    NoVersion(String),
}

impl Failure {
    /// What it means for facts.
    pub(crate) fn reason(&self) -> Reason {
        match &self.cause {
            Cause::Status(status, _) => reason_of(*status),
            Cause::Deadline(_) | Cause::Budget(_) => Reason::TimedOut,
            Cause::Transport(_) | Cause::Tls(_) => Reason::Unreachable,
            Cause::Credentials(_) => Reason::Forbidden,
            Cause::Malformed(_)
            | Cause::TooLarge(_)
            | Cause::TooManyPages(_)
            | Cause::TooManyObjects(_) => Reason::Malformed,
            Cause::Expired(_) => Reason::Overloaded,
            Cause::NoVersion(_) => Reason::NotServed,
        }
    }

    /// The status, when the server answered with one.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self.cause {
            Cause::Status(status, _) => Some(status),
            _ => None,
        }
    }

    /// As a missing group.
    pub(crate) fn missing(&self, need: Need) -> Missing {
        Missing {
            need,
            reason: self.reason(),
            detail: self.to_string(),
            cure: self.cure(need),
        }
    }

    fn cure(&self, need: Need) -> Option<String> {
        Some(match &self.cause {
            Cause::Status(StatusCode::UNAUTHORIZED, _) | Cause::Credentials(_) => {
                "log in again: the server does not accept the credentials of this context".into()
            }
            Cause::Status(StatusCode::FORBIDDEN, _) => rules(need)?,
            Cause::Deadline(_) => "raise the deadline of a request, or look why the server is slow".into(),
            Cause::Budget(_) => "raise the time budget of the run".into(),
            Cause::Status(_, message) if message.contains(FAILED_WEBHOOK) => {
                "bring the webhook that it names back, or set its failurePolicy to Ignore".into()
            }
            Cause::Status(status, _) if reason_of(*status) == Reason::Overloaded => {
                "try again when the API server is less busy".into()
            }
            Cause::Expired(_) => "try again when the API server is less busy".into(),
            Cause::Malformed(_) => {
                "check that the server address leads to the API server itself, not to a proxy or a login page".into()
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.request, self.cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status, message) if message.is_empty() => {
                write!(f, "answered {}", status.as_u16())
            }
            Self::Status(status, message) => write!(f, "answered {}: {message}", status.as_u16()),
            Self::Deadline(limit) => {
                write!(f, "got no complete answer within {} s", limit.as_secs_f32())
            }
            Self::Budget(limit) => {
                write!(
                    f,
                    "was given up: the {} s of the whole run were used up",
                    limit.as_secs_f32()
                )
            }
            Self::Transport(text) => write!(f, "failed: {text}"),
            Self::Tls(text) => write!(f, "failed: TLS: {text}"),
            Self::Credentials(text) | Self::NoVersion(text) => write!(f, "was not sent: {text}"),
            Self::Malformed(text) => {
                write!(f, "answered something else than the API promises: {text}")
            }
            Self::TooLarge(limit) => write!(f, "answered with more than {limit} bytes"),
            Self::TooManyPages(pages) => write!(f, "did not end after {pages} pages"),
            Self::TooManyObjects(most) => write!(f, "listed more than {most} objects"),
            Self::Expired(times) => write!(f, "expired {times} times while it was read (410)"),
        }
    }
}

impl From<DecodeError> for Cause {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(short(&error.to_string()))
    }
}

fn reason_of(status: StatusCode) -> Reason {
    match status.as_u16() {
        401 | 403 => Reason::Forbidden,
        404..=406 => Reason::NotServed,
        408 => Reason::TimedOut,
        410 | 429 | 500..=599 => Reason::Overloaded,
        _ => Reason::Malformed,
    }
}

/// The rules that a need asks for, as an administrator would read them.
fn rules(need: Need) -> Option<String> {
    let rules: Vec<String> = need.access().iter().map(rule).collect();
    (!rules.is_empty()).then(|| rules.join("; "))
}

fn rule(access: &Access) -> String {
    let resources = |verb: &str, group: &str, resource: &str| match group {
        "" => format!("allow `{verb}` on `{resource}` (core group)"),
        group => format!("allow `{verb}` on `{resource}` (API group `{group}`)"),
    };
    match access {
        Access::List { group, resource } => resources("list", group, resource),
        Access::Get { group, resource } => resources("get", group, resource),
        Access::Path(path) => format!("allow `get` on the path `{path}` (nonResourceURLs)"),
    }
}

/// One line of at most 300 characters, none of which is for a terminal to obey.
pub(crate) fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.replace(char::is_control, "");
    match line.char_indices().nth(TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What a library's error means, found by walking its sources.
pub(crate) fn cause_of(error: &(dyn std::error::Error + 'static)) -> Cause {
    let mut at = Some(error);
    let mut last = String::new();
    while let Some(error) = at {
        if let Some(found) = recognise(error) {
            return found;
        }
        last = error.to_string();
        at = error.source();
    }
    Cause::Transport(short(&last))
}

fn recognise(error: &(dyn std::error::Error + 'static)) -> Option<Cause> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(Cause::Tls(explain_tls(tls)));
    }
    if let Some(auth) = error.downcast_ref::<kube::client::AuthError>() {
        return Some(Cause::Credentials(explain_auth(auth)));
    }
    let io = error.downcast_ref::<std::io::Error>()?;
    match io.get_ref() {
        Some(inner) => Some(cause_of(inner)),
        None => Some(Cause::Transport(short(&io.to_string()))),
    }
}

fn explain_tls(error: &rustls::Error) -> String {
    use rustls::{AlertDescription, CertificateError, Error};
    match error {
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "the certificate of the API server has expired".into(),
        // Authorities of different clusters have the same name more often than not; then it is the signature that is wrong.
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => {
            "the certificate of the API server is not signed by the authority that the kubeconfig trusts".into()
        }
        Error::AlertReceived(AlertDescription::CertificateExpired) => {
            "the API server says that our client certificate has expired".into()
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the certificate of the API server is for another name than this address".into(),
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "the certificate of the API server is not valid yet: is a clock wrong?".into(),
        Error::InvalidMessage(_) => "what answers at this address does not speak TLS".into(),
        other => short(&other.to_string()),
    }
}

/// Says what went wrong with a credential plugin, as what follows its name, without its output: that may hold credentials.
pub(crate) fn explain_plugin(error: &kube::client::AuthError) -> Option<String> {
    use kube::client::AuthError;
    match error {
        AuthError::AuthExecStart(source) => Some(format!("cannot be started: {source}")),
        AuthError::AuthExecRun { out, .. } => Some(format!(
            "failed ({}): {}",
            out.status,
            short(&String::from_utf8_lossy(&out.stderr))
        )),
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
            Some("printed no credentials".into())
        }
        _ => None,
    }
}

/// Says what went wrong with credentials.
pub(crate) fn explain_auth(error: &kube::client::AuthError) -> String {
    use kube::client::AuthError;
    if let Some(plugin) = explain_plugin(error) {
        return format!("the credential plugin {plugin}");
    }
    match error {
        AuthError::ReadTokenFile(source, path) => {
            format!("the token file {} cannot be read: {source}", path.display())
        }
        AuthError::InvalidBearerToken(_) => "the token has characters that no token has".into(),
        other => short(&other.to_string()),
    }
}
