//! Who calls, and what the caller may do: the one place where credentials become a caller with a project and a role.

use std::sync::{Arc, OnceLock};

use airworthy_cce::{
    ApiError,
    operations::Operation,
    request::check_project_id,
    sign::{Authorization, Payload, Refusal, SignedRequest},
};
use airworthy_model::Role;
use airworthy_service::{Attempt, Credentials, LogInError, Token};
use airworthy_store::{AccessKey, Holder};
use http::{HeaderMap, request::Parts};
use jiff::Timestamp;

use crate::{answer::Refused, app::App};

/// Stands in for the secret of an access key that does not exist, so that both take the same way.
const NO_SECRET: &str = "there is no such access key, and no signature fits";

/// Header that carries a token.
const TOKEN_HEADER: &str = "x-auth-token";

/// Header that names the caller's project.
const PROJECT_HEADER: &str = "x-project-id";

/// A known caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    /// Project and role; `None` for a token of the whole domain.
    pub(crate) scope: Option<(String, Role)>,
}

/// Who a caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Holds this access key.
    Key(String),
    /// Logged in as this user.
    User { id: String, name: String },
}

impl Caller {
    /// The caller in the trail and in the log.
    pub(crate) fn actor(&self) -> String {
        match &self.who {
            Who::Key(ak) => format!("key:{ak}"),
            Who::User { name, .. } => actor_of(Some(name)),
        }
    }
}

/// A user in the trail and in the log. A name that is no user's is not written down: it may be a password in the wrong place.
pub(crate) fn actor_of(user: Option<&str>) -> String {
    format!("user:{}", user.unwrap_or("?"))
}

impl From<Holder> for Caller {
    fn from(holder: Holder) -> Self {
        Self {
            who: Who::User {
                id: holder.user_id,
                name: holder.user_name,
            },
            scope: holder.scope,
        }
    }
}

/// What is known of a request's sender, left for the log and the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) actor: String,
    pub(crate) project: Option<String>,
    pub(crate) role: Option<Role>,
    pub(crate) cluster: Option<String>,
}

/// Where that is left.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownAs(Arc<OnceLock<Known>>);

impl KnownAs {
    /// What was left, if anything was.
    pub(crate) fn get(&self) -> Option<&Known> {
        self.0.get()
    }

    /// Leaves who calls, and about which cluster.
    pub(crate) fn caller(&self, caller: &Caller, cluster: Option<&str>) {
        let (project, role) = caller.scope.clone().unzip();
        let _ = self.0.set(Known {
            actor: caller.actor(),
            project,
            role,
            cluster: cluster.map(str::to_owned),
        });
    }

    /// Leaves who tried to log in. Only what a user's own password was compared for is an entry of a project: strangers
    /// could push everything else out of its trail.
    fn attempt(&self, attempt: &Attempt) {
        let judged = matches!(attempt.result, Ok(_) | Err(LogInError::WrongPassword));
        let grant = attempt.grant.as_ref().filter(|_| judged);
        let _ = self.0.set(Known {
            actor: actor_of(attempt.user.as_deref()),
            project: grant.map(|grant| grant.project_id.clone()),
            role: grant
                .filter(|_| attempt.result.is_ok())
                .map(|grant| grant.role),
            cluster: None,
        });
    }
}

/// Lets a user in who knows the password, and leaves the attempt for the trail.
pub(crate) async fn log_in(app: &App, known: &KnownAs, credentials: Credentials) -> Attempt {
    let attempt = app.service.log_in(credentials, Timestamp::now()).await;
    if !matches!(attempt.result, Err(LogInError::Busy)) {
        known.attempt(&attempt);
    }
    attempt
}

/// What a request shows its sender by. A signature is judged alone, whatever token stands beside it.
#[derive(Debug)]
pub(crate) enum Shown {
    /// A signature, which covers the body too.
    Signature(Authorization),
    /// The holder of a good token.
    Holder(Holder),
}

impl Shown {
    /// Judges a token, or reads a signature.
    pub(crate) async fn of(app: &App, headers: &HeaderMap) -> Result<Self, Refused> {
        match Authorization::from_headers(headers) {
            Ok(authorization) => Ok(Self::Signature(authorization)),
            Err(Refusal::MissingCredentials) => holder(app, headers).await.map(Self::Holder),
            Err(refusal) => Err(ApiError::from(&refusal).into()),
        }
    }

    /// The caller, once the whole request is there.
    pub(crate) async fn caller(
        self,
        app: &App,
        parts: &Parts,
        body: &[u8],
    ) -> Result<Caller, Refused> {
        match self {
            Self::Holder(holder) => Ok(holder.into()),
            Self::Signature(authorization) => verify(app, &authorization, parts, body).await,
        }
    }
}

async fn holder(app: &App, headers: &HeaderMap) -> Result<Holder, Refused> {
    let token = headers.get(TOKEN_HEADER);
    let token = token.ok_or_else(ApiError::no_credentials)?;
    let text = token.to_str().map_err(|_| ApiError::unknown_token())?;
    match app.service.token(text, Timestamp::now()).await? {
        Token::Good(holder) => Ok(holder),
        Token::Expired => Err(ApiError::expired_token().into()),
        Token::Unknown => Err(ApiError::unknown_token().into()),
    }
}

/// The holder of the key that signed the request.
async fn verify(
    app: &App,
    authorization: &Authorization,
    parts: &Parts,
    body: &[u8],
) -> Result<Caller, Refused> {
    let ak = authorization.access_key();
    let key = app.service.store().access_key(ak).await?;
    let request = SignedRequest {
        method: &parts.method,
        target: parts.uri.path_and_query().map_or("/", |it| it.as_str()),
        headers: &parts.headers,
        body,
    };
    let secret = key.as_ref().map_or(NO_SECRET, |key| key.secret.expose());
    authorization
        .verify(&request, secret, Timestamp::now(), Payload::Signed)
        .and_then(|()| key.ok_or(Refusal::UnknownKey))
        .map(
            |AccessKey {
                 project_id, role, ..
             }| Caller {
                who: Who::Key(ak.to_owned()),
                scope: Some((project_id, role)),
            },
        )
        .map_err(|refusal| ApiError::from(&refusal).into())
}

/// The wall: neither path nor header may name another project than the caller's.
pub(crate) fn same_project(
    caller: &Caller,
    headers: &HeaderMap,
    in_path: Option<&str>,
) -> Result<(), ApiError> {
    let own = caller.scope.as_ref().map(|(project, _)| project.as_str());
    if let Some(in_path) = in_path {
        check_project_id(in_path)?;
        if own != Some(in_path) {
            return Err(ApiError::forbidden(match own {
                Some(_) => "The project of the path is not that of the caller.",
                None => NO_PROJECT,
            }));
        }
    }
    let named = headers.get_all(PROJECT_HEADER);
    let same = |named: &http::HeaderValue| {
        named.is_empty() || own.is_some_and(|own| named.as_bytes() == own.as_bytes())
    };
    if named.iter().all(same) {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "X-Project-Id is not the project of the caller.",
    ))
}

/// Said to the holder of a token that is for no project.
pub(crate) const NO_PROJECT: &str =
    "The token is for the whole domain: ask for one whose scope is a project.";

/// Demands the role that an operation takes of its callers.
pub(crate) fn demand(operation: &Operation, role: Role) -> Result<(), ApiError> {
    // Where nobody has to be known, no caller comes this way.
    let least = operation.role.unwrap_or(Role::Admin);
    if role >= least {
        return Ok(());
    }
    Err(ApiError::forbidden(&format!(
        "{} takes the role {least}; the caller has the role {role}.",
        operation.name
    )))
}
