//! Who comes in: log-ins with a password, the tokens and sessions that come of them.

use std::{sync::Arc, time::Duration};

use airworthy_store::{Grant, Hashed, Holder, LogIn, NewToken, Purpose, Secret};
use argon2::{
    Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _,
    password_hash::{SaltString, rand_core::OsRng},
};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::Service;

/// Passwords that are compared at once: each takes 19 MiB and a processor for some hundredths of a second.
const AT_ONCE: usize = 2;

/// Log-ins that wait for their turn; more are turned away.
const QUEUE: usize = 64;

/// Tokens that are removed at once.
const PURGED: u32 = 500;

/// How long a token of the API is good.
pub const TOKEN_SPAN: Duration = Duration::from_hours(24);

/// How long a session of the pages is good.
pub const SESSION_SPAN: Duration = Duration::from_hours(12);

/// The longest password, in bytes.
pub const PASSWORD_LIMIT: usize = 1024;

/// The shortest password that is taken for a new one, in characters.
pub const PASSWORD_LEAST: usize = 8;

/// What a log-in is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogInScope {
    /// No project in particular: what comes of it reaches the identity routes alone.
    Domain,
    /// The project with this id.
    ProjectId(String),
    /// The project with this name.
    ProjectName(String),
}

/// Name, password and what for.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Name of the user.
    pub name: String,
    /// The password.
    pub password: Secret,
    /// For what.
    pub scope: LogInScope,
    /// Whether a token of the API is wanted, or a session of the pages.
    pub purpose: Purpose,
}

/// An attempt to log in, as far as it can be told of one whose password may be wrong.
#[derive(Debug)]
pub struct Attempt {
    /// Name of the user, if there is one of that name.
    pub user: Option<String>,
    /// The project that was asked for and the user's role there, if the user has one there.
    pub grant: Option<Grant>,
    /// What came of it.
    pub result: Result<LoggedIn, LogInError>,
}

/// A log-in that worked.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The token or session: handed out this once.
    pub secret: Secret,
    /// Who holds it, for what and until when.
    pub holder: Holder,
    /// The project it is for; `None` for the whole domain.
    pub grant: Option<Grant>,
}

/// Why somebody did not come in. Whoever tries must not learn which of the first three it was.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// There is no such user, or the user is shut out.
    #[error("there is no such user")]
    NoUser,
    /// The password is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// The log-in is locked after too many wrong passwords.
    #[error("the log-in is locked after too many wrong passwords")]
    Locked,
    /// The password is right, but the user has no role in the project, or there is no such project.
    #[error("the user has no role in the project, or the project does not exist")]
    NoRole,
    /// Too many log-ins at once.
    #[error("too many log-ins at once")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] airworthy_store::Error),
}

/// What became of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// It is good.
    Good(Holder),
    /// It was good.
    Expired,
    /// It is none of ours.
    Unknown,
}

/// Bounds how many passwords are compared, and how many wait for it.
#[derive(Debug)]
pub(crate) struct Gate {
    at_once: Arc<Semaphore>,
    queue: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            queue: Semaphore::new(AT_ONCE + QUEUE),
        }
    }
}

impl Gate {
    /// Compares a password with a hash, or with nothing for as long.
    async fn compare(&self, password: Secret, hash: Option<String>) -> Result<bool, LogInError> {
        let _place = self.queue.try_acquire().map_err(|_| LogInError::Busy)?;
        // The semaphore is never closed.
        let turn = self.at_once.clone().acquire_owned().await;
        let compared = tokio::task::spawn_blocking(move || {
            // Given back when the work is done, not when nobody waits for it any more.
            let _turn = turn;
            fits(&password, hash.as_deref().unwrap_or(NOBODY)) && hash.is_some()
        });
        // It does not panic; were it to, nobody comes in.
        Ok(compared.await.unwrap_or(false))
    }
}

impl Service {
    /// Lets a user in who knows the password. An unknown name takes as long as a wrong password, and a locked log-in too.
    pub async fn log_in(&self, credentials: Credentials, now: Timestamp) -> Attempt {
        match self.known(&credentials).await {
            Ok((user, grant)) => Attempt {
                result: self
                    .admit(credentials, user.clone(), grant.clone(), now)
                    .await,
                user: user.map(|hashed| hashed.user.name),
                grant,
            },
            Err(error) => Attempt {
                user: None,
                grant: None,
                result: Err(error),
            },
        }
    }

    /// The user of that name, and the role that is asked for.
    async fn known(
        &self,
        credentials: &Credentials,
    ) -> Result<(Option<Hashed>, Option<Grant>), LogInError> {
        let user = self.store.hashed_user(&credentials.name).await?;
        let grants = match &user {
            Some(hashed) => self.store.grants(&hashed.user.id).await?,
            None => Vec::new(),
        };
        let asked = |grant: &Grant| match &credentials.scope {
            LogInScope::Domain => false,
            LogInScope::ProjectId(id) => grant.project_id == *id,
            LogInScope::ProjectName(name) => grant.project_name == *name,
        };
        Ok((user, grants.into_iter().find(asked)))
    }

    async fn admit(
        &self,
        credentials: Credentials,
        user: Option<Hashed>,
        grant: Option<Grant>,
        now: Timestamp,
    ) -> Result<LoggedIn, LogInError> {
        let hash = user.as_ref().map(|hashed| hashed.hash.clone());
        let right = self.gate.compare(credentials.password, hash).await?;
        let user = user.ok_or(LogInError::NoUser)?.user;
        match self.store.settle_log_in(&user.id, right, now).await? {
            LogIn::Right => {}
            LogIn::Wrong if user.disabled_at.is_some() => return Err(LogInError::NoUser),
            LogIn::Wrong => return Err(LogInError::WrongPassword),
            LogIn::Locked => return Err(LogInError::Locked),
        }
        if grant.is_none() && credentials.scope != LogInScope::Domain {
            return Err(LogInError::NoRole);
        }
        let expires_at = now + span(credentials.purpose);
        let secret = self.store.create_token(NewToken {
            user_id: &user.id,
            project_id: grant.as_ref().map(|grant| grant.project_id.as_str()),
            purpose: credentials.purpose,
            issued_at: now,
            expires_at,
        });
        Ok(LoggedIn {
            secret: secret.await?,
            holder: Holder {
                user_id: user.id,
                user_name: user.name,
                scope: grant.as_ref().map(|it| (it.project_id.clone(), it.role)),
                issued_at: now,
                expires_at,
            },
            grant,
        })
    }

    /// Who holds a session of the pages, unless it has expired or was ended.
    pub async fn session(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Holder>, airworthy_store::Error> {
        let holder = self.store.token(text, Purpose::Session).await?;
        Ok(holder.filter(|holder| holder.expires_at > now))
    }

    /// Ends a session of the pages.
    pub async fn log_out(&self, text: &str) -> Result<(), airworthy_store::Error> {
        self.store.end_token(text, Purpose::Session).await.map(drop)
    }

    /// What became of a token of the API.
    pub async fn token(&self, text: &str, now: Timestamp) -> Result<Token, airworthy_store::Error> {
        Ok(match self.store.token(text, Purpose::Token).await? {
            Some(holder) if holder.expires_at > now => Token::Good(holder),
            Some(_) => Token::Expired,
            None => Token::Unknown,
        })
    }
}

impl Service {
    /// Removes tokens that expired more than a day ago, and entries of the trail that are older than what is kept.
    pub async fn tidy(&self, now: Timestamp) -> Result<(), airworthy_store::Error> {
        while self.store.purge_tokens(now, PURGED).await? == u64::from(PURGED) {}
        while self.store.purge_trail(now).await? > 0 {}
        Ok(())
    }
}

fn span(purpose: Purpose) -> Duration {
    match purpose {
        Purpose::Token => TOKEN_SPAN,
        Purpose::Session => SESSION_SPAN,
    }
}

/// Why a password is not taken for a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is too short.
    #[error("the password is too short: {PASSWORD_LEAST} characters are the least")]
    Short,
    /// It is too long.
    #[error("the password is too long: {PASSWORD_LIMIT} bytes are the most")]
    Long,
    /// It has characters that nobody can type again for sure.
    #[error("the password has control characters")]
    Control,
    /// The hash could not be made.
    #[error("the password could not be hashed")]
    Hash,
}

/// The hash of a new password, with a salt of its own: argon2id, as a text that names its parameters. Takes some hundredths of
/// a second.
pub fn hash_password(password: &Secret) -> Result<String, PasswordError> {
    let text = password.expose();
    if text.chars().count() < PASSWORD_LEAST {
        return Err(PasswordError::Short);
    }
    if text.len() > PASSWORD_LIMIT {
        return Err(PasswordError::Long);
    }
    if text.contains(char::is_control) {
        return Err(PasswordError::Control);
    }
    hash(text).map_err(|_| PasswordError::Hash)
}

fn hash(text: &str) -> argon2::password_hash::Result<String> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(text.as_bytes(), &salt)?;
    Ok(hash.to_string())
}

/// What the password of an unknown user is compared with: the form of a hash, of which nobody knows a password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$lzuo5TBmzdxCV2A/bH925w$EZiZsVsTtMqx3JVjHcCUISVQx0Yih46TMbwdkRpF0iw";

fn fits(password: &Secret, hash: &str) -> bool {
    if password.expose().len() > PASSWORD_LIMIT {
        return false;
    }
    let bytes = password.expose().as_bytes();
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(bytes, &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use airworthy_model::Role;
    use airworthy_store::{Options, Project, SealingKey, Store};

    use super::*;
    use crate::Settings;

    const PASSWORD: &str = "correct horse";

    struct House {
        service: Service,
        project: Project,
        _folder: tempfile::TempDir,
    }

    fn now() -> Timestamp {
        "2026-11-22T08:00:00Z".parse().unwrap()
    }

    fn secret(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    /// A service with a user `ana`, who is an operator of the project `local-1`.
    async fn house() -> House {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::new(folder.path().join("a.db"), SealingKey::from([7; 32]));
        let store = Store::open(&options, now()).await.unwrap();
        let project = store.add_project("local-1", None, now()).await.unwrap();
        let hash = hash_password(&secret(PASSWORD)).unwrap();
        let user = store.add_user("ana", &hash, now()).await.unwrap();
        store
            .grant(&user.id, &project.id, Role::Operator)
            .await
            .unwrap();
        House {
            service: Service::new(store, Settings::default()),
            project,
            _folder: folder,
        }
    }

    fn credentials(name: &str, password: &str) -> Credentials {
        Credentials {
            name: name.to_owned(),
            password: secret(password),
            scope: LogInScope::ProjectName("local-1".to_owned()),
            purpose: Purpose::Token,
        }
    }

    #[test]
    fn hashes_are_salted_and_new_passwords_are_judged() {
        let password = secret(PASSWORD);
        let (one, other) = (hash_password(&password), hash_password(&password));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one, other);
        let parameters = |hash: &str| hash.split('$').take(4).collect::<String>();
        assert_eq!(
            parameters(&one),
            parameters(NOBODY),
            "as long for an unknown user"
        );
        assert_eq!(one.len(), NOBODY.len());
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert!(fits(&password, &one) && fits(&password, &other));
        assert!(!fits(&secret("correct horsf"), &one));
        assert!(!fits(&password, ""));
        for (text, error) in [
            ("1234567", PasswordError::Short),
            (&"x".repeat(1025), PasswordError::Long),
            ("abc\u{0}defgh", PasswordError::Control),
        ] {
            assert_eq!(hash_password(&secret(text)), Err(error));
        }
    }

    #[tokio::test]
    async fn whoever_knows_the_password_gets_a_token_for_a_day() {
        let house = house().await;
        let service = &house.service;
        let attempt = service.log_in(credentials("ana", PASSWORD), now()).await;
        assert_eq!(attempt.user.as_deref(), Some("ana"));
        let logged_in = attempt.result.unwrap();
        let text = logged_in.secret.expose();
        let good = service.token(text, now()).await.unwrap();
        assert_eq!(good, Token::Good(logged_in.holder.clone()));
        let scope = Some((house.project.id.clone(), Role::Operator));
        assert_eq!(logged_in.holder.scope, scope);
        let end = now() + TOKEN_SPAN;
        assert_eq!(logged_in.holder.expires_at, end);
        assert_eq!(service.token(text, end).await.unwrap(), Token::Expired);
        assert_eq!(service.token("x", now()).await.unwrap(), Token::Unknown);
        assert_eq!(service.session(text, now()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_session_ends_with_its_time_or_with_its_user() {
        let house = house().await;
        let service = &house.service;
        let asked = Credentials {
            purpose: Purpose::Session,
            ..credentials("ana", PASSWORD)
        };
        let logged_in = service.log_in(asked, now()).await.result.unwrap();
        let text = logged_in.secret.expose();
        let holder = service.session(text, now()).await.unwrap();
        assert_eq!(holder, Some(logged_in.holder.clone()));
        let end = now() + SESSION_SPAN;
        assert_eq!(service.session(text, end).await.unwrap(), None);
        assert_eq!(service.token(text, now()).await.unwrap(), Token::Unknown);
        service.log_out(text).await.unwrap();
        assert_eq!(service.session(text, now()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn wrong_passwords_lock_and_the_right_one_is_refused_too() {
        let house = house().await;
        let service = &house.service;
        for _ in 0..5 {
            let attempt = service.log_in(credentials("ana", "wrong"), now()).await;
            assert!(matches!(attempt.result, Err(LogInError::WrongPassword)));
        }
        let attempt = service.log_in(credentials("ana", PASSWORD), now()).await;
        assert!(matches!(attempt.result, Err(LogInError::Locked)));
        let later = now() + airworthy_store::LOCKED_FOR;
        let attempt = service.log_in(credentials("ana", PASSWORD), later).await;
        assert!(attempt.result.is_ok());
    }

    #[tokio::test]
    async fn nobody_comes_in_without_a_user_a_role_or_a_project() {
        let house = house().await;
        let service = &house.service;
        let attempt = service.log_in(credentials("eve", PASSWORD), now()).await;
        assert_eq!(attempt.user, None);
        assert!(matches!(attempt.result, Err(LogInError::NoUser)));
        let nowhere = Credentials {
            scope: LogInScope::ProjectId("nowhere".to_owned()),
            ..credentials("ana", PASSWORD)
        };
        let attempt = service.log_in(nowhere, now()).await;
        assert!(matches!(attempt.result, Err(LogInError::NoRole)));
        let domain = Credentials {
            scope: LogInScope::Domain,
            ..credentials("ana", PASSWORD)
        };
        let attempt = service.log_in(domain, now()).await;
        assert_eq!(attempt.result.unwrap().holder.scope, None);
        let user = service.store().user("ana").await.unwrap().unwrap();
        let shut = service.store().set_disabled(&user.id, Some(now())).await;
        shut.unwrap();
        let attempt = service.log_in(credentials("ana", PASSWORD), now()).await;
        assert!(matches!(attempt.result, Err(LogInError::NoUser)));
    }

    #[tokio::test]
    async fn what_has_expired_is_removed_in_the_end() {
        let house = house().await;
        let service = &house.service;
        let attempt = service.log_in(credentials("ana", PASSWORD), now()).await;
        let secret = attempt.result.unwrap().secret;
        let known = async || service.token(secret.expose(), now()).await.unwrap();
        service.tidy(now() + TOKEN_SPAN).await.unwrap();
        assert!(matches!(known().await, Token::Good(_)));
        service.tidy(now() + 3 * TOKEN_SPAN).await.unwrap();
        assert_eq!(known().await, Token::Unknown);
    }

    #[tokio::test]
    async fn the_queue_of_log_ins_is_bounded() {
        let gate = Gate::default();
        let all = u32::try_from(AT_ONCE + QUEUE).unwrap();
        let full = gate.queue.acquire_many(all).await.unwrap();
        let turned_away = gate.compare(secret("x"), None).await;
        assert!(matches!(turned_away, Err(LogInError::Busy)));
        drop(full);
        assert!(matches!(gate.compare(secret("x"), None).await, Ok(false)));
    }
}
