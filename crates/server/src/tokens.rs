//! `POST /v3/auth/tokens`: a name and a password for a token.

use airworthy_cce::{
    ApiError,
    request::{
        TOKEN_BODY_LIMIT, TokenRequest, TokenScope, Wanted, parse_token_request, require_json,
    },
    time::MicroTime,
    wire::{
        KeystoneCreateUserTokenByPasswordRequestBody, KeystoneCreateUserTokenByPasswordResponse,
        Named, TokenProject, TokenResult, TokenUser,
    },
};
use airworthy_service::{Credentials, LogInError, LogInScope, LoggedIn};
use airworthy_store::{Purpose, Secret};
use axum::{
    Extension, Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, HeaderName},
};

use crate::{
    access::{KnownAs, log_in},
    answer::Refused,
    app::App,
    body,
    iam::domain,
    openapi::path_of,
    probes::unavailable,
};

/// Header that carries the token of an answer.
const SUBJECT: HeaderName = HeaderName::from_static("x-subject-token");

/// Said whatever is wrong, a lock too: who tries learns nothing of which users there are.
const WRONG: &str = "The username or password is wrong. After five wrong passwords the log-in of a user is locked for five minutes.";

/// Makes a token of a user's name and password.
///
/// The token is in the header `X-Subject-Token` of the answer and is good for 24 hours; a new one does not end the ones
/// before. `nocatalog` is of no effect: the catalog is always empty.
#[utoipa::path(
    post,
    path = path_of("KeystoneCreateUserTokenByPassword"),
    operation_id = "KeystoneCreateUserTokenByPassword",
    tag = "Identity",
    security(()),
    params(("nocatalog" = Option<String>, Query, description = "Is of no effect.")),
    request_body = KeystoneCreateUserTokenByPasswordRequestBody,
    responses((
        status = 201,
        description = "What the token is good for.",
        body = KeystoneCreateUserTokenByPasswordResponse,
        headers(("X-Subject-Token" = String, description = "The token.")),
    )),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Extension(known): Extension<KnownAs>,
    request: Request,
) -> Result<Response, Refused> {
    require_json(request.headers())?;
    let body = body::collect_within(&app, request, TOKEN_BODY_LIMIT).await?;
    let asked = parse_token_request(&body)?;
    let credentials = credentials(&app, asked)?;
    let attempt = log_in(&app, &known, credentials).await;
    let logged_in = attempt.result.map_err(refused)?;
    // Letters and digits are always a header value.
    let mut token =
        HeaderValue::from_str(logged_in.secret.expose()).map_err(|_| ApiError::internal())?;
    token.set_sensitive(true);
    let answer = Json(shown(&app, logged_in));
    let headers = [
        (SUBJECT, token),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::CREATED, headers, answer).into_response())
}

fn credentials(app: &App, asked: TokenRequest) -> Result<Credentials, ApiError> {
    let scope = match asked.scope {
        TokenScope::Project(Wanted::Id(id)) => LogInScope::ProjectId(id),
        TokenScope::Project(Wanted::Name(name)) => LogInScope::ProjectName(name),
        TokenScope::Domain(wanted) => {
            own_domain(app, &wanted)?;
            LogInScope::Domain
        }
        TokenScope::Global => LogInScope::Domain,
    };
    own_domain(app, &asked.domain)?;
    Ok(Credentials {
        name: asked.user,
        password: Secret::from(asked.password.expose().to_owned()),
        scope,
        purpose: Purpose::Token,
    })
}

/// There is one domain; its name is no secret (`GET /v3/auth/domains` tells it to whoever is known).
fn own_domain(app: &App, wanted: &Wanted) -> Result<(), ApiError> {
    let own = domain(app);
    let is_own = match wanted {
        Wanted::Id(id) => *id == own.id,
        Wanted::Name(name) => *name == own.name,
    };
    if is_own {
        return Ok(());
    }
    Err(unauthorized("There is no domain of that name here."))
}

fn unauthorized(message: &str) -> ApiError {
    ApiError {
        status: StatusCode::UNAUTHORIZED,
        code: "APIGW.0301",
        message: message.to_owned(),
    }
}

fn refused(error: LogInError) -> Refused {
    match error {
        LogInError::NoUser | LogInError::WrongPassword | LogInError::Locked => {
            unauthorized(WRONG).into()
        }
        LogInError::NoRole => ApiError::forbidden(
            "The user has no role in the project of the scope, or there is no such project.",
        )
        .into(),
        LogInError::Busy => unavailable("Too many log-ins at once; repeat the request.", None),
        LogInError::Store(error) => error.into(),
    }
}

fn shown(app: &App, logged_in: LoggedIn) -> KeystoneCreateUserTokenByPasswordResponse {
    let own = domain(app);
    let LoggedIn { holder, grant, .. } = logged_in;
    let role = |role: airworthy_model::Role| Named {
        id: role.word().to_owned(),
        name: role.word().to_owned(),
    };
    KeystoneCreateUserTokenByPasswordResponse {
        token: TokenResult {
            expires_at: MicroTime(holder.expires_at),
            issued_at: MicroTime(holder.issued_at),
            methods: vec!["password".to_owned()],
            catalog: Vec::new(),
            roles: grant.iter().map(|grant| role(grant.role)).collect(),
            domain: grant.is_none().then(|| own.clone()),
            project: grant.map(|grant| TokenProject {
                id: grant.project_id,
                name: grant.project_name,
                domain: own.clone(),
            }),
            user: TokenUser {
                id: holder.user_id,
                name: holder.user_name,
                password_expires_at: String::new(),
                domain: own,
            },
        },
    }
}
