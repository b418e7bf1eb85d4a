//! What all operations have in common: who may call, the variables of paths, the id of a request, and errors.

use airworthy_cce::operations;
use serde_json::{Map, Value, json};

/// What every variable of a path is, and one to show.
const VARIABLES: [(&str, &str, &str); 8] = [
    (
        "project_id",
        "The caller's project.",
        "0605767a768010f92f1fc00e2b7c4f31",
    ),
    (
        "cluster_id",
        "The cluster, by the `uid` that the list of clusters shows.",
        "8978deaa-1743-11ee-8e46-0255ac10004c",
    ),
    (
        "task_id",
        "The task, by the `uid` of the answer that accepted it.",
        "f61e008c-1600-41c0-9bde-121de5a30660",
    ),
    (
        "upgrade_workflow_id",
        "The workflow, by its `uid`.",
        "2c8ef0ba-9a1d-4c7e-8b53-5d0f6a7e1c42",
    ),
    (
        "upgrade_plan_id",
        "The plan, by its `uid`.",
        "d9a1b3c4-5e6f-4a7b-8c9d-0e1f2a3b4c5d",
    ),
    (
        "job_id",
        "The job, by the `jobID` of a cluster's status.",
        "1e50bfbe-5b9e-11ef-8f52-0255ac10003e",
    ),
    ("name", "Name of the check.", "UpgradePath"),
    ("file", "Name of the file.", "style.css"),
];

/// The form of all ids but the project's.
const ID: &str = "^[0-9a-z]{8}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{12}$";

const ABOUT: &str = "Tells with evidence whether a Kubernetes cluster is fit to be upgraded, and whether it came out of the \
upgrade fit to serve; carries upgrades out and keeps their workflows. The operations are those of the \"Cluster Upgrade\" \
family of CCE Autopilot, so that the vendor's SDKs work against this server.\n\n\
Every answer carries `X-Request-Id`. Members that are not known are left out. Unknown members and query parameters of \
requests are ignored.";

const SIGNATURE: &str = "An access key and its secret sign the request: \
`Authorization: SDK-HMAC-SHA256 Access=<access key>, SignedHeaders=<names>, Signature=<hex>`, beside `X-Sdk-Date` \
(`YYYYMMDDTHHMMSSZ`, at most 15 minutes off), which is one of the signed headers. The signature is HMAC-SHA256, with the \
secret as its key, of `SDK-HMAC-SHA256`, the date, and the SHA-256 of the canonical request, joined by newlines. The \
canonical request is: method; path with every segment percent-encoded and a `/` at its end; sorted query; the signed \
headers, each as `name:value` with a newline; an empty line; the names with `;` between them; SHA-256 of the body.";

const TOKEN: &str = "A token of the caller's project, from `POST /v3/auth/tokens`, where the answer's header \
`X-Subject-Token` has it. It is valid for 24 hours.";

const AUDIT: &str = "The cluster's token for audit events, from `airworthy cluster audit-token`; as the password of `Basic` too.";

/// Adds what all operations have in common.
pub(super) fn add(document: &mut Value) {
    document["info"] = json!({
        "title": "airworthy",
        "description": ABOUT,
        "version": env!("CARGO_PKG_VERSION"),
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    document["servers"] = json!([{ "url": "/", "description": "This server" }]);
    document["security"] = json!([{ "signature": [] }, { "token": [] }]);
    let components = &mut document["components"];
    components["securitySchemes"] = json!({
        "signature": { "type": "apiKey", "in": "header", "name": "Authorization", "description": SIGNATURE },
        "token": { "type": "apiKey", "in": "header", "name": "X-Auth-Token", "description": TOKEN },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "airworthy_session",
            "description": "The session of a browser, from the form for signing in.",
        },
        "audit": { "type": "http", "scheme": "bearer", "description": AUDIT },
    });
    components["headers"] = json!({ "RequestId": request_id() });
    components["schemas"]["Error"] = error();
    components["schemas"]["IdentityError"] = identity_error();
    for (path, item) in members(&mut document["paths"]) {
        for (_, operation) in members(item) {
            complete(path, operation);
        }
    }
}

fn complete(path: &str, operation: &mut Value) {
    let variables = VARIABLES
        .iter()
        .filter(|(name, ..)| path.contains(&format!("{{{name}}}")))
        .map(variable);
    let mut parameters: Vec<Value> = variables.collect();
    if let Value::Array(own) = operation["parameters"].take() {
        parameters.extend(own);
    }
    operation["parameters"] = parameters.into();
    if let Some(role) = role(operation) {
        operation["x-role"] = role.into();
    }
    if operation.get("security").is_none() {
        let takes_body = operation.get("requestBody").is_some();
        for (status, description) in refusals(path, takes_body) {
            if operation["responses"].get(status).is_none() {
                operation["responses"][status] = json!({ "description": description });
            }
        }
    }
    for (status, response) in members(&mut operation["responses"]) {
        complete_response(path, status, response);
    }
}

/// Errors have the body of all errors, unless the operation says another, and every answer has its request's id.
fn complete_response(path: &str, status: &str, response: &mut Value) {
    let schema = if path.starts_with("/v3/") {
        "IdentityError"
    } else {
        "Error"
    };
    if status.starts_with(['4', '5']) && response.get("content").is_none() {
        response["content"] = json!({
            "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } }
        });
    }
    response["headers"]["X-Request-Id"] = json!({ "$ref": "#/components/headers/RequestId" });
}

/// The least role that may call an operation.
fn role(operation: &Value) -> Option<&'static str> {
    let name = operation["operationId"].as_str()?;
    Some(operations::operation(name)?.role?.word())
}

/// What every caller of a path can be refused with.
fn refusals(path: &str, takes_body: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    let named = path.contains('{');
    let all = [
        (
            named || takes_body,
            "400",
            "The request, its JSON or an id of its path is not acceptable.",
        ),
        (
            true,
            "401",
            "Neither a good signature nor a token that is valid.",
        ),
        (
            true,
            "403",
            "The project of the path or of `X-Project-Id` is not the caller's, or the caller's role does not allow it.",
        ),
        (
            path.matches('{').count() > 1,
            "404",
            "There is no such thing in the caller's project.",
        ),
        (takes_body, "413", "The body is larger than 12 MiB."),
        (
            true,
            "500",
            "Something broke on this side; the log has it under the request's id.",
        ),
    ];
    all.into_iter()
        .filter(|(applies, ..)| *applies)
        .map(|(_, status, description)| (status, description))
}

fn variable((name, description, example): &(&str, &str, &str)) -> Value {
    let mut schema = json!({ "type": "string" });
    if name.ends_with("_id") && *name != "project_id" {
        schema["pattern"] = ID.into();
    }
    json!({
        "name": name, "in": "path", "required": true, "description": description, "schema": schema, "example": example,
    })
}

fn request_id() -> Value {
    json!({
        "description": "Names this request in the server's log.",
        "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        "example": "3f1d6a2e0c9b4f7d8a5e1b2c3d4e5f60",
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "description": "Why a request was refused; the code and the message stand under two names each, because clients \
                        differ in which they read.",
        "required": ["kind", "apiVersion", "metadata", "status", "code", "reason", "errorCode", "errorMessage", "error_code", "error_msg"],
        "properties": {
            "kind": { "type": "string", "const": "Status" },
            "apiVersion": { "type": "string", "const": "v1" },
            "metadata": { "type": "object" },
            "status": { "type": "string", "const": "Failure" },
            "code": { "type": "integer", "description": "The HTTP status." },
            "reason": { "type": "string", "description": "The status as one word." },
            "errorCode": code(),
            "errorMessage": { "type": "string" },
            "error_code": code(),
            "error_msg": { "type": "string" },
            "request_id": { "type": "string", "description": "As `X-Request-Id` has it." },
        },
    })
}

fn identity_error() -> Value {
    json!({
        "type": "object",
        "description": "Why an identity route refused a request.",
        "required": ["error", "error_code", "error_msg"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "title"],
                "properties": {
                    "code": { "type": "integer", "description": "The HTTP status." },
                    "message": { "type": "string" },
                    "title": { "type": "string", "description": "The status in words." },
                },
            },
            "error_code": code(),
            "error_msg": { "type": "string" },
        },
    })
}

fn code() -> Value {
    json!({ "type": "string", "description": "Such as `CCE.01404001`.", "minLength": 1 })
}

/// The members of an object; none of anything else.
fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flat_map(Map::iter_mut)
}
