//! What callers who log in ask for.

use super::read::{given, missing, one_of, read_secret};
use crate::{
    ApiError,
    wire::{
        AuthScope, KeystoneCreateUserTokenByPasswordRequestBody, Password, PwdIdentity,
        PwdPasswordUser, Reference,
    },
};

/// The largest body of a log-in, in bytes: nobody has shown who they are yet.
pub const TOKEN_BODY_LIMIT: usize = 16 * 1024;

/// The longest password, in bytes; hashing a longer one is work for a stranger.
const PASSWORD_LIMIT: usize = 1024;

/// Who logs in, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// Name of the user.
    pub user: String,
    /// The domain the user belongs to.
    pub domain: Wanted,
    /// The password.
    pub password: Password,
    /// What the token is for.
    pub scope: TokenScope,
}

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenScope {
    /// One project.
    Project(Wanted),
    /// A domain.
    Domain(Wanted),
    /// Neither was named.
    Global,
}

/// A project or domain, by what the caller knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// By its identifier.
    Id(String),
    /// By its name.
    Name(String),
}

/// Reads the body of `POST /v3/auth/tokens`.
pub fn parse_token_request(body: &[u8]) -> Result<TokenRequest, ApiError> {
    let read: KeystoneCreateUserTokenByPasswordRequestBody = read_secret(body, TOKEN_BODY_LIMIT)?;
    let auth = read.auth.ok_or_else(|| missing("auth"))?;
    let identity = auth.identity.ok_or_else(|| missing("auth.identity"))?;
    let PwdPasswordUser {
        name,
        password,
        domain,
    } = user(identity)?;
    let path = |member: &str| format!("auth.identity.password.user.{member}");
    Ok(TokenRequest {
        user: given(name).ok_or_else(|| missing(&path("name")))?,
        domain: wanted(&path("domain"), domain.unwrap_or_default())?,
        password: password_of(&path("password"), password)?,
        scope: scope(auth.scope.unwrap_or_default())?,
    })
}

fn user(identity: PwdIdentity) -> Result<PwdPasswordUser, ApiError> {
    let path = "auth.identity.methods";
    match identity.methods.as_slice() {
        [] => return Err(missing(path)),
        methods => methods
            .iter()
            .try_for_each(|method| one_of(path, method, &["password"]))?,
    }
    let password = identity
        .password
        .ok_or_else(|| missing("auth.identity.password"))?;
    password
        .user
        .ok_or_else(|| missing("auth.identity.password.user"))
}

fn password_of(path: &str, password: Option<Password>) -> Result<Password, ApiError> {
    let password = password
        .filter(|password| !password.expose().is_empty())
        .ok_or_else(|| missing(path))?;
    if password.expose().len() > PASSWORD_LIMIT {
        return Err(ApiError::invalid_request(&format!(
            "{path} is longer than {PASSWORD_LIMIT} bytes."
        )));
    }
    Ok(password)
}

fn scope(scope: AuthScope) -> Result<TokenScope, ApiError> {
    if let Some(project) = scope.project {
        return wanted("auth.scope.project", project).map(TokenScope::Project);
    }
    match scope.domain {
        Some(domain) => wanted("auth.scope.domain", domain).map(TokenScope::Domain),
        None => Ok(TokenScope::Global),
    }
}

fn wanted(path: &str, reference: Reference) -> Result<Wanted, ApiError> {
    let id = given(reference.id).map(Wanted::Id);
    id.or_else(|| given(reference.name).map(Wanted::Name))
        .ok_or_else(|| ApiError::invalid_request(&format!("{path} has neither id nor name.")))
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
