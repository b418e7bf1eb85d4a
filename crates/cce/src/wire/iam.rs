//! The identity routes: those that SDKs call by themselves, and the one that hands out tokens.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::object;
use crate::time::MicroTime;

/// The answer of `GET /v3/projects`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeystoneListProjectsResponse {
    /// The caller's projects that match.
    pub projects: Vec<ProjectResult>,
    /// Links of the list.
    pub links: Links,
}

/// One project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectResult {
    /// Identifier, as paths carry it.
    pub id: String,
    /// Name, which SDKs compare with a region's id.
    pub name: String,
    /// Domain the project belongs to.
    pub domain_id: String,
    /// Whether the project is a domain: never.
    pub is_domain: bool,
    /// The project or domain above.
    pub parent_id: String,
    /// Whether the project may be used.
    pub enabled: bool,
    /// Text for people.
    pub description: String,
    /// Where the project is.
    pub links: ProjectLinks,
}

/// Where a project is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectLinks {
    /// Address of the project.
    #[serde(rename = "self")]
    pub this: String,
}

/// Where a list is; the neighbours are `null`, as there is one page only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Links {
    /// Address of the list.
    #[serde(rename = "self")]
    pub this: String,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
}

/// The answer of `GET /v3/auth/domains`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeystoneListAuthDomainsResponse {
    /// The caller's domains: always one.
    pub domains: Vec<DomainResult>,
    /// Links of the list.
    pub links: Links,
}

/// One domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DomainResult {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether the domain may be used.
    pub enabled: bool,
    /// Text for people.
    pub description: String,
    /// Where the domain is.
    pub links: ProjectLinks,
}

/// The answer of `GET /v3/regions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeystoneListRegionsResponse {
    /// The regions that the server knows.
    pub regions: Vec<RegionResult>,
    /// Links of the list.
    pub links: Links,
}

/// One region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegionResult {
    /// Identifier, which SDKs compare with a project's name.
    pub id: String,
    /// Always `public`.
    #[serde(rename = "type")]
    pub region_type: String,
    /// Text for people.
    pub description: String,
    /// Where the region is.
    pub links: ProjectLinks,
}

/// The body of `POST /v3/auth/tokens` as it came, judged by nobody yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub struct KeystoneCreateUserTokenByPasswordRequestBody {
    /// Who logs in, and for what.
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(required = true)]
    pub auth: Option<PwdAuth>,
}

/// Who logs in, and for what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub struct PwdAuth {
    /// Who.
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(required = true)]
    pub identity: Option<PwdIdentity>,
    /// For what; for everything when absent.
    #[serde(default, deserialize_with = "object::optional")]
    pub scope: Option<AuthScope>,
}

/// Who logs in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub struct PwdIdentity {
    /// Must be `["password"]`.
    #[serde(default, deserialize_with = "object::values")]
    #[schema(required = true, example = json!(["password"]))]
    pub methods: Vec<String>,
    /// The method `password`.
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(required = true)]
    pub password: Option<PwdPassword>,
}

/// The method `password`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub struct PwdPassword {
    /// The user.
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(required = true)]
    pub user: Option<PwdPasswordUser>,
}

/// The user who logs in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub struct PwdPasswordUser {
    /// Name.
    #[serde(default)]
    #[schema(required = true)]
    pub name: Option<String>,
    /// Password.
    #[serde(default)]
    #[schema(required = true, value_type = Option<String>, format = Password)]
    pub password: Option<Password>,
    /// Domain the user belongs to.
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(required = true)]
    pub domain: Option<Reference>,
}

/// A password, which no log and no error text shows.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// The password itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// For what a token is; with both, the project counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub struct AuthScope {
    /// A project.
    #[serde(default, deserialize_with = "object::optional")]
    pub project: Option<Reference>,
    /// A domain.
    #[serde(default, deserialize_with = "object::optional")]
    pub domain: Option<Reference>,
}

/// Something by its id or its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub struct Reference {
    /// Identifier; counts before the name.
    #[serde(default)]
    pub id: Option<String>,
    /// Name.
    #[serde(default)]
    pub name: Option<String>,
}

/// The answer of `POST /v3/auth/tokens`; the token itself is in the header `X-Subject-Token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeystoneCreateUserTokenByPasswordResponse {
    /// What the token is good for.
    pub token: TokenResult,
}

/// What a token is good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenResult {
    /// Until when it is good.
    pub expires_at: MicroTime,
    /// Since when it is good.
    pub issued_at: MicroTime,
    /// How the user logged in.
    pub methods: Vec<String>,
    /// Other services: always `[]`, as there are none.
    pub catalog: Vec<String>,
    /// What the user may do.
    pub roles: Vec<TokenRole>,
    /// The project it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<TokenProject>,
    /// The domain it is for, when it is for no project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Named>,
    /// Whose it is.
    pub user: TokenUser,
}

/// Something with its id and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Named {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
}

/// A role of the user.
pub type TokenRole = Named;

/// The project of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenProject {
    /// Identifier, as paths carry it.
    pub id: String,
    /// Name.
    pub name: String,
    /// Domain it belongs to.
    pub domain: Named,
}

/// The user of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenUser {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// When the password must be changed: never, which is spelled `""`.
    pub password_expires_at: String,
    /// Domain it belongs to.
    pub domain: Named,
}
